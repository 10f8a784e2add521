"""A log's entries as the leaves of its tree, read through the store's port a page at a time.

An entry that is missing, or stands elsewhere than reading looks for it, raises `CorruptLogError`;
one that is there with other bytes is another leaf.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import partial
from hashlib import sha256
from struct import Struct
from typing import Any, NamedTuple, TypeGuard

from domain.audit_log import AuditLog
from domain.errors import CorruptLogError, shown
from domain.horizon import START, Horizon
from domain.lifecycle import lifecycle_id
from domain.values import decode
from infrastructure.earlier import missing_entry
from infrastructure.reading import NO_RECORD
from infrastructure.store import LogStore
from infrastructure.stored import PlainEvent, StoredEntry
from projections.leaf import EVENT, OPENING, TRANSITION, entry_hash, shared_parts

_NUMBER = Struct(">Q").pack
_PAGE = 250
"""Entries: of texts of 100 KB they take 25 MB."""

_RUN = 2048
"""Events of which nothing is kept but the hashes: what a page costs is not paid so often."""

_LEAST, _MOST = -(2**63), 2**63 - 1

_NOTHING: Any = object()
"""Equal to nothing that is stored."""

# Half of what making a named tuple by its own constructor takes (measured).
_new: Any = tuple.__new__


class Leaf(NamedTuple):
    """The hash of an entry's leaf, and the entry; None for the log's opening."""

    hash: bytes
    entry: StoredEntry | None


class Leaves:
    """The leaves of one log."""

    def __init__(self, store: LogStore, log: AuditLog) -> None:
        self._store = store
        self._log = log
        self._introductions = {
            number: introduction
            for number, (introduction, _) in store.reads.writers(log.id).items()
        }
        self._digests = {
            number: sha256(introduction).digest()
            for number, introduction in self._introductions.items()
            if type(introduction) is bytes
        }
        self.by_writer: Counter[int | None] = Counter()
        """How many entries each writer committed, of those that were read; None: not known."""

    def introduction(self, writer: int) -> bytes:
        """What the writer said of itself when it introduced itself."""
        return self._introductions[writer]

    def opening(self) -> bytes:
        """The hash of the leaf of the log's opening, at position 0.

        Raises `CorruptLogError`, also where something is stored before it, which is at no position.
        """
        self._refuse_strays()
        opened = self._store.reads.opened(self._log.id)
        if opened is None:
            raise self._damaged(0, "its opening is missing")
        stored = self._store.reads.stored(self._log.id, START)
        self.by_writer[stored.writer] += 1
        digest = self._digest_of(0, stored.writer)
        self._refuse_no_time(0, stored.committed_at)
        topic, state = opened.opened.topic, opened.opened.state
        return entry_hash(OPENING, 0, topic, state, stored.committed_at, digest)

    def _refuse_strays(self) -> None:
        """Raises `CorruptLogError` for an entry that is numbered as none is."""
        read = self._store.reads.stored_entries
        for after in (Horizon(_LEAST, _MOST), Horizon(_MOST, _LEAST)):
            for entry in read(self._log.id, after, 1):
                if entry.order < 0:
                    raise self._damaged(0, f"something is stored at order {entry.order}")
                if entry.number is not None and entry.number < 1:
                    problem = f"something is stored as its transition {entry.number}"
                    raise self._damaged(entry.order, problem)

    def pages(self, upto: Horizon, after: Horizon = START) -> Iterator[list[Leaf]]:
        """The leaves after a horizon as far as another, in the order of their positions.

        Raises `CorruptLogError` once those before the damage were given.
        """
        while after.position < upto.position:
            limit = min(_PAGE, upto.position - after.position)
            entries = self._store.reads.stored_entries(self._log.id, after, limit)
            quick = self._quick(after, entries)
            if quick:
                after = entries[-1].horizon
                yield quick
                continue
            page: list[Leaf] = []
            try:
                moved = self._moved(entries)
                for entry in entries:
                    page.append(self._leaf(after, entry, entry.number in moved))
                    after = entry.horizon
                if not entries:
                    raise missing_entry(self._log.name, after, None)
            except CorruptLogError:
                if page:
                    yield page
                raise
            yield page

    def hashes(self, upto: Horizon, after: Horizon = START) -> Iterator[list[bytes]]:
        """The hashes of the same leaves, as `pages` has them; `by_writer` counts none of them.

        Of a run of events nothing but bare rows is read: half of what a leaf costs otherwise.
        """
        while after.position < upto.position:
            limit = min(_RUN, upto.position - after.position)
            plain = partial(self._plain, after.order)
            hashes = self._store.reads.plain_events(self._log.id, after, limit, plain)
            if hashes:
                after = Horizon(after.order + len(hashes), after.transition)
                yield hashes
            if len(hashes) == limit:
                continue
            # The entry that follows is a transition, or none that is as it should be.
            position = min(after.position + _PAGE, upto.position)
            for page in self.pages(Horizon(position, 0), after):
                yield [leaf.hash for leaf in page]
                last = page[-1].entry
                after = after if last is None else last.horizon

    def _quick(self, after: Horizon, entries: list[StoredEntry]) -> list[Leaf] | None:
        """The leaves of events that are as they should be; None where one is not, or is none."""
        rows: list[PlainEvent] = []
        expected, transitions = after
        for (at, number), order, _, version, topic, state, committed_at, writer in entries:
            expected += 1
            if at != order or order != expected or number != transitions or version is not None:
                return None
            rows.append((order, topic, state, committed_at, writer))
        hashes = self._plain(after.order, rows)
        if len(hashes) != len(entries):
            return None
        self.by_writer.update([entry.writer for entry in entries])
        return [_new(Leaf, pair) for pair in zip(hashes, entries, strict=True)]

    def _plain(self, expected: int, rows: Iterable[PlainEvent]) -> list[bytes]:
        """The hashes of the leaves of events after an order, as far as they are as they should be.

        What those of one commit share is made once: that is most of what a leaf costs.
        """
        hashes: list[bytes] = []
        take = hashes.append
        was_topic = was_time = was_writer = _NOTHING
        before = between = last = b""
        for order, topic, state, committed_at, writer in rows:
            expected += 1
            if order != expected or type(state) is not bytes:
                break
            if committed_at != was_time or writer != was_writer or topic != was_topic:
                digest = None if writer is None else self._digests.get(writer)
                is_time = committed_at is None or type(committed_at) is int
                is_known = digest is not None or writer is None
                if not is_time or not is_known or not _is_topic(topic):
                    break
                before, between, last = shared_parts(EVENT, topic, committed_at, digest)
                was_topic, was_time, was_writer = topic, committed_at, writer
            parts = (before, _NUMBER(order), between, sha256(state).digest(), last)
            take(sha256(b"".join(parts)).digest())
        return hashes

    def _leaf(self, before: Horizon, entry: StoredEntry, is_moved: bool) -> Leaf:
        horizon, order, number, _, topic, state, committed_at, writer = entry
        position = before.position + 1
        if horizon.position != position:
            raise missing_entry(self._log.name, before, entry)
        if not isinstance(state, bytes) or not _is_topic(topic):
            raise self._damaged(order, f"the entry at position {position} is no record")
        self._refuse_no_time(order, committed_at)
        if is_moved:
            raise self._damaged(order, f"its transition {number} is read under another order")
        digest = self._digest_of(order, writer)
        self.by_writer[writer] += 1
        kind, at = (EVENT, order) if number is None else (TRANSITION, number)
        return Leaf(entry_hash(kind, at, topic, state, committed_at, digest), entry)

    def _digest_of(self, order: int, writer: int | None) -> bytes | None:
        if writer is None:
            return None
        digest = self._digests.get(writer)
        if digest is None:
            raise self._damaged(order, f"its writer {writer} has not introduced itself")
        return digest

    def _refuse_no_time(self, order: int, committed_at: object) -> None:
        if committed_at is not None and type(committed_at) is not int:
            raise self._damaged(order, f"the time of its commit is {shown(committed_at)}")

    def _damaged(self, order: int, problem: str) -> CorruptLogError:
        return CorruptLogError(self._log.name, order, problem)

    def _moved(self, entries: list[StoredEntry]) -> set[int | None]:
        """The transitions that are not read under the order that they say they are of."""
        changes = [entry for entry in entries if entry.number is not None]
        if not changes:
            return set()
        ids = {order: lifecycle_id(self._log.id, order) for order in {e.order for e in changes}}
        found = self._store.reads.transitions(self._log.id, list(ids.values()))
        there = {
            (order, one.number): one for order, id_ in ids.items() for one in found.get(id_, ())
        }
        moved: set[int | None] = set()
        for entry in changes:
            one = there.get((entry.order, entry.number))
            is_there = one is not None and (one.version, one.state) == (entry.version, entry.state)
            if not is_there or _order_in(entry.state) != entry.order:
                moved.add(entry.number)
        return moved


def _is_topic(topic: object) -> TypeGuard[str]:
    return isinstance(topic, str) and len(topic.encode(errors="replace")) < 2**16


def _order_in(state: bytes | None) -> object:
    try:
        return decode(state or b"", str).get("order")
    except NO_RECORD:
        return None
