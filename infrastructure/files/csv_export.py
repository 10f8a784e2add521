"""A log as a CSV file, written in one pass over its events whatever columns come up on the way."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterable
from tempfile import TemporaryFile
from typing import BinaryIO, NamedTuple

from infrastructure.files.replaced_file import named_or_new, replaced_file
from infrastructure.listing import without_cycle_search
from projections.csv_rows import CsvLines, csv_batches
from projections.event_dicts import Record

Records = Iterable[tuple[int, Record]]
Progress = Callable[[int, int], None]
"""Called with (done, total) rows."""

# Those of so many stay in the processor's cache: half as fast with a thousand (measured).
_ROWS = 100
_CELL = re.compile(rb'("(?:[^"]|"")*"|[^",\n]*)([,\n])')


def write_csv(
    records: Records,
    filepath: str | os.PathLike[str] | None = None,
    *,
    stored: bool = False,
    csv_safe: bool = False,
    total: int = 0,
    progress: Progress | None = None,
) -> str:
    """Write the (order, record) pairs as CSV (UTF-8, a header, `\\n` line ends); return the path.

    Times in restored records are text; `stored` records are as they were stored. Memory stays
    constant. Without a path: `event_log_YYYYMMDD_HHMMSS.csv` (UTC), a new file in the current
    folder. `csv_safe` is for spreadsheets: an apostrophe before what they would take for a formula,
    and a byte order mark. Raises `ExportError`; see `replaced_file` for what a path may be.
    """

    def report(done: int) -> None:
        if progress is not None:
            progress(done, total)

    def lines_under(columns: list[str]) -> CsvLines:
        return CsvLines(columns, stored=stored, csv_safe=csv_safe)

    with (
        named_or_new(filepath, "event_log", ".csv") as path,
        replaced_file(path) as file,
        without_cycle_search(),
    ):
        if file.readable():
            draft = _Draft(file, lines_under, csv_safe)
            draft.write(records, report)
            if not draft.has_grown:
                return path
        with TemporaryFile() as former:
            if file.readable():
                file.seek(0)
                shutil.copyfileobj(file, former)
                file.seek(0)
                file.truncate()
            else:
                draft = _Draft(former, lines_under, csv_safe)
                draft.write(records, report)
            draft.copy(former, file)
    return path


class _Chunk(NamedTuple):
    rows: int
    size: int
    columns: list[str]


class _Draft:
    """Rows under the columns that were known when they were written."""

    def __init__(
        self, file: BinaryIO, lines_under: Callable[[list[str]], CsvLines], marked: bool
    ) -> None:
        self._file = file
        self._lines_under = lines_under
        self._marked = marked
        self._chunks: list[_Chunk] = []

    def write(self, records: Records, report: Callable[[int], None]) -> None:
        """Write a header for the first rows, and all rows."""
        done = 0
        for columns, lines in csv_batches(records, _ROWS, self._lines_under):
            if not self._chunks:
                self._write(1, self._header(columns), columns)
            self._write(len(lines), "".join(lines).encode(), columns)
            done += len(lines)
            report(done)

    def _write(self, rows: int, data: bytes, columns: list[str]) -> None:
        self._file.write(data)
        self._chunks.append(_Chunk(rows, len(data), columns))

    @property
    def has_grown(self) -> bool:
        """Whether columns came up that the first rows lack."""
        return self._chunks[0].columns != self._chunks[-1].columns

    def copy(self, draft: BinaryIO, file: BinaryIO) -> None:
        """Copy what was written from the draft into the file, under every column."""
        columns = self._chunks[-1].columns
        draft.seek(self._chunks[0].size)
        file.write(self._header(columns))
        for chunk in self._chunks[1:]:
            file.write(_widened(draft.read(chunk.size), chunk, columns))

    def _header(self, columns: list[str]) -> bytes:
        header = self._lines_under(columns).header()
        return header.encode("utf-8-sig" if self._marked else "utf-8")


def _widened(text: bytes, chunk: _Chunk, columns: list[str]) -> bytes:
    """The rows with an empty cell under each column that they lack."""
    had = len(chunk.columns)
    if chunk.columns == columns:
        return text
    if chunk.columns == columns[:had] and text.count(b"\n") == chunk.rows:
        return text.replace(b"\n", b"," * (len(columns) - had) + b"\n")
    cells = [cell for cell, _ in _CELL.findall(text)]
    places = {name: place for place, name in enumerate(chunk.columns)}
    wanted = [places.get(name) for name in columns]
    return b"".join(
        b",".join([b"" if place is None else cells[start + place] for place in wanted]) + b"\n"
        for start in range(0, len(cells), had)
    )
