"""The logs of the store, and one log at a glance."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import Any

from domain.errors import EventLoggerError
from domain.moments import Moment
from event_logger.paging import LogPages
from event_logger.reader import LogReader
from event_logger.search import checked_moment
from event_logger.web.asked import AS_OF, LOG, Asked, Param
from event_logger.web.board import ALL, STUCK_AFTER, board_of, read_board
from event_logger.web.folding import Folded
from event_logger.web.plots import Plot, bar_plot, line_plot, window_of
from event_logger.web.view import Page, View
from projections.timelines import Timelines

_LOGS = 100
_LAST_EVENTS = 8
_OPEN = 10


def logs(asked: Asked) -> Page:
    """The logs of the store, so many at a time."""
    names = asked.site.readers().names()
    after = asked.text("after")
    wanted = [name for name in names if after is None or name > after]
    rows = [_log(asked, name) for name in wanted[:_LOGS]]
    further = wanted[_LOGS - 1] if len(wanted) > _LOGS else None
    store = asked.site.readers().url
    data = {"store": store, "logs": rows, "count": len(names), "further_after": further}
    return Page("logs.html", "Logs", data, rows, {"further": further})


def _log(asked: Asked, name: str) -> dict[str, Any]:
    """One log, its size, span, health and findings; a damaged one says so, and hides no other."""
    try:
        reader = asked.site.reader(name)
        pages, events = LogPages(reader), reader.events
        first = events[0]["timestamp"] if len(events) else None
        last = events[-1]["timestamp"] if len(events) else None
        health = reader.health()
        verdict = asked.site.audits.last(reader)
        board = read_board(reader, STUCK_AFTER, ALL) if pages.mode == "live" else None
        return {
            "log": name,
            "mode": pages.mode,
            "events": len(events),
            "transitions": health["transitions"],
            "first": first,
            "last": last,
            "last_commit": health["last_commit"],
            "opened": pages.opened_at,
            "waiting": health["waiting"],
            "open": None if board is None else board["open_count"],
            "stuck": None if board is None else board["stuck_count"],
            "audit": None if verdict is None else verdict._asdict(),
            "metadata": reader.metadata,
            "problem": None,
        }
    except EventLoggerError as error:
        asked.site.note(error)
        return {"log": name, "problem": str(error)}


def overview(asked: Asked) -> Page:
    """What a log holds, what waits, and its figures over time."""
    reader, site = asked.reader, asked.site
    folded = site.folds.of(reader, asked.as_of, asked.patience)
    window = _moment(asked, "since"), _moment(asked, "until")
    zone = asked.zone if asked.form == "html" else UTC
    plots = plots_of(folded.timelines, *window, zone)
    last = reader.global_order
    recent = list(reversed(reader.get_events_by_order_range(max(1, last - _LAST_EVENTS + 1), last)))
    is_live = asked.pages.mode == "live"
    board = board_of(asked, STUCK_AFTER, ALL) if is_live else None
    first, last_at = _span(reader, folded)
    verdict = site.audits.last(asked.head) if asked.as_of is None else None
    # What is drawn is in the plots already.
    drawn = [] if asked.form == "html" else plots
    figures = [figure_data(plot) for plot in drawn if plot.rows]
    data = {
        "log": reader.log_name,
        "mode": asked.pages.mode,
        "identity": asked.pages.identity,
        "horizon": str(reader.horizon),
        "events": last,
        "first": first,
        "last": last_at,
        "figures_up_to": folded.timelines.order,
        "event_types": dict(folded.timelines.types.most_common()),
        "venues": dict(folded.timelines.venues.most_common()),
        "events_over_time": [
            dict(zip(plot.columns, row, strict=True)) for plot in plots for row in plot.counts
        ],
        "figures": figures,
        "figures_left_out": sorted(folded.timelines.left_out),
        "recent": recent,
        "board": board,
        "audit": None if verdict is None else verdict._asdict(),
        "metadata": reader.metadata,
    }
    shows = {
        "plots": plots,
        "waiting": [] if board is None else board["open"][:_OPEN],
        "is_board_awaited": is_live and board is None,
        "is_whole": folded.is_complete,
        "verdict": verdict,
        "window": window_of(folded.timelines, *window),
    }
    rows = [row for one in figures for row in one["points"]]
    refresh = None if folded.is_complete and not shows["is_board_awaited"] else 2
    return Page("overview.html", f"{reader.log_name}", data, rows, shows, refresh=refresh)


def _span(reader: LogReader, folded: Folded) -> tuple[Any, Any]:
    """The first and the last time of the events; until they are folded, those of both ends."""
    timelines, events = folded.timelines, reader.events
    if folded.is_complete and timelines.first is not None and timelines.last is not None:
        return timelines.first.timestamp, timelines.last.timestamp
    return (events[0]["timestamp"], events[-1]["timestamp"]) if len(events) else (None, None)


def plots_of(
    timelines: Timelines, since: int | None, until: int | None, zone: tzinfo = UTC
) -> list[Plot]:
    """The plots of a log, what is most looked at first; all show the same time."""
    window = window_of(timelines, since, until, zone)
    if window is None:
        return []
    made = [bar_plot(timelines, window), *(line_plot(f, window) for f in timelines.figures())]
    return [plot for plot in made if plot is not None]


def figure_data(plot: Plot) -> dict[str, Any]:
    """A plotted figure as data: each point with its whole value."""
    return {
        "figure": plot.title,
        "unit": plot.unit,
        "said": plot.said,
        "points": [
            {
                "figure": plot.title,
                "unit": plot.unit,
                "timestamp": point.when.timestamp,
                "order": point.when.order,
                "value": point.value,
            }
            for point in plot.rows
        ],
    }


def _moment(asked: Asked, name: str) -> int | None:
    text = asked.time(name)
    if text is None:
        return None
    moment: datetime = checked_moment(name, text).to_pydatetime(warn=False)
    return Moment.of(moment.astimezone(UTC).isoformat()).microseconds


_SINCE = Param("since", "Plots from this time on (ISO 8601; in the zone).")
_UNTIL = Param("until", "Plots up to this time (ISO 8601; in the zone).")

VIEWS = (
    View(
        "/logs",
        "The logs of the store: size, span, health and findings of each.",
        (Param("after", "Only logs whose names come after this one."),),
        logs,
    ),
    View(
        "/overview",
        "A log at a glance: counts, what waits, findings, figures over time.",
        (LOG, AS_OF, _SINCE, _UNTIL),
        overview,
    ),
)
