"""The write side of a logger: one lock, batches, claims of event_ids, the writer's lease."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from domain.audit_log import AuditLog
from domain.errors import EventIdConflictError, ForkedLoggerError, LoggerClosedError
from infrastructure.application import AuditLogs
from infrastructure.sqlite_recorder import Claim

T = TypeVar("T", int, list[int])

_process = object()


def _after_fork() -> None:
    global _process
    _process = object()


os.register_at_fork(after_in_child=_after_fork)


class LogWriter:
    """Appends to one backtest log, from any thread, a commit every `commit_every` events.

    A call that raises has logged nothing. Events that were logged and not yet committed stay
    pending when a commit fails, and go with the next.
    """

    def __init__(self, logs: AuditLogs, log: AuditLog, commit_every: int) -> None:
        self._logs = logs
        self._log = log
        self._commit_every = commit_every
        self._lock = threading.RLock()
        self._claims: dict[str, Claim] = {}
        self._process = _process
        self._is_closed = False
        self._is_leased = False

    def append(self, command: Callable[..., T], *arguments: Any) -> T:
        """Run an `AuditLog` command with these arguments, commit when a batch is full.

        Raises what the command raises, `LogInUseError`, `EventIdConflictError` or `StoreError`.
        """
        if self._process is not _process:
            self.check_usable()
        with self._lock:
            if self._is_closed:
                self.check_usable()
            if not self._is_leased:
                self._take_lease()
            log = self._log
            before = log.version
            event_ids_before = log.event_ids_logged
            result = command(log, *arguments)
            if log.event_ids_logged != event_ids_before:
                first = self._first_logging(before)
                if first is not None:
                    log.forget_after(before)
                    return repeated(result, first)
            if len(log.pending_events) >= self._commit_every:
                self._commit(before)
            return result

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
        if self._process is not _process:
            return
        with self._lock:
            if not self._is_closed:
                self.flush()
                self._is_closed = True
                self._logs.close()

    def check_usable(self) -> None:
        """Raises `LoggerClosedError` or `ForkedLoggerError`."""
        if self._process is not _process:
            raise ForkedLoggerError(self._log.name)
        if self._is_closed:
            raise LoggerClosedError(self._log.name)

    def _take_lease(self) -> None:
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

    def _forget_after(self, order: int) -> None:
        self._log.forget_after(order)
        self._claims = {k: v for k, v in self._claims.items() if v.first_order <= order}

    def _first_logging(self, before: int) -> Claim | None:
        """The earlier logging that the events after `before` repeat; claims their ids if none."""
        fresh: dict[str, Claim] = {}
        for event in self._log.logged_after(before):
            if event.event_id is None or event.fingerprint is None:
                continue
            claim = self._claims.get(event.event_id) or self._logs.claim(self._log, event.event_id)
            claim = claim or fresh.get(event.event_id)
            if claim is None:
                fresh[event.event_id] = Claim(
                    event.originator_version, event.bundle_size, event.fingerprint
                )
            elif event.originator_version == before + 1 and claim.fingerprint == event.fingerprint:
                return claim
            else:
                self._log.forget_after(before)
                raise EventIdConflictError(event.event_id, claim.first_order)
        self._claims.update(fresh)
        return None


def repeated(result: T, first: Claim) -> T:
    """What the first logging returned, in the shape of this one's result."""
    if isinstance(result, list):
        return list(range(first.first_order, first.first_order + first.bundle_size))
    return first.first_order
