"""A witness cosigns what continues, once it is kept, and raises an alarm on what does not."""

from __future__ import annotations

import threading
from hashlib import sha256
from pathlib import Path

import pytest

from domain.errors import ProofError
from infrastructure.cosigning import WitnessKey
from infrastructure.http_server import Request
from infrastructure.kept_checkpoints import KeptCheckpoint
from infrastructure.witness import MOST_BYTES, Witness
from projections.checkpoint import COSIGNATURE, ED25519, Checkpoint, Note, Signature, VerifierKey
from projections.merkle import EMPTY_ROOT, root_of
from projections.policy import Policy, cosigned_at
from tests.http_service import Served
from tests.infrastructure.witness_desk import (
    KEY,
    POLICY,
    ROTATED,
    Desk,
    another_past,
    body,
    cosigned,
    signed,
)
from tests.projections.test_verification import (
    HASHES,
    LOG,
    ORIGIN,
    STRANGER,
    WITNESS,
    Signer,
    growth,
    note_of,
)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "state")


def test_it_cosigns_what_continues(desk: Desk) -> None:
    for old, size in ((0, 5), (5, 9), (9, 13)):
        status, lines = desk.post(growth(old, size))
        assert status == 200
        assert cosigned(note_of(size), lines) == [LOG.public, KEY.public]
        assert desk.kept == size
    assert desk.alarms == []


