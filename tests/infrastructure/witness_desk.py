"""A witness in a folder, and notes that it is given."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from infrastructure.cosigning import WitnessKey
from infrastructure.witness import Witness
from projections.checkpoint import ED25519, Checkpoint, Note, VerifierKey
from projections.merkle import root_of
from projections.policy import Policy
from projections.verification import checked_checkpoint
from projections.witnessing import Alarm
from tests.projections.test_verification import HASHES, LOG, ORIGIN, STRANGER, Signer

KEY = WitnessKey("witness.example/w1", sha256(b"witness").digest())
ROTATED = VerifierKey(ORIGIN, ED25519, STRANGER.public.public)
POLICY = Policy.parse(f"log {LOG.public}\nlog {ROTATED}\nquorum none\n".encode())


class Desk:
    """A witness in a folder, and the alarms that it raised."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.alarms: list[Alarm] = []
        self.open()

    def open(self) -> None:
        self.witness = Witness(KEY, POLICY, self.folder, self.alarms.append)

    def post(self, body: bytes) -> tuple[int, str]:
        status, said, _ = self.witness.add_checkpoint(body)
        return status, said.decode()

    @property
    def kept(self) -> int | None:
        """The size that is on the disk, and that a witness opened anew takes for the last."""
        self.open()
        status, said, _ = self.witness.last(sha256(ORIGIN.encode()).hexdigest())
        return int(said.split(b"\n")[1]) if status == 200 else None

    @property
    def kinds(self) -> list[tuple[str, int | None]]:
        return [(one.kind, one.size) for one in self.alarms]


def cosigned(note: bytes, lines: str) -> list[VerifierKey]:
    """Who signed the note with what the witness answered, found as anybody would."""
    keys = [LOG.public, KEY.public]
    return list(checked_checkpoint(note + lines.encode(), keys).keys)


def signed(text: str, *by: Signer) -> bytes:
    return str(Note(text, [one.sign(text) for one in by or (LOG,)])).encode()


def another_past(size: int) -> bytes:
    return signed(str(Checkpoint(ORIGIN, size, root_of(HASHES[1 : size + 1]))))


def body(old: object, note: bytes, *hashes: str) -> bytes:
    return "\n".join([f"old {old}", *hashes, "", ""]).encode() + note


HASH = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="
