"""Writing a backtest log: the only writer, a commit every so many events."""

from __future__ import annotations

from collections.abc import Sequence

from domain.audit_log import AuditLog
from domain.errors import EventLoggerError
from domain.prepared import Prepared
from event_logger.writer import Logged, LogWriter
from infrastructure.application import AuditLogs


class BacktestWriter(LogWriter):
    """Commits every `commit_every` events.

    Events that were logged and not yet committed stay pending when a commit fails, and go with the
    next.
    """

    def __init__(self, logs: AuditLogs, log: AuditLog, commit_every: int) -> None:
        super().__init__(logs, log)
        self._commit_every = commit_every
        self._is_leased = False

    def append(self, prepared: Prepared) -> Logged:
        """Log what was prepared; commit when a batch is full."""
        if self._is_in_fork:
            self.check_usable()
        with self._lock:
            self._become_the_writer()
            before = self._log.version
            result = self._add(prepared)
            if len(self._log.pending_events) >= self._commit_every:
                self._commit(before)
            return result

    def append_group(self, group: Sequence[Prepared]) -> list[Logged | EventLoggerError]:
        """Log what was prepared and commit it with what was pending."""
        self.check_usable()
        with self._lock:
            self._become_the_writer()
            before = self._log.version
            outcomes = self._add_each(group)
            if self._log.pending_events:
                self._commit(before)
            return outcomes

    def flush(self) -> int:
        """Commit what is pending; returns the order of the last event.

        Raises `StoreError`, what is pending then staying so.
        """
        self.check_usable()
        with self._lock:
            self.check_usable()
            if self._log.pending_events:
                self._logs.save(self._log)
                self._claims.clear()
            elif not self._is_leased:
                self._log.version = self._logs.last_order(self._log)
            return self._log.version

    def close(self) -> None:
        """Commit what is pending, then give back the lease and the connections.

        In a forked child it does nothing: what is pending is the parent's to commit.
        """
        if self._is_in_fork:
            return
        with self._lock:
            if not self._is_closed:
                self.flush()
                self._is_closed = True
                self._logs.close()

    def _become_the_writer(self) -> None:
        if self._is_closed:
            self.check_usable()
        if not self._is_leased:
            self._logs.lease(self._log)
            # Another writer may have appended since this log was opened, and gone.
            self._log.version = self._logs.last_order(self._log)
            self._is_leased = True

    def _commit(self, before: int) -> None:
        try:
            self._logs.save(self._log)
        except BaseException:
            # What is no longer pending is stored, and the exception came after that.
            if self._log.pending_events:
                self._forget_after(before)
            raise
        self._claims.clear()
