"""The service unit and the container files of the manual: what they run, run here."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from event_logger import EventLogger
from tests.redis_server import RedisServer, eventually
from tests.support import HOUR, PATIENCE, ROOT, url_of

UNIT = ROOT / "docs/systemd/event-logger-notify.service"
DOCKERFILE = ROOT / "docs/container/Dockerfile"
COMPOSE = ROOT / "docs/container/compose.yaml"


def unit() -> dict[str, dict[str, list[str]]]:
    """The unit's sections, each key with all its values."""
    sections: dict[str, dict[str, list[str]]] = {}
    section: dict[str, list[str]] = {}
    for line in UNIT.read_text().splitlines():
        if heading := re.fullmatch(r"\[(\w+)\]", line):
            section = sections.setdefault(heading[1], {})
        elif line:
            key, equals, value = line.partition("=")
            assert equals, line
            section.setdefault(key, []).append(value)
    return sections


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions and their arguments."""
    return re.findall(r"^([A-Z]+) (.+)$", DOCKERFILE.read_text(), re.MULTILINE)


def environment() -> dict[str, str]:
    given = dict(value.split("=", 1) for value in unit()["Service"]["Environment"])
    return {name: value for name, value in given.items() if name.startswith("EVENT_LOGGER_")}


def contained(name: str) -> str:
    return dict(instructions())[name]


def of_the_compose_file() -> list[str]:
    (command,) = re.findall(r"command: (\[\"notify.*\])", COMPOSE.read_text())
    return [*json.loads(contained("ENTRYPOINT")), *json.loads(command)]


def of_the_image() -> list[str]:
    return [*json.loads(contained("ENTRYPOINT")), *json.loads(contained("CMD"))]


def of_the_unit() -> list[str]:
    (line,) = unit()["Service"]["ExecStart"]
    return shlex.split(line)


@contextmanager
def running(command: list[str], folder: Path, redis: str) -> Iterator[subprocess.Popen[str]]:
    """The command as a process, its program, store and Redis being those of the test."""
    program, *arguments = command
    assert Path(program).name == "event-logger"
    for i, argument in enumerate(arguments):
        if argument.startswith("redis://"):
            arguments[i] = redis
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "event_logger.cli", *arguments],
        cwd=folder,
        env=os.environ
        | {"PYTHONPATH": str(ROOT), "EVENT_LOGGER_REDIS": redis}
        | {"EVENT_LOGGER_STORE": url_of(folder / "live.db")},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    ("command", "prefix"),
    [(of_the_unit(), "strategy:"), (of_the_image(), ""), (of_the_compose_file(), "")],
    ids=["unit", "image", "compose"],
)
def test_the_command_publishes_what_is_committed_and_ends_at_its_stop_signal(
    tmp_path: Path, server: RedisServer, command: list[str], prefix: str
) -> None:
    def log() -> EventLogger:
        return EventLogger("live", store=url_of(tmp_path / "live.db"), log="strategy", redis=False)

    with log() as logger:
        logger.log_price_update(HOUR, "BINANCE", "ETH", 2931.5)
        with running(command, tmp_path, server.url) as process:
            eventually(lambda: len(server.streamed(prefix)) == 1)
            logger.log_price_update(HOUR, "BINANCE", "ETH", 2932.5)
            eventually(lambda: len(server.streamed(prefix)) == 2)
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE) == 0


def test_the_unit_is_one_that_systemd_takes() -> None:
    sections = unit()
    assert list(sections) == ["Unit", "Service", "Install"]
    service = sections["Service"]
    assert {key: len(values) for key, values in service.items() if len(values) > 1} == {
        "Environment": 2
    }
    assert service["KillSignal"] == ["SIGTERM"]
    assert set(environment()) == {"EVENT_LOGGER_STORE", "EVENT_LOGGER_REDIS"}
    (writable,) = service["ReadWritePaths"]
    # SQLite writes beside the file, and ProtectSystem=strict leaves it no other folder.
    assert Path(environment()["EVENT_LOGGER_STORE"].removeprefix("sqlite:///")).parent == Path(
        writable
    )


def test_the_image_is_built_of_what_is_there() -> None:
    assert instructions()[0][0] == "FROM"
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert json.loads(contained("ENTRYPOINT"))[0] in scripts
    (install,) = [line for name, line in instructions() if name == "RUN" and "pip" in line]
    constraints = shlex.split(install)[shlex.split(install).index("-c") + 1]
    assert (ROOT / Path(constraints).relative_to("/src")).exists()
    assert contained("STOPSIGNAL") == "SIGTERM"
    store = Path(contained("ENV").split("=", 1)[1].removeprefix("sqlite:///"))
    assert store.parent == Path(contained("VOLUME")) == Path(contained("WORKDIR"))


def test_the_compose_file_names_the_image_and_its_volume() -> None:
    text = COMPOSE.read_text()
    (context,) = re.findall(r"context: (\S+)", text)
    (dockerfile,) = re.findall(r"dockerfile: (\S+)", text)
    assert (COMPOSE.parent / context / dockerfile).resolve() == DOCKERFILE
    assert f"log:{contained('VOLUME')}" in text
    assert set(re.findall(r'volumes: \["(\w+):', text)) == {"log", "redis"}
    assert re.findall(r"^  (\w+):$", text.split("\nvolumes:\n")[1], re.MULTILINE) == [
        "redis",
        "log",
    ]
