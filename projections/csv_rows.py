"""Events as lines of CSV: the specification's fields, then the extras by first appearance."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain, islice
from operator import itemgetter
from typing import Any, NamedTuple, Self

import orjson

from domain.fields import CHAIN_FIELDS, DECLARED_FIELDS
from domain.lifecycle import COMPLETED
from projections.csv_cells import (
    RESTORED,
    STORED,
    Cells,
    in_quotes,
    json_lines,
    safe,
    stored_json_lines,
)
from projections.event_dicts import Record

_CHAIN = frozenset(CHAIN_FIELDS)
_loads = orjson.loads


Shape = tuple[tuple[str, ...], tuple[str, ...]]
"""The names of an event's fields and of its extras: all that its columns depend on."""


def shape_of(record: Record) -> Shape:
    """The record's shape."""
    extra = record.get("extra")
    return tuple(record), tuple(extra) if extra else ()


class CsvColumns:
    """Which columns the events folded in need, in the order in which the file has them."""

    def __init__(self) -> None:
        self._chain: set[str] = set()
        self._extras: dict[str, None] = {}
        self._known: set[Shape] = set()

    def fold(self, events: Iterable[tuple[int, Record]]) -> Self:
        """Fold in further events, in rising order."""
        return self.fold_shapes(shape_of(record) for _, record in events)

    def fold_shapes(self, shapes: Iterable[Shape]) -> Self:
        """Fold in the shapes of further events, in rising order."""
        for shape in shapes:
            if shape not in self._known:
                self._known.add(shape)
                fields, extras = shape
                self._extras.update(dict.fromkeys(extras))
                if "detail_orders" in fields:
                    self._extras.update(dict.fromkeys(("detail_orders", "detail_count")))
                self._chain.update(_CHAIN.intersection(fields))
        return self

    def names(self) -> list[str]:
        """The header."""
        # What is a field of its own by now may stand among the extras of an older log.
        of_chain = [name for name in CHAIN_FIELDS if name in self._chain or name in self._extras]
        extras = [name for name in self._extras if name not in _CHAIN]
        return [*DECLARED_FIELDS, *of_chain, *extras]


_DERIVED = (
    "",
    "order",
    "status",
    "detail_count",
    "wallet_balance_after",
    "cex_balance_after",
    "aave_position_after",
)
"""What an event has beyond its record's fields, in the order in which `CsvLines` writes it."""

_NO_VIEWS = ("", "", "")
_APART = frozenset({"extra", "position_snapshot", "recorded_at"})
Layout = tuple[Callable[[Record], tuple[Any, ...]], Callable[[list[str]], tuple[str, ...]]]


