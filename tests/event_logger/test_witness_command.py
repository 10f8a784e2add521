"""`witness` as a process: it listens, says what is alarming, ends when told, and outlives kills."""

from __future__ import annotations

import http.client
import json
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from tests.commands import run, start
from tests.projections.test_verification import LOG, ORIGIN, growth, note_of
from tests.redis_server import RedisServer, Subscriber, eventually


class Place:
    """What a witness is started with."""

    def __init__(self, folder: Path) -> None:
        self.key, self.policy = str(folder / "key"), str(folder / "policy")
        self.state = folder / "state"
        run("key", "new", self.key, "--witness", "witness.example/w1")
        Path(self.policy).write_text(f"log {LOG.public}\nquorum none\n")

    def arguments(self, *more: str, listen: str = "127.0.0.1:0") -> tuple[str, ...]:
        files = ("--policy", self.policy, "--key", self.key, "--state", str(self.state))
        return ("witness", "--listen", listen, *files, *more)

    @contextmanager
    def started(self, *more: str) -> Iterator[Running]:
        with start(*self.arguments(*more)) as process:
            yield Running(process)


class Running:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        assert process.stderr is not None
        said = process.stderr.readline()
        listening = re.fullmatch(r"witness listening on http://127\.0\.0\.1:(\d+)\n", said)
        assert listening, said + process.stderr.read()
        self.port = int(listening[1])

    def post(self, body: bytes) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("POST", "/add-checkpoint", body)
        with closing(connection), connection.getresponse() as answer:
            return answer.status

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        self.process.send_signal(number)
        out, _ = self.process.communicate(timeout=60)
        return self.process.returncode, out


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_it_says_what_is_alarming_and_ends_when_told(place: Place, server: RedisServer) -> None:
    absence = {"kind": "absence", "origin": ORIGIN, "size": None}
    absence |= {"message": "no checkpoint came for 0.1 seconds"}
    rollback = {"kind": "rollback", "origin": ORIGIN, "size": 4}
    rollback |= {"message": "a checkpoint of 4 leaves came after one of 5"}
    subscriber = Subscriber(server)
    with place.started("--json", "--expect", "0.1", "--redis", server.url) as witness:
        assert witness.process.stdout is not None
        assert json.loads(witness.process.stdout.readline()) == absence
        assert witness.post(growth(0, 5)) == 200
        assert witness.post(growth(3, 4)) == 409
        code, out = witness.end()
    assert code == 1
    assert rollback in [json.loads(line) for line in out.splitlines()]
    eventually(lambda: ("events:alarm", rollback) in subscriber.listen())
    assert ("events:alarm", absence) in subscriber.heard
    subscriber.close()


def test_it_is_killed_at_any_moment_and_knows_what_it_cosigned(place: Place) -> None:
    with place.started() as witness:
        assert witness.post(growth(0, 5)) == 200
        connection = http.client.HTTPConnection("127.0.0.1", witness.port, timeout=60)
        connection.request("POST", "/add-checkpoint", growth(5, 9))
        witness.process.kill()
        with suppress(OSError, http.client.HTTPException):
            connection.getresponse()
        connection.close()
    with place.started("--exit-on-alarm") as witness:
        assert witness.post(growth(0, 13)) == 409
        assert [witness.post(growth(old, 13)) for old in (5, 9)] in ([200, 409], [409, 200])
        assert witness.post(growth(3, 4)) == 409
        out, _ = witness.process.communicate(timeout=60)
    assert witness.process.returncode == 1
    assert out == f"alarm: rollback of {ORIGIN}: a checkpoint of 4 leaves came after one of 13\n"


def test_what_keeps_it_from_listening(place: Place, tmp_path: Path) -> None:
    owner = str(tmp_path / "owner")
    run("key", "new", owner, "--prefix", "example.com/desk1")
    done = run(*place.arguments("--key", owner), code=1)
    assert "no log is its own witness: make a key that cosigns" in done.stderr
    for address in ("", "8080", "127.0.0.1", "127.0.0.1:", ":1", "127.0.0.1:65536", "a:-1", "a:x"):
        assert "is no address" in run(*place.arguments(listen=address), code=2).stderr
    done = run(*place.arguments(listen="192.0.2.1:0"), code=1)
    assert "listen 192.0.2.1:0 cannot be had: " in done.stderr
    Path(place.policy).write_text("quorum none\n")
    assert "names no log" in run(*place.arguments(), code=1).stderr
    Path(place.policy).write_text("quorum\n")
    assert f"{place.policy} cannot be used: line 1" in run(*place.arguments(), code=1).stderr
    assert run(*place.arguments("--redis", "nonsense"), code=1).stderr.startswith(
        "event-logger: redis "
    )


def test_the_key_of_a_witness(place: Place, tmp_path: Path) -> None:
    line = run("key", "show", place.key).stdout
    assert re.fullmatch(r"witness\.example/w1\+[0-9a-f]{8}\+B[A-Za-z0-9+/=]+\n", line)
    assert Path(place.key).stat().st_mode & 0o777 == 0o600
    held = tmp_path / "held"
    held.write_bytes(note_of(5))
    done = run("verify", "--checkpoint", str(held), "--vkey", line.strip(), code=1)
    assert "is a cosigner's, and signs for no log" in done.stderr
    done = run("checkpoint", "--store", "sqlite:///x.db", "--key", place.key, code=1)
    assert "is a witness' key, which cosigns and signs for no log" in done.stderr
    assert "is there already" in run("key", "new", place.key, "--witness", "a", code=1).stderr
    new = ("key", "new", str(tmp_path / "other"))
    for arguments in ((), ("--witness", "a", "--prefix", "b")):
        assert "give one of the two" in run(*new, *arguments, code=2).stderr
    assert "write it as witness.example.com/w1" in run(*new, "--witness", "a b", code=1).stderr
