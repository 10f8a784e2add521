"""Checking what a log's checkpoints and proofs claim, with a public key or an older checkpoint.

Nothing here reads a store, and nothing of what makes proofs is used: with `projections.merkle`,
`projections.leaf` and `projections.checkpoint` this is all that an auditor need read. Signatures
are checked by the library `cryptography` (extra `proofs`). `ValueError` says what does not hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Any, NamedTuple, Self

import orjson

from domain.errors import shown
from projections.checkpoint import (
    COSIGNATURE,
    ED25519,
    Checkpoint,
    Note,
    VerifierKey,
    base64_text,
    from_base64,
    hash_of,
    number_of,
)
from projections.leaf import EVENT, OPENING, TRANSITION, leaf_data
from projections.merkle import is_consistent, is_included, leaf_hash

PROOF = "c2sp.org/tlog-proof@v1"
MOST_HASHES = 63
"""No proof in a tree of fewer than 2^63 leaves has more."""

_KINDS = {kind.decode(): kind for kind in (OPENING, EVENT, TRANSITION)}


class Trusted(NamedTuple):
    """A checkpoint, and by whom it was found to be signed: nobody, where no key was given."""

    checkpoint: Checkpoint
    signed_by: tuple[str, ...]
    keys: tuple[VerifierKey, ...]
    note: Note


def checked_checkpoint(note: bytes, keys: Sequence[VerifierKey]) -> Trusted:
    """The checkpoint of a signed note. Size and root come from this note, whatever else says them.

    Signatures of unknown keys are ignored; one of a known key that fails refuses the note, and so
    does a note that no key of its own log signed. Without keys no signature is checked.
    """
    read = Note.parse(note)
    checkpoint = Checkpoint.parse(read.text)
    signed_by = signers(read, keys)
    of_the_log = [key for key in signed_by if (key.kind, key.name) == (ED25519, checkpoint.origin)]
    if keys and not of_the_log:
        raise ValueError(f"is not signed by a known key of the log {checkpoint.origin}")
    names = dict.fromkeys(key.name for key in signed_by)
    return Trusted(checkpoint, tuple(names), tuple(signed_by), read)


def signers(note: Note, keys: Sequence[VerifierKey]) -> list[VerifierKey]:
    """Those of these keys that signed the note; one whose signature fails refuses the note."""
    found = []
    for key in keys:
        lines = [one for one in note.signatures if (one.name, one.key_id) == (key.name, key.key_id)]
        for line in lines:
            _check_signature(note.text, key, line.signed)
        found += [key] if lines else []
    return found


def _check_signature(text: str, key: VerifierKey, signed: bytes) -> None:
    message = text.encode()
    if key.kind == COSIGNATURE:
        time = int.from_bytes(signed[:8], "big")
        message, signed = f"cosignature/v1\ntime {time}\n".encode() + message, signed[8:]
        if time >= 2**63:
            raise ValueError(f"has a cosignature of {shown(key.name)} whose time is none")
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(signed, message)
    except (InvalidSignature, ValueError):
        raise ValueError(f"has a signature of {shown(key.name)} that does not hold") from None


def _head_and_note(text: bytes) -> tuple[str, list[str], bytes]:
    """The first line and the others before the first empty line, and the note after it.

    A first line that is empty, which none may be, where there is no note or the head is no ASCII.
    """
    head, separator, note = text.partition(b"\n\n")
    first, *lines = head.split(b"\n")
    if not separator or not head.isascii():
        return "", [], b""
    return first.decode(), [one.decode() for one in lines], note


class Proof(NamedTuple):
    """A tlog-proof: what is at an index of a log, and a checkpoint whose tree has it there."""

    extra: bytes
    position: int
    hashes: tuple[bytes, ...]
    note: bytes

    @classmethod
    def parse(cls, proof: bytes) -> Self:
        """The parts of a proof file; nothing in it is trusted yet."""
        first, lines, note = _head_and_note(proof)
        if first != PROOF or len(lines) < 2:
            raise ValueError(f"is no proof of {PROOF}")
        said, index, *hashes = lines
        if not said.startswith("extra ") or not index.startswith("index "):
            raise ValueError("is no proof of an event log: its leaf's fields and index are missing")
        extra = from_base64(said.removeprefix("extra "), "the extra")
        return cls(extra, number_of(index.removeprefix("index "), "index"), _hashes(hashes), note)

    def __str__(self) -> str:
        lines = [PROOF, f"extra {base64_text(self.extra)}", f"index {self.position}"]
        return "\n".join([*lines, *map(base64_text, self.hashes), "", self.note.decode()])


class Leaf(NamedTuple):
    """What a proof's `extra` says of a leaf; only its hash tells whether the log has it."""

    kind: str
    number: int
    topic: str
    committed_at: int | None
    writer: bytes | None
    state: bytes

    def hash(self) -> bytes:
        """The leaf's hash, computed from what is said."""
        digest = sha256(self.state).digest()
        kind = _KINDS[self.kind]
        data = leaf_data(kind, self.number, self.topic, digest, self.committed_at, self.writer)
        return leaf_hash(data)

    def as_extra(self) -> bytes:
        """The leaf as a proof's `extra`: JSON of its fields, the state as text."""
        writer = None if self.writer is None else self.writer.hex()
        return orjson.dumps(self._asdict() | {"writer": writer, "state": self.state.decode()})

    @classmethod
    def of_extra(cls, extra: bytes) -> Self:
        """The leaf that an `extra` says."""
        try:
            said: dict[str, Any] = orjson.loads(extra)
            at, writer = said["committed_at"], said["writer"]
            fields = said["number"], at or 0
            if said.keys() != set(cls._fields) or said["kind"] not in _KINDS:
                raise ValueError("its fields are others")
            if any(type(one) is not int or abs(one) >= 2**63 for one in fields) or fields[0] < 0:
                raise ValueError("a number of it is none")
            digest = None if writer is None else bytes.fromhex(writer)
            state = said["state"].encode()
            return cls(said["kind"], said["number"], str(said["topic"]), at, digest, state)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ValueError(f"says no leaf of an event log ({error})") from None


