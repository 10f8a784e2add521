"""Figures over time: balances, equity, positions, costs and counts, as many points as are drawn.

A figure's points are thinned as they come, so that a log of any length gives a bounded number: of
neighbours the lowest and the highest stay, each the exact figure of one event. Counts are exact.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple, Self

from domain.accounts import SIZE
from domain.effects import UNDONE
from domain.event_values import EXACT, EventValues, decimal_of
from domain.moments import Moment
from projections.balances import ENTRY_PRICE, flat_numbers
from projections.event_dicts import Record

MOST_POINTS = 600
MOST_FIGURES = 120
_MOST_HOURS = 1200
_HOUR = 3_600_000_000
_ZERO = Decimal(0)


class When(NamedTuple):
    """An event's order and time: µs since 1970 to reckon with, and as it was logged, whole."""

    at: int
    order: int
    timestamp: str


class Point(NamedTuple):
    """A figure, as an event gives it."""

    when: When
    value: Decimal


class Figure:
    """One figure over time; `kind` is what it is of: balance, size, equity, cost …"""

    def __init__(self, kind: str, name: str, unit: str) -> None:
        self.kind = kind
        self.name = name
        self.unit = unit
        self.count = 0
        self.points: list[Point] = []

    @property
    def is_thinned(self) -> bool:
        """Whether points were left out."""
        return self.count > len(self.points)

    def copy(self) -> Figure:
        """The same figure, which does not go on with this one."""
        one = Figure(self.kind, self.name, self.unit)
        one.count, one.points = self.count, list(self.points)
        return one

    def add(self, point: Point) -> None:
        """Take the next point; one at the same time and value as the last tells nothing new."""
        self.count += 1
        self.points.append(point)
        if len(self.points) >= 2 * MOST_POINTS:
            self.points = list(_thinned(self.points))


