"""Hourly market data from CSV files, cleaned as a careful quant would, never looking ahead.

What is known at an hour is what was published by then: a candle's open at its own stamp (its close
is only known an hour later), an AAVE index and a gas price from their stamp on. The oracle's hourly
values are interpolated between daily ones, which looks up to a day ahead; only the midnight values
are used.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from event_logger.demo.market_files import Loaded, MarketDataError, Series, Source, load_file

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def _is_midnight(stamp: datetime) -> bool:
    return stamp.hour == 0


SOURCES: dict[str, Source] = {
    "eth_usd": Source(
        "eth_usdt_spot_1h.csv", "timestamp", "open", HOUR, 3 * HOUR, "a candle's open, at its stamp"
    ),
    "weeth_eth": Source(
        "weeth_eth_oracle_1h.csv",
        "timestamp",
        "oracle_price_eth",
        DAY,
        2 * DAY,
        "midnight values only: the rest is interpolated",
        keep=_is_midnight,
    ),
    "weeth_index": Source(
        "aave_weeth_daily.csv",
        "targetDate",
        "liquidityIndex",
        DAY,
        2 * DAY,
        "from its stamp on",
        True,
    ),
    "weth_borrow_index": Source(
        "aave_weth_daily.csv",
        "targetDate",
        "variableBorrowIndex",
        DAY,
        2 * DAY,
        "from its stamp on",
        True,
    ),
    "gas_gwei": Source(
        "ethereum_gas.csv",
        "block_timestamp",
        "gas_price_avg_gwei",
        3 * HOUR,  # sampled every two hours, and not to the minute
        6 * HOUR,
        "by the block's own time, not the row's label",
    ),
}
FUNDING: dict[str, Source] = {
    venue: Source(
        f"{venue}_funding.csv",
        "funding_timestamp",
        "funding_rate",
        8 * HOUR,
        8 * HOUR,
        "at the hours of payment",
        may_be_negative=True,
    )
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
    loaded = {name: load_file(folder, source) for name, source in SOURCES.items()}
    funding = {venue: load_file(folder, source) for venue, source in FUNDING.items()}
    series = {name: item.series for name, item in loaded.items()}
    everything = [*series.values(), *(item.series for item in funding.values())]
    first = max(one.stamps[0] for one in everything)
    first = first if first == _floor(first) else _floor(first) + HOUR
    last = min(_last_usable(source, series[name]) for name, source in SOURCES.items())
    last = _floor(min(last, *(item.series.stamps[-1] + 8 * HOUR for item in funding.values())))
    if last <= first:
        raise MarketDataError(folder, "the files have no hours in common")
    hours = [first + i * HOUR for i in range(int((last - first) / HOUR))]
    for venue, item in funding.items():
        _require_every_payment(folder / FUNDING[venue].file, item.series, FUNDING[venue].rhythm)
    filled = dict.fromkeys(SOURCES, 0)
    result = [_hour(folder, hour, series, funding, filled) for hour in hours]
    cleaning = [_cleaning(source, loaded[name], filled[name]) for name, source in SOURCES.items()]
    cleaning += [_cleaning(FUNDING[venue], item, 0) for venue, item in funding.items()]
    return Market(result, cleaning)


def _cleaning(source: Source, loaded: Loaded, filled: int) -> Cleaning:
    counts = loaded.rows, loaded.duplicates, loaded.left_out
    return Cleaning(source.file, *counts, filled_hours=filled, note=source.note)


def _hour(
    folder: Path,
    hour: datetime,
    series: dict[str, Series],
    funding: dict[str, Loaded],
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
        filled[name] += age >= source.rhythm
    payments = {}
    for venue, one in funding.items():
        stamp, rate = one.series.known_at(hour)
        if stamp == hour:
            payments[venue] = rate
    return Hour(time=hour, funding=payments, **known)


def _require_every_payment(path: Path, series: Series, rhythm: timedelta) -> None:
    """A payment cannot be filled in: the money would be made up."""
    for stamp, following in zip(series.stamps, [*series.stamps[1:], None], strict=True):
        if stamp != _floor(stamp):
            raise MarketDataError(path, f"the payment at {stamp.isoformat()} is not on the hour")
        if following is not None and following - stamp > rhythm:
            raise MarketDataError(
                path,
                f"no payment between {stamp:%Y-%m-%d %H:%M} and {following:%Y-%m-%d %H:%M} UTC,"
                f" where one is due every {rhythm}; add the missing rows",
            )


def _floor(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def _last_usable(source: Source, series: Series) -> datetime:
    # The end of a file is no gap: nothing is filled past the hour or day of its last row.
    return series.stamps[-1] + (DAY if source.rhythm == DAY else HOUR)
