"""The status board: what waits, what is stuck first."""

from __future__ import annotations

from typing import Any

from domain.event_types import EVENT_TYPES
from domain.statuses import COMPLETED, STATUSES
from domain.times import checked_duration
from event_logger.reader import LogReader
from event_logger.web.asked import AS_OF, LOG, Asked, Param
from event_logger.web.view import Page, View

STUCK_AFTER = "10m"
_MOST = 200


def board(asked: Asked) -> Page:
    """The board, as of now or then."""
    limit = stuck_limit(asked)
    only = {name: asked.text(name) for name in ("type", "venue", "status")}
    live = board_of(asked, limit, only)
    about = {
        "log": asked.reader.log_name,
        "mode": asked.pages.mode,
        "horizon": str(asked.reader.horizon),
        "stuck_after": limit,
    }
    title = f"Board of {asked.reader.log_name}"
    if live is None:
        waits = about | {"is_done": False}
        return Page("board_waits.html", title, waits, status=202, refresh=2)
    data = about | {"is_done": True} | live
    is_live = asked.pages.mode == "live" and asked.as_of is None
    shows = {
        "board": live,
        "is_live": is_live,
        "is_filtered": any(only.values()),
        "stuck_after": limit,
        "types": sorted(EVENT_TYPES),
        "statuses": STATUSES,
        "stream": asked.link("/board/stream", stuck=limit, **only),
    }
    return Page("board.html", title, data, live["open"], shows)


def board_of(asked: Asked, limit: str, only: dict[str, str | None]) -> dict[str, Any] | None:
    """The board; as of then it is folded from the log's beginning, and None while that goes on."""
    if asked.pages.mode != "live":
        return _completed(asked)
    reader = asked.reader
    if asked.as_of is None:
        return read_board(reader, limit, only)
    # Ages are those at the time that was asked for.
    key = (asked.pages.identity, asked.as_of, asked.time("as_of"), limit, *only.values())
    return asked.site.boards.result(key, lambda: read_board(reader, limit, only), asked.patience)


def _completed(asked: Asked) -> dict[str, Any]:
    """The board of a backtest, in which nothing waits: what is counted anyhow, and no pass more."""
    timelines = asked.site.folds.of(asked.reader, asked.as_of, asked.patience).timelines
    count = asked.reader.global_order
    return {
        "counts": {COMPLETED: count} if count else {},
        "by_venue": {name: {COMPLETED: n} for name, n in timelines.venues.items()},
        "by_type": {name: {COMPLETED: n} for name, n in timelines.types.items()},
        "confirmation_seconds": {"median": None, "p95": None},
        "open": [],
        "open_count": 0,
        "stuck_count": 0,
    }


def stuck_limit(asked: Asked) -> str:
    """After what time something counts as stuck; raises `LogConfigurationError` for no time."""
    limit = asked.text("stuck") or STUCK_AFTER
    checked_duration("stuck", limit)
    return limit


def read_board(reader: LogReader, limit: str, only: dict[str, str | None]) -> dict[str, Any]:
    """The board of these; of a long one the first rows, and how many were left out."""
    board = reader.live_status(
        limit, event_type=only["type"], venue=only["venue"], status=only["status"]
    )
    stuck = {row["order"] for row in board["stuck"]}
    others = [row for row in board["open"] if row["order"] not in stuck]
    rows = [row | {"is_stuck": True} for row in board["stuck"]]
    rows += [row | {"is_stuck": False} for row in others]
    return {
        "counts": board["counts"],
        "by_venue": board["by_venue"],
        "by_type": board["by_type"],
        "confirmation_seconds": board["confirmation_seconds"],
        "open": rows[:_MOST],
        "open_count": len(rows),
        "stuck_count": len(stuck),
    }


ALL: dict[str, str | None] = {"type": None, "venue": None, "status": None}
"""No filter."""

FILTERS = (
    Param("stuck", "Open for longer than this is stuck (90s, 10m, 2h)."),
    Param("type", "Only this event type."),
    Param("venue", "Only this venue."),
    Param("status", "Only this status.", choices=STATUSES),
)

VIEWS = (
    View(
        "/board",
        "The status board: what waits, what is stuck first.",
        (LOG, AS_OF, *FILTERS),
        board,
    ),
)
