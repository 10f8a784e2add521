"""`checkpoint --witness`: cosignatures are gathered, checked, and missed where they are needed."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from event_logger import EventLogger
from infrastructure.cosigning import WitnessKey
from infrastructure.http_server import Request, Response
from infrastructure.witness import MOST_BYTES, Witness
from projections.checkpoint import Note, VerifierKey
from projections.policy import Policy, cosigned_at
from projections.witnessing import Alarm
from tests.commands import Done, run
from tests.http_service import Served
from tests.support import HOUR, log_amounts, url_of


class Desk:
    """A log, its owner's key, and witnesses that know it."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        self._stack = stack
        self.url, self.key = url_of(folder / "runs.db"), str(folder / "key")
        self.vkey = (folder / "vkey").read_text()
        self.out = folder / "out"
        self.alarms: list[Alarm] = []
        self.asked: list[Request] = []

    def log(self, *amounts: int) -> None:
        with EventLogger(store=self.url) as logger:
            log_amounts(logger, *amounts)

    def witness(self, name: str) -> tuple[str, VerifierKey]:
        """The URL and the key of one that serves."""
        key = WitnessKey(name, (name * 32).encode()[:32])
        logs = Policy.parse(f"log {self.vkey}\nquorum none\n".encode())
        witness = Witness(key, logs, self.folder / name, self.alarms.append)

        def answer(request: Request) -> Response:
            self.asked.append(request)
            return witness.answer(request)

        return self.served(answer), key.public

    def served(self, answer: Callable[[Request], Response]) -> str:
        return self._stack.enter_context(Served(answer, most_bytes=MOST_BYTES)).url

    def policy(self, *lines: str) -> str:
        path = self.folder / "policy"
        path.write_text("\n".join([f"log {self.vkey}", *lines, ""]))
        return str(path)

    def checkpoint(self, *arguments: str, code: int = 0) -> Done:
        files = ("--store", self.url, "--key", self.key, "-o", str(self.out))
        return run("checkpoint", *files, *arguments, code=code)

    @property
    def note(self) -> Note:
        return Note.parse(self.out.read_bytes())

    @property
    def olds(self) -> list[str]:
        """The old sizes that the witnesses were told since this was asked last."""
        olds = [one.body.decode().split("\n")[0] for one in self.asked]
        self.asked.clear()
        return olds


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("desk")
    url, key = url_of(folder / "runs.db"), str(folder / "key")
    with EventLogger(store=url) as logger:
        log_amounts(logger, 1, 2, 3)
    run("key", "new", key, "--prefix", "example.com/desk1")
    vkey = run("key", "show", key, "--store", url).stdout.strip()
    (folder / "vkey").write_text(vkey)
    return folder


