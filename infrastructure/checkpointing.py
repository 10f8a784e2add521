"""Signing a log's checkpoints: each holds all that the last one of this machine stands for."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from domain.audit_log import AuditLog
from domain.errors import ProofError, shown
from domain.horizon import Horizon
from infrastructure.continued import refuse_other_identity
from infrastructure.kept_checkpoints import KeptCheckpoint, held_checkpoint
from infrastructure.listing import seldom_cycle_search
from infrastructure.log_tree import LogTree
from infrastructure.signing import OwnerKey
from infrastructure.standing import is_copy
from infrastructure.store import LogStore
from projections.checkpoint import Checkpoint, Note
from projections.marks import Marks
from projections.verification import checked_checkpoint


def refuse_volatile(store: LogStore) -> None:
    """Raises `ProofError` for a store in memory."""
    if store.is_volatile:
        raise ProofError(
            f"the store {store.url}",
            "dies with its process, and a checkpoint of it could be held against nothing: name one"
            " that is kept, as sqlite:///runs.db",
        )


class Signed(NamedTuple):
    """A signed checkpoint, where the log ended, and whether it says more than the one before."""

    note: bytes
    checkpoint: Checkpoint
    horizon: Horizon
    is_new: bool


class Checkpointing:
    """The checkpoints of one log, signed by one owner and kept in a folder of the machine.

    Nothing but the folder is written: the tiles are kept by who may write to the store.
    """

    def __init__(
        self, store: LogStore, log: AuditLog, key: OwnerKey, folder: Path | None = None
    ) -> None:
        self._store = store
        self._log = log
        self._key = key
        self._folder = folder
        self._identity = log.identity or ""
        self.origin = key.origin(self._identity)
        self._is_called_so = False
        """Whether its entries were seen to call the log by its identity."""
        self.tree: LogTree | None = None
        """The tree that was signed last, whose tiles may be kept."""

    def sign(self) -> Signed:
        """A signed checkpoint of now, kept as the last one before it is given out.

        Raises `ProofError`, having signed nothing, where the log does not continue the last one
        that this machine signed.
        """
        refuse_volatile(self._store)
        if is_copy(self._store, self._log.id):
            raise ProofError(
                f"log {shown(self._log.name)}",
                f"is a copy in {self._store.url}, and is signed where it goes on; if that is here,"
                " say so by event-logger take-over",
            )
        if not self._is_called_so:
            refuse_other_identity(self._store, self._log)
            self._is_called_so = True
        with held_checkpoint(self.origin, self._folder) as last:
            end = self._store.reads.end(self._log.id).horizon
            size = end.position + 1
            self._store.await_durable()
            old = self._last_signed(last)
            if old is not None and old.size > size:
                raise self._behind(last, f"has {size:,} leaves", old)
            marks = last.marks() if old is not None else None
            if marks is None or old is None or marks.size != old.size:
                marks, tree = Marks(), LogTree(self._store, self._log)
            else:
                tree = LogTree(self._store, self._log, old.size)
            if not self._continues(tree, old, size, marks):
                marks, tree = Marks(), LogTree(self._store, self._log)
                if not self._continues(tree, old, size, marks):
                    raise self._behind(last, "has other entries", old)
            self.tree = tree
            checkpoint = Checkpoint(self.origin, size, tree.root(size))
            if last.note is not None and checkpoint == old:
                return Signed(last.note, checkpoint, end, is_new=False)
            note = str(self._key.signed(checkpoint, self._identity)).encode()
            last.put(note)
            last.put_marks(marks)
        return Signed(note, checkpoint, end, is_new=True)

    def hand_over(self, key: OwnerKey) -> bytes:
        """A checkpoint of now that this key and the one that follows it signed.

        It is kept as the following one's alone: what this one would sign later is refused. Raises
        as `sign` does.
        """
        signed = self.sign()
        following = key.signed(signed.checkpoint, self._identity)
        with held_checkpoint(self.origin, self._folder) as last:
            if last.note != signed.note:
                problem = "was signed by another process meanwhile; rotate its key again"
                raise ProofError(f"log {shown(self._log.name)}", problem)
            last.put(str(following).encode())
        read = Note.parse(signed.note)
        return str(Note(read.text, [*read.signatures, *following.signatures])).encode()

    def _continues(self, tree: LogTree, old: Checkpoint | None, size: int, marks: Marks) -> bool:
        """Grow the tree and the marks; whether it holds all that the last checkpoint stands for."""
        at = tree.size
        with seldom_cycle_search():
            for page in tree.grow(size):
                marks.extend(page[max(0, marks.size - at) :])
                at += len(page)
        return old is None or not old.size or tree.root(old.size) == old.root

    def _last_signed(self, last: KeptCheckpoint) -> Checkpoint | None:
        if last.note is None:
            return None
        try:
            keys = [self._key.verifier_key(self._identity)]
            return checked_checkpoint(last.note, keys).checkpoint
        except ValueError as error:
            raise ProofError(str(last.path), f"{error}; nothing is signed") from None

    def _behind(self, last: KeptCheckpoint, found: str, old: Checkpoint | None) -> ProofError:
        signed = f"{old.size if old else 0:,}"
        return ProofError(
            f"log {shown(self._log.name)}",
            f"{found}, and the checkpoint of {signed} leaves that was signed here ({last.path})"
            " says otherwise: it was restored, changed or forked; nothing is signed",
        )