class Timelines:
    """Folds a log's records; `order` is the last one that was folded in."""

    def __init__(self) -> None:
        self.order = 0
        self.first: When | None = None
        self.last: When | None = None
        self.types: Counter[str] = Counter()
        self.venues: Counter[str] = Counter()
        self.hours: dict[int, Counter[str]] = {}
        self.bin = _HOUR
        """How long a time the counts in `hours` are of, in microseconds."""
        self.left_out: set[str] = set()
        """Figures beyond those that are kept."""
        self._figures: dict[tuple[str, str], Figure] = {}
        self._last: dict[tuple[str, str], Any] = {}

    def fold(self, records: Iterable[tuple[int, Record]]) -> Self:
        """Fold in further records, in rising order; times are ISO 8601 text."""
        for order, record in records:
            at = Moment.of(record["timestamp"]).microseconds
            self.order = order
            when = When(at, order, record["timestamp"])
            self.first = min(self.first or when, when, key=_written)
            self.last = max(self.last or when, when, key=_written)
            self._count(at, record)
            self._show(when, record.get("position_snapshot"))
            if record.get("status") not in UNDONE:
                self._book(when, EventValues(record))
        return self

    def copy(self) -> Timelines:
        """What was folded so far, which does not go on with this one."""
        one = Timelines()
        one.__dict__.update(self.__dict__)
        one.types, one.venues = Counter(self.types), Counter(self.venues)
        one.hours = {began: Counter(counts) for began, counts in self.hours.items()}
        one._figures = {key: figure.copy() for key, figure in self._figures.items()}
        one._last, one.left_out = dict(self._last), set(self.left_out)
        return one

    def figures(self, *kinds: str) -> list[Figure]:
        """The figures of these kinds (none: of all), by kind and name."""
        wanted = [one for one in self._figures.values() if not kinds or one.kind in kinds]
        return sorted(wanted, key=lambda one: (_KINDS.index(one.kind), one.name))

    def _count(self, at: int, record: Record) -> None:
        event_type = record["event_type"]
        self.types[event_type] += 1
        self.venues[record["venue"]] += 1
        self.hours.setdefault(at // self.bin * self.bin, Counter())[event_type] += 1
        while len(self.hours) > _MOST_HOURS:
            self.bin *= 2
            wider: dict[int, Counter[str]] = {}
            for began, counts in self.hours.items():
                wider.setdefault(began // self.bin * self.bin, Counter()).update(counts)
            self.hours = wider

    def _show(self, when: When, snapshot: Any) -> None:
        if not isinstance(snapshot, Mapping):
            return
        for name, raw in flat_numbers(snapshot, lambda raw: raw):
            account, _, asset = name.rpartition(".")
            if asset == ENTRY_PRICE:
                continue
            kind, unit = (SIZE, "units") if asset == SIZE else ("balance", asset)
            self._set(kind, account if asset == SIZE else name, unit, when, raw)
        for path, raw in _health_factors(snapshot):
            self._set("health factor", path, "", when, raw)

    def _book(self, when: When, values: EventValues) -> None:
        event_type = values.get("event_type")
        if event_type == "PNL_SNAPSHOT":
            token = values.given_text("token") or ""
            name = f"{values.given_text('venue')}.{token}"
            self._set("equity", name, token, when, values.get("amount"))
            self._set("P&L", name, "USD", when, values.get("pnl_usd"))
        elif event_type == "GAS_FEE_PAID":
            self._add("gas", "gas paid", "ETH", when, values.given_number("gas_cost_eth"))
            self._add("gas", "gas paid", "USD", when, values.given_number("gas_cost_usd"))
        elif event_type == "FUNDING_PAYMENT":
            venue, token = values.given_text("venue"), values.given_text("token") or ""
            paid = values.given_number("pnl_usd")
            self._add("funding", f"funding at {venue}", token, when, paid)
        self._set("health factor", "", "", when, values.get("health_factor"))
        if not values.get("detail_orders"):
            cost = values.given_number("execution_cost_usd")
            self._add("execution cost", "execution cost", "USD", when, cost)

    def _set(self, kind: str, name: str, unit: str, when: When, raw: Any) -> None:
        """The figure is this from now on; where it was so before, that tells nothing."""
        key = kind, f"{name} {unit}"
        if raw is None or (key in self._last and self._last[key] == raw):
            return
        value = decimal_of(raw)
        if value is not None:
            self._last[key] = raw
            self._point(key, kind, name, unit, Point(when, value))

    def _add(self, kind: str, name: str, unit: str, when: When, amount: Decimal | None) -> None:
        """The figure has grown by this much, to the last digit."""
        if amount:
            key = kind, f"{name} {unit}"
            total = self._last[key] = EXACT.add(self._last.get(key, _ZERO), amount)
            self._point(key, kind, name, unit, Point(when, total))

    def _point(self, key: tuple[str, str], kind: str, name: str, unit: str, point: Point) -> None:
        figure = self._figures.get(key)
        if figure is None:
            if len(self._figures) >= MOST_FIGURES:
                self.left_out.add(name[:80])
                self.left_out = set(sorted(self.left_out)[:MOST_FIGURES])
                return
            figure = self._figures[key] = Figure(kind, name, unit)
        figure.add(point)


_KINDS = (
    "equity",
    "P&L",
    "balance",
    SIZE,
    "health factor",
    "gas",
    "funding",
    "execution cost",
)


def _written(when: When) -> tuple[int, str]:
    """What rises with the time, also by nanoseconds."""
    return when.at, when.timestamp.removesuffix("Z")


def _health_factors(snapshot: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """What the snapshot says of health factors, itself or in a part of it."""
    yield "", snapshot.get("health_factor")
    for part, held in snapshot.items():
        if isinstance(held, Mapping) and part not in ("wallet", "cex_accounts", "perp_positions"):
            yield str(part), held.get("health_factor")


def _thinned(points: list[Point]) -> Iterator[Point]:
    """Half of the points: of each four the lowest and the highest; the last one stays."""
    for start in range(0, len(points) - 1, 4):
        four = points[start : min(start + 4, len(points) - 1)]
        low, high = min(four, key=lambda p: p.value), max(four, key=lambda p: p.value)
        yield from sorted({low, high}, key=lambda p: p.when.order)
    yield points[-1]
