"""Closing a log where it is, because it goes on in another store."""

from __future__ import annotations

from domain.audit_log import AuditLog
from domain.closing import LOG_CLOSED, LastEvent, closing, went_on_in
from domain.errors import LogClosedError
from infrastructure.log_events import of_the_log
from infrastructure.store import AtTheEnd, LogStore
from infrastructure.stored import Writes
from infrastructure.writers import introduce


def close_log(store: LogStore, log: AuditLog, where: str, actor: str | None = None) -> None:
    """Log, as the last event, that the log goes on there; nobody logs to it here any more.

    Raises `LogClosedError` for one that is closed, `StoreError`.
    """

    def decide(at_end: AtTheEnd) -> Writes:
        return Writes(of_the_log(log, at_end, LOG_CLOSED, closing(where)), closes=True)

    # By a writer of its own, who comes after all that wrote before.
    writer = introduce(actor)
    store.appends.append(log.id, writer, decide)
    store.appends.end_writer(log.id, writer)


def where_it_went_on(store: LogStore, log: AuditLog) -> str | None:
    """Where the log went on, if it was closed and not taken over here since; None if not."""
    return went_on_in(store.reads.last_event(log.id))


def refuse_closed(url: str, last: LastEvent | None) -> None:
    """Raises `LogClosedError` for a log that is closed in the store of this URL."""
    where = went_on_in(last)
    if where is not None:
        raise LogClosedError(url, where)
