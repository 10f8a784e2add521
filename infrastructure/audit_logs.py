"""The application: opens the audit logs of one store, appends to them and reads them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any, Self
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.persistence import ApplicationRecorder, Mapper, Recording
from eventsourcing.utils import Environment, EnvType

from domain.audit_log import AuditLog, log_id
from domain.checks import is_valid_unicode
from domain.errors import (
    ConcurrencyError,
    LogConfigurationError,
    LogInUseError,
    StoreError,
    UnknownLogError,
    shown,
)
from domain.horizon import Horizon
from infrastructure.appending import Appending
from infrastructure.codec import AuditLogMapper
from infrastructure.earlier import StoredRecords, damaged
from infrastructure.log_events import refuse_words_of_the_log
from infrastructure.log_metadata import captured_metadata, is_same_metadata
from infrastructure.reading import NO_RECORD, PAGE, LogReading
from infrastructure.store import Lease, LogStore
from infrastructure.stored import Commit, OpenedLog, Source, WriterIdentity
from infrastructure.stores import open_store
from infrastructure.writers import introduce

_LAST_ORDER = 2**63 - 1


class AuditLogs(Application[UUID]):
    """The audit logs of one store.

    `store` is a URL as `infrastructure.stores.open_store` reads it. With `must_exist`, a store that
    is not there is an error and is not made, and nothing is ever written. `actor` is for whom this
    program writes; `durability` is as `open_store` has it. Raises `StoreError`.
    """

    name = "AuditLogs"

    def __init__(
        self,
        store: str = ":memory:",
        *,
        must_exist: bool = False,
        actor: str | None = None,
        durability: str = "full",
    ) -> None:
        self.store: LogStore = open_store(store, must_exist=must_exist, durability=durability)
        self._actor = actor
        self._leases: dict[UUID, Lease] = {}
        self._appending: dict[UUID, Appending] = {}
        self._writers: dict[UUID, WriterIdentity] = {}
        super().__init__()

    def construct_env(self, name: str, env: EnvType | None = None) -> Environment:
        """An empty one: another application's variables do not reach in here."""
        return Environment(name, env)

    def construct_mapper(self) -> Mapper[UUID]:
        """Our mapper, which keeps the captured bytes."""
        return AuditLogMapper()

    def construct_recorder(self) -> ApplicationRecorder:
        """The store's."""
        return self.store.recorder

    def open(
        self, name: str, mode: str = "backtest", metadata: dict[str, Any] | None = None
    ) -> AuditLog:
        """The log of this name, as it stands now, or a new one that the first save stores.

        Raises `LogConfigurationError` when the log has another mode or other metadata.
        """
        captured = None if metadata is None else captured_metadata(metadata)
        new = AuditLog.open(name, mode, captured)
        opened = self._opened(new.id, name)
        if opened is None:
            return new
        log = self._restored(opened)
        if log.mode != mode:
            raise LogConfigurationError(
                "execution_mode",
                mode,
                f"is {mode!r}, but log {name!r} is a {log.mode} log; give this run another log",
            )
        if captured is not None and not is_same_metadata(captured, log.metadata):
            raise LogConfigurationError(
                "metadata",
                metadata,
                f"differs from what log {name!r} was opened with, {shown(log.metadata)};"
                " leave it out, or give this run another log",
            )
        return log

    def open_or_create(
        self, name: str, mode: str = "backtest", metadata: dict[str, Any] | None = None
    ) -> AuditLog:
        """The log of this name, stored at once if it is new; needs no lease.

        Raises as `open` does, and `ReadOnlyStoreError` or `StoreError`.
        """
        log = self.open(name, mode, metadata)
        if log.pending_events and not self._create(log):
            return self.open(name, mode, metadata)
        return log

    def create(
        self, name: str, mode: str = "backtest", metadata: dict[str, Any] | None = None
    ) -> AuditLog | None:
        """A new log of this name, stored at once; None where there is one, whoever made it.

        Raises `LogConfigurationError`, `ReadOnlyStoreError` or `StoreError`.
        """
        captured = None if metadata is None else captured_metadata(metadata)
        log = AuditLog.open(name, mode, captured)
        is_new = self._opened(log.id, name) is None and self._create(log)
        return log if is_new else None

    def get(self, name: str) -> AuditLog:
        """The log of this name, as it stands now, read in constant time.

        Raises `UnknownLogError`, or `LogConfigurationError` for what is no name.
        """
        if not isinstance(name, str):
            raise LogConfigurationError("log", name, f"must be a name, not {shown(name)}")
        opened = self._opened(log_id(name), name) if is_valid_unicode(name) else None
        if opened is None:
            raise UnknownLogError(name, self.names())
        return self._restored(opened)

    def _opened(self, log_id: UUID, name: str) -> OpenedLog | None:
        opened = self.store.reads.opened(log_id)
        if opened is None and self.store.reads.events(log_id, 1, _LAST_ORDER, 1):
            # Between the two looks it may have been made.
            opened = self.store.reads.opened(log_id)
            if opened is None:
                raise damaged(name, 0, "its opening is missing, and there are events of it")
        return opened

    def _restored(self, opened: OpenedLog) -> AuditLog:
        try:
            if opened.opened.topic != AuditLog.Opened.TOPIC:
                # Not even looked up: the library imports the module that a topic names.
                raise ValueError(f"its topic is {shown(opened.opened.topic)}")
            event: Any = self.mapper.to_domain_event(opened.opened)
            log: AuditLog = event.mutate(None)
        except NO_RECORD as error:
            problem = f"its opening is no record ({error})"
            raise damaged(opened.name, 0, problem) from error
        log.identity = opened.identity
        log.version = self.last_order(log)
        log.earlier = StoredRecords(self.store, log)
        return log

    def _create(self, log: AuditLog) -> bool:
        """Store the opening of a new log; False when another process was first."""
        pending = list(log.collect_events())
        opened = self.mapper.to_stored_event(pending[0])
        writer = self.writer(log)
        try:
            is_new = self.store.appends.create(opened, log.name, log.identity or "", writer)
        except BaseException:
            log.take_back(pending)
            raise
        log.take_back(pending[1:] if is_new else pending)
        if is_new:
            log.earlier = StoredRecords(self.store, log)
        return is_new

    def save(self, *objs: Any, **kwargs: Any) -> list[Recording[UUID]]:
        """Store the pending events of each log, one transaction a log.

        Raises `ConcurrencyError`, `LogInUseError`, `StoreError`, or `InvalidEventTypeError` for
        what only a log says of itself; the log then still holds what it could not store.
        """
        for log in objs:
            self._save(log)
        return []

    def _save(self, log: AuditLog) -> None:
        if not log.pending_events:
            return
        events = log.logged_after(0)
        refuse_words_of_the_log(events)
        self.lease(log)
        if isinstance(log.pending_events[0], AuditLog.Opened) and not self._create(log):
            raise ConcurrencyError(log.name, 0)
        self.appending(log).append_events(events)
        log.collect_events()

    def save_new(self, log: AuditLog, batches: Iterable[Sequence[AuditLog.EventLogged]]) -> None:
        """Store a new log with all its events in one transaction, however many there are.

        The batches are drawn while the transaction is open and must not touch the store; when they
        raise, nothing is stored. Raises `ConcurrencyError` for a log that is there.
        """
        self.lease(log)
        (opened,) = log.collect_events()
        stored = self.mapper.to_stored_event(opened)
        if not self.store.appends.create_filled(
            stored, log.name, log.identity or "", self.writer(log), batches
        ):
            raise ConcurrencyError(log.name, 0)

    def save_copied(
        self, log: AuditLog, source: Source, batches: Iterable[Sequence[Commit]]
    ) -> None:
        """Store a new log with all that another holds, as it was committed there.

        The batches are drawn, and errors raised, as `save_new` says.
        """
        self.lease(log)
        (opened,) = log.collect_events()
        stored = self.mapper.to_stored_event(opened)
        if not self.store.appends.create_copied(
            stored, log.name, log.identity or "", self.writer(log), source, batches
        ):
            raise ConcurrencyError(log.name, 0)

    def appending(self, log: AuditLog) -> Appending:
        """The write path of this log."""
        if log.id not in self._appending:
            self._appending[log.id] = Appending(self.store, log, self.mapper, self.writer(log))
        return self._appending[log.id]

    def writer(self, log: AuditLog) -> WriterIdentity:
        """Who appends to this log: the same for as long as this is open."""
        return self._writers.setdefault(log.id, introduce(self._actor))

    def lease(self, log: AuditLog) -> bool:
        """Become the one writer of a backtest log; True when that is new.

        Raises `LogInUseError`, or `ReadOnlyStoreError` where nothing can be written.
        """
        lease = self._leases.get(log.id)
        if lease is not None and lease.is_held:
            return False
        self.store.refuse_writing()
        if log.mode != "backtest":
            return False
        lease = self._leases.setdefault(log.id, self.store.lease(log.id, log.name, ""))
        if not lease.try_acquire():
            raise LogInUseError(log.name)
        return True

    def reading(self, log: AuditLog) -> LogReading:
        """The log's records."""
        return LogReading(self.store, log)

    def records(
        self, log: AuditLog, first: int = 1, last: int | None = None, page: int = PAGE
    ) -> Iterator[tuple[int, bytes]]:
        """The (order, JSON) of the stored events from order `first` to `last`, a page at a time."""
        return self.reading(log).rows(first, log.version if last is None else last, page)

    def names(self) -> list[str]:
        """The names of the store's logs, sorted."""
        return [opened.name for opened in self.store.reads.logs()]

    def horizon(self, log: AuditLog) -> Horizon:
        """Where the log ends now."""
        return self.store.reads.end(log.id).horizon

    def last_order(self, log: AuditLog) -> int:
        """The order of the log's last stored event; 0 when it has none."""
        if self.store.reads.opened(log.id) is None:
            return 0
        return self.horizon(log).order

    def close(self) -> None:
        """Give back every lease and close the connections; what was not saved is not stored.

        Closing twice does nothing, and ends a close that was interrupted.
        """
        for appending in self._appending.values():
            appending.close()
        for log, writer in self._writers.items():
            if log not in self._appending:
                # It made the log whole and appended nothing.
                with suppress(StoreError):
                    self.store.appends.end_writer(log, writer)
        for lease in self._leases.values():
            lease.release()
        # Not the library's close(), which lets go of nothing of ours: it sets a threading.Event;
        # interrupted there, it leaves that locked for whoever closes again.
        self.store.close()

    def __enter__(self) -> Self:
        return self
