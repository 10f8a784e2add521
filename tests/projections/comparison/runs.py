"""Runs in memory, and events of them, for the tests of comparisons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from domain.fields import stored_fields
from domain.times import iso_utc
from projections.comparison.comparing import compared
from projections.comparison.fingerprints import Fingerprints, Keys
from projections.comparison.report import Comparison
from projections.event_dicts import Record
from tests.support import NOON

SECOND = 10**9
MINUTE = 60 * SECOND


class RunInMemory:
    """A run of these records, orders from 1 on."""

    def __init__(
        self,
        records: Sequence[Record],
        *,
        mode: str = "backtest",
        metadata: Mapping[str, Any] | None = None,
        told_in_text: bool = False,
    ) -> None:
        self.name = mode
        self.log: str | None = None
        self.mode = mode
        self.metadata = metadata or {}
        self.identity: str | None = None
        self.horizon: str | None = str(len(records))
        self.told_in_text = told_in_text
        self._records = records

    def records(self) -> Iterator[tuple[int, Record, bytes | None]]:
        return ((order, record, None) for order, record in enumerate(self._records, 1))

    def at(self, orders: Sequence[int]) -> dict[int, Record]:
        return {order: self._records[order - 1] for order in orders}


def event(
    seconds: float = 0,
    event_type: str = "FUNDING_PAYMENT",
    amount: Any = 1,
    *,
    venue: str = "BINANCE",
    token: str | None = "USDT",
    **more: Any,
) -> Record:
    """A record so many seconds after noon; what is no field of an event is an extra."""
    record: Record = {
        "timestamp": iso_utc(NOON + timedelta(seconds=seconds)),
        "event_type": event_type,
        "venue": venue,
        "amount": amount,
        "recorded_at": "2024-01-01T00:00:00Z",
    }
    if token is not None:
        record["token"] = token
    extra = {name: value for name, value in more.items() if name not in _FIELDS}
    record |= {name: value for name, value in more.items() if name in _FIELDS}
    return record | ({"extra": extra} if extra else {})


_FIELDS = stored_fields().keys() | {"status"}


def trade(
    seconds: float, amount: Any, *, side: str = "BUY", price: Any = 3000, **more: Any
) -> Record:
    """A spot trade of ETH."""
    given = {"pair": "ETH/USDT", "side": side, "price": price, **more}
    return event(seconds, "SPOT_TRADE", amount, token="ETH", **given)


def bundle(first: int, seconds: float, name: str, *details: Record) -> list[Record]:
    """A wrapper that has the order `first`, and its details."""
    orders = [*range(first + 1, first + 1 + len(details))]
    wrapper = event(
        seconds, "ATOMIC_TRANSACTION", 1, venue="INSTADAPP", token=None, bundle_name=name
    )
    return [
        wrapper | {"detail_orders": orders},
        *(detail | {"parent_event": first} for detail in details),
    ]


def comparison_of(
    a: Sequence[Record] | RunInMemory,
    b: Sequence[Record] | RunInMemory,
    *,
    window: int | None = None,
    tolerance: str = "0",
    most: int | None = 1000,
) -> Comparison:
    """What is found between two runs."""
    keys = Keys()
    one, other = (
        Fingerprints(run if isinstance(run, RunInMemory) else RunInMemory(run), keys)
        for run in (a, b)
    )
    return compared(one, other, window=window, tolerance=Decimal(tolerance), most=most)


def counts(found: Comparison) -> dict[str, tuple[int, int]]:
    """The verdicts that there are."""
    return {verdict: pair for verdict, pair in found.counts.items() if any(pair)}


Pairs = dict[str, tuple[int, int]]


class Given(NamedTuple):
    """Two runs of backtests, how they are compared, and the verdicts."""

    a: list[Record]
    b: list[Record]
    then: Pairs
    options: dict[str, Any]


def given(a: list[Record], b: list[Record], then: Pairs, **options: Any) -> Given:
    return Given(a, b, then, options)


def mirrored(verdict: str) -> str:
    """The verdict on the two the other way round."""
    return {"only in A": "only in B", "only in B": "only in A"}.get(verdict, verdict)
