"""`verify --policy`: a checkpoint needs the cosigners that the policy names."""

from __future__ import annotations

from pathlib import Path

import pytest

from projections.checkpoint import COSIGNATURE, ED25519, Note
from tests.commands import Done, run
from tests.projections.test_verification import (
    LOG,
    ORIGIN,
    STRANGER,
    WITNESS,
    Signer,
    growth,
    note_of,
    proof_of,
)

SECOND = Signer("witness.example/w2", COSIGNATURE)
POLICY = f"""log {LOG.public}
witness one {WITNESS.public}
witness two {SECOND.public}
group both all one two
group either any both
quorum either
"""


class Files:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.policy = self.file("policy", POLICY.encode())

    def file(self, name: str, data: bytes) -> str:
        (self.folder / name).write_bytes(data)
        return str(self.folder / name)

    def verify(self, *arguments: str, code: int = 0) -> Done:
        return run("verify", *arguments, "--policy", self.policy, code=code)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def test_a_checkpoint_that_its_witnesses_cosigned(files: Files) -> None:
    held = files.file("held", note_of(5, LOG, WITNESS, SECOND, STRANGER))
    done = files.verify("--checkpoint", held)
    assert done.stdout.splitlines()[1:] == [
        f"signed by {ORIGIN}",
        "cosigned by witness.example/w1 at 2023-03-20T12:25:47Z",
        "cosigned by witness.example/w2 at 2023-03-20T12:25:47Z",
        "the quorum either of the policy is reached",
    ]


@pytest.mark.parametrize("by", [(LOG,), (LOG, WITNESS), (LOG, SECOND, STRANGER)])
def test_too_few_have_cosigned(files: Files, by: tuple[Signer, ...]) -> None:
    held = files.file("held", note_of(5, *by))
    done = files.verify("--checkpoint", held, code=1)
    assert done.stderr.startswith(f"event-logger: {held} is cosigned by ")
    assert "which is not the quorum 'either' of the policy" in done.stderr
    proof = files.file("proof", b"\n\n".join([proof_of(3).split(b"\n\n", 1)[0], note_of(13, *by)]))
    files.verify(proof, code=1)
    files.verify(files.file("grown", growth(5)), "--checkpoint", held, code=1)


def test_what_the_log_did_not_sign(files: Files) -> None:
    held = files.file("held", note_of(5, WITNESS, SECOND))
    assert "not signed by a known key" in files.verify("--checkpoint", held, code=1).stderr


def test_a_proof_may_be_older_than_the_cosignatures_of_its_checkpoint(files: Files) -> None:
    proof = files.file("proof", proof_of(3))
    files.verify(proof, code=1)
    held = files.file("held", note_of(13, LOG, WITNESS, SECOND))
    assert "order 3 is in the log" in files.verify(proof, "--checkpoint", held).stdout
    other = files.file("other", note_of(12, LOG, WITNESS, SECOND))
    files.verify(proof, "--checkpoint", other, code=1)


def test_a_log_that_grew_between_two_cosigned_checkpoints(files: Files) -> None:
    cosigned = note_of(13, LOG, WITNESS, SECOND)
    grown = files.file("grown", growth(5).split(b"\n\n", 1)[0] + b"\n\n" + cosigned)
    old = files.file("old", note_of(5, LOG, WITNESS, SECOND))
    assert "holds all that" in files.verify(grown, "--checkpoint", old).stdout
    files.verify(grown, "--checkpoint", files.file("bare", note_of(5)), code=1)


def test_a_policy_that_names_no_log_takes_its_line(files: Files) -> None:
    files.policy = files.file("policy", POLICY.split("\n", 1)[1].encode())
    held = files.file("held", note_of(5, LOG, WITNESS, SECOND))
    assert (
        "names no log: give the log's public line"
        in files.verify("--checkpoint", held, code=1).stderr
    )
    files.verify("--checkpoint", held, "--vkey", str(LOG.public))
    cosigner = str(WITNESS.public._replace(kind=ED25519))
    done = files.verify("--checkpoint", held, "--vkey", cosigner, code=1)
    assert "no log is its own witness" in done.stderr


def test_nobody_is_trusted_by_a_policy_of_nobody(files: Files) -> None:
    files.policy = files.file("policy", b"quorum none\n")
    held = files.file("held", note_of(5))
    assert "names no log" in files.verify("--checkpoint", held, code=1).stderr


@pytest.mark.parametrize(
    ("data", "sentence"),
    [(b"quorum x\n", "line 1 names 'x'"), (b"\0\n", "line 1 holds"), (b"", "has no quorum line")],
)
def test_a_policy_that_is_none(files: Files, data: bytes, sentence: str) -> None:
    files.policy = files.file("policy", data)
    done = files.verify("--checkpoint", files.file("held", note_of(5)), code=1)
    assert done.stderr.startswith(f"event-logger: {files.policy} ")
    assert sentence in done.stderr
    files.policy = str(files.folder)
    assert "cannot be read" in files.verify("--checkpoint", files.policy, code=1).stderr


def test_a_cosignature_that_fails_refuses_what_others_would_reach(files: Files) -> None:
    files.policy = files.file("policy", POLICY.replace("all one two", "any one two").encode())
    note = note_of(5, LOG, WITNESS, SECOND)
    read = Note.parse(note)
    worse = read.signatures[2]._replace(signed=bytes(72))
    bad = str(Note(read.text, [*read.signatures[:2], worse])).encode()
    done = files.verify("--checkpoint", files.file("held", bad), code=1)
    assert "a signature of 'witness.example/w2' that does not hold" in done.stderr
