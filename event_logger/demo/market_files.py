"""One file of market data: read, checked row by row, exact duplicates dropped and counted."""

from __future__ import annotations

import csv
import re
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path

from domain.errors import EventLoggerError, shown
from domain.times import iso_of_text

# Seconds since 1970 of this century and the two after it: 20240512 is none.
_SECONDS = re.compile(r"\d{10}\Z", re.ASCII)


class MarketDataError(EventLoggerError, ValueError):
    """A market data file is missing or cannot be trusted; `file` names it."""

    def __init__(self, file: Path, problem: str) -> None:
        self.file = file
        super().__init__(f"market data {file}: {problem}")


@dataclass(frozen=True)
class Source:
    """One file: which columns are read, how often a value is due, how old it may grow.

    A value older than `rhythm` fills a gap and is counted; one older than `max_age` stops the run.
    A series that `rises`, as an AAVE index does, may never fall.
    """

    file: str
    stamp: str
    value: str
    rhythm: timedelta
    max_age: timedelta
    note: str = ""
    rises: bool = False
    may_be_negative: bool = False
    keep: Callable[[datetime], bool] = lambda stamp: True


@dataclass(frozen=True)
class Series:
    """Values by the time from which they are known, strictly rising."""

    stamps: list[datetime]
    values: list[Decimal]

    def known_at(self, hour: datetime) -> tuple[datetime, Decimal]:
        """The newest value published by `hour`, with its stamp."""
        place = bisect_right(self.stamps, hour) - 1
        return self.stamps[place], self.values[place]


@dataclass(frozen=True)
class Loaded:
    """A file's series, and how many of its rows were read, exact duplicates, left out."""

    series: Series
    rows: int
    duplicates: int
    left_out: int


def load_file(folder: Path, source: Source) -> Loaded:
    """The file of a source in this folder; raises `MarketDataError` for what cannot be trusted."""
    path = folder / source.file
    stamps: list[datetime] = []
    values: list[Decimal] = []
    rows = duplicates = left_out = 0
    previous: dict[str, str] = {}
    for row in _rows(path, source):
        rows += 1
        stamp, value = _parsed(path, source, rows, row)
        if stamps and row == previous:
            duplicates += 1
            continue
        if stamps and previous and stamp <= _stamp(previous[source.stamp]):
            raise MarketDataError(
                path, f"row {rows} ({stamp:%Y-%m-%d %H:%M}) contradicts or precedes the row before"
            )
        previous = row
        if source.rises and values and value < values[-1]:
            raise MarketDataError(
                path,
                f"row {rows} lets {source.value} fall from {values[-1]} to {value}; it never does",
            )
        if source.keep(stamp):
            stamps.append(stamp)
            values.append(value)
        else:
            left_out += 1
    if not stamps:
        raise MarketDataError(path, "holds no usable row")
    return Loaded(Series(stamps, values), rows, duplicates, left_out)


def _rows(path: Path, source: Source) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(line for line in file if not line.startswith("#"))
            rows = list(reader)
            header = reader.fieldnames or []
    except OSError as error:
        raise MarketDataError(path, f"cannot be read ({error.strerror})") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise MarketDataError(path, f"is no CSV file in UTF-8 ({error})") from error
    for column in (source.stamp, source.value):
        if column not in header:
            raise MarketDataError(path, f"has no column {column!r}")
    return rows


def _parsed(
    path: Path, source: Source, number: int, row: dict[str, str]
) -> tuple[datetime, Decimal]:
    try:
        stamp, value = _stamp(row[source.stamp]), Decimal(row[source.value])
    except (ValueError, InvalidOperation, TypeError, AttributeError, OverflowError, OSError):
        cells = (row[source.stamp], row[source.value])
        raise MarketDataError(path, f"row {number} holds {shown(cells)}") from None
    if not value.is_finite() or (value <= 0 and not source.may_be_negative):
        raise MarketDataError(path, f"row {number} holds the value {value}")
    return stamp, value


def _stamp(text: str) -> datetime:
    if _SECONDS.match(text):
        return datetime.fromtimestamp(int(text), UTC)
    return datetime.fromisoformat(iso_of_text("the time", text))
