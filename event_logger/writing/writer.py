"""What a logger writes by. Backtest and live differ in when they append, and in nothing else."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Protocol

from domain.audit_log import AuditLog
from domain.errors import EventLoggerError
from event_logger.writing.usage import Usage
from infrastructure.appending import Outcome, Work
from infrastructure.audit_logs import AuditLogs


class Writer(Protocol):
    """Takes works from any thread; one that raises has logged nothing."""

    usage: Usage

    @property
    def last_errors(self) -> list[str]:
        """What last kept those that follow its commits from following."""

    @property
    def pending(self) -> int:
        """How many events were logged and are not committed yet."""

    def submit(self, work: Work) -> range:
        """Log one event or bundle, or update an event; returns its orders.

        Raises `UnknownOrderError`, `EventIdConflictError`, `LogInUseError`, `StoreError`, and for
        an update `InvalidUpdateError` or `IllegalTransitionError`.
        """

    def submit_all(self, works: Sequence[Work]) -> list[Outcome]:
        """Take each on its own and commit all together; durable when this returns.

        Gives what each came to. Raises `LogInUseError` or `StoreError` when nothing was stored.
        """

    def flush(self) -> int:
        """Commit what is pending; returns the order of the log's last event."""

    def close(self) -> None:
        """Commit what is pending and let go of the store; closing twice does nothing.

        Where nothing is pending, nobody is waited for: calls that wait for another process to let
        go of the store raise `StoreError`, and are not stored. In a forked child it does nothing:
        what is pending is the parent's to commit.
        """


class Follower(Protocol):
    """Follows the committed events in a thread of its own."""

    @property
    def last_error(self) -> str | None:
        """What last kept it from following, also when that is over."""

    def start(self) -> None:
        """Begin to follow."""

    def stop(self) -> None:
        """End soon, whatever the follower waits for."""


class LiveWriter:
    """Appends at once: every call is durable when it returns, whoever else writes the log.

    The followers start with the writer and are stopped before the store is let go.
    """

    def __init__(self, logs: AuditLogs, log: AuditLog, followers: Sequence[Follower] = ()) -> None:
        self.usage = Usage(log.name)
        self._logs = logs
        self._log = log
        self._appending = logs.appending(log)
        self._lock = threading.RLock()
        self._followers = followers
        for follower in followers:
            follower.start()

    @property
    def last_errors(self) -> list[str]:
        """What last kept its followers from following."""
        return [error for one in self._followers if (error := one.last_error) is not None]

    @property
    def pending(self) -> int:
        """None, ever."""
        return 0

    def submit(self, work: Work) -> range:
        """See `Writer.submit`."""
        (outcome,) = self.submit_all((work,))
        if isinstance(outcome, EventLoggerError):
            raise outcome
        return outcome

    def submit_all(self, works: Sequence[Work]) -> list[Outcome]:
        """See `Writer.submit_all`."""
        self.usage.check()
        with self._lock:
            self.usage.check()
            return self._appending.append(works)

    def flush(self) -> int:
        """See `Writer.flush`; nothing is ever pending."""
        self.usage.check()
        return self._logs.horizon(self._log).order

    def close(self) -> None:
        """See `Writer.close`."""
        if self.usage.is_in_fork:
            return
        # Before the lock: whoever has it may be waiting for another process.
        self.usage.is_closed = True
        self._logs.store.stop_waiting()
        with self._lock:
            # Also after a close that was interrupted here; each of these may be done twice.
            for follower in self._followers:
                follower.stop()
            self._logs.close()
