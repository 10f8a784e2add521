"""A CSV event log back with its types: times, ints that stay ints, JSON columns parsed."""

from __future__ import annotations

import csv
import json
import os
import re
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from domain.errors import EventLogFileError, shown
from domain.fields import DECLARED_FIELDS, INT_COLUMNS, TEXT_COLUMNS, TIME_FIELDS

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, Any]

NEEDED_COLUMNS = ("timestamp", "event_type", "venue")

_NUMBER = re.compile(r"-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\Z", re.ASCII)


def read_event_log(path: str | os.PathLike[str]) -> pd.DataFrame:
    """The CSV event log as a DataFrame, one row an event, the columns as in the file.

    Times are `datetime64` in UTC, ints are `Int64` (or Python ints where larger) also where there
    are gaps, cells that hold JSON are dicts and lists. Other cells are numbers where they read as
    numbers, Decimals where a float would not show the same digits, else text; empty cells are None.

    Raises `EventLogFileError`, with the row, for what is no event log.
    """
    import pandas as pd

    with open_rows(path) as rows:
        header, data = rows.header, [cells for _, cells in rows]
    columns = {
        name: _column(name, [cells[i] for cells in data], str(path))
        for i, name in enumerate(header)
    }
    return pd.DataFrame(columns, columns=header)


class open_rows:  # noqa: N801 - used like the builtin open
    """The rows of a CSV file: `header`, then (row number from 1, cells) pairs when iterated.

    A context manager. Raises `EventLogFileError` for a file that is missing, is no UTF-8 text, has
    no header, lacks a needed column, has a column twice, or has a row of another length.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = str(path)
        csv.field_size_limit(sys.maxsize)
        try:
            self._file = Path(path).open(encoding="utf-8", newline="")  # noqa: SIM115
        except OSError as error:
            reason = os.strerror(error.errno or 0)
            raise EventLogFileError(self._path, 0, f"cannot be read ({reason})") from error
        self._reader = csv.reader(self._file, strict=True)
        try:
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
        number = 0
        while True:
            try:
                cells = next(self._reader, None)
            except (csv.Error, UnicodeDecodeError) as error:
                raise EventLogFileError(self._path, number + 1, f"is no CSV ({error})") from error
            if cells is None:
                return
            number += 1
            if len(cells) != len(self.header):
                problem = f"has {len(cells)} cells under {len(self.header)} columns"
                raise EventLogFileError(self._path, number, problem)
            yield number, cells

    def _read_header(self) -> list[str]:
        try:
            header = next(self._reader, [])
        except (csv.Error, UnicodeDecodeError) as error:
            raise EventLogFileError(self._path, 0, f"is no CSV text ({error})") from error
        for name in NEEDED_COLUMNS:
            if name not in header:
                raise EventLogFileError(self._path, 0, f"the header has no column {name!r}")
        for name in header:
            if header.count(name) > 1:
                raise EventLogFileError(self._path, 0, f"the header has {name!r} twice")
        return header


def typed_cell(name: str, cell: str) -> Any:
    """The value that a cell of this column stands for: None where it is empty.

    Raises `ValueError`, its text saying why, for a cell that its column cannot have.
    """
    if cell == "":
        return None
    if name in TIME_FIELDS:
        return _time(name, cell)
    if name in TEXT_COLUMNS:
        return cell
    if name in INT_COLUMNS:
        return _int(name, cell)
    if cell[0] in "{[":
        return _json(cell)
    return _number(name, cell)


def _time(name: str, cell: str) -> Any:
    import pandas as pd

    try:
        moment = pd.Timestamp(cell)
    except ValueError:
        raise ValueError(f"{name} {shown(cell)} is no time") from None
    return moment.tz_localize("UTC") if moment.tzinfo is None else moment.tz_convert("UTC")


def _int(name: str, cell: str) -> int:
    try:
        return int(cell, 16) if cell.startswith("0x") else int(cell)
    except ValueError:
        raise ValueError(f"{name} {shown(cell)} is no whole number") from None


def _json(cell: str) -> Any:
    try:
        return json.loads(cell, parse_float=_exact_number)
    except (ValueError, RecursionError):
        return cell


def _exact_number(text: str) -> float | Decimal:
    """The float that shows these digits, else the Decimal."""
    number, exact = float(text), Decimal(text)
    return number if Decimal(repr(number)) == exact else exact


def _number(name: str, cell: str) -> int | float | Decimal | str:
    if not _NUMBER.match(cell):
        if name in DECLARED_FIELDS:
            raise ValueError(f"{name} {shown(cell)} is no number")
        return cell
    if cell.lstrip("-").isdigit():
        # A leading zero is a name made of digits, not a number.
        is_number = str(Decimal(cell)) == cell
        return int(Decimal(cell)) if is_number else cell
    return _exact_number(cell)


def _column(name: str, cells: list[str], path: str) -> Any:
    import pandas as pd

    values = []
    for number, cell in enumerate(cells, 1):
        try:
            values.append(typed_cell(name, cell))
        except ValueError as error:
            raise EventLogFileError(path, number, str(error)) from error
    if name in TIME_FIELDS:
        return pd.Series(pd.to_datetime(pd.Series(values, dtype=object), utc=True))
    kinds = {type(value) for value in values} - {type(None)}
    if kinds == {int} or (name in INT_COLUMNS and not kinds):
        small = all(value is None or -(2**63) <= value < 2**63 for value in values)
        return pd.Series(values, dtype="Int64" if small else object)
    if kinds and kinds <= {int, float} and not any(_is_large(value) for value in values):
        return pd.Series(values, dtype="float64")
    return pd.Series(values, dtype=object)


def _is_large(value: Any) -> bool:
    return isinstance(value, int) and abs(value) > 2**53
