"""Pages whose examples are run: their Python sessions and their commands, in the order of the page.

A command that is to exit with something else than 0 says so: `$ event-logger … # exits 1`.
"""

from __future__ import annotations

import doctest
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.commands import run
from tests.support import ROOT

FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
DOCUMENTS = (*sorted(ROOT.glob("*.md")), *PAGES[1:])


def fenced(page: Path) -> list[tuple[str, str]]:
    """The languages and texts of the page's blocks, in order."""
    return FENCE.findall(page.read_text(encoding="utf-8"))


def commands(session: str) -> Iterator[tuple[str, str]]:
    """The commands of a console session, and what is shown below each."""
    yield from COMMAND.findall(session)


def output_of(command: str) -> str:
    """What the command prints at 80 columns; sees that it exits as the page says."""
    exits = re.search(r"# exits (\d+)$", command)
    program, *arguments = shlex.split(command, comments=True)
    assert program == "event-logger", command
    done = run(*arguments, code=int(exits[1]) if exits else 0, COLUMNS="80")
    return done.stdout + done.stderr


def without_the_clock(text: str) -> str:
    """The text with what the machine's clock, user and name put into it made equal."""
    text = re.sub(r"20(?!24)\d\d-\d\d-\d\dT[\d:.]+Z", "<now>", text)
    text = re.sub(r"/[\w/.-]+/(?=[\w-]+\.db)", "<folder>/", text.replace("sqlite:///", "sqlite:"))
    text = re.sub(r"\b\d+s\b", "<age>", text)
    # A log's random identity, the root over its times, and a digest of who wrote.
    text = re.sub(r"\b[0-9a-f]{64}\b", "<digest>", text)
    text = re.sub(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "<identity>", text)
    text = re.sub(r"(?<![\w+/])[\w+/]{43}=|\b[0-9a-f]{64}\b", "<root>", text)
    text = re.sub(r"\S+@\S+, process \d+, .*", "<writer>", text)
    return re.sub(r"^(\s*(?:committed|by|writer|identity) .*)$", "<writer>", text, flags=re.M)


def differences(page: Path) -> list[str]:
    """Run the page's examples in the present folder; what came out otherwise than it shows."""
    found: list[str] = []
    names: dict[str, Any] = {}
    for language, block in fenced(page):
        if language == "python":
            test = doctest.DocTestParser().get_doctest(block, names, page.name, None, 0)
            test.globs = names
            runner = doctest.DocTestRunner(verbose=False)
            runner.run(test, out=found.append, clear_globs=False)
        elif language == "console":
            for command, shown in commands(block):
                printed = output_of(command)
                if without_the_clock(printed) != without_the_clock(shown):
                    found.append(f"$ {command}\nshown:\n{shown}\nprinted:\n{printed}")
    return found
