"""The command `serve`: where it listens, what it needs, and how it ends."""

from __future__ import annotations

import importlib.util
import signal
import socket
from pathlib import Path

import httpx
import pytest

from tests.commands import run, start
from tests.support import PATIENCE


def test_it_ends_at_a_signal_with_a_stream_open_and_the_logs_untouched(store: str) -> None:
    before = Path(store.removeprefix("sqlite:///")).read_bytes()
    with start("serve", "--store", store, "--port", "0") as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        address = line.split()[-1]
        assert address.startswith("http://127.0.0.1:")
        with httpx.stream("GET", f"{address}board/stream?log=desk", timeout=PATIENCE) as stream:
            parts = stream.iter_text()
            seen = next(parts)
            while '"board"' not in seen:
                seen += next(parts)
            process.send_signal(signal.SIGTERM)
            for _ in parts:
                continue
        out, err = process.communicate(timeout=PATIENCE)
        assert (process.returncode, out, err) == (0, "", "")
    assert Path(store.removeprefix("sqlite:///")).read_bytes() == before


@pytest.mark.parametrize(
    ("command", "lacking"),
    [(("serve",), "uvicorn"), (("report", "--log", "run", "-o", "report.html"), "jinja2")],
)
def test_what_is_not_installed_is_said_with_the_way_to_install_it(
    store: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: tuple[str, ...],
    lacking: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    there = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == lacking else there(name)
    )
    said = run(*command, "--store", store, code=1).stderr
    assert said.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
    assert "pip install 'PATH/TO/THIS/CHECKOUT[web]'" in said


def test_a_place_where_nothing_can_listen_is_said(store: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        said = run("serve", "--store", store, "--port", port, code=1).stderr
    assert f"with --port {port} cannot be listened on: " in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--host", "0.0.0.0"), "there a token is needed"),
        (("--token-file", "/no/such/file"), "/no/such/file cannot be read"),
    ],
)
def test_what_would_not_be_safe_is_refused(
    store: str, arguments: tuple[str, ...], said: str
) -> None:
    assert said in run("serve", "--store", store, *arguments, code=1).stderr


def test_a_store_that_is_not_there_is_said(tmp_path: Path) -> None:
    said = run("serve", "--store", f"sqlite:///{tmp_path / 'no.db'}", code=1).stderr
    assert "there is no file" in said
