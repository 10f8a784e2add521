"""Two logs side by side: whether the same happened, where they part first, and what that cost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from domain.horizon import Horizon
from event_logger.audits import checked_tolerance
from event_logger.comparing import checked_window
from event_logger.comparing import compare as comparison_of
from event_logger.paging import LogPages
from event_logger.reader import LogReader
from event_logger.web.asked import Asked, Param
from event_logger.web.errors import PageError
from event_logger.web.view import Page, View

_MOST = 300


def compare(asked: Asked) -> Page:
    """Two logs of the store, or one as of two horizons; while it goes on, the page says so."""
    names = [asked.text("left"), asked.text("right")]
    if None in names:
        missing = "left" if names[0] is None else "right"
        raise PageError(400, f"the parameter {missing} is missing: which log is meant")
    window, tolerance = asked.text("window"), asked.text("tolerance") or "0"
    checked_window(window)
    checked_tolerance(tolerance)
    left, right, what = _sides(asked, names, (window, tolerance))
    sides = [_told(asked, reader) for reader in (left, right)]
    found = asked.site.comparisons.result(
        (
            *(tuple(side[name] for name in ("identity", "horizon")) for side in sides),
            window,
            tolerance,
        ),
        lambda: comparison_of(left, right, window=window, tolerance=tolerance, most=_MOST),
        2 * asked.patience,
    )
    rows = list(_figures(*sides)) if all(side["is_whole"] for side in sides) else []
    data: dict[str, Any] = {
        "left": _without_figures(sides[0]),
        "right": _without_figures(sides[1]),
        "is_done": found is not None,
        "comparison": None if found is None else found.as_dict(),
        "figures": rows,
    }
    shows = {
        "found": found,
        "rest": dict(asked.given),
        "are_figures_whole": all(side["is_whole"] for side in sides),
    }
    is_whole = found is not None and shows["are_figures_whole"]
    if is_whole:
        asked.site.comparisons.told(what)
    title = f"{names[0]} and {names[1]}"
    status, refresh = (200, None) if is_whole else (202, 2)
    return Page("compare.html", title, data, rows, shows, status, refresh)


def _sides(
    asked: Asked, names: list[str | None], how: tuple[object, ...]
) -> tuple[LogReader, LogReader, object]:
    """Both sides as of when they were first asked for, and what it is that is waited for."""
    whens = [asked.time(f"{which}_as_of") for which in ("left", "right")]
    left, right = (_side(asked, name, when) for name, when in zip(names, whens, strict=True))
    what = (*(LogPages(one).identity for one in (left, right)), *whens, *how)
    moments = asked.site.comparisons.moment(what, (left.horizon, right.horizon))
    left, right = (
        _side(asked, one.log_name, moment) if one.horizon.is_beyond(moment) else one
        for one, moment in zip((left, right), moments, strict=True)
    )
    return left, right, what


def _side(asked: Asked, name: str | None, as_of: str | Horizon | None) -> LogReader:
    """A side, of one moment: whatever is logged meanwhile is not looked at."""
    reader = asked.site.reader(name)
    return reader.as_of(reader.horizon if as_of is None else as_of)


def _told(asked: Asked, reader: LogReader) -> dict[str, Any]:
    horizon, pages = reader.horizon, LogPages(reader)
    head = asked.site.reader(reader.log_name)
    is_head = horizon == head.horizon
    # Of the log as it is now, the figures are those that every page shows.
    folded = asked.site.folds.of(
        head if is_head else reader, None if is_head else horizon, asked.patience
    )
    return {
        "log": reader.log_name,
        "mode": pages.mode,
        "identity": pages.identity,
        "horizon": str(horizon),
        "is_whole": folded.is_complete,
        "types": dict(folded.timelines.types),
        "figures": {
            (one.name if one.name.startswith(one.kind) else f"{one.kind} {one.name}", one.unit): (
                one.points[-1].value
            )
            for one in folded.timelines.figures()
        },
    }


def _without_figures(side: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in side.items() if name not in ("types", "figures")}


def _figures(left: dict[str, Any], right: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What both hold of each type, and what each figure is at the end of either."""
    ones: dict[tuple[str, str], Any] = {(name, "events"): n for name, n in left["types"].items()}
    others: dict[tuple[str, str], Any] = {(name, "events"): n for name, n in right["types"].items()}
    ones |= left["figures"]
    others |= right["figures"]
    for what, unit in dict.fromkeys((*ones, *others)):
        one, other = ones.get((what, unit)), others.get((what, unit))
        yield {"what": what, "unit": unit, "left": one, "right": other, "is_same": one == other}


VIEWS = (
    View(
        "/compare",
        "Two logs side by side: whether the same happened, where they part, what that cost.",
        (
            Param("left", "A log of the store.", is_required=True),
            Param("right", "A log of the store.", is_required=True),
            Param("left_as_of", "The left one as it was known then."),
            Param("right_as_of", "The right one as it was known then."),
            Param("window", "How far the times of partners may be apart (90s, 30m, 0)."),
            Param("tolerance", "How far numbers may be apart, as a fraction of the larger."),
        ),
        compare,
    ),
)
