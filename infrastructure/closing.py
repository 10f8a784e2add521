"""Closing a log where it is, because it goes on in another store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from domain.audit_log import AuditLog, numbered
from domain.closing import LOG_CLOSED, LOG_VENUE, closing, continued_in
from domain.errors import LogClosedError
from domain.intake import Intake, LoggingRules
from infrastructure.standing import CONTINUED
from infrastructure.store import AtTheEnd, LogStore
from infrastructure.stored import Writes
from infrastructure.writers import introduce

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def close_log(store: LogStore, log: AuditLog, where: str, actor: str | None = None) -> None:
    """Log, as the last event, that the log goes on there; nobody logs to it here any more.

    Raises `LogClosedError` for one that is closed, `StoreError`.
    """
    rules = LoggingRules(hourly_timestamps=False, is_live=log.mode == "live")

    def decide(at_end: AtTheEnd) -> Writes:
        timestamp = _EPOCH + timedelta(microseconds=at_end.time())
        entry = Intake(rules).event(
            timestamp, LOG_CLOSED, LOG_VENUE, None, None, None, closing(where)
        )
        return Writes(numbered(log.id, at_end.end.horizon.order + 1, [entry]), closes=True)

    writer = introduce(actor)
    store.appends.append(log.id, writer, decide)
    store.appends.end_writer(log.id, writer)


def where_it_went_on(store: LogStore, log: AuditLog) -> str | None:
    """Where the log went on, if it was closed and not taken over here since; None if not."""
    order = store.reads.end(log.id).horizon.order
    rows = store.reads.events(log.id, order, order, 1) if order else []
    where = continued_in(rows[0][1]) if rows else None
    if where is None:
        return None
    taken_over = store.followers.position(CONTINUED, log.id)
    return where if taken_over is None or taken_over.order < order else None


def refuse_closed(store: LogStore, log: AuditLog) -> None:
    """Raises `LogClosedError` for a log that is closed here; costs the same however long it is."""
    where = where_it_went_on(store, log)
    if where is not None:
        raise LogClosedError(store.url, where)
