"""What is shown by signatures and proofs, and what is not."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
import pytest

from projections import verification
from projections.checkpoint import (
    COSIGNATURE,
    ED25519,
    Checkpoint,
    Note,
    Signature,
    VerifierKey,
    base64_text,
)
from projections.merkle import consistency_spans, inclusion_spans, root_of, roots_of
from projections.verification import (
    Leaf,
    Proof,
    checked_checkpoint,
    checked_consistency,
    checked_inclusion,
    signers,
)
from tests.support import ROOT

ORIGIN = "example.com/desk1/log"
WRITER = sha256(b"writer").digest()
LEAVES = [
    Leaf("opening", 0, "audit-log.opened", None, None, b"{}"),
    *[Leaf("event", n, "audit-log.event-logged", n, WRITER, b'{"n":%d}' % n) for n in range(1, 12)],
    Leaf("transition", 1, "event-lifecycle.started", 12, WRITER, b'{"order":1}'),
]
HASHES = [leaf.hash() for leaf in LEAVES]


class Signer:
    """A key at work."""

    def __init__(self, name: str, kind: int = ED25519) -> None:
        self._name = name
        self._kind = kind

    @cached_property
    def key(self) -> Any:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return Ed25519PrivateKey.from_private_bytes(sha256(self._name.encode()).digest())

    @cached_property
    def public(self) -> VerifierKey:
        return VerifierKey(self._name, self._kind, self.key.public_key().public_bytes_raw())

    def sign(self, text: str, time: int = 1679315147) -> Signature:
        if self.public.kind == ED25519:
            signed = self.key.sign(text.encode())
        else:
            message = f"cosignature/v1\ntime {time}\n{text}".encode()
            signed = time.to_bytes(8, "big") + self.key.sign(message)
        return Signature(self.public.name, self.public.key_id, signed)


LOG, STRANGER = Signer(ORIGIN), Signer("example.org/other")
WITNESS = Signer("witness.example/w1", COSIGNATURE)


def keys() -> list[VerifierKey]:
    return [LOG.public]


def note_of(size: int, *by: Signer, origin: str = ORIGIN) -> bytes:
    text = str(Checkpoint(origin, size, root_of(HASHES[:size])))
    return str(Note(text, [one.sign(text) for one in by or (LOG,)])).encode()


def proof_of(index: int, size: int = len(LEAVES)) -> bytes:
    hashes = roots_of(inclusion_spans(index, size), HASHES)
    return str(Proof(LEAVES[index].as_extra(), index, tuple(hashes), note_of(size))).encode()


def growth(old: int, size: int = len(LEAVES)) -> bytes:
    hashes = roots_of(consistency_spans(old, size), HASHES)
    lines = [f"old {old}", *map(base64_text, hashes), "", note_of(size).decode()]
    return "\n".join(lines).encode()


def test_the_example_of_the_specification_is_signed() -> None:
    key = VerifierKey.parse("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")
    note = Note.parse(
        "This is an example message.\n\n\u2014 example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfX"
        "ppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n".encode()
    )
    assert signers(note, [key, LOG.public]) == [key]
    with pytest.raises(ValueError, match=r"a signature of 'example.com/foo' that does not hold"):
        signers(note._replace(text="This is another message.\n"), [key])


def test_who_signed_a_checkpoint() -> None:
    note = note_of(5, LOG, WITNESS, STRANGER)
    assert checked_checkpoint(note, []).signed_by == ()
    assert checked_checkpoint(note, keys()).signed_by == (ORIGIN,)
    known = [LOG.public, WITNESS.public]
    trusted = checked_checkpoint(note, known)
    assert trusted.signed_by == (ORIGIN, "witness.example/w1")
    assert trusted.checkpoint == Checkpoint(ORIGIN, 5, root_of(HASHES[:5]))


def forged(note: bytes, by: Signer) -> bytes:
    """The note with a line of this key that does not hold."""
    read = Note.parse(note)
    line = by.sign("something else\n")
    return str(Note(read.text, [*read.signatures, line])).encode()


# A key of the log's name and id that is another: its signature must be refused, not ignored.
NOT_TRUSTED: dict[str, tuple[Callable[[], bytes], str]] = {
    "a stranger alone": (lambda: note_of(5, STRANGER), "not signed by a known key of the log"),
    "a witness alone": (lambda: note_of(5, WITNESS), "not signed by a known key of the log"),
    "a known key that fails": (lambda: forged(note_of(5, STRANGER), LOG), "does not hold"),
    "one that holds and one that fails": (lambda: forged(note_of(5), LOG), "does not hold"),
    "a witness that fails": (lambda: forged(note_of(5), WITNESS), "does not hold"),
    "another log": (lambda: note_of(5, origin="example.com/x"), "not signed by a known key"),
    "another size": (lambda: note_of(5).replace(b"\n5\n", b"\n6\n"), "does not hold"),
    "the log's secret as a cosigner": (
        lambda: note_of(5, Signer(ORIGIN, COSIGNATURE)),
        "not signed by a known key of the log",
    ),
    "a late time": (
        lambda: str(
            Note(
                str(Checkpoint(ORIGIN, 0, root_of([]))),
                [LOG.sign(str(Checkpoint(ORIGIN, 0, root_of([])))), WITNESS.sign("x\n", 2**63)],
            )
        ).encode(),
        "whose time is none",
    ),
}


@pytest.mark.parametrize("what", NOT_TRUSTED)
def test_a_note_that_is_not_trusted(what: str) -> None:
    made, sentence = NOT_TRUSTED[what]
    with pytest.raises(ValueError, match=sentence):
        checked_checkpoint(made(), [LOG.public, WITNESS.public])


@pytest.mark.parametrize("index", range(len(LEAVES)))
def test_a_proof_shows_a_leaf(index: int) -> None:
    shown = checked_inclusion(proof_of(index), keys())
    assert (shown.leaf, shown.position) == (LEAVES[index], index)
    assert (shown.by.checkpoint.size, shown.by.signed_by) == (len(LEAVES), (ORIGIN,))


def lines(proof: bytes) -> list[bytes]:
    return proof.split(b"\n")


def with_extra(**changes: object) -> bytes:
    first, _, *rest = lines(proof_of(3))
    said = orjson.loads(LEAVES[3].as_extra()) | changes
    return b"\n".join([first, b"extra " + base64_text(orjson.dumps(said)).encode(), *rest])


def moved(index: str) -> bytes:
    return proof_of(3).replace(b"index 3\n", f"index {index}\n".encode())


SHOWS_NOTHING: dict[str, tuple[Callable[[], bytes], str]] = {
    "nothing": (lambda: b"", "is no proof of"),
    "another format": (lambda: proof_of(3).replace(b"@v1", b"@v2"), "is no proof of"),
    "no text": (lambda: b"\xff" + proof_of(3), "is no proof of"),
    "no extra": (lambda: b"\n".join([lines(proof_of(3))[0], *lines(proof_of(3))[2:]]), "missing"),
    "an index that is none": (lambda: moved("03"), "no number"),
    "an index below zero": (lambda: moved("-3"), "no number"),
    "an index too large": (lambda: moved(str(2**63)), "no number"),
    "an index beyond the tree": (lambda: moved(str(2**63 - 1)), "does not show"),
    "another index": (lambda: moved("2"), "does not show"),
    "a hash missing": (
        lambda: b"\n".join([*lines(proof_of(3))[:3], *lines(proof_of(3))[4:]]),
        "does not show",
    ),
    "a hash twice": (
        lambda: b"\n".join([*lines(proof_of(3))[:4], *lines(proof_of(3))[3:]]),
        "does not show",
    ),
    "a hash too short": (
        lambda: proof_of(3).replace(lines(proof_of(3))[3], b"AAAA"),
        "of 3 bytes, not of 32",
    ),
    "too many hashes": (
        lambda: proof_of(3).replace(
            lines(proof_of(3))[3], b"\n".join([lines(proof_of(3))[3]] * 64)
        ),
        "no proof has more than 63",
    ),
    "another state": (lambda: with_extra(state='{"n":4}'), "does not show"),
    "another order": (lambda: with_extra(number=4), "does not show"),
    "another kind": (lambda: with_extra(kind="transition"), "does not show"),
    "no kind": (lambda: with_extra(kind="x"), "says no leaf"),
    "another topic": (lambda: with_extra(topic="x"), "does not show"),
    "another time": (lambda: with_extra(committed_at=4), "does not show"),
    "no time": (lambda: with_extra(committed_at=None), "does not show"),
    "another writer": (lambda: with_extra(writer="00" * 32), "does not show"),
    "a number below zero": (lambda: with_extra(number=-1), "says no leaf"),
    "a number too large": (lambda: with_extra(number=2**64 - 1), "says no leaf"),
    "a truth as a number": (lambda: with_extra(number=True), "says no leaf"),
    "a time that is none": (lambda: with_extra(committed_at="x"), "says no leaf"),
    "a field more": (lambda: with_extra(colour="red"), "says no leaf"),
    "no object": (
        lambda: proof_of(3).replace(lines(proof_of(3))[1], b"extra W10="),
        "says no leaf",
    ),
    "another checkpoint": (
        lambda: b"\n\n".join([proof_of(3).split(b"\n\n", 1)[0], note_of(7)]),
        "does not show",
    ),
    "a note that is not signed": (
        lambda: b"\n\n".join([proof_of(3).split(b"\n\n", 1)[0], note_of(13, STRANGER)]),
        "not signed by a known key",
    ),
}


@pytest.mark.parametrize("what", SHOWS_NOTHING)
def test_a_proof_that_shows_nothing(what: str) -> None:
    made, sentence = SHOWS_NOTHING[what]
    with pytest.raises(ValueError, match=sentence):
        checked_inclusion(made(), keys())


@pytest.mark.parametrize("old", range(len(LEAVES) + 1))
def test_a_proof_shows_that_a_log_grew(old: int) -> None:
    grown = checked_consistency(growth(old), note_of(old), keys())
    assert (grown.old.checkpoint.size, grown.new.checkpoint.size) == (old, len(LEAVES))


DID_NOT_GROW: dict[str, tuple[Callable[[], bytes], Callable[[], bytes], str]] = {
    "nothing": (lambda: b"", lambda: note_of(5), "is no proof that a log has grown"),
    "an inclusion": (lambda: proof_of(3), lambda: note_of(5), "is no proof that a log has grown"),
    "another size": (lambda: growth(4), lambda: note_of(5), "begins at 4 leaves"),
    "a log that shrank": (
        lambda: b"old 9\n\n" + note_of(5),
        lambda: note_of(9),
        "changed, cut or forked",
    ),
    "another log": (
        lambda: growth(5),
        lambda: note_of(5, STRANGER, origin="example.org/other"),
        "is of the log example.com",
    ),
    "another past": (
        lambda: growth(5),
        lambda: str(
            Note(
                str(Checkpoint(ORIGIN, 5, root_of(HASHES[1:6]))),
                [LOG.sign(str(Checkpoint(ORIGIN, 5, root_of(HASHES[1:6]))))],
            )
        ).encode(),
        "changed, cut or forked",
    ),
    "hashes beside nothing": (
        lambda: growth(5).replace(b"old 5", b"old 0"),
        lambda: note_of(0),
        "changed, cut or forked",
    ),
}


@pytest.mark.parametrize("what", DID_NOT_GROW)
def test_a_log_that_did_not_grow(what: str) -> None:
    made, old, sentence = DID_NOT_GROW[what]
    with pytest.raises(ValueError, match=sentence):
        checked_consistency(made(), old(), [LOG.public, STRANGER.public])


def test_what_verifies_is_small_and_reads_no_store() -> None:
    source = Path(verification.__file__).read_text()
    assert len(source.splitlines()) < 250
    program = "import sys, projections.verification; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert "projections.merkle" in loaded
    stores = {"infrastructure", "event_logger", "sqlite3", "psycopg", "redis", "eventsourcing"}
    assert stores.isdisjoint(name.partition(".")[0] for name in loaded)
