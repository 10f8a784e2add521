"""A log full of hostile text at 80 columns: an event is one line, no word is folded inside."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command

from event_logger import EventLogger
from event_logger.cli import app
from tests.commands import run
from tests.support import HOUR, url_of

HOSTILE = "V\x1b[31m\x9b2J\r\n\u2028\u202e\u200b\x00\x7f:crab:[/x][bold]"
WORDS = [
    "antidisestablishmentarianism-of-venues-and-their-kin",
    "0x" + "ab" * 32,
    "ключ→" + "я" * 40,
    "口座振替先" + "番号" * 18,
    "begin" + "x" * 120 + "end",
    HOSTILE,
    "two\twords",
]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    store = url_of(tmp_path_factory.mktemp("hostile") / "live.db")
    with EventLogger("live", store=store, log="run", redis=False, metadata={"a": HOSTILE}) as log:
        for word in WORDS:
            order = log.log_event(
                HOUR, "STAKE_DEPOSIT", word, word, 0.1, purpose=word, note=word, tx_hash=word
            )
            log.update_event(order, {"status": "submitted", "reason": word, "by": word})
        log.log_atomic_transaction(HOUR, WORDS[4], [{"event_type": "B", "venue": WORDS[1]}])
    return store


def words_of(text: str) -> list[str]:
    """What the text's words are shown as, those that are longer than a few letters."""
    from domain.printable import printable

    return [word for word in printable(text).split() if len(word) > 8]


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("events", 0),
        *((f"show {order}", 0) for order in range(1, 9)),
        ("history 2", 0),
        ("tree", 0),
        ("stats", 0),
        ("status", 0),
        ("status --stuck 0s", 1),
        ("logs", 0),
        ("audit", 0),
        ("balances", None),
        ("health", 0),
    ],
)
def test_no_word_is_broken_and_nothing_acts(store: str, command: str, code: int | None) -> None:
    arguments = (*command.split(), "--store", store, "--log", "run")
    arguments = arguments[:-2] if command == "logs" else arguments
    out = run(*arguments, code=0 if code is None else code, COLUMNS="80").stdout
    assert all(line.isprintable() for line in out.split("\n"))
    for text in WORDS:
        for word in words_of(text):
            assert out.count(word[:8]) == out.count(word), word
    # What is longer than a line is one word that is, and at most what stands beside it.
    for line in out.split("\n"):
        if len(line) > 80 and not command.startswith(("events", "tree")):
            assert max(map(len, line.split())) > 20, line


def test_one_event_is_one_line(store: str) -> None:
    lines = run("events", "--store", store, COLUMNS="80").stdout.splitlines()
    assert [line.split()[0] for line in lines[1:]] == [str(n) for n in range(1, len(WORDS) + 3)]
    assert len(lines) == len(WORDS) + 3


def commands(group: Any, *before: str) -> Iterator[tuple[str, ...]]:
    yield before
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, *before, name)
        else:
            yield (*before, name)


def test_the_help_of_every_command_fits_shows_no_types_and_cuts_no_word() -> None:
    of_all = list(commands(get_command(app)))
    assert {(), ("events",), ("key",), ("key", "rotate"), ("report",)} <= {*of_all}
    for command in of_all:
        out = run(*command, "-h", COLUMNS="80").stdout
        assert max(map(len, out.splitlines())) <= 80
        for wrong in ("<bool>", "<str>", "<int>", "<Path>", "[["):
            assert wrong not in out, command
        assert "…" not in out.replace("NAME,…", ""), command
    assert run("key", "show", "--help").stdout == run("key", "show", "-h").stdout
    assert "--install-completion" in run("--help").stdout
