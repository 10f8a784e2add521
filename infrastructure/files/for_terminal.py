"""An export that a terminal shows: the same lines, in which nothing acts and nothing is unseen."""

from __future__ import annotations

import codecs
import io
from typing import TextIO

from domain.printable import printable

_QUOTE = '"'


class ForTerminal(io.RawIOBase):
    """Takes an export's bytes and writes them as text.

    A line of it stays a line: one that begins in a quoted cell of a CSV file is none.
    """

    def __init__(self, terminal: TextIO) -> None:
        super().__init__()
        self._terminal = terminal
        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
        self._is_csv: bool | None = None
        self._is_quoted = False

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        """Write what these bytes say."""
        text = self._decoder.decode(data)
        if self._is_csv is None and text:
            self._is_csv = not text.startswith("{")
        if self._is_csv:
            self._terminal.write("".join(map(self._cells, text.splitlines(keepends=True))))
        else:
            self._terminal.write("\n".join(map(printable, text.split("\n"))))
        return len(data)

    def _cells(self, line: str) -> str:
        self._is_quoted ^= line.count(_QUOTE) % 2 == 1
        if self._is_quoted or not line.endswith("\n"):
            return printable(line)
        return printable(line.removesuffix("\n").removesuffix("\r")) + "\n"
