"""A log's entries as the leaves of its tree, read through the store's port a page at a time.

An entry that is missing, or stands elsewhere than reading looks for it, raises `CorruptLogError`;
one that is there with other bytes is another leaf.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from struct import Struct
from typing import NamedTuple

from domain.audit_log import AuditLog
from domain.errors import CorruptLogError, shown
from domain.horizon import START, Horizon
from domain.lifecycle import lifecycle_id
from domain.values import decode
from infrastructure.earlier import missing_entry
from infrastructure.reading import NO_RECORD
from infrastructure.store import LogStore
from infrastructure.stored import StoredEntry
from projections.leaf import EVENT, OPENING, TRANSITION, entry_hash, shared_parts

_NUMBER = Struct(">Q").pack
_PAGE = 250
"""Entries: of texts of 100 KB they take 25 MB."""


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
        }
        self.by_writer: Counter[int | None] = Counter()
        """How many entries each writer committed, of those that were read; None: not known."""

    def introduction(self, writer: int) -> bytes:
        """What the writer said of itself when it introduced itself."""
        return self._introductions[writer]

    def opening(self) -> bytes:
        """The hash of the leaf of the log's opening, at position 0."""
        opened = self._store.reads.opened(self._log.id)
        if opened is None:
            raise self._damaged(0, "its opening is missing")
        stored = self._store.reads.stored(self._log.id, START)
        self.by_writer[stored.writer] += 1
        digest = self._digest_of(0, stored.writer)
        self._refuse_no_time(0, stored.committed_at)
        topic, state = opened.opened.topic, opened.opened.state
        return entry_hash(OPENING, 0, topic, state, stored.committed_at, digest)

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

    def _quick(self, after: Horizon, entries: list[StoredEntry]) -> list[Leaf] | None:
        """The leaves of events that are as they should be; None where one is not, or is none.

        What those of one commit share is made once: that is most of what a leaf costs.
        """
        expected, transitions = after
        hashes: list[bytes] = []
        same: tuple[object, ...] = ()
        before = between = last = b""
        for (at, number), order, _, version, topic, state, committed_at, writer in entries:
            expected += 1
            is_next = at == order == expected and number == transitions and version is None
            if not is_next or type(state) is not bytes:
                return None
            if same != (topic, committed_at, writer):
                digest = None if writer is None else self._digests.get(writer)
                is_time = committed_at is None or type(committed_at) is int
                is_known = digest is not None or writer is None
                if not is_time or not is_known or type(topic) is not str:
                    return None
                before, between, last = shared_parts(EVENT, topic, committed_at, digest)
                same = (topic, committed_at, writer)
            data = before + _NUMBER(order) + between + sha256(state).digest() + last
            hashes.append(sha256(data).digest())
        self.by_writer.update([entry.writer for entry in entries])
        return list(map(Leaf, hashes, entries))

    def _leaf(self, before: Horizon, entry: StoredEntry, is_moved: bool) -> Leaf:
        horizon, order, number, _, topic, state, committed_at, writer = entry
        position = before.position + 1
        if horizon.position != position:
            raise missing_entry(self._log.name, before, entry)
        if not isinstance(state, bytes) or not isinstance(topic, str):
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


def _order_in(state: bytes | None) -> object:
    try:
        return decode(state or b"", str).get("order")
    except NO_RECORD:
        return None
