"""The port: what the audit log asks of a store. These docstrings are the contract.

Durability: what `append` returned from is on the disk, and survives `kill -9` and a power cut
(memory excepted, which says so in `is_volatile`).

Concurrency: any number of threads, processes and machines may call at once. Both sequences of a log
are given out where the log's end is held, so that orders and numbers have no gaps and rise with the
commits; two logs of one store do not wait for each other longer than the store's own locking needs.
Reading never waits for a writer (in memory, where there is one connection, for no longer than a
commit of its own process takes).

Errors: what a store raises is a `StoreError` (or `ReadOnlyStoreError`, `CorruptLogError`), never a
driver's own. A method that raised one has changed nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, Self, TypeVar
from uuid import UUID

from eventsourcing.persistence import ApplicationRecorder, StoredEvent

from domain.audit_log import AuditLog
from domain.closing import LastEvent
from domain.horizon import Horizon
from infrastructure.commit_signal import CommitSignals
from infrastructure.derived_store import Board, Followers, Indexes, Tiles
from infrastructure.stored import (
    Commit,
    LogEnd,
    OpenedLog,
    PlainEvent,
    Source,
    Stored,
    StoredEntry,
    StoredTransition,
    WriterIdentity,
    Writes,
)
from projections.entries import LogEntry

T = TypeVar("T")


class AtTheEnd(Protocol):
    """A log while its end is held: nobody else appends to it."""

    end: LogEnd

    def time(self) -> int:
        """The store's time now (µs since 1970, UTC); what is stored at this end has none before."""

    def order_of(self, event_id: str) -> int | None:
        """The order that was logged under this event_id, in constant time."""

    def states(self, first: int, last: int) -> Sequence[bytes]:
        """The stored records of the orders first … last."""

    def lifecycle(self, lifecycle_id: UUID, after_version: int) -> Sequence[StoredEvent]:
        """The lifecycle's events after a version, oldest first."""


Decide = Callable[[AtTheEnd], Writes]
"""Judges what is to be stored at the log's end. Pure: it may be called again at another end."""


class Appends(Protocol):
    """Writing. Stored or not is decided here, and once."""

    def create(self, opened: StoredEvent, name: str, identity: str, writer: WriterIdentity) -> bool:
        """Store a new log's opening; False when there is a log of that id already."""

    def create_filled(
        self,
        opened: StoredEvent,
        name: str,
        identity: str,
        writer: WriterIdentity,
        batches: Iterable[Sequence[AuditLog.EventLogged]],
    ) -> bool:
        """Store a new log with all its events in one transaction; False as `create` says.

        The batches are drawn while the transaction is open and must not touch the store; when they
        raise, nothing is stored.
        """

    def create_copied(
        self,
        opened: StoredEvent,
        name: str,
        identity: str,
        writer: WriterIdentity | None,
        source: Source,
        batches: Iterable[Sequence[Commit]],
    ) -> bool:
        """Store a new log with all that another holds in one transaction; False as `create` says.

        The entries keep the times and the numbers of the writers who committed them there. The
        opening is this writer's, who comes after those or is one of them by its number (None: it is
        not known), at the time of the other's: times never go back. Batches are drawn as
        `create_filled` says.
        """

    def append_copied(
        self, log_id: UUID, after: Horizon, source: Source, commits: Sequence[Commit]
    ) -> LogEnd:
        """Store what another store holds of the same log after its end here, in one transaction.

        The entries keep their bytes, times and writers, whom `source` introduces where they are
        not yet; that one of them has closed since is noted, without any commits too. A closed log
        takes them. Raises `StoreError`, and stores nothing, when the log does not end at `after`.
        """

    def append(self, log_id: UUID, writer: WriterIdentity, decide: Decide) -> LogEnd:
        """Hold the log's end, let `decide` judge, store what it gives in one transaction.

        Returns the log's new end. Raises a `StoreError` only when nothing was stored: after a
        failure that left it open whether the commit reached the disk, the store looks; and
        `LogClosedError` for a log that is closed (`domain.closing`). What
        `decide` raises passes through; so does an interruption, which may come after the commit. A
        signal handler that appends meanwhile is served first; `decide` is then called again.
        """

    def end_writer(self, log_id: UUID, writer: WriterIdentity) -> None:
        """Note that the writer closed; one that never committed leaves no trace."""


