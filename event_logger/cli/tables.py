"""Tables and trees of any text, of which no word is ever broken."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence

from rich.cells import cell_len

from domain.printable import printable
from event_logger.cli.terminal import can_be_written, say, say_title, width

_GAP = 2
_INDENT = "    "
_LEAST = 20
"""Where fewer columns are left for words, they go to a line of their own."""


def print_table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """The table, its titles above it; what does not fit beside the rest goes below it."""
    title, *lines = table_lines(titles, rows, width())
    say_title(title)
    for line in lines:
        say(line)


def table_lines(
    titles: Sequence[str], rows: Iterable[Sequence[str]], columns: int
) -> Iterator[str]:
    """The lines of a table in so many columns, the titles' first.

    The last cell of a row is text: it is wrapped between words. The others keep to their columns as
    far as those fit, and to lines of their own beyond that.
    """
    cells = [[printable(cell) for cell in row] for row in (titles, *rows)]
    widths = [max(map(cell_len, column)) for column in zip(*cells, strict=True)]
    fitting = _fitting(widths[:-1], columns)
    for row in cells:
        yield from _row_lines(row, widths, fitting, columns)


def _fitting(widths: Sequence[int], columns: int) -> int:
    """How many of the columns fit beside each other."""
    used = -_GAP
    for number, one in enumerate(widths):
        used += _GAP + one
        if number and used > columns:
            return number
    return len(widths)


def _row_lines(
    row: Sequence[str], widths: Sequence[int], fitting: int, columns: int
) -> Iterator[str]:
    line = "".join(
        cell + " " * (one + _GAP - cell_len(cell))
        for cell, one in zip(row[:fitting], widths, strict=False)
    )
    for cell in row[fitting:-1]:
        if cell and cell_len(line) + cell_len(cell) > columns:
            yield line.rstrip()
            line = _INDENT
        line += f"{cell}{' ' * _GAP}" if cell else ""
    yield from _ending(line, row[-1], columns)


def _ending(line: str, text: str, columns: int) -> Iterator[str]:
    """The line with the text at its end, or below it."""
    used = cell_len(line)
    if used + cell_len(text) <= columns:
        yield (line + text).rstrip()
        return
    room = columns - used
    if room >= _LEAST and cell_len(max(text.split(), key=cell_len, default="")) <= room:
        first, *further = wrapped(text, room)
        yield line + first
        yield from (" " * used + one for one in further)
        return
    if line.strip():
        yield line.rstrip()
    yield from (_INDENT + one for one in wrapped(text, columns - len(_INDENT)))


def wrapped(text: str, columns: int) -> list[str]:
    """The text in lines of so many columns, broken between words alone."""
    if cell_len(text) <= columns:
        return [text]
    # A wide character has two columns; counted as two, none is told too few.
    wide = cell_len(text) > len(text)
    return textwrap.wrap(
        text,
        columns // 2 if wide else columns,
        break_long_words=False,
        break_on_hyphens=False,
    ) or [text]


class Branch:
    """A node of a tree: its label, and those below it."""

    __slots__ = ("below", "label")

    def __init__(self, label: str) -> None:
        self.label = label
        self.below: list[Branch] = []


def print_branches(root: Branch) -> None:
    """The tree; its lines in ASCII where standard output has no others."""
    marks = ("├── ", "└── ", "│   ") if can_be_written("├└│─") else ("|-- ", "`-- ", "|   ")
    say(root.label)
    waiting = [(one, "", one is root.below[-1]) for one in reversed(root.below)]
    while waiting:
        branch, before, is_last = waiting.pop()
        say(f"{before}{marks[is_last]}{branch.label}")
        deeper = before + ("    " if is_last else marks[2])
        waiting += [(one, deeper, one is branch.below[-1]) for one in reversed(branch.below)]
