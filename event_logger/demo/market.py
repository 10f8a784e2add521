"""Hourly market data from CSV files, cleaned as a careful quant would, never looking ahead.

What is known at an hour is what was published by then: a candle's open at its own stamp (its close
is only known an hour later), an AAVE index and a gas price from their stamp on. The oracle's hourly
values are interpolated between daily ones, which looks up to a day ahead; only the midnight values
are used.
"""

from __future__ import annotations

import csv
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path

from domain.errors import EventLoggerError, shown

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


class MarketDataError(EventLoggerError, ValueError):
    """A market data file is missing or cannot be trusted; `file` names it."""

    def __init__(self, file: Path, problem: str) -> None:
        self.file = file
        super().__init__(f"market data {file}: {problem}")


@dataclass(frozen=True)
class Source:
    """One file: which columns are read, and how old a value may grow before the run stops."""

    file: str
    stamp: str
    value: str
    max_age: timedelta
    note: str = ""
    keep: Callable[[datetime], bool] = lambda stamp: True


def _is_midnight(stamp: datetime) -> bool:
    return stamp.hour == 0


SOURCES: dict[str, Source] = {
    "eth_usd": Source(
        "eth_usdt_spot_1h.csv", "timestamp", "open", 3 * HOUR, "a candle's open, at its stamp"
    ),
    "weeth_eth": Source(
        "weeth_eth_oracle_1h.csv",
        "timestamp",
        "oracle_price_eth",
        2 * DAY,
        "midnight values only: the rest is interpolated",
        _is_midnight,
    ),
    "weeth_index": Source(
        "aave_weeth_daily.csv", "targetDate", "liquidityIndex", 2 * DAY, "from its stamp on"
    ),
    "weth_borrow_index": Source(
        "aave_weth_daily.csv", "targetDate", "variableBorrowIndex", 2 * DAY, "from its stamp on"
    ),
    "gas_gwei": Source(
        "ethereum_gas.csv",
        "block_timestamp",
        "gas_price_avg_gwei",
        6 * HOUR,
        "by the block's own time, not the row's label",
    ),
}
FUNDING: dict[str, Source] = {
    venue: Source(f"{venue}_funding.csv", "funding_timestamp", "funding_rate", 0 * HOUR)
    for venue in ("binance", "bybit")
}


@dataclass(frozen=True)
class Cleaning:
    """What was done with one file."""

    file: str
    rows: int
    duplicates: int
    left_out: int
    filled_hours: int
    note: str


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
class Hour:
    """The market as it is known at one full hour (UTC).

    Prices: ETH in USDT, weETH in ETH; indices of AAVE v3; gas in gwei; funding rates as fractions,
    present at the hours of payment.
    """

    time: datetime
    eth_usd: Decimal
    weeth_eth: Decimal
    weeth_index: Decimal
    weth_borrow_index: Decimal
    gas_gwei: Decimal
    funding: dict[str, Decimal]


@dataclass(frozen=True)
class Market:
    """Consecutive hours, and how they were made."""

    hours: list[Hour]
    cleaning: list[Cleaning]


def load_market(folder: Path) -> Market:
    """The hours that all files of the folder cover.

    Raises `MarketDataError` for a file that is missing, unreadable, out of order, that contradicts
    itself, or has a gap longer than its values stay usable.
    """
    loaded = {name: _load(folder, source) for name, source in SOURCES.items()}
    funding = {venue: _load(folder, source) for venue, source in FUNDING.items()}
    series = {name: item[0] for name, item in loaded.items()}
    everything = [*series.values(), *(item[0] for item in funding.values())]
    first = max(one.stamps[0] for one in everything)
    first = first if first == _floor(first) else _floor(first) + HOUR
    last = min(_last_usable(source, series[name]) for name, source in SOURCES.items())
    last = _floor(min(last, *(item[0].stamps[-1] + 8 * HOUR for item in funding.values())))
    if last <= first:
        raise MarketDataError(folder, "the files have no hours in common")
    hours = [first + i * HOUR for i in range(int((last - first) / HOUR))]
    filled = dict.fromkeys(SOURCES, 0)
    result = [_hour(folder, hour, series, funding, filled) for hour in hours]
    cleaning = [
        Cleaning(source.file, *loaded[name][1:], filled_hours=filled[name], note=source.note)
        for name, source in SOURCES.items()
    ] + [
        Cleaning(FUNDING[venue].file, *item[1:], filled_hours=0, note="at the hours of payment")
        for venue, item in funding.items()
    ]
    return Market(result, cleaning)


def _hour(
    folder: Path,
    hour: datetime,
    series: dict[str, Series],
    funding: dict[str, tuple[Series, int, int, int]],
    filled: dict[str, int],
) -> Hour:
    known = {}
    for name, source in SOURCES.items():
        stamp, known[name] = series[name].known_at(hour)
        age = hour - stamp
        if age > source.max_age:
            raise MarketDataError(
                folder / source.file,
                f"nothing between {stamp:%Y-%m-%d %H:%M} and {hour:%Y-%m-%d %H:%M} UTC, more than"
                f" the {source.max_age} that a value stays usable; fill the gap or cut the run",
            )
        # A gap is where the newest value is older than the file's own rhythm.
        filled[name] += age >= (2 * HOUR if source.max_age < DAY else DAY + HOUR)
    payments = {}
    for venue, (one, *_) in funding.items():
        stamp, rate = one.known_at(hour)
        if stamp == hour:
            payments[venue] = rate
    return Hour(time=hour, funding=payments, **known)


def _load(folder: Path, source: Source) -> tuple[Series, int, int, int]:
    """The series, with how many rows were read, were exact duplicates, were left out."""
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
        elif stamps and previous and stamp <= _stamp(previous[source.stamp]):
            raise MarketDataError(
                path, f"row {rows} ({stamp:%Y-%m-%d %H:%M}) contradicts or precedes the row before"
            )
        elif source.keep(stamp):
            stamps.append(stamp)
            values.append(value)
        else:
            left_out += 1
        previous = row
    if not stamps:
        raise MarketDataError(path, "holds no usable row")
    return Series(stamps, values), rows, duplicates, left_out


def _rows(path: Path, source: Source) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(line for line in file if not line.startswith("#"))
            rows = list(reader)
            header = reader.fieldnames or []
    except OSError as error:
        raise MarketDataError(path, f"cannot be read ({error.strerror})") from error
    for column in (source.stamp, source.value):
        if column not in header:
            raise MarketDataError(path, f"has no column {column!r}")
    return rows


def _parsed(
    path: Path, source: Source, number: int, row: dict[str, str]
) -> tuple[datetime, Decimal]:
    try:
        stamp, value = _stamp(row[source.stamp]), Decimal(row[source.value])
    except (ValueError, InvalidOperation, TypeError):
        cells = (row[source.stamp], row[source.value])
        raise MarketDataError(path, f"row {number} holds {shown(cells)}") from None
    if not value.is_finite() or (value <= 0 and source not in FUNDING.values()):
        raise MarketDataError(path, f"row {number} holds the value {value}")
    return stamp, value


def _stamp(text: str) -> datetime:
    if text.isdigit():
        return datetime.fromtimestamp(int(text), UTC)
    stamp = datetime.fromisoformat(text)
    return stamp.replace(tzinfo=UTC) if stamp.tzinfo is None else stamp.astimezone(UTC)


def _floor(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def _last_usable(source: Source, series: Series) -> datetime:
    rhythm = DAY if source.max_age >= DAY else HOUR
    return series.stamps[-1] + rhythm
