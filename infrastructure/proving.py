"""Checkpoints and proofs made of a log, and a store held against a checkpoint.

Each is made in one pass over the log's entries, in memory that does not grow with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from domain.audit_log import AuditLog
from domain.errors import ProofError, UnknownOrderError, shown
from domain.horizon import START, Horizon
from infrastructure.kept_checkpoints import KeptCheckpoint, held_checkpoint
from infrastructure.leaves import Leaf, Leaves
from infrastructure.signing import OwnerKey
from infrastructure.standing import is_copy
from infrastructure.store import LogStore
from infrastructure.stored import StoredEntry
from projections.checkpoint import Checkpoint, base64_text
from projections.leaf import EVENT, OPENING, TRANSITION
from projections.merkle import Tree, consistency_spans, inclusion_spans, roots_of
from projections.verification import Leaf as ToldLeaf
from projections.verification import Proof, checked_checkpoint

_PAGE = 500


class Proving:
    """What can be proven of one log."""

    def __init__(self, store: LogStore, log: AuditLog) -> None:
        self._store = store
        self._log = log

    def signed(self, key: OwnerKey, folder: Path | None = None) -> bytes:
        """A signed checkpoint of now, kept as the last one before it is given out.

        Raises `ProofError`, having signed nothing, where the log does not continue the last one
        that this machine signed.
        """
        identity = self._log.identity or ""
        if is_copy(self._store, self._log.id):
            raise ProofError(
                f"log {shown(self._log.name)}",
                f"is a copy in {self._store.url}, and is signed where it goes on; if that is here,"
                " say so by event-logger take-over",
            )
        with held_checkpoint(key.origin(identity), folder) as last:
            end = self._end()
            tree = self._grown(last, key, end)
            checkpoint = Checkpoint(key.origin(identity), tree.size, tree.root())
            note = str(key.signed(checkpoint, identity)).encode()
            last.put(note)
        return note

    def _grown(self, last: KeptCheckpoint, key: OwnerKey, end: Horizon) -> Tree:
        """The tree up to the end, which holds all that the last checkpoint stands for."""
        old = None
        if last.note is not None:
            try:
                keys = [key.verifier_key(self._log.identity or "")]
                old = checked_checkpoint(last.note, keys).checkpoint
            except ValueError as error:
                raise ProofError(str(last.path), f"{error}; nothing is signed") from None
            if old.size > end.position + 1:
                raise self._behind(last, f"ends at {end}, {end.position + 1:,} leaves", old)
        tree = Tree()
        for leaf in self._leaves(end):
            tree.append(leaf.hash)
            if old is not None and tree.size == old.size and tree.root() != old.root:
                raise self._behind(last, "has other entries", old)
        return tree

    def _behind(self, last: KeptCheckpoint, found: str, old: Checkpoint) -> ProofError:
        return ProofError(
            f"log {shown(self._log.name)}",
            f"{found}, and the checkpoint of {old.size:,} leaves that was signed here"
            f" ({last.path}) says otherwise: it was restored, changed or forked; nothing is signed",
        )

    def inclusion(self, note: bytes, order: int, transition: int | None = None) -> bytes:
        """The proof that the event, or the log's transition of this number, is in the checkpoint.

        The order of a transition is that of its event. Raises `UnknownOrderError`, and `ProofError`
        where the store does not have what the checkpoint says.
        """
        checkpoint = self._checkpoint(note)
        upto = self._horizon(checkpoint)
        index = 0 if order == 0 else self._position(upto, order, transition)
        found: list[Leaf] = []

        def watched() -> Iterator[Leaf]:
            for place, leaf in enumerate(self._leaves(upto)):
                if place == index:
                    found.append(leaf)
                yield leaf

        hashes = self._roots(watched(), checkpoint, inclusion_spans(index, checkpoint.size))
        extra = self._told(found[0]).as_extra()
        return str(Proof(extra, index, tuple(hashes), note)).encode()

    def consistency(self, old_note: bytes, note: bytes) -> bytes:
        """The body of an add-checkpoint request: that the older checkpoint grew to the other.

        Raises `ProofError` where the store does not have what both say.
        """
        old, new = self._checkpoint(old_note), self._checkpoint(note)
        if old.size > new.size:
            raise ProofError("the older checkpoint", f"has {old.size} leaves, and this {new.size}")
        spans = consistency_spans(old.size, new.size)
        leaves = self._leaves(self._horizon(new))
        hashes = self._roots(leaves, new, spans, old)
        lines = [f"old {old.size}", *map(base64_text, hashes), "", note.decode()]
        return "\n".join(lines).encode()

    def grown(self, old: int, note: bytes) -> bytes:
        """The body of an add-checkpoint request: that the tree of `old` leaves grew to this.

        Raises `ProofError` where the store does not have what the checkpoint says.
        """
        new = self._checkpoint(note)
        leaves = self._leaves(self._horizon(new))
        hashes = self._roots(leaves, new, consistency_spans(old, new.size))
        return "\n".join([f"old {old}", *map(base64_text, hashes), "", note.decode()]).encode()

    def holds(self, note: bytes) -> Checkpoint:
        """The checkpoint, whose tree the store has; raises `ProofError` where it does not."""
        checkpoint = self._checkpoint(note)
        self._roots(self._leaves(self._horizon(checkpoint)), checkpoint, [])
        return checkpoint

    def _roots(
        self,
        leaves: Iterator[Leaf],
        checkpoint: Checkpoint,
        spans: list[tuple[int, int]],
        old: Checkpoint | None = None,
    ) -> list[bytes]:
        """The roots of the spans, once the store was found to have what the checkpoints say."""
        tree, was = Tree(), []

        def growing() -> Iterator[bytes]:
            for leaf in leaves:
                tree.append(leaf.hash)
                if old is not None and tree.size == old.size:
                    was.append(tree.root())
                yield leaf.hash

        grown = growing()
        roots = roots_of(spans, grown)
        for _ in grown:
            pass
        for one, root in ((old, was[0] if was else b""), (checkpoint, tree.root())):
            if one is not None and one.size and one.root != root:
                raise ProofError(
                    f"log {shown(self._log.name)}",
                    f"is not what the checkpoint of {one.size:,} leaves says: its root is"
                    f" {base64_text(root)}, and the checkpoint has {base64_text(one.root)}",
                )
        return roots

    def _checkpoint(self, note: bytes) -> Checkpoint:
        try:
            checkpoint = checked_checkpoint(note, []).checkpoint
        except ValueError as error:
            raise ProofError("the checkpoint", str(error)) from None
        if checkpoint.origin.rpartition("/")[2] != self._log.identity:
            raise ProofError(
                "the checkpoint",
                f"is of {checkpoint.origin}, and log {shown(self._log.name)} has the identity"
                f" {self._log.identity}",
            )
        return checkpoint

    def _end(self) -> Horizon:
        return self._store.reads.end(self._log.id).horizon

    def _horizon(self, checkpoint: Checkpoint) -> Horizon:
        """A horizon whose position is that of the checkpoint's last leaf."""
        end = self._end()
        if checkpoint.size > end.position + 1 or not checkpoint.size:
            raise ProofError(
                f"log {shown(self._log.name)}",
                f"has {end.position + 1:,} leaves, and the checkpoint says {checkpoint.size:,}",
            )
        return Horizon(checkpoint.size - 1, 0)

    def _leaves(self, upto: Horizon) -> Iterator[Leaf]:
        leaves = Leaves(self._store, self._log)
        yield Leaf(leaves.opening(), None)
        for page in leaves.pages(upto):
            yield from page

    def _position(self, upto: Horizon, order: int, transition: int | None) -> int:
        """Where the entry stands in the order of commit."""
        after = START
        while after.position < upto.position:
            limit = min(_PAGE, upto.position - after.position)
            entries = self._store.reads.stored_entries(self._log.id, after, limit)
            for one in entries:
                if (one.order, one.number) == (order, transition):
                    return one.horizon.position
            if not entries:
                break
            after = entries[-1].horizon
        raise UnknownOrderError(order, self._end().order)

    def _told(self, leaf: Leaf) -> ToldLeaf:
        entry = leaf.entry or self._opening()
        kind = OPENING if leaf.entry is None else EVENT if entry.number is None else TRANSITION
        number = entry.order if entry.number is None else entry.number
        introductions = self._store.reads.writers(self._log.id)
        writer = None
        if entry.writer is not None:
            writer = sha256(introductions[entry.writer][0]).digest()
        state = entry.state or b""
        return ToldLeaf(kind.decode(), number, entry.topic or "", entry.committed_at, writer, state)

    def _opening(self) -> StoredEntry:
        opened = self._store.reads.opened(self._log.id)
        at, writer = self._store.reads.stored(self._log.id, START)
        topic, state = (opened.opened.topic, opened.opened.state) if opened else ("", b"")
        return StoredEntry(START, 0, None, None, topic, state, at, writer)
