"""The write side of a logger: one lock, claims of event_ids, and for backtests batches."""

from __future__ import annotations

import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Sequence

from domain.audit_log import AuditLog
from domain.errors import (
    EventIdConflictError,
    EventLoggerError,
    ForkedLoggerError,
    LoggerClosedError,
)
from domain.prepared import Prepared
from infrastructure.application import AuditLogs
from infrastructure.sqlite_recorder import Claim

Logged = int | list[int]
"""What logging gives: an order, or a bundle's orders, the wrapper's first."""

_process = object()


def _after_fork() -> None:
    global _process
    _process = object()


os.register_at_fork(after_in_child=_after_fork)


class LogWriter(ABC):
    """Appends to one log, from any thread; a call that raises has logged nothing."""

    def __init__(self, logs: AuditLogs, log: AuditLog) -> None:
        self._logs = logs
        self._log = log
        self._lock = threading.RLock()
        self._claims: dict[str, Claim] = {}
        self._process = _process
        self._is_closed = False

    @abstractmethod
    def append(self, prepared: Prepared) -> Logged:
        """Log what was prepared.

        Raises `UnknownOrderError`, `EventIdConflictError`, `LogInUseError` or `StoreError`.
        """

    @abstractmethod
    def append_group(self, group: Sequence[Prepared]) -> list[Logged | EventLoggerError]:
        """Log what was prepared, each on its own, and commit together; it is then on the disk.

        Gives what each came to, an order or its refusal. Raises `LogInUseError` or `StoreError`
        when nothing of it was stored.
        """

    @abstractmethod
    def flush(self) -> int:
        """Commit what is pending; returns the order of the log's last event."""

    @abstractmethod
    def close(self) -> None:
        """Commit what is pending and let go of the store; closing twice does nothing."""

    def check_usable(self) -> None:
        """Raises `LoggerClosedError` or `ForkedLoggerError`."""
        if self._process is not _process:
            raise ForkedLoggerError(self._log.name)
        if self._is_closed:
            raise LoggerClosedError(self._log.name)

    @property
    def _is_in_fork(self) -> bool:
        return self._process is not _process

    def _add(self, prepared: Prepared) -> Logged:
        """Add to the log; what repeats an earlier logging adds nothing and gives its orders."""
        log = self._log
        before = log.version
        event_ids_before = log.event_ids_logged
        result = log.add_prepared(prepared)
        if log.event_ids_logged != event_ids_before:
            try:
                first = self._first_logging(before)
            except BaseException:
                # Refused alone: the rest of its group is stored.
                log.forget_after(before)
                raise
            if first is not None:
                log.forget_after(before)
                return repeated(result, first)
        return result

    def _add_each(self, group: Sequence[Prepared]) -> list[Logged | EventLoggerError]:
        outcomes: list[Logged | EventLoggerError] = []
        for prepared in group:
            try:
                outcomes.append(self._add(prepared))
            except EventLoggerError as error:
                outcomes.append(error)
        return outcomes

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
                raise EventIdConflictError(event.event_id, claim.first_order)
        self._claims.update(fresh)
        return None


def repeated(result: Logged, first: Claim) -> Logged:
    """What the first logging returned, in the shape of this one's result."""
    if isinstance(result, list):
        return list(range(first.first_order, first.first_order + first.bundle_size))
    return first.first_order