@pytest.fixture
def desk(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    monkeypatch.setenv("EVENT_LOGGER_CHECKPOINTS", str(tmp_path / "kept"))
    monkeypatch.delenv("EVENT_LOGGER_KEY", raising=False)
    with ExitStack() as stack:
        yield Desk(tmp_path, stack)


def test_a_log_grows_before_its_witnesses(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    (one, one_key), (two, two_key) = desk.witness("w1"), desk.witness("w2")
    policy = desk.policy(
        f"witness a {one_key} {one}", f"witness b {two_key} {two}/", "group g all a b", "quorum g"
    )
    desk.checkpoint("--policy", policy)
    assert desk.olds == ["old 0", "old 0"]
    assert [line.name for line in desk.note.signatures] == [
        desk.vkey.split("+")[0],
        "w1",
        "w2",
    ]
    done = run("verify", "--checkpoint", str(desk.out), "--policy", policy)
    assert "the quorum g of the policy is reached" in done.stdout
    desk.log(4, 5)
    desk.checkpoint("--policy", policy)
    assert desk.olds == ["old 4", "old 4"]
    run("verify", "--checkpoint", str(desk.out), "--policy", policy)
    # A heartbeat: the same checkpoint, cosigned at a later time.
    before = desk.note
    monkeypatch.setattr("time.time", lambda: 2_000_000_000.0)
    desk.checkpoint("--policy", policy)
    assert desk.olds == ["old 6", "old 6"]
    assert desk.note.text == before.text
    assert cosigned_at(desk.note, one_key) == 2_000_000_000
    assert desk.alarms == []


def test_a_witness_is_named_by_its_url_alone(desk: Desk) -> None:
    (one, _), (two, _) = desk.witness("w1"), desk.witness("w2")
    done = desk.checkpoint("--witness", one, "--witness", two, "--witness", one)
    assert "the cosignatures were not checked" in done.stderr
    assert len(desk.note.signatures) == 3


def test_a_witness_that_was_asked_from_elsewhere_tells_its_size(desk: Desk) -> None:
    url, _ = desk.witness("w1")
    desk.checkpoint("--witness", url)
    for path in (desk.folder / "kept").glob("*.size"):
        path.unlink()
    desk.log(4)
    desk.checkpoint("--witness", url)
    assert desk.olds == ["old 0", "old 0", "old 4"]
    for path in (desk.folder / "kept").glob("*.size"):
        path.write_text("nonsense")
    desk.checkpoint("--witness", url)
    assert desk.olds == ["old 0", "old 5"]
    assert desk.alarms == []


def test_a_quorum_is_enough(desk: Desk) -> None:
    url, key = desk.witness("w1")
    other = VerifierKey("w2", key.kind, b"2" * 32)
    policy = desk.policy(
        f"witness a {key} {url}",
        f"witness b {other} http://127.0.0.1:1",
        "group g any a b",
        "quorum g",
    )
    done = desk.checkpoint("--policy", policy)
    assert "the witness http://127.0.0.1:1 does not answer: Connection refused" in done.stderr
    desk.out.write_bytes(b"former")
    done = desk.checkpoint("--policy", desk.policy(
        f"witness a {key} {url}",
        f"witness b {other} http://127.0.0.1:1",
        "group g all a b",
        "quorum g",
    ), code=1)  # fmt: skip
    assert "is not cosigned by the quorum 'g': the witness http://127.0.0.1:1" in done.stderr
    assert desk.out.read_bytes() == b"former"
    done = desk.checkpoint("--policy", desk.policy(f"witness b {other}", "quorum b"), code=1)
    assert "names no URL of those that are missing" in done.stderr
    desk.checkpoint("--policy", desk.policy("quorum none"))


def test_a_policy_of_another_log(desk: Desk) -> None:
    url, key = desk.witness("w1")
    path = desk.folder / "policy"
    another = VerifierKey("example.com/x", 1, b"x" * 32)
    path.write_text(f"log {another}\nwitness a {key} {url}\nquorum a\n")
    done = desk.checkpoint("--policy", str(path), code=1)
    assert f"{path} names no log with the key {desk.vkey}" in done.stderr
    assert not list((desk.folder / "kept").glob("*.checkpoint"))
    public_of_log = VerifierKey.parse(desk.vkey).public
    path.write_text(f"witness a {VerifierKey('w', 4, public_of_log)} {url}\nquorum a\n")
    done = desk.checkpoint("--policy", str(path), code=1)
    assert "no log is its own witness" in done.stderr
    assert desk.asked == []


def test_a_log_that_was_put_back_is_told_by_its_witness(desk: Desk) -> None:
    url, _ = desk.witness("w1")
    backup = desk.folder / "backup.db"
    run("backup", str(backup), "--store", desk.url)
    desk.log(4, 5)
    desk.checkpoint("--witness", url)
    # Whoever puts back the store may put back what was kept beside it.
    for path in (desk.folder / "kept").iterdir():
        path.unlink()
    desk.url = url_of(backup)
    done = desk.checkpoint("--witness", url, code=1)
    assert "has cosigned 6 leaves of this log, which now has 4: the log was restored" in done.stderr
    assert [(one.kind, one.size) for one in desk.alarms] == [("rollback", 4)]
    with EventLogger(store=desk.url) as logger:
        for amount in (7, 8, 9):
            logger.log_event(HOUR, "LOAN_CREATED", "BINANCE", "ETH", amount)
    done = desk.checkpoint("--witness", url, code=1)
    assert "did not cosign 7 leaves: 422" in done.stderr
    assert [(one.kind, one.size) for one in desk.alarms][1:] == [("fork", 7)]


def test_what_is_no_url_of_a_witness(desk: Desk) -> None:
    done = desk.checkpoint("--witness", "http://u:secret@x/", code=1)
    assert "write it as http://host:port" in done.stderr
    assert "secret" not in done.stderr
    assert not (desk.folder / "kept").exists()
