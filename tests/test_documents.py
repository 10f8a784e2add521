"""The README's examples, executed: its Python sessions, then its console session, in one folder."""

from __future__ import annotations

import doctest
import json
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands import run
from tests.redis_server import RedisServer, Subscriber, eventually

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


@pytest.fixture
def subscriber(server: RedisServer) -> Iterator[Subscriber]:
    subscriber = Subscriber(server)
    yield subscriber
    subscriber.close()


@pytest.fixture
def folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: RedisServer, subscriber: Subscriber
) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EVENT_LOGGER_REDIS", server.url)
    golden = ROOT / "tests/infrastructure/stores/sqlite/golden/format_1.db"
    shutil.copy(golden, tmp_path / "former.db")
    session = "\n".join(blocks("python"))
    parser, runner = doctest.DocTestParser(), doctest.DocTestRunner()
    examples = parser.get_doctest(session, {}, "README.md", "README.md", 0)
    assert len(examples.examples) > 10
    assert runner.run(examples).failed == 0
    return tmp_path


def without_the_clock(line: str) -> str:
    return re.sub(r'"timestamp":"20(?!24)\d\d-[^"]*"', '"timestamp":"now"', line)


def test_the_sessions_print_what_the_readme_shows(folder: Path, subscriber: Subscriber) -> None:
    (published,) = blocks("text")
    expected = [without_the_clock(line) for line in published.splitlines()]
    eventually(lambda: len(subscriber.listen()) >= len(expected))
    assert [
        without_the_clock(f"{channel} {json.dumps(data, separators=(',', ':'))}")
        for channel, data in subscriber.heard
    ] == expected
    (session,) = blocks("console")
    commands = re.findall(r"^\$ event-logger (.*)\n((?:(?!\$ ).*\n)*)", session, re.MULTILINE)
    assert len(commands) == session.count("$ event-logger")
    for arguments, shown in commands:
        code = 1 if shown.startswith("event-logger: ") else 0
        done = run(*shlex.split(arguments), code=code, COLUMNS="120")
        assert done.stdout + done.stderr == shown


def test_every_link_to_a_file_leads_somewhere() -> None:
    for document in ROOT.glob("*.md"):
        for target in re.findall(r"\]\(([\w./-]+)\)", document.read_text(encoding="utf-8")):
            assert (ROOT / target).exists(), f"{document.name} links to {target}"


def test_every_make_target_that_a_document_names_is_there() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for document in ROOT.glob("*.md"):
        for target in re.findall(r"\bmake ([a-z]+)\b", document.read_text(encoding="utf-8")):
            if target not in {"commands", "command"}:
                assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_every_file_that_a_document_names_is_there() -> None:
    for document in ROOT.glob("*.md"):
        text = document.read_text(encoding="utf-8")
        for name in re.findall(r"`([\w./]+(?:\.(?:py|toml|txt)|golden/\w+\.db|/))`", text):
            assert (ROOT / name).exists(), f"{document.name} names {name}"
