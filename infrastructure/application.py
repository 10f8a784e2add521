"""The application: opens audit logs, appends to them, reads them in pages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Self
from uuid import UUID

from eventsourcing.persistence import (
    InfrastructureFactory,
    IntegrityError,
    Mapper,
    Recording,
)
from eventsourcing.utils import Environment, EnvType

from domain.audit_log import AuditLog, log_id
from domain.errors import (
    ConcurrencyError,
    EventIdConflictError,
    LogConfigurationError,
    ReadOnlyStoreError,
    UnknownLogError,
    shown,
)
from infrastructure.codec import AuditLogMapper
from infrastructure.lease import WriterLease
from infrastructure.live_logs import LiveLogs
from infrastructure.log_metadata import captured_metadata, is_same_metadata
from infrastructure.sqlite_recorder import LOG_TABLES, AuditLogFactory, Claim
from infrastructure.stores import (
    Store,
    create_store,
    parse_store,
    read_only_query,
    require_store,
    store_errors,
)

PAGE = 1000
"""Events per page when a log is read."""

_EVENTS_TABLE = (
    "CREATE TABLE IF NOT EXISTS stored_events (originator_id TEXT, originator_version INTEGER, "
    "topic TEXT, state BLOB, PRIMARY KEY (originator_id, originator_version))"
)


class AuditLogs(LiveLogs):
    """The audit logs of one store.

    `store` is a URL as `infrastructure.stores` reads it. With `must_exist`, a store that is not
    there is an error and is not made, and nothing is ever written.
    """

    name = "AuditLogs"

    def __init__(self, store: str = ":memory:", *, must_exist: bool = False) -> None:
        self.store: Store = parse_store(store)
        self._read_only = must_exist and self.store.path is not None
        self._leases: dict[UUID, WriterLease] = {}
        if must_exist:
            require_store(self.store)
        else:
            create_store(self.store, [_EVENTS_TABLE, *LOG_TABLES])
        with self._store_errors():
            super().__init__(self._environment())

    def _environment(self) -> dict[str, str]:
        environment = self.store.environment()
        if self.store.path is not None:
            environment["CREATE_TABLE"] = "no"
        if self._read_only:
            environment[AuditLogFactory.READ_ONLY] = "yes"
            environment["SQLITE_DBNAME"] += read_only_query(self.store)
        return environment

    def construct_env(self, name: str, env: EnvType | None = None) -> Environment:
        """The store's own environment: another application's variables do not reach in here."""
        return Environment(name, env)

    def construct_factory(self, env: Environment) -> InfrastructureFactory[Any]:
        """Our SQLite factory."""
        return AuditLogFactory(env)

    def construct_mapper(self) -> Mapper[UUID]:
        """Our mapper, which keeps the captured bytes."""
        return AuditLogMapper()

    def open(
        self, name: str, mode: str = "backtest", metadata: dict[str, Any] | None = None
    ) -> AuditLog:
        """The log of this name, as it stands now, or a new one that the first save stores.

        Raises `LogConfigurationError` when the log has another mode or other metadata.
        """
        captured = None if metadata is None else captured_metadata(metadata)
        new = AuditLog.open(name, mode, captured)
        if self._last_version(new.id) is None:
            return new
        log = self.get(name)
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
        if mode == "live":
            with self._store_errors():
                # A store of the time before live mode lacks what its followers need.
                self._recorder.create_table()
        if not log.pending_events:
            return log
        (opened,) = log.collect_events()
        try:
            with self._store_errors():
                self._recorder.append(log.id, [], self.mapper.to_stored_event(opened), log.name)
        except IntegrityError:
            return self.open(name, mode, metadata)
        return log

    def get(self, name: str) -> AuditLog:
        """The log of this name, as it stands now, read in constant time.

        Raises `UnknownLogError`.
        """
        identity = log_id(name)
        with self._store_errors():
            opened = self._recorder.select_events(identity, lte=AuditLog.INITIAL_VERSION, limit=1)
        if not opened:
            raise UnknownLogError(name, self.names())
        log = self.mapper.to_domain_event(opened[0]).mutate(None)  # type: ignore[attr-defined]
        if not isinstance(log, AuditLog):
            raise TypeError(f"{name!r} is not an audit log")
        log.version = self._last_version(identity) or 0
        return log

    def save(self, *objs: Any, **kwargs: Any) -> list[Recording[UUID]]:
        """Store the pending events of each log, one transaction a log.

        Raises `ConcurrencyError`, `EventIdConflictError`, `LogInUseError` or `StoreError`; the
        log then still holds what it could not store. After an interrupt, a log that holds nothing
        any more is stored.
        """
        for log in objs:
            self._save(log)
        return []

    def _save(self, log: AuditLog) -> None:
        if not log.pending_events:
            return
        self.lease(log)
        pending = log.collect_events()
        opened = [event for event in pending if isinstance(event, AuditLog.Opened)]
        logged = [event for event in pending if isinstance(event, AuditLog.EventLogged)]
        stored = self.mapper.to_stored_event(opened[0]) if opened else None
        try:
            with self._store_errors():
                self._recorder.append(log.id, [logged], stored, log.name)
        except BaseException as error:
            if not self.are_stored(log, logged):
                log.take_back(pending)
                if isinstance(error, IntegrityError):
                    raise self._conflict(log, logged) from error
                raise
            if not isinstance(error, Exception):
                raise

    def save_new(self, log: AuditLog, batches: Iterable[Sequence[AuditLog.EventLogged]]) -> None:
        """Store a new log with all its events in one transaction, however many there are.

        The batches are drawn while the transaction is open and must not touch the store; when they
        raise, nothing is stored.
        """
        self.lease(log)
        (opened,) = log.collect_events()
        try:
            with self._store_errors():
                self._recorder.append(
                    log.id, batches, self.mapper.to_stored_event(opened), log.name
                )
        except IntegrityError as error:
            raise ConcurrencyError(log.name, 0) from error

    def _conflict(
        self, log: AuditLog, events: Sequence[AuditLog.EventLogged]
    ) -> ConcurrencyError | EventIdConflictError:
        for event in events:
            claim = self.claim(log, event.event_id) if event.event_id is not None else None
            if claim is not None and event.event_id is not None:
                return EventIdConflictError(event.event_id, claim.first_order)
        return ConcurrencyError(log.name, events[0].originator_version - 1 if events else 0)

    def lease(self, log: AuditLog) -> bool:
        """Become the one writer of a backtest log; True when that is new.

        Raises `LogInUseError`, or `ReadOnlyStoreError` where nothing can be written.
        """
        if self._read_only:
            raise ReadOnlyStoreError(self.store.url, "was opened for reading; nothing is logged")
        if log.mode != "backtest":
            return False
        lease = self._leases.setdefault(log.id, WriterLease(self.store, log.id, log.name))
        if lease.is_held:
            return False
        lease.acquire()
        return True

    def claim(self, log: AuditLog, event_id: str) -> Claim | None:
        """What was logged under this event_id, in constant time."""
        with self._store_errors():
            return self._recorder.claim(log.id, event_id)

    def records(
        self, log: AuditLog, first: int = 1, last: int | None = None, page: int = PAGE
    ) -> Iterator[tuple[int, bytes]]:
        """The (order, JSON) of the stored events from order `first` to `last`, a page at a time."""
        last = log.version if last is None else last
        first = max(first, 1)
        while first <= last:
            with self._store_errors():
                rows = self._recorder.records(log.id, first, last, page)
            yield from rows
            if len(rows) < page:
                return
            first = rows[-1][0] + 1

    def late_details(self, log: AuditLog) -> list[tuple[int, int]]:
        """The (parent, detail) orders of details logged after their parent's own transaction."""
        with self._store_errors():
            return self._recorder.late_details(log.id)

    def names(self) -> list[str]:
        """The names of the store's logs, sorted."""
        with self._store_errors():
            return self._recorder.log_names()

    def last_order(self, log: AuditLog) -> int:
        """The order of the log's last stored event; 0 when it has none."""
        return self._last_version(log.id) or 0

    def _last_version(self, identity: UUID) -> int | None:
        with self._store_errors():
            return self._recorder.last_version(identity)

    def _store_errors(self) -> AbstractContextManager[None]:
        return store_errors(self.store)

    def close(self) -> None:
        """Give back every lease and close the connections; what was not saved is not stored."""
        for lease in self._leases.values():
            lease.release()
        super().close()

    def __enter__(self) -> Self:
        """The application itself; leaving the block closes it."""
        return self