def test_a_heartbeat_is_a_new_cosignature_of_the_same_checkpoint(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    times: list[int | None] = []
    for now in (1_700_000_000.5, 1_700_000_060.5, 1_600_000_000.0):
        monkeypatch.setattr("time.time", lambda now=now: now)
        status, line = desk.post(growth(5 if times else 0, 5))
        assert status == 200
        times.append(cosigned_at(Note.parse(note_of(5) + line.encode()), KEY.public))
    # The clock went back; what was said of a later time is not contradicted.
    assert times == [1_700_000_000, 1_700_000_060, 1_700_000_060]


def test_what_it_kept_is_given_to_whoever_asks(desk: Desk) -> None:
    path = f"/{sha256(ORIGIN.encode()).hexdigest()}/checkpoint"
    assert desk.witness.answer(Request("GET", path, b"")).status == 404
    _, line = desk.post(growth(0, 5))
    status, note, _ = desk.witness.answer(Request("GET", path, b""))
    assert (status, note) == (200, note_of(5) + line.encode())
    assert desk.witness.answer(Request("POST", path, b"")).status == 405
    assert desk.witness.answer(Request("GET", "/add-checkpoint", b"")).status == 405
    assert desk.witness.answer(Request("GET", path.replace("/", "/0", 1), b"")).status == 404


def test_the_size_it_knows_has_a_type_of_its_own(desk: Desk) -> None:
    desk.post(growth(0, 5))
    assert desk.witness.add_checkpoint(growth(3, 9)).content_type == "text/x.tlog.size"
    assert desk.witness.add_checkpoint(b"").content_type.startswith("text/plain")


def test_logs_of_strangers(desk: Desk) -> None:
    empty = signed(str(Checkpoint(ORIGIN, 0, EMPTY_ROOT)))
    assert desk.post(body(0, empty))[0] == 200
    text = f"{Checkpoint(ORIGIN, 5, root_of(HASHES[:5]))}an extension\nand one\n"
    many = [Signature(f"w{n}.example", b"1234", bytes(4_900)) for n in range(60)]
    note = str(Note(text, [*many, LOG.sign(text)])).encode()
    assert len(note) < MOST_BYTES
    status, line = desk.post(body(0, note))
    assert status == 200
    (signature,) = Note.parse(note + line.encode()).signatures[61:]
    time = int.from_bytes(signature.signed[:8], "big")
    KEY.cosigned(text, time)
    assert signature == KEY.cosigned(text, time)
    # Of the strangers' lines nothing is kept: they were not checked.
    kept = desk.witness.last(sha256(ORIGIN.encode()).hexdigest()).body
    assert [one.name for one in Note.parse(kept).signatures] == [ORIGIN, KEY.name]


def test_a_log_that_changes_its_key_goes_on(desk: Desk) -> None:
    assert desk.post(growth(0, 5))[0] == 200
    text = str(Checkpoint(ORIGIN, 9, root_of(HASHES[:9])))
    line = Signature(ORIGIN, ROTATED.key_id, STRANGER.key.sign(text.encode()))
    note = str(Note(text, [line])).encode()
    assert desk.post(growth(5, 9).replace(note_of(9), note))[0] == 200


def test_two_at_once_are_answered_as_if_one_came_after_the_other(desk: Desk) -> None:
    desk.post(growth(0, 5))
    sizes = [6, 7, 8, 9, 10, 11, 12, 13] * 2
    answers: list[tuple[int, int]] = []
    at_once = threading.Barrier(len(sizes))

    def submit(size: int) -> None:
        at_once.wait()
        answers.append((desk.post(growth(5, size))[0], size))

    threads = [threading.Thread(target=submit, args=(size,)) for size in sizes]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    taken = [size for status, size in answers if status == 200]
    assert len(taken) == 1
    assert {status for status, _ in answers} == {200, 409}
    assert desk.kept == taken[0]


def test_what_cannot_be_kept_is_not_cosigned(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.post(growth(0, 5))

    def fails(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", fails)
        status, said = desk.post(growth(5, 9))
    assert (status, "—" in said) == (500, False)
    assert desk.kept == 5
    assert desk.post(growth(5, 9))[0] == 200


def test_a_witness_that_dies_between_keeping_and_answering(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.post(growth(0, 5))
    put = KeptCheckpoint.put

    def dies(self: KeptCheckpoint, note: bytes) -> None:
        put(self, note)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(KeptCheckpoint, "put", dies)
        with pytest.raises(KeyboardInterrupt):
            desk.post(growth(5, 9))
    assert desk.kept == 9
    assert desk.post(growth(5, 9)) == (409, "9\n")
    assert desk.post(growth(9, 9))[0] == 200
    assert desk.alarms == []


@pytest.mark.parametrize("kept", [b"", b"nonsense", note_of(5, origin="example.org/other")])
def test_a_state_that_is_none_is_not_taken_for_no_state(desk: Desk, kept: bytes) -> None:
    desk.post(growth(0, 5))
    (path,) = desk.folder.glob("*.checkpoint")
    path.write_bytes(kept)
    assert desk.post(growth(0, 9))[0] == 500
    assert path.read_bytes() == kept
    with pytest.raises(ProofError, match="nothing is cosigned"):
        desk.open()


def test_what_speaks_against_a_log_is_kept(desk: Desk) -> None:
    desk.post(growth(0, 5))
    desk.post(body(5, another_past(5)))
    desk.post(growth(3, 4))
    assert [path.read_bytes() for path in desk.folder.glob("*.fork")] == [another_past(5)]
    assert [path.read_bytes() for path in desk.folder.glob("*.rollback")] == [note_of(4)]


class Clock:
    """A clock that stands still until it is told."""

    now = 1_700_000_000.0

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now


def test_a_checkpoint_that_does_not_come(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr("infrastructure.witness.time", clock)
    desk.open()
    told = []
    for step, comes in ((60, False), (1, False), (60, False), (0, True), (60, False), (1, False)):
        clock.now += step
        if comes:
            desk.post(growth(0, 5))
        desk.witness.look_for_absent(60)
        told.append(len(desk.alarms))
    assert told == [0, 1, 1, 1, 1, 2]
    assert str(desk.alarms[0]) == (f"alarm: absence of {ORIGIN}: no checkpoint came for 60 seconds")


def test_whom_it_does_not_witness_for(tmp_path: Path) -> None:
    own = VerifierKey("example.com/log", ED25519, KEY.public.public)
    for text, sentence in ((f"log {own}\nquorum none\n", "own key"), ("quorum none\n", "no log")):
        with pytest.raises(ProofError, match=sentence):
            Witness(KEY, Policy.parse(text.encode()), tmp_path, print)
    (tmp_path / "file").touch()
    with pytest.raises(ProofError, match="cannot keep checkpoints"):
        Witness(KEY, POLICY, tmp_path / "file", print)


def test_an_origin_may_be_longer_than_a_files_name(tmp_path: Path) -> None:
    origin = f"example.com/{'a' * 400}"
    log = Signer(origin)
    policy = Policy.parse(f"log {log.public}\nquorum none\n".encode())
    witness = Witness(KEY, policy, tmp_path, print)
    assert witness.add_checkpoint(body(0, note_of(5, log, origin=origin))).status == 200


def test_it_is_asked_by_http(desk: Desk) -> None:
    with Served(desk.witness.answer, most_bytes=MOST_BYTES) as served:
        status, line, content_type = served.ask("POST", "/add-checkpoint", growth(0, 5))
        assert (status, content_type) == (200, "text/plain; charset=utf-8")
        assert cosigned(note_of(5), line.decode()) == [LOG.public, KEY.public]
        assert served.ask("POST", "/add-checkpoint", growth(0, 5)) == (
            409,
            b"5\n",
            "text/x.tlog.size",
        )
        hostile = b"old 5\n" + b"A" * (MOST_BYTES - 6)
        assert served.ask("POST", "/add-checkpoint", hostile)[0] == 400
        assert served.ask("POST", "/add-checkpoint", b"a" * (MOST_BYTES + 1))[0] == 413
        assert served.ask("POST", "/add-checkpoint/", growth(5, 9))[0] == 404
    assert desk.kept == 5


def test_the_signer_of_the_tests_and_the_witness_key_make_the_same() -> None:
    assert WITNESS.public.kind == KEY.public.kind == COSIGNATURE
    key = WitnessKey("witness.example/w1", sha256(b"witness.example/w1").digest())
    assert key.public == WITNESS.public
    text = Note.parse(note_of(5)).text
    assert key.cosigned(text, 1679315147) == WITNESS.sign(text)
