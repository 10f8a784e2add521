"""`checkpoint --every`: goes on until it is told to stop, and live loggers' witnesses are asked."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from event_logger import EventLogger, ProofError
from infrastructure.audit_logs import AuditLogs
from infrastructure.cosigning import WitnessKey
from infrastructure.followers.checkpointer import Checkpointer, Pace
from infrastructure.http_server import Request, Response
from infrastructure.signing import read_key
from infrastructure.witness import MOST_BYTES, Witness
from infrastructure.witness_client import Asked
from projections.checkpoint import VerifierKey
from projections.policy import Policy, cosigned_at
from tests.commands import Done, invoke, run
from tests.event_logger.test_cosigned_checkpoints import Desk, made  # noqa: F401
from tests.http_service import Served
from tests.redis_server import eventually
from tests.support import log_amounts


@pytest.fixture
def desk(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:  # noqa: F811
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    monkeypatch.setenv("EVENT_LOGGER_CHECKPOINTS", str(tmp_path / "kept"))
    monkeypatch.delenv("EVENT_LOGGER_KEY", raising=False)
    with ExitStack() as stack:
        yield Desk(tmp_path, stack)


def running(desk: Desk, meanwhile: Callable[[], None], *arguments: str, code: int = 0) -> Done:
    """Run the command while something else happens, after which it is told to stop."""

    def then_stop() -> None:
        try:
            meanwhile()
        finally:
            os.kill(os.getpid(), signal.SIGTERM)

    with ThreadPoolExecutor(1) as pool:
        told = pool.submit(then_stop)
        done = run("checkpoint", "--store", desk.url, "--key", desk.key, *arguments, code=code)
        told.result()
    return done


def size_in(path: Path) -> int:
    """The size of the checkpoint in a file; 0 where there is none yet."""
    return int(path.read_text().splitlines()[1]) if path.exists() else 0


def test_a_file_has_the_last_checkpoint_and_the_very_last_when_it_ends(desk: Desk) -> None:
    heartbeats = set()

    def beats() -> bool:
        heartbeats.add(desk.note.signatures[-1])
        return len(heartbeats) > 2

    def meanwhile() -> None:
        eventually(lambda: size_in(desk.out) == 4)
        eventually(beats)
        desk.log(4, 5)

    done = running(
        desk, meanwhile, "--every", "3600", "--heartbeat", "0.01", "-o", str(desk.out)
    )  # fmt: skip
    assert size_in(desk.out) == 6
    assert done.stdout == ""
    assert done.stderr == f"signing log 'default' of {desk.url}\n"
    assert [one.name.rpartition("/")[2] for one in desk.note.signatures][1:] == ["heartbeat"]
    run("verify", "--checkpoint", str(desk.out), "--store", desk.url, "--vkey", desk.vkey)


def test_it_signs_after_so_long_or_so_many(desk: Desk) -> None:
    def grows() -> None:
        eventually(lambda: size_in(desk.out) == 4)
        desk.log(4)
        eventually(lambda: size_in(desk.out) == 5)

    running(desk, grows, "--every", "0.01", "-o", str(desk.out))
    desk.out.unlink()

    def grows_much() -> None:
        eventually(lambda: size_in(desk.out) == 5)
        desk.log(5, 6, 7)
        eventually(lambda: size_in(desk.out) == 8)

    running(desk, grows_much, "--every-entries", "3", "-o", str(desk.out))


@pytest.mark.parametrize("how", [("-o", "-"), (), ("--json",)])
def test_standard_output_is_told_each(desk: Desk, how: tuple[str, ...]) -> None:
    def meanwhile() -> None:
        kept = desk.folder / "kept"
        eventually(lambda: kept.exists() and any(size_in(one) for one in kept.glob("*.checkpoint")))
        desk.log(4, 5)

    done = running(desk, meanwhile, "--every", "3600", *how)
    if how == ("--json",):
        notes = [json.loads(line)["note"] for line in done.stdout.splitlines()]
    else:
        parts = done.stdout.split("\n\n")
        assert parts.pop() == ""
        notes = [f"{text}\n\n{lines}\n" for text, lines in zip(*[iter(parts)] * 2, strict=True)]
    assert [int(one.splitlines()[1]) for one in notes] in ([4, 6], [6])
    for one in notes:
        desk.out.write_text(one)
        run("verify", "--checkpoint", str(desk.out), "--store", desk.url, "--vkey", desk.vkey)


def test_a_witness_that_is_away_is_said_and_asked_again(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    """Until the quorum of the policy has cosigned one, no checkpoint is given out."""
    away = socket.create_server(("127.0.0.1", 0))
    port = away.getsockname()[1]
    away.close()
    key = WitnessKey("w1", b"w1" * 16)
    policy = desk.policy(f"witness a {key.public} http://127.0.0.1:{port}", "quorum a")
    answers: list[bool] = []

    def meanwhile() -> None:
        eventually(lambda: "does not answer: Connection refused" in caplog.text)
        answers.append(desk.out.exists())
        with served_at(desk, key, port):
            eventually(lambda: size_in(desk.out) == 4)

    done = running(desk, meanwhile, "--every", "0.05", "--policy", policy, "-o", str(desk.out))
    assert answers == [False]
    assert done.stderr.count("does not answer: Connection refused") == 1
    assert "log 'default' goes on, and it is asked again" in done.stderr
    run("verify", "--checkpoint", str(desk.out), "--policy", policy)
    assert cosigned_at(desk.note, key.public)
    nowhere = desk.policy(f"witness a {key.public}", "quorum a")
    done = run("checkpoint", "--store", desk.url, "--key", desk.key, "--every", "1", "--policy",
               nowhere, code=1)  # fmt: skip
    assert "names no URL of those that its quorum 'a' needs" in done.stderr


def test_one_witness_at_two_urls_signs_once(desk: Desk) -> None:
    url, _ = desk.witness("w1")
    both = ("--witness", url, "--witness", url.replace("127.0.0.1", "localhost"))

    def meanwhile() -> None:
        eventually(lambda: len(desk.asked) > 1)
        eventually(lambda: len(desk.note.signatures) > 2)

    running(desk, meanwhile, "--every", "1", *both, "-o", str(desk.out))
    assert "w1" in [one.name for one in desk.note.signatures]


def served_at(desk: Desk, key: WitnessKey, port: int) -> Served:
    logs = Policy.parse(f"log {desk.vkey}\nquorum none\n".encode())
    witness = Witness(key, logs, desk.folder / "state", desk.alarms.append)
    return Served(witness.answer, most_bytes=MOST_BYTES, port=port)


def test_a_witness_that_hangs_holds_nobody_up(desk: Desk) -> None:
    let_go, asked = threading.Event(), threading.Event()

    def hangs(request: Request) -> Response:
        asked.set()
        let_go.wait()
        return Response(503, b"\n")

    said: list[int] = []

    class Outlet:
        def publish(self, log: str, message: dict[str, int]) -> None:
            said.append(message["size"])

        def close(self) -> None: ...

    url = desk.served(hangs)
    with AuditLogs(desk.url) as logs:
        log = logs.get("default")
        key = read_key(desk.key)
        one = Checkpointer(
            logs.store, log, key, [Outlet()], Pace(0.01), [Asked(url)], is_alone=True
        )
        one.start()
        eventually(asked.is_set)
        desk.log(4, 5)
        eventually(lambda: said[-1:] == [6])
        # Nor anybody else who signs for the log.
        run("checkpoint", "--store", desk.url, "--key", desk.key, "-o", str(desk.out))
        one.stop()
        let_go.set()
    assert size_in(desk.out) == 6


def test_the_witnesses_of_a_live_logger_are_those_of_the_environments_policy(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path}/live.db"
    monkeypatch.setenv("EVENT_LOGGER_CHECKPOINT_SECONDS", "0.01")
    with EventLogger("live", store=url, redis=False) as logger:
        log_amounts(logger, 1)
    line = run("key", "show", desk.key, "--store", url).stdout.strip()
    desk.vkey = line
    witness, key = desk.witness("w1")
    path = Path(desk.policy(f"witness a {key} {witness}", "quorum a"))
    monkeypatch.setenv("EVENT_LOGGER_KEY", desk.key)
    monkeypatch.setenv("EVENT_LOGGER_POLICY", str(path))
    with EventLogger("live", store=url, redis=False) as logger:
        log_amounts(logger, 2)
        eventually(lambda: [one for one in desk.asked if b"\n3\n" in one.body])
    before = Path(tmp_path / "live.db").read_bytes()
    own = VerifierKey("w", 4, VerifierKey.parse(line).public)
    for text, problem in (
        (f"witness a {own} {witness}\nquorum a\n", "no log is its own witness"),
        (f"witness a {key} nonsense\nquorum a\n", "write it as http://host:port"),
        ("quorum\n", "line 1"),
    ):
        path.write_text(text)
        with pytest.raises(ProofError, match=problem):
            EventLogger("live", store=url, redis=False)
    assert Path(tmp_path / "live.db").read_bytes() == before


def test_what_was_tampered_with_meanwhile_is_said_and_ends_in_one(desk: Desk) -> None:
    def meanwhile() -> None:
        eventually(lambda: size_in(desk.out) == 4)
        with sqlite3.connect(desk.folder / "runs.db") as connection:
            connection.execute("UPDATE stored_events SET committed_at=1 WHERE originator_version=2")
        connection.close()
        desk.log(4)

    done = running(desk, meanwhile, "--every", "3600", "-o", str(desk.out), code=1)
    assert "has other entries, and the checkpoint of 4 leaves" in done.stderr
    assert size_in(desk.out) == 4


def test_what_it_refuses(desk: Desk) -> None:
    files = ("checkpoint", "--store", desk.url, "--key", desk.key)
    assert "is missing" in run(*files, "--heartbeat", "1", code=2).stderr
    assert "is missing" in run(*files, "--json", code=2).stderr
    run(*files, "--every", "0", code=2)
    run(*files, "--every", "nan", code=2)
    assert "it is a folder" in run(*files, "--every", "1", "-o", str(desk.folder), code=1).stderr
    nowhere = str(desk.folder / "no" / "file")
    assert "create it first" in run(*files, "--every", "1", "-o", nowhere, code=1).stderr
    assert not (desk.folder / "kept").exists()
    memory = ("checkpoint", "--store", ":memory:", "--key", desk.key)
    for more in ((), ("--every", "1")):
        assert "dies with its process" in run(*memory, *more, code=1).stderr


@pytest.mark.parametrize("every", [(), ("--every", "1")])
def test_nothing_is_written_over_a_store_or_a_secret_key(
    desk: Desk, every: tuple[str, ...]
) -> None:
    files = ("--store", desk.url, "--key", desk.key)
    for path, problem in (
        (desk.folder / "runs.db", "it is the store of this log"),
        (Path(desk.key), "it is a secret key"),
    ):
        before = path.read_bytes()
        done = run("checkpoint", *files, *every, "-o", str(path), code=1)
        assert problem in done.stderr
        for command in (("prove", "1"), ("prove", "--since", str(desk.out))):
            assert problem in run(*command, *files, "-o", str(path), code=1).stderr
        show = ("key", "show", desk.key, "--store", desk.url)
        assert problem in run(*show, "-o", str(path), code=1).stderr
        assert path.read_bytes() == before
    assert not (desk.folder / "kept").exists()


def test_a_reader_that_goes_away_ends_it(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object) -> None:
        raise BrokenPipeError

    monkeypatch.setattr("infrastructure.files.replaced_file._standard_output", gone)
    result = invoke(["checkpoint", "--store", desk.url, "--key", desk.key, "--every", "1"])
    assert result.exit_code == 0
