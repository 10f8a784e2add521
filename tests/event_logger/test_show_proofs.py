"""`show` tells people what a proof, a checkpoint or a certified export claims."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from domain.horizon import Horizon
from projections.certified_export import CertifiedExport
from projections.checkpoint import Note
from projections.verification import Leaf
from tests.commands import run
from tests.projections.test_verification import LOG, ORIGIN, WITNESS, growth, note_of, proof_of


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file"


def fields_of(path: Path) -> tuple[str, dict[str, str]]:
    """The sentence, and the rows of the table below it."""
    lines = run("show", str(path)).stdout.splitlines()
    assert lines[-1].startswith("whose these signatures are is told by event-logger verify")
    rows = [line.split("  ", 1) for line in lines[3:-2]]
    return lines[0], {name: value.strip() for name, value in rows}


def test_an_event(path: Path) -> None:
    path.write_bytes(proof_of(3))
    sentence, fields = fields_of(path)
    assert sentence == "order 3 is at position 3 of a log of 13 leaves"
    assert fields["topic"] == "audit-log.event-logged"
    assert fields["committed_at"] == "1970-01-01T00:00:00.000003Z"
    assert (fields["n"], fields["log"], fields["signature 1"]) == ("3", ORIGIN, ORIGIN)
    said = json.loads(run("show", str(path), "--json").stdout)
    assert (said["claims"], said["leaves"], said["n"]) == (sentence, 13, 3)


def test_a_transition_and_the_opening(path: Path) -> None:
    path.write_bytes(proof_of(12))
    assert fields_of(path)[0] == (
        "transition 1, a step of order 1, is at position 12 of a log of 13 leaves"
    )
    path.write_bytes(proof_of(0))
    sentence, fields = fields_of(path)
    assert sentence == "the log's opening is at position 0 of a log of 13 leaves"
    assert fields["committed_at"] == "before format 2"


def test_a_checkpoint_and_who_cosigned_it(path: Path) -> None:
    path.write_bytes(note_of(5, LOG, WITNESS))
    sentence, fields = fields_of(path)
    assert sentence == "a log has 5 leaves"
    assert fields["signature 2"] == "witness.example/w1, a witness at 2023-03-20T12:25:47Z"


def test_a_log_that_grew(path: Path) -> None:
    path.write_bytes(growth(5))
    sentence, fields = fields_of(path)
    assert sentence.startswith("the log of 13 leaves grew out of the one of 5, as 5 hashes show")
    assert fields["old_size"] == "5"


def test_a_certified_export(path: Path) -> None:
    text = str(CertifiedExport("csv", 3, bytes(32), Horizon(3, 1), "p 1", note_of(5)))
    path.write_text(str(Note(text, [LOG.sign(text)])))
    sentence, fields = fields_of(path)
    assert sentence == "a file of 3 bytes (csv) holds the log at horizon 3+1"
    assert fields["sha256"] == "00" * 32


def test_what_is_none_or_shows_nothing(path: Path) -> None:
    for data in (b"", b"\xff", proof_of(3).replace(b"index 3", b"index 4"), growth(5)[:-1]):
        path.write_bytes(data)
        said = run("show", str(path), code=1).stderr
        assert said.startswith(f"event-logger: {path} ")
        assert said.count("\n") == 1
    for what in ("one", "\udcff", "a\0b", "", str(path.parent)):
        said = run("show", what, code=2).stderr
        assert said.startswith("event-logger: Invalid value for 'ORDER': it is no whole number")
    assert "--store: is missing" in run("show", "1", code=2).stderr


def test_what_a_stranger_puts_into_a_state_stays_text(path: Path) -> None:
    from hashlib import sha256

    from projections.checkpoint import Checkpoint
    from projections.merkle import root_of
    from projections.verification import Proof

    for state in (b"\x1b[31m", b"[" * 5000, b'{"a":1e999}', b'{"order":"\\u202e\\n"}', b"1"):
        leaf = Leaf("transition", 1, "\x1b", 2**62, sha256().digest(), state)
        text = str(Checkpoint(ORIGIN, 1, root_of([leaf.hash()])))
        note = str(Note(text, [LOG.sign(text)])).encode()
        path.write_text(str(Proof(leaf.as_extra(), 0, (), note)))
        out = run("show", str(path)).stdout
        assert out.replace("\n", "").isprintable()
        run("show", str(path), "--json")