class CsvLines:
    """Makes the events' lines under these columns, quoted where they must be (RFC 4180).

    Nothing stands for None, JSON for dicts and lists. With `stored`, records are taken as they were
    stored; with `csv_safe`, a spreadsheet takes no text for a formula.
    """

    def __init__(
        self, columns: Sequence[str], *, stored: bool = False, csv_safe: bool = False
    ) -> None:
        cells = STORED if stored else RESTORED
        self._cells: Cells = safe(cells) if csv_safe else cells
        self._json_lines = stored_json_lines if stored else json_lines
        self._stored = stored
        self._columns = columns
        self._layouts: dict[Shape, Layout] = {}

    def header(self) -> str:
        """The first line."""
        return ",".join(map(self._cells[str], self._columns)) + "\n"

    def lines(self, events: Iterable[tuple[int, Record]]) -> Iterator[str]:
        """The line of each event."""
        return (self.line(order, record, shape_of(record)) for order, record in events)

    def line(self, order: int, record: Record, shape: Shape) -> str:
        """The line of one event of this shape."""
        cells = self._cells
        layout = self._layouts.get(shape)
        if layout is None:
            layout = self._layouts[shape] = self._layout(shape)
        fields, columns = layout
        snapshot, details = record.get("position_snapshot"), record.get("detail_orders")
        texts = [
            "",
            str(order),
            COMPLETED,
            "" if details is None else str(len(details)),
            *(_NO_VIEWS if snapshot is None else self._views(snapshot)),
        ]
        texts += [cells[type(value)](value) for value in fields(record)]
        if shape[1]:
            texts += [cells[type(value)](value) for value in record["extra"].values()]
        return ",".join(columns(texts)) + "\n"

    def _layout(self, shape: Shape) -> Layout:
        """What to take of a record of this shape, and where its columns' texts then stand."""
        fields, extras = shape
        own = [name for name in fields if name not in _APART]
        places = {name: place for place, name in enumerate((*_DERIVED, *own, *extras))}
        return itemgetter(*own), itemgetter(*[places.get(name, 0) for name in self._columns])

    def _views(self, snapshot: dict[str, Any]) -> tuple[str, str, str]:
        """The snapshot and the specification's two views of it, every value written once."""
        texts = self._json_lines(snapshot.values()).replace('"', '""').split("\n")
        whole, wallet, perps, cex = _snapshot_layout(tuple(snapshot), self._stored)
        texts.append("null")
        cex_text = "" if texts[cex] == "null" else f'"{texts[cex]}"'
        aave = f'"{{""wallet"":{texts[wallet]},""perp_positions"":{texts[perps]}}}"'
        return whole % tuple(texts), cex_text, aave


@lru_cache(maxsize=256)
def _snapshot_layout(names: tuple[str, ...], stored: bool) -> tuple[str, int, int, int]:
    """A template of the whole, and which of the values the views take (-1: the null at the end)."""
    places = {name: place for place, name in enumerate(names)}
    wallet, perps, cex = (
        places.get(name, -1) for name in ("wallet", "perp_positions", "cex_accounts")
    )
    plain = map(_unescaped, names) if stored else names
    keys = [in_quotes(json.dumps(name, ensure_ascii=False))[1:-1] for name in plain]
    values = ",".join(f"{key.replace('%', '%%')}:%s" for key in keys)
    # "%.0s" takes a text and writes nothing: the null at the end, and the text of no values.
    nothing = "" if names else "%.0s"
    return f'"{{{values}{nothing}}}"%.0s', wallet, perps, cex


class CsvBatch(NamedTuple):
    """Lines under the columns that were known when they were made."""

    columns: list[str]
    lines: list[str]


def csv_batches(
    events: Iterable[tuple[int, Record]],
    size: int,
    lines_under: Callable[[list[str]], CsvLines] = CsvLines,
) -> Iterator[CsvBatch]:
    """The events' lines in one pass, up to `size` in a batch; there is a first batch always.

    Before the first is made, its events, which mostly bring every column, are looked at; where a
    later event brings a further column, a batch with that column begins.
    """
    rest = iter(events)
    first = list(islice(rest, size))
    columns = CsvColumns().fold(first)
    names, known = columns.names(), set(map(shape_of, (record for _, record in first)))
    batch, make = CsvBatch(names, []), lines_under(names).line
    for order, record in chain(first, rest):
        shape = shape_of(record)
        if shape not in known:
            known.add(shape)
            names = columns.fold_shapes([shape]).names()
            if names != batch.columns:
                yield batch
                batch, make = CsvBatch(names, []), lines_under(names).line
        batch.lines.append(make(order, record, shape))
        if len(batch.lines) >= size:
            yield batch
            batch = CsvBatch(names, [])
    yield batch


def as_stored(state: bytes) -> Record:
    """A stored event for `CsvLines(…, stored=True)`: as it stands, but for its extras' names.

    Raises `orjson.JSONDecodeError` for bytes that are no JSON.
    """
    record: Record = _loads(state)
    if b'"$$' in state and record.get("extra"):
        record["extra"] = {_unescaped(name): value for name, value in record["extra"].items()}
    return record


def _unescaped(name: str) -> str:
    return name[1:] if name.startswith("$") else name
