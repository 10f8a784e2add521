"""What cannot name a file is said in a sentence of ours, by every option that takes one."""

from __future__ import annotations

from pathlib import Path

import pytest

from event_logger import EventLogger
from tests.commands import run
from tests.support import log_amounts, url_of

OF_A_STORE = [
    ("export", "--output"), ("import",), ("certify", "--output"), ("certify", "--check"),
    ("audit", "--baseline"), ("audit", "--by", "a", "--why", "b", "--write-baseline"),
]  # fmt: skip
UNSAYABLE = {"\ud800": "no valid Unicode", "a\0b": "a NUL character"}


@pytest.mark.parametrize("path", UNSAYABLE)
@pytest.mark.parametrize("command", [*OF_A_STORE, ("demo", "--folder"), ("demo", "--market")])
def test_it_is_a_usage_error_of_one_sentence(
    tmp_path: Path, command: tuple[str, ...], path: str
) -> None:
    url = url_of(tmp_path / "a.db")
    with EventLogger(store=url) as logger:
        log_amounts(logger, 1)
    store = () if command[0] == "demo" else ("--store", url)
    sentence, hint = run(*command, path, *store, code=2).stderr.splitlines()
    assert sentence.endswith(UNSAYABLE[path])
    assert "is no path; " in sentence
    assert hint.endswith(f"{command[0]} --help")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("show", "one"), "Invalid value for 'ORDER': it is no whole number"),
        (("events", "--limit", "\udcff"), "Invalid value for '--limit': it is no valid Unicode"),
        (("export", "--format", "xml"), "Invalid value for '--format': 'xml' is not one of"),
    ],
)
def test_what_the_library_says_is_said_as_the_rest(arguments: tuple[str, ...], said: str) -> None:
    told = run(*arguments, "--store", "sqlite:///no.db", code=2).stderr
    assert told.startswith(f"event-logger: {said}")
