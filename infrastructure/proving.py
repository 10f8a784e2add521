"""Proofs made of a log, and a store held against a checkpoint.

A proof costs a tile or two of each level and the entries after the last whole tile; where no tiles
are kept, or those that are do not have the checkpoint's root, it costs a pass over the log.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import NoReturn

from domain.audit_log import AuditLog
from domain.errors import ProofError, UnknownOrderError, shown
from domain.horizon import START, Horizon
from infrastructure.checkpointing import Checkpointing
from infrastructure.continued import has_had_identity
from infrastructure.held_against import HeldAgainst
from infrastructure.kept_checkpoints import kept_marks
from infrastructure.leaves import Leaf, Leaves
from infrastructure.log_tree import LogTree, kept_tree
from infrastructure.positions import Positions
from infrastructure.signing import OwnerKey
from infrastructure.store import LogStore
from infrastructure.stored import StoredEntry
from projections.checkpoint import Checkpoint, base64_text
from projections.leaf import EVENT, OPENING, TRANSITION
from projections.merkle import (
    Span,
    consistency_spans,
    inclusion_spans,
    is_consistent,
    is_included,
)
from projections.tiles import WIDTH, TileMissingError
from projections.verification import Leaf as ToldLeaf
from projections.verification import Proof, checked_checkpoint


class Proving:
    """What can be proven of one log."""

    def __init__(self, store: LogStore, log: AuditLog) -> None:
        self._store = store
        self._log = log
        self.tree: LogTree | None = None
        """The tree that was proven with last, whose tiles may be kept."""

    def signed(self, key: OwnerKey, folder: Path | None = None) -> bytes:
        """A signed checkpoint of now, kept as the last one before it is given out.

        Raises `ProofError`, having signed nothing, where the log does not continue the last one
        that this machine signed.
        """
        checkpointing = Checkpointing(self._store, self._log, key, folder)
        note = checkpointing.sign().note
        self.tree = checkpointing.tree
        return note

    def inclusion(self, note: bytes, order: int, transition: int | None = None) -> bytes:
        """The proof that the event, or the log's transition of this number, is in the checkpoint.

        The order of a transition is that of its event. Raises `UnknownOrderError`, and `ProofError`
        where the store does not have what the checkpoint says.
        """
        checkpoint = self._checkpoint(note)
        index = self._index(checkpoint, order, transition)
        leaf, _, hashes = self._shown(checkpoint, inclusion_spans(index, checkpoint.size), index)
        return str(Proof(self._told(leaf).as_extra(), index, hashes, note)).encode()

    def consistency(self, old_note: bytes, note: bytes) -> bytes:
        """The body of an add-checkpoint request: that the older checkpoint grew to the other.

        Raises `ProofError` where the store does not have what both say.
        """
        old, new = self._checkpoint(old_note), self._checkpoint(note)
        if old.origin != new.origin:
            raise ProofError(
                "the older checkpoint",
                f"is of {old.origin}, and this of {new.origin}: two logs, none grew of the other",
            )
        self._refuse_short(new)
        if old.size > new.size:
            raise ProofError("the older checkpoint", f"has {old.size} leaves, and this {new.size}")
        spans = consistency_spans(old.size, new.size)
        _, was, hashes = self._shown(new, spans, None, old.size)
        if old.size and was != old.root:
            self._refuse(old)
        lines = [f"old {old.size}", *map(base64_text, hashes), "", note.decode()]
        return "\n".join(lines).encode()

    def grown(self, old: int, note: bytes) -> bytes:
        """The body of an add-checkpoint request: that the tree of `old` leaves grew to this.

        Raises `ProofError` where the store does not have what the checkpoint says.
        """
        new = self._checkpoint(note)
        self._refuse_short(new)
        _, _, hashes = self._shown(new, consistency_spans(old, new.size), None, old)
        return "\n".join([f"old {old}", *map(base64_text, hashes), "", note.decode()]).encode()

    def holds(self, note: bytes, folder: Path | None = None) -> Checkpoint:
        """The checkpoint, whose tree the store has; raises `LogDiffersError` where it does not.

        Where the log first differs is told by its tiles, where those have the checkpoint's root,
        else by what this machine kept when it signed. Raises `ProofError` for the checkpoint of
        another log.
        """
        checkpoint = self._checkpoint(note)
        self._held_against(checkpoint, folder)
        return checkpoint

    def _shown(
        self, checkpoint: Checkpoint, spans: list[Span], index: int | None, old: int = 0
    ) -> tuple[Leaf, bytes, tuple[bytes, ...]]:
        """The entry of a leaf, the root of the first `old` leaves, and the spans' roots.

        They are seen to lead to the checkpoint's root before they are given out.
        """
        size, root = checkpoint.size, checkpoint.root
        for believed in (size, 0):
            grown = LogTree(self._store, self._log, believed)
            try:
                grown.grow_to(size)
                leaf = self._entry(grown, index or 0, size)
                was, tree = grown.root(old), grown.tree()
                hashes = tuple(tree.span(span) for span in spans)
                holds = grown.root(size) == root and (
                    is_consistent(old, was, size, root, hashes)
                    if index is None
                    else is_included(leaf.hash, index, size, hashes, root)
                )
            except LookupError:
                # A tile is lost, or is not what the entries give: the entries alone decide.
                continue
            if holds:
                self.tree = grown
                return leaf, was, hashes
        self._refuse(checkpoint)

    def _entry(self, grown: LogTree, index: int, size: int) -> Leaf:
        """The entry of a leaf; raises `LookupError` where it, or one of its tile, is not there."""
        first = index // WIDTH * WIDTH
        last = min(first + WIDTH, size) - 1
        tree, leaves = grown.tree(), Leaves(self._store, self._log)
        found = [Leaf(leaves.opening(), None)] if not first else []
        after = Positions(self._store, self._log).horizon(first - 1) if first > 1 else START
        for page in leaves.pages(Horizon(last, 0), after):
            found += page
        if any(tree.leaf(at) != leaf.hash for at, leaf in enumerate(found, first)):
            raise LookupError
        return found[index - first]

    def _refuse(self, checkpoint: Checkpoint) -> NoReturn:
        """Raises `LogDiffersError` for a log that does not have what a checkpoint says."""
        self._held_against(checkpoint, None)
        what = "the tiles of the log"
        raise ProofError(what, "changed while they were read; ask again")

    def _held_against(self, checkpoint: Checkpoint, folder: Path | None) -> None:
        tiles = kept_tree(self._store, self._log, checkpoint.size, checkpoint.root)
        marks = kept_marks(checkpoint.origin, folder)
        try:
            HeldAgainst(self._store, self._log, checkpoint, marks, tiles).check()
        except TileMissingError:
            HeldAgainst(self._store, self._log, checkpoint, marks).check()

    def _checkpoint(self, note: bytes) -> Checkpoint:
        try:
            checkpoint = checked_checkpoint(note, []).checkpoint
        except ValueError as error:
            raise ProofError("the checkpoint", str(error)) from None
        identity = checkpoint.origin.rpartition("/")[2]
        if not has_had_identity(self._store, self._log, identity):
            raise ProofError(
                "the checkpoint",
                f"is of {checkpoint.origin}, and log {shown(self._log.name)} has the identity"
                f" {self._log.identity}",
            )
        return checkpoint

    def _refuse_short(self, checkpoint: Checkpoint) -> None:
        """Raises `ProofError` where the log ends before the checkpoint."""
        end = self._store.reads.end(self._log.id).horizon
        if checkpoint.size > end.position + 1 or not checkpoint.size:
            raise ProofError(
                f"log {shown(self._log.name)}",
                f"has {end.position + 1:,} leaves, and the checkpoint says {checkpoint.size:,}",
            )

    def _index(self, checkpoint: Checkpoint, order: int, transition: int | None) -> int:
        """Where the entry stands in the order of commit; raises `UnknownOrderError` beyond it."""
        self._refuse_short(checkpoint)
        positions = Positions(self._store, self._log)
        if transition is None:
            index = positions.of_event(order)
        else:
            index = positions.of_transition(transition, order)
        if index >= checkpoint.size:
            raise UnknownOrderError(order, positions.horizon(checkpoint.size - 1).order)
        return index

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