class Reads(Protocol):
    """Reading what is committed; each method sees one moment of the store."""

    def logs(self) -> list[OpenedLog]:
        """Every log of the store, by name."""

    def opened(self, log_id: UUID) -> OpenedLog | None:
        """The log's opening; None when the store holds no such log."""

    def end(self, log_id: UUID) -> LogEnd:
        """Where the log ends, in constant time."""

    def last_event(self, log_id: UUID) -> LastEvent | None:
        """The last logged event, with what tells whether it closed the log, in constant time.

        None where nothing was logged.
        """

    def size(self, log_id: UUID) -> int:
        """How many bytes the states of the log's entries have; each is looked at."""

    def events(self, log_id: UUID, first: int, last: int, limit: int) -> list[tuple[int, bytes]]:
        """The (order, state) of up to `limit` logged events from order `first` to `last`."""

    def transitions(
        self, log_id: UUID, lifecycle_ids: Sequence[UUID]
    ) -> dict[UUID, list[StoredTransition]]:
        """The transitions of those of these lifecycles that have any, oldest first.

        One that is not numbered as the log numbers them, after those before it, has no number.
        """

    def order_of(self, log_id: UUID, event_id: str) -> int | None:
        """The order that was logged under this event_id, in constant time."""

    def orders_with_hash(self, log_id: UUID, tx_hash: str) -> list[int]:
        """The orders of the events that ever had this transaction hash, in constant time."""

    def late_details(self, log_id: UUID) -> list[tuple[int, int]]:
        """The (parent, detail) orders of details logged after their parent's own transaction."""

    def corrections(self, log_id: UUID) -> list[tuple[int, int]]:
        """The (corrected, correction) orders of the log's corrections; the log is not scanned."""

    def entries(self, log_id: UUID, after: Horizon, limit: int) -> list[LogEntry]:
        """Up to `limit` entries of this log after a horizon, in the order of their commit.

        Nothing that is committed is ever skipped, and other logs of the store cost nothing.
        """

    def stored_entries(self, log_id: UUID, after: Horizon, limit: int) -> list[StoredEntry]:
        """The same entries as `entries`, whole, whatever is stored as their state.

        `after` need be no point of the log: they are the events after its order and the transitions
        after its number, in the order of their commit.
        """

    def plain_events(
        self, log_id: UUID, after: Horizon, limit: int, take: Callable[[Iterable[PlainEvent]], T]
    ) -> T:
        """What `take` makes of the events after a horizon, up to the next transition.

        The entries that follow on a horizon are these, up to `limit`; none where a transition is
        the next one. They are bare rows, given one by one, and `take` reads nothing else meanwhile.
        """

    def stored(self, log_id: UUID, horizon: Horizon) -> Stored:
        """Who committed the entry that ends at this horizon, and when."""

    def writers(self, log_id: UUID) -> dict[int, tuple[bytes, int | None]]:
        """Each writer's introduction, and when it closed."""

    def horizon_at(self, log_id: UUID, committed_at: int) -> Horizon | None:
        """The last commit at or before a time of the store, in logarithmic time; None before
        any."""


class Lease(Protocol):
    """A role in a log that one holder has at a time, and that dies with its process."""

    @property
    def is_held(self) -> bool:
        """Whether it is held, as far as this process knows."""

    def try_acquire(self) -> bool:
        """Take the lease unless another holds it; whether it is held now. Raises `StoreError`."""

    def release(self) -> None:
        """Give it back; giving back what is not held does nothing."""


class LogStore(Protocol):
    """A store of audit logs."""

    url: str
    is_volatile: bool
    is_read_only: bool
    recorder: ApplicationRecorder
    appends: Appends
    reads: Reads
    indexes: Indexes
    followers: Followers
    board: Board
    tiles: Tiles

    @property
    def commits(self) -> CommitSignals:
        """Wake those who follow the store's logs."""

    def place(self) -> str:
        """Which store it is: the same however its URL is spelled, and of a standby its primary's.

        Raises `StoreError`.
        """

    def lease(self, log_id: UUID, log: str, role: str) -> Lease:
        """The lease of a role in a log; nothing is taken yet."""

    def refuse_writing(self) -> None:
        """Raises `ReadOnlyStoreError` where nothing can be written."""

    def await_durable(self) -> None:
        """Return once all that was read so far survives a power cut. Raises `StoreError`."""

    def stop_waiting(self) -> None:
        """Let appends that wait for another process raise `StoreError`, now and from now on.

        What waits has stored nothing, and none waits any more; callable from any thread.
        """

    def close(self) -> None:
        """Let go of every connection; closing twice does nothing."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *exception: object) -> None: ...
