"""A CSV event log back with its types: each column has one."""

from __future__ import annotations

import csv
import os
import sys
from codecs import BOM_UTF8
from collections.abc import Iterator
from io import TextIOWrapper
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from domain.checks import checked_choice
from domain.errors import EventLogFileError, shown
from infrastructure.files.csv_columns import CellError, series, snapshot_series
from infrastructure.files.paths import why_no_path
from infrastructure.listing import without_cycle_search
from infrastructure.timestamps import load_pandas
from projections.csv_cells import as_before_safe

if TYPE_CHECKING:
    import pandas as pd

SNAPSHOT_COLUMNS = ("wallet_balance_after", "cex_balance_after", "aave_position_after")
# A thousand rows at a time stay in the processor's cache.
_PAGE = 1000
NEEDED_COLUMNS = ("timestamp", "event_type", "venue")


def read_event_log(
    path: str | os.PathLike[str], numbers: Literal["float", "decimal"] = "float"
) -> pd.DataFrame:
    """The CSV event log as a DataFrame, one row an event, the columns as in the file.

    Every column has one type. Declared fields have theirs: times `datetime64` in UTC, ints `Int64`
    (or Python ints where larger), JSON as dicts and lists (inside, floats, but Decimals where a
    float would show other digits), numbers float64, or with `numbers="decimal"` Decimals with the
    digits that were written. An extra is a column of numbers,
    of booleans or of JSON only if every cell of it is one in the form in which the export writes
    it; else it is text as it stands. Empty cells are missing values.

    Raises `EventLogFileError`, with the row, for what is no event log.
    """
    checked_choice("numbers", numbers, ("float", "decimal"))
    load_pandas()
    import pandas as pd

    with without_cycle_search(), open_rows(path) as rows:
        columns = dict(zip(rows.header, rows.columns(), strict=True))
        try:
            found: dict[str, pd.Series[Any]] = {}
            if columns.keys() >= set(SNAPSHOT_COLUMNS):
                wallet, cex, aave = map(columns.pop, SNAPSHOT_COLUMNS)
                views = snapshot_series(wallet, cex, aave, numbers)
                found |= zip(SNAPSHOT_COLUMNS, views, strict=True)
            found |= {name: series(name, cells, numbers) for name, cells in columns.items()}
        except CellError as error:
            raise EventLogFileError(str(path), error.row, str(error)) from None
        return pd.DataFrame(found, columns=rows.header)


_OTHER_FILES = {
    b"PAR1": "is a Parquet file; export the log as JSON lines or CSV, which are read here",
    b"\x1f\x8b": "is packed by gzip; unpack it first",
    b"PK\x03\x04": "is a spreadsheet or an archive; export it as CSV, or unpack it first",
}
"""What is often given for a CSV file, by how it begins."""


class open_rows:  # noqa: N801 - used like the builtin open
    """The rows of a CSV file: `header`, then (row number from 1, cells) pairs when iterated.

    A context manager. Of a file that begins with a byte order mark, as exports for spreadsheets do,
    texts come without the apostrophe that keeps them from being formulas. Raises
    `EventLogFileError` for a file that is missing, is no UTF-8 text, has no header, lacks a needed
    column, has a column twice, or has a row of another length.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        problem = why_no_path(path)
        if problem is not None:
            raise EventLogFileError(shown(path), 0, problem)
        self._path = str(path)
        csv.field_size_limit(sys.maxsize)
        try:
            file = Path(path).open("rb")  # noqa: SIM115
            # An export for spreadsheets begins so, and marks what they would take for a formula.
            head = file.peek(len(BOM_UTF8))
            self._is_safe = head.startswith(BOM_UTF8)
            self._file = TextIOWrapper(file, encoding="utf-8-sig", newline="")
        except OSError as error:
            reason = os.strerror(error.errno or 0)
            raise EventLogFileError(self._path, 0, f"cannot be read ({reason})") from error
        self._reader = csv.reader(self._file, strict=True)
        try:
            for beginning, problem in _OTHER_FILES.items():
                if head.startswith(beginning):
                    raise EventLogFileError(self._path, 0, problem)
            self.header = self._read_header()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> open_rows:
        """The rows."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Close the file."""
        self._file.close()

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        """The data rows."""
        return enumerate(chain.from_iterable(self.pages()), 1)

    def columns(self) -> list[list[str]]:
        """All cells, column by column."""
        columns: list[list[str]] = [[] for _ in self.header]
        for page in self.pages():
            for column, cells in zip(columns, zip(*page, strict=True), strict=True):
                column.extend(cells)
        return columns

    def pages(self) -> Iterator[list[list[str]]]:
        """The data rows, many at a time; those before the first that is not sound still come."""
        done, width = 0, len(self.header)
        problem = cause = None
        while problem is None:
            page: list[list[str]] = []
            try:
                # What was read before an error stays in the list.
                page.extend(islice(self._reader, _PAGE))
            except (csv.Error, UnicodeDecodeError) as error:
                problem, cause = f"is no CSV ({error})", error
            for place, cells in enumerate(page if set(map(len, page)) - {width} else ()):
                if len(cells) != width:
                    problem, cause = f"has {len(cells)} cells under {width} columns", None
                    del page[place:]
                    break
            done += len(page)
            if page:
                yield (
                    [list(map(as_before_safe, cells)) for cells in page] if self._is_safe else page
                )
            elif problem is None:
                return
        raise EventLogFileError(self._path, done + 1, problem) from cause

    def _read_header(self) -> list[str]:
        try:
            header = next(self._reader, [])
        except (csv.Error, UnicodeDecodeError) as error:
            raise EventLogFileError(self._path, 0, f"is no CSV text ({error})") from error
        if self._is_safe:
            header = list(map(as_before_safe, header))
        for name in NEEDED_COLUMNS:
            if name not in header:
                raise EventLogFileError(self._path, 0, f"the header has no column {name!r}")
        for name in header:
            if header.count(name) > 1:
                raise EventLogFileError(self._path, 0, f"the header has {name!r} twice")
        return header
