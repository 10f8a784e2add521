"""The pages' examples, executed: Python sessions and commands, each page in a folder of its own."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.documents import DOCUMENTS, PAGES, differences, fenced, without_the_clock
from tests.redis_server import RedisServer, Subscriber, eventually
from tests.support import ROOT

README = ROOT / "README.md"


@pytest.fixture
def subscriber(server: RedisServer) -> Iterator[Subscriber]:
    subscriber = Subscriber(server)
    yield subscriber
    subscriber.close()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: RedisServer) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EVENT_LOGGER_REDIS", server.url)
    monkeypatch.setenv("EVENT_LOGGER_CHECKPOINTS", str(tmp_path / "kept"))
    golden = ROOT / "tests/infrastructure/stores/sqlite/golden/format_1.db"
    shutil.copy(golden, tmp_path / "former.db")
    return tmp_path


def test_there_is_something_to_run() -> None:
    assert len(PAGES) > 2
    for page in PAGES:
        assert "python" in {language for language, _ in fenced(page)}, page


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
@pytest.mark.usefixtures("folder")
def test_the_examples_of_a_page_print_what_it_shows(page: Path) -> None:
    assert "\n".join(differences(page)) == ""


@pytest.mark.usefixtures("folder")
def test_a_difference_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "```python\n>>> 1 + 1\n3\n\n```\n```console\n"
        "$ event-logger logs --store sqlite:///no.db # exits 1\nnone\n```\n"
    )
    assert len(differences(page)) == 2


@pytest.mark.usefixtures("folder")
def test_a_subscriber_sees_what_the_readme_shows(subscriber: Subscriber) -> None:
    differences(README)
    (published,) = [block for language, block in fenced(README) if language == "text"]
    expected = [without_the_clock(line) for line in published.splitlines()]
    eventually(lambda: len(subscriber.listen()) >= len(expected))
    assert [
        without_the_clock(f"{channel} {json.dumps(data, separators=(',', ':'))}")
        for channel, data in subscriber.heard
    ] == expected


def test_every_link_to_a_file_leads_somewhere() -> None:
    for document in DOCUMENTS:
        for target in re.findall(r"\]\(([\w./-]+)\)", document.read_text(encoding="utf-8")):
            assert (document.parent / target).exists(), f"{document.name} links to {target}"


def test_every_make_target_that_a_document_names_is_there() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for document in DOCUMENTS:
        for target in re.findall(
            r"(?m)(?:`|^)make ([a-z-]+)", document.read_text(encoding="utf-8")
        ):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_every_file_that_a_document_names_is_there() -> None:
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        for name in re.findall(r"`([\w./]+(?:\.(?:py|toml|txt)|golden/\w+\.db|/))`", text):
            assert (ROOT / name).exists(), f"{document.name} names {name}"


def test_every_promise_names_tests_that_are_there() -> None:
    promises = re.split(r"^## ", README.read_text(encoding="utf-8"), flags=re.MULTILINE)
    (section,) = [one for one in promises if one.startswith("What is promised")]
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("| ")]
    assert len(rows) > 12
    for promise, named in rows[1:]:
        paths = [ROOT / name for name in re.findall(r"`([^`]+)`", named)]
        assert paths, f"no test is named for: {promise}"
        for path in paths:
            files = [path] if path.is_file() else list(path.glob("test_*.py"))
            text = "".join(one.read_text(encoding="utf-8") for one in files)
            assert re.search(r"^def test_", text, re.MULTILINE), f"{path}: {promise}"
