"""Standard output and error: lines of text that is nothing but text, in whatever encoding."""

from __future__ import annotations

import codecs
import io
import logging
import os
import shutil
import sys
from contextlib import suppress
from typing import TextIO

from domain.printable import json_escapes, printable

_WIDTH_IN_A_FILE = 10_000


def _as_json_escapes(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return json_escapes(error.object[error.start : error.end]), error.end


codecs.register_error("event_logger.json_escapes", _as_json_escapes)


def escape_what_the_encoding_lacks(stream: TextIO | None) -> None:
    """Have the stream write as \\u00e9 what its encoding lacks: JSON reads that as it was."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="event_logger.json_escapes")


def say(line: str, *, at_once: bool = False) -> None:
    """One line on standard output; everything that commands print comes through here."""
    print(printable(line), flush=at_once)


def say_title(line: str) -> None:
    """A line above a table, bold where a terminal watches."""
    is_bold = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    print(f"\x1b[1m{printable(line)}\x1b[0m" if is_bold else printable(line))


def say_error(line: str) -> None:
    """One line on standard error; where that cannot be written there is nobody to tell."""
    if sys.stderr is not None:
        with suppress(OSError, ValueError):
            print(printable(line), file=sys.stderr, flush=True)


def width() -> int:
    """How many columns a line has: the terminal's, or `COLUMNS`.

    Where no terminal watches, as many as the lines need, so that a hash can be searched for.
    """
    if os.environ.get("COLUMNS", "").isdecimal() or sys.stdout.isatty():
        return max(shutil.get_terminal_size().columns, 20)
    return _WIDTH_IN_A_FILE


def can_be_written(text: str) -> bool:
    """Whether standard output has these characters, as the lines of a tree."""
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


class Warnings(logging.Handler):
    """What the package warns of while a command runs, a line each."""

    def emit(self, record: logging.LogRecord) -> None:
        """Say it."""
        say_error(f"event-logger: {record.getMessage()}")


def warn_in_lines() -> None:
    """Have the package's warnings come in our lines, once."""
    log = logging.getLogger("event_logger")
    if not any(isinstance(one, Warnings) for one in log.handlers):
        log.addHandler(Warnings(logging.INFO))
