"""What a witness answers to a checkpoint: C2SP's tlog-witness, add-checkpoint.

Whether the checkpoint continues the one that the witness cosigned last is decided here, and what
is alarming about one that does not. What was cosigned is kept, and answered, by others.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from projections.checkpoint import Checkpoint, Note, Signature, VerifierKey
from projections.merkle import EMPTY_ROOT, is_consistent
from projections.policy import Named
from projections.verification import Growth, signers

FORK, ROLLBACK, ABSENCE = "fork", "rollback", "absence"


class Alarm(NamedTuple):
    """What somebody has to look at: of which log, and what was found."""

    kind: str
    origin: str
    size: int | None
    message: str

    def __str__(self) -> str:
        return f"alarm: {self.kind} of {self.origin}: {self.message}"


class Refused(NamedTuple):
    """Why nothing is cosigned: the status of the answer, a sentence, and what is alarming.

    `size` is that of the checkpoint that was cosigned last, where the request named another.
    """

    status: int
    sentence: str
    size: int | None = None
    alarm: Alarm | None = None


class Submitted(NamedTuple):
    """A checkpoint that its log signed, and the proof that came with it."""

    growth: Growth
    checkpoint: Checkpoint
    note: Note

    def cosigned(self, by: Signature) -> bytes:
        """The note with this cosignature."""
        return str(Note(self.note.text, [*self.note.signatures, by])).encode()


def submitted(body: bytes, logs: Sequence[Named]) -> Submitted | Refused:
    """What the body of a request submits, if one of these logs signed it."""
    try:
        growth = Growth.parse(body)
        note = Note.parse(growth.note)
        checkpoint = Checkpoint.parse(note.text, is_extended=True)
    except ValueError as error:
        return Refused(400, f"the request {error}")
    keys = [one.key for one in logs if one.name == checkpoint.origin]
    if not keys:
        return Refused(404, "no log of this origin is known here")
    try:
        signed = signers(note, keys)
    except ValueError as error:
        return Refused(403, f"the checkpoint {error}")
    if not signed:
        return Refused(403, "the checkpoint is not signed by a known key of its log")
    lines = [one for one in note.signatures if _is_of(one, signed)]
    return Submitted(growth, checkpoint, note._replace(signatures=lines))


def refused(given: Submitted, last: Checkpoint | None) -> Refused | None:
    """Why the checkpoint is not cosigned after the last one; None where it is."""
    origin, size, root = given.checkpoint
    known = last or Checkpoint(origin, 0, EMPTY_ROOT)
    old = given.growth.size
    alarm = _alarm(given.checkpoint, known)
    if old > size:
        return Refused(400, f"the old size {old} is more than the checkpoint's {size}", alarm=alarm)
    if old != known.size:
        sentence = f"the checkpoint cosigned last has {known.size} leaves, not {old}"
        return Refused(409, sentence, known.size, alarm)
    if is_consistent(known.size, known.root, size, root, given.growth.hashes):
        return None
    sentence = f"it is not shown that {size} leaves continue the {known.size} cosigned last"
    if alarm is None and (known.size or not size):
        alarm = Alarm(FORK, origin, size, sentence)
    return Refused(422, sentence, alarm=alarm)


def _alarm(given: Checkpoint, known: Checkpoint) -> Alarm | None:
    if given.size < known.size:
        message = f"a checkpoint of {given.size} leaves came after one of {known.size}"
        return Alarm(ROLLBACK, given.origin, given.size, message)
    if given.size == known.size and given.root != known.root:
        message = f"a checkpoint of {given.size} leaves has another root than the one cosigned"
        return Alarm(FORK, given.origin, given.size, message)
    return None


def _is_of(line: Signature, keys: Sequence[VerifierKey]) -> bool:
    return any((line.name, line.key_id) == (key.name, key.key_id) for key in keys)
