"""Writing a live log: every call is durable when it returns, and other processes write it too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from domain.audit_log import AuditLog
from domain.checks import order as checked_order
from domain.errors import EventLoggerError, InvalidEventError, UnknownOrderError
from domain.prepared import Prepared
from event_logger.writer import Logged, LogWriter
from infrastructure.application import AuditLogs


class Follower(Protocol):
    """Follows the committed events in a thread of its own."""

    def start(self) -> None:
        """Begin to follow."""

    def stop(self) -> None:
        """End soon, whatever the follower waits for."""


class LiveWriter(LogWriter):
    """Appends in transactions that begin at the log's end, whoever else appends to it.

    The followers start with the writer and are stopped before the store is let go.
    """

    def __init__(self, logs: AuditLogs, log: AuditLog, followers: Sequence[Follower] = ()) -> None:
        super().__init__(logs, log)
        self._followers = followers
        for follower in followers:
            follower.start()

    def append(self, prepared: Prepared) -> Logged:
        """Log what was prepared; it is on the disk when this returns."""
        self.check_usable()
        with self._lock:
            self.check_usable()
            try:
                with self._logs.appending(self._log):
                    return self._add(prepared)
            finally:
                self._claims.clear()

    def append_group(self, group: Sequence[Prepared]) -> list[Logged | EventLoggerError]:
        """Log what was prepared in one transaction."""
        self.check_usable()
        with self._lock:
            self.check_usable()
            try:
                with self._logs.appending(self._log):
                    return self._add_each(group)
            finally:
                self._claims.clear()

    def update(self, order: int, update: dict[str, Any]) -> None:
        """Take an event further; it is on the disk when this returns.

        Raises `UnknownOrderError`, `InvalidUpdateError`, `IllegalTransitionError`,
        `UpdateConflictError` or `StoreError`.
        """
        self.check_usable()
        with self._lock:
            self._refuse_unknown(order)
            self._logs.update(self._log, int(order), update)

    def _refuse_unknown(self, order: object) -> None:
        last = self.flush()
        try:
            is_known = checked_order("order", order) <= last
        except InvalidEventError:
            is_known = False
        if not is_known:
            raise UnknownOrderError(order, last)

    def flush(self) -> int:
        """The order of the log's last event; nothing is ever pending."""
        self.check_usable()
        return self._logs.last_order(self._log)

    def close(self) -> None:
        """Stop the followers and close the connections; in a forked child it does nothing."""
        if self._is_in_fork:
            return
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
            for follower in self._followers:
                follower.stop()
            self._logs.close()
