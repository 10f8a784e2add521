"""How a log stands while it is in operation: its status board."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from domain.pairs import venues_in
from domain.times import checked_duration
from event_logger.misspelt import say_unless_held
from event_logger.search import checked_only

if TYPE_CHECKING:
    from event_logger.reader import LogReader
    from projections.status_board import Only


def live_status(
    reader: LogReader,
    stuck_after: Any = None,
    *,
    event_type: str | None = None,
    venue: str | None = None,
    status: str | None = None,
) -> dict[str, Any]:
    """The status board, read in a time that does not grow with a live log.

    `counts` by status, `by_venue`, `by_type`; `open` events (pending, submitted, partially
    filled or reorged), oldest first; of those `stuck` for longer than `stuck_after` (a
    timedelta, seconds, or text such as "10m"), but for types that only tell something;
    `confirmation_seconds` from submitted to confirmed or filled, always of the whole log. Of
    all else there is only what has the `event_type`, `venue` and `status` that are asked for;
    one of them that the log does not hold is said, once.
    In a backtest everything is completed. Raises `LogConfigurationError` for no time.
    """
    limit = None if stuck_after is None else checked_duration("stuck_after", stuck_after)
    only = checked_only(event_type, venue, status)
    board = _board(reader, limit, only)
    if not board["counts"]:
        _say_what_is_not_held(reader, only)
    return board


def _board(reader: LogReader, limit: float | None, only: Only) -> dict[str, Any]:
    last = reader._last_order()
    if reader._log.mode == "live":
        from infrastructure.followers.board import StatusBoard

        board = StatusBoard(reader._logs.store, reader._log)
        return board.read(limit, reader._now(), only)
    from projections.status_board import LiveStatus

    folded = LiveStatus().fold(reader._events().records(1, last))
    return folded.as_dict(datetime.now(UTC), limit, only=only)


def _say_what_is_not_held(reader: LogReader, only: Only) -> None:
    """Once for each that is asked for: a board is asked again and again."""
    given = [(field, value) for field, value in only._asdict().items() if value is not None]
    asked = [one for one in given if one not in reader._said]
    if not asked:
        return
    reader._said.update(asked)
    from projections.status_board import Only

    whole = _board(reader, None, Only())
    held = {
        "event_type": whole["by_type"],
        "venue": {one for venue in whole["by_venue"] for one in venues_in(venue)},
        "status": whole["counts"],
    }
    say_unless_held(dict(asked), reader._log.name, held)
