"""Makes the month of market data that is shipped: `python -m event_logger.demo.generate_market`.

Random walks from a fixed seed, in the file formats of the exchanges' and the chain's data; a rally
in the middle of the month takes the margins of the shorts past their thresholds.
"""

from __future__ import annotations

import csv
import math
import random
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

SEED = 20240601
START = datetime(2024, 6, 1, tzinfo=UTC)
HOURS = 31 * 24


def generate(folder: Path, hours: int = HOURS) -> None:
    """Write the six kinds of files into the folder; the same bytes every time."""
    random_walk = random.Random(SEED)
    stamps = [START + timedelta(hours=i) for i in range(hours)]
    days = stamps[::24]
    _write(
        folder / "eth_usdt_spot_1h.csv",
        ("timestamp", "open", "high", "low", "close"),
        _candles(random_walk, stamps),
    )
    for venue in ("binance", "bybit"):
        rates = (
            (_iso(stamp), f"{random_walk.gauss(0.0001, 0.00006):.8f}", "ETHUSDT")
            for stamp in stamps[::8]
        )
        header = ("funding_timestamp", "funding_rate", "symbol")
        _write(folder / f"{venue}_funding.csv", header, rates)
    _write(
        folder / "weeth_eth_oracle_1h.csv",
        ("timestamp", "oracle_price_eth"),
        (
            (_iso(stamp), f"{1.0385 * math.exp(0.030 * i / 8766):.16f}")
            for i, stamp in enumerate(stamps)
        ),
    )
    _write(
        folder / "aave_weeth_daily.csv",
        ("targetDate", "liquidityIndex"),
        (
            (_iso(day), f"{1.0001 * math.exp(0.0012 * i / 365.25):.16f}")
            for i, day in enumerate(days)
        ),
    )
    _write(
        folder / "aave_weth_daily.csv",
        ("targetDate", "variableBorrowIndex"),
        (
            (_iso(day), f"{1.0412 * math.exp(0.024 * i / 365.25):.16f}")
            for i, day in enumerate(days)
        ),
    )
    _write(
        folder / "ethereum_gas.csv",
        ("timestamp", "block_timestamp", "gas_price_avg_gwei"),
        _gas(random_walk, stamps),
    )


def _candles(random_walk: random.Random, stamps: Sequence[datetime]) -> Iterable[Sequence[str]]:
    price = 3000.0
    for i, stamp in enumerate(stamps):
        # A rally of a third over ten days, then a slow retreat.
        drift = 0.0013 if 200 <= i < 440 else -0.0003
        if i >= HOURS:
            # Longer than a month the price stays about where it was.
            drift = 0.002 * math.log(3000.0 / price)
        opened, price = price, price * math.exp(random_walk.gauss(drift, 0.004))
        high = max(opened, price) * (1 + abs(random_walk.gauss(0, 0.001)))
        low = min(opened, price) * (1 - abs(random_walk.gauss(0, 0.001)))
        yield (_iso(stamp), *(f"{value:.2f}" for value in (opened, high, low, price)))


def _gas(random_walk: random.Random, stamps: Sequence[datetime]) -> Iterable[Sequence[str]]:
    for stamp in stamps:
        seconds = int(stamp.timestamp()) - random_walk.randrange(1, 60)
        yield (_iso(stamp), str(seconds), f"{random_walk.lognormvariate(2.2, 0.6):.2f}")


def _iso(stamp: datetime) -> str:
    return f"{stamp:%Y-%m-%dT%H:%M:%SZ}"


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


if __name__ == "__main__":
    generate(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "data")
