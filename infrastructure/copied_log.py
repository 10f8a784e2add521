"""One log on its way from a store to another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from operator import attrgetter

from domain.audit_log import AuditLog
from domain.errors import CopyError, LogInUseError, StoreError
from domain.horizon import START, Horizon
from infrastructure.closing import close_log, where_it_went_on
from infrastructure.comparing import Comparison, Progress
from infrastructure.copied_entries import CopiedEntries
from infrastructure.followers.board import StatusBoard
from infrastructure.followers.notifier import FOLLOWER
from infrastructure.leaves import Leaves
from infrastructure.standing import is_copy, mark_copy, take_over
from infrastructure.store import Lease, LogStore
from infrastructure.stored import Commit, Source, WriterIdentity

_WRITERS = 500
"""So many writers are looked after in one transaction."""


class CopiedLog:
    """A log of one store as another is to hold it; the steps are taken in the order given here.

    Each raises `CopyError`, `CorruptLogError` or `StoreError`.
    """

    def __init__(self, source: LogStore, target: LogStore, log: AuditLog) -> None:
        self.log = log
        self._source = source
        self._target = target
        self._comparison = Comparison(source, target, log)
        self._known: dict[int, tuple[bytes, int | None]] = {}
        self._leases: list[Lease] = []

    @property
    def compared(self) -> Horizon:
        """Up to here both stores are known to hold the same."""
        return self._comparison.horizon

    @property
    def root(self) -> bytes:
        """The root of the log's tree up to there, in both stores."""
        return self._comparison.root()

    @property
    def is_copy(self) -> bool:
        """Whether the log is a copy in the target, which nobody has taken over."""
        return is_copy(self._target, self.log.id)

    def hold(self, *, closes: bool) -> None:
        """Keep other copies, and the writers of a backtest, off the target until `let_go`.

        Off the source, too, where it is to be closed. Raises `LogInUseError` as well.
        """
        if not self._leased(self._target, "copy"):
            url = self._target.url
            raise CopyError(self.log.name, f"is being copied to {url} by another process; wait")
        if closes:
            self._source.refuse_writing()
        for store in (self._target, *([self._source] if closes else [])):
            if self.log.mode == "backtest" and not self._leased(store, ""):
                raise LogInUseError(self.log.name)

    def _leased(self, store: LogStore, role: str) -> bool:
        lease = store.lease(self.log.id, self.log.name, role)
        # Before it is taken: an interruption right after is one as well.
        self._leases.append(lease)
        return lease.try_acquire()

    def let_go(self) -> None:
        """Let others write and copy again."""
        while self._leases:
            self._leases.pop().release()

    def begin(self, progress: Progress | None) -> int:
        """See that the target holds a beginning of the log, at least its opening.

        The position up to which it did.
        """
        if self._target.reads.opened(self.log.id) is None:
            self._open()
            self._comparison.openings()
            return START.position
        self._comparison.openings()
        end, there = self._end_here(), self._source.reads.end(self.log.id).horizon
        self._comparison.entries(min(end, there, key=_position), progress)
        return end.position

    def go_on(self, progress: Progress | None) -> None:
        """Copy what the source holds by now and the target does not."""
        upto = self._source.reads.end(self.log.id).horizon
        after = self._end_here()
        if after.position >= upto.position:
            return
        mark_copy(self._target, self.log.id)
        for commits in CopiedEntries(self._source, self.log).batches(after, upto):
            numbers = sorted({one.writer for one in commits if one.writer is not None})
            after = self._append(after, numbers, commits)
            if progress is not None:
                progress(after.position, upto.position)

    def verify(self, progress: Progress | None) -> None:
        """Hold what was copied against the source."""
        upto = self._source.reads.end(self.log.id).horizon
        end = self._end_here()
        self._comparison.entries(min(end, upto, key=_position), progress)

    def close(self, where: str) -> None:
        """End the log in the source with the event that says where it goes on."""
        closed = where_it_went_on(self._source, self.log)
        if closed is None:
            if self._end_here().position > self.compared.position:
                raise CopyError(
                    self.log.name,
                    f"has gone on in {self._target.url} by itself, and is not closed in"
                    f" {self._source.url}; see which of the two is to go on",
                )
            close_log(self._source, self.log, where)
        elif closed != where:
            raise CopyError(
                self.log.name,
                f"is closed in {self._source.url} already, and went on in {closed}; what it held"
                " is copied, and event-logger take-over lets it go on here instead",
            )

    def take_over(self) -> None:
        """Let the log go on in the target, unless it does already."""
        if self._end_here() == self.compared:
            take_over(self._target, self.log.id)

    def finish(self) -> None:
        """Bring over what is known beside the entries, and fold the board.

        That is which writers have closed, and how far the log was published.
        """
        if self._end_here() == self.compared:
            for numbers in _slices(self._ended_since()):
                self._append(self.compared, numbers, ())
        published = self._source.followers.position(FOLLOWER, self.log.id)
        if published is not None:
            upto = self.compared if published.is_beyond(self.compared) else published
            self._target.followers.store_position(FOLLOWER, self.log.id, upto)
        if self.log.mode == "live":
            # Whoever reads it, or writes to it, folds what this could not.
            with suppress(StoreError):
                StatusBoard(self._target, self.log).catch_up()

    def _open(self) -> None:
        # Raises for an opening that is damaged, before anything is changed.
        Leaves(self._source, self.log).opening()
        opened = self._source.reads.opened(self.log.id)
        if opened is None:
            raise CopyError(self.log.name, f"is not in {self._source.url} any more")
        committed_at, number = self._source.reads.stored(self.log.id, START)
        writers = [] if number is None else self._writers([number])
        by = None if number is None else WriterIdentity(writers[0][1], number)
        mark_copy(self._target, self.log.id)
        self._target.appends.create_copied(
            opened.opened, opened.name, opened.identity, by, Source(committed_at, writers), ()
        )

    def _append(self, after: Horizon, numbers: Sequence[int], commits: Sequence[Commit]) -> Horizon:
        source = Source(None, self._writers(numbers))
        return self._target.appends.append_copied(self.log.id, after, source, commits).horizon

    def _writers(self, numbers: Sequence[int]) -> list[tuple[int, bytes, int | None]]:
        if not self._known.keys() >= set(numbers):
            self._known = self._source.reads.writers(self.log.id)
        return [(one, *self._known[one]) for one in numbers]

    def _ended_since(self) -> list[int]:
        """Writers of the source that have closed, which the target does not know yet."""
        self._known = self._source.reads.writers(self.log.id)
        here = self._target.reads.writers(self.log.id)
        return [
            number
            for number, (said, ended) in self._known.items()
            if ended is not None and here.get(number) == (said, None)
        ]

    def _end_here(self) -> Horizon:
        return self._target.reads.end(self.log.id).horizon


def _slices(numbers: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(numbers), _WRITERS):
        yield numbers[start : start + _WRITERS]


_position = attrgetter("position")