class Shown(NamedTuple):
    """A leaf that a log's tree has at an index, as a checkpoint says."""

    leaf: Leaf
    position: int
    by: Trusted


def checked_inclusion(proof: bytes, keys: Sequence[VerifierKey]) -> Shown:
    """What a proof file shows, its checkpoint included."""
    read = Proof.parse(proof)
    by = checked_checkpoint(read.note, keys)
    leaf, (_, size, root) = Leaf.of_extra(read.extra), by.checkpoint
    if not is_included(leaf.hash(), read.position, size, read.hashes, root):
        raise ValueError(
            f"does not show that the tree of {size} leaves has this at {read.position}"
        )
    return Shown(leaf, read.position, by)


class Growth(NamedTuple):
    """The body of an add-checkpoint request: an old size, a proof, and the checkpoint's note."""

    size: int
    hashes: tuple[bytes, ...]
    note: bytes

    @classmethod
    def parse(cls, body: bytes) -> Self:
        """The parts of a body; nothing in it is trusted yet."""
        first, lines, note = _head_and_note(body)
        if not first.startswith("old "):
            raise ValueError("is no proof that a log has grown: it begins with the old size")
        return cls(number_of(first.removeprefix("old "), "old size"), _hashes(lines), note)


class Grown(NamedTuple):
    """Two checkpoints of one log, of which the later holds all of the earlier."""

    old: Trusted
    new: Trusted


def checked_consistency(proof: bytes, old_note: bytes, keys: Sequence[VerifierKey]) -> Grown:
    """What the body of an add-checkpoint request shows beside the older checkpoint."""
    size, hashes, note = Growth.parse(proof)
    old, new = checked_checkpoint(old_note, keys), checked_checkpoint(note, keys)
    was, now = old.checkpoint, new.checkpoint
    if was.origin != now.origin:
        raise ValueError(f"is of the log {now.origin}, and the older checkpoint of {was.origin}")
    if size != was.size:
        raise ValueError(f"begins at {size} leaves, and the older checkpoint has {was.size}")
    if not is_consistent(was.size, was.root, now.size, now.root, hashes):
        raise ValueError(
            f"does not show that the tree of {was.size} leaves grew to the one of {now.size}: what"
            " the older checkpoint stands for was changed, cut or forked"
        )
    return Grown(old, new)


def _hashes(lines: Sequence[str]) -> tuple[bytes, ...]:
    if len(lines) > MOST_HASHES:
        raise ValueError(f"has {len(lines)} hashes, and no proof has more than {MOST_HASHES}")
    return tuple(hash_of(line, "hash") for line in lines)
