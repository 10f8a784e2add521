"""Events as lines of CSV: the specification's fields, then the extras by first appearance."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice, repeat
from operator import itemgetter
from typing import Any, NamedTuple, Self

import orjson

from domain.fields import CHAIN_FIELDS, DECLARED_FIELDS
from domain.lifecycle import COMPLETED
from projections.csv_cells import (
    RESTORED,
    STORED,
    Cells,
    cell_texts,
    in_quotes,
    json_parts,
    quoted_parts,
    safe,
    stored_json_parts,
)
from projections.event_dicts import Record
from projections.json_cells import told_apart

_CHAIN = frozenset(CHAIN_FIELDS)
_loads = orjson.loads
_DOLLAR = ord("$")


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


_AT_ONCE = 100
# Where every event is unlike the others, those of before are not looked through for each batch.
_MOST_ALIKE = 500
_APART = frozenset({"extra", "position_snapshot", "recorded_at"})
Likeness = tuple[Shape, tuple[str, ...] | None]
"""The shape of an event and the names in its snapshot: all that its line's layout depends on."""
Texts = dict[object, Sequence[str]]
"""The texts of a column by its name, those of a value of the snapshot by `_within(name)`."""
Cell = tuple[str, tuple[object, ...]]
"""What stands in a cell, `_TEXT` being the place of a text, and the names of those texts."""
_TEXT = "\0"


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
        self._stored = stored
        self._columns = columns
        self._json = stored_json_parts if stored else json_parts
        self._alike: dict[Likeness, _Alike] = {}
        self._taken = 0
        self._snapshot: object = None
        self._written = b""

    def header(self) -> str:
        """The first line."""
        return ",".join(map(self._cells[str], self._columns)) + "\n"

    def lines(self, events: Iterable[tuple[int, Record]]) -> Iterator[str]:
        """The line of each event, many being made at once."""
        rest = iter(events)
        while some := list(islice(rest, _AT_ONCE)):
            for order, record in some:
                self.take(order, record, shape_of(record))
            yield from self.made()

    def take(self, order: int, record: Record, shape: Shape) -> None:
        """Take in one event; what is kept of it is small, and the record may be let go of."""
        snapshot = record.get("position_snapshot")
        likeness = shape, None if snapshot is None else tuple(snapshot)
        alike = self._alike.get(likeness)
        if alike is None:
            alike = self._alike[likeness] = _Alike(likeness, self._columns, self._stored)
        alike.places.append(self._taken)
        alike.orders.append(order)
        alike.rows.append(alike.values(record))
        if shape[1]:
            alike.extras.append(tuple(record["extra"].values()))
        if snapshot:
            # Most are that of the event before, and the same object.
            if snapshot is not self._snapshot:
                self._snapshot, self._written = snapshot, self._json(snapshot.values())
            alike.snapshots.append(self._written)
        self._taken += 1

    def made(self) -> list[str]:
        """The lines of the events taken in since last asked; alike ones column by column."""
        lines = [""] * self._taken
        for alike in self._alike.values():
            if alike.places:
                for place, line in zip(alike.places, alike.lines(self._cells), strict=True):
                    lines[place] = line
                alike.clear()
        self._taken = 0
        if len(self._alike) > _MOST_ALIKE:
            self._alike.clear()
        return lines


def _within(name: str) -> tuple[str]:
    return (name,)


class _Alike:
    """Events alike: what was taken of their records, and the template of their lines."""

    def __init__(self, likeness: Likeness, columns: Sequence[str], stored: bool) -> None:
        (fields, self._extra_names), snapshot = likeness
        self._stored = stored
        self._own = [name for name in fields if name not in _APART]
        self._snapshot = snapshot or ()
        self._has_details = "detail_orders" in fields
        self.values: Callable[[Record], tuple[Any, ...]] = itemgetter(*self._own)
        self.places: list[int] = []
        self.orders: list[int] = []
        self.rows: list[tuple[Any, ...]] = []
        self.extras: list[tuple[Any, ...]] = []
        self.snapshots: list[bytes] = []
        cells: dict[str, Cell] = {"status": (COMPLETED, ())}
        cells |= {name: (_TEXT, (name,)) for name in ("order", *self._own, *self._extra_names)}
        if self._has_details:
            cells["detail_count"] = _TEXT, ("detail_count",)
        if snapshot is not None:
            cells |= _views(snapshot, stored)
        found = [cells.get(name, ("", ())) for name in columns]
        template = ",".join([template for template, _ in found]) + "\n"
        self._taken = [*chain.from_iterable(names for _, names in found)]
        self._first, *self._between = template.split(_TEXT)

    def clear(self) -> None:
        """Let go of what was taken."""
        for taken in (self.places, self.orders, self.rows, self.extras, self.snapshots):
            taken.clear()

    def lines(self, cells: Cells) -> Iterator[str]:
        """The lines of the events taken in."""
        texts = self._texts(cells)
        pieces: list[Iterable[str]] = [[self._first] * len(self.orders)]
        for name, after in zip(self._taken, self._between, strict=True):
            pieces += texts[name], repeat(after)
        # Joining takes half of the time that a template does (measured).
        return map("".join, zip(*pieces, strict=False))

    def _texts(self, cells: Cells) -> Texts:
        columns: dict[str, Sequence[Any]] = dict(
            zip(self._own, zip(*self.rows, strict=True), strict=True)
        )
        if self._extra_names:
            extras = map(told_apart, zip(*self.extras, strict=True))
            columns |= zip(self._extra_names, extras, strict=True)
        texts: Texts = {
            name: cell_texts(values, cells, stored=self._stored) for name, values in columns.items()
        }
        texts["order"] = list(map(str, self.orders))
        if self._has_details:
            texts["detail_count"] = [str(len(orders)) for orders in columns["detail_orders"]]
        if self._snapshot:
            width = len(self._snapshot)
            parts = quoted_parts(self.snapshots, stored=self._stored)
            for place, name in enumerate(self._snapshot):
                texts[_within(name)] = parts[place::width]
            cex = texts.get(_within("cex_accounts"), ())
            texts["cex_balance_after"] = ["" if t == "null" else f'"{t}"' for t in cex]
        return texts


def _views(snapshot: Sequence[str], stored: bool) -> dict[str, Cell]:
    """The cells of the snapshot and the specification's two views of it."""
    plain = map(_unescaped, snapshot) if stored else snapshot
    keys = [in_quotes(json.dumps(name, ensure_ascii=False))[1:-1] for name in plain]
    values = ",".join([f"{key}:{_TEXT}" for key in keys])
    cells: dict[str, Cell] = {
        "wallet_balance_after": (f'"{{{values}}}"', tuple(map(_within, snapshot)))
    }
    if "cex_accounts" in snapshot:
        cells["cex_balance_after"] = _TEXT, ("cex_balance_after",)
    viewed = [name for name in ("wallet", "perp_positions") if name in snapshot]
    wallet, perps = (_TEXT if name in viewed else "null" for name in ("wallet", "perp_positions"))
    cells["aave_position_after"] = (
        f'"{{""wallet"":{wallet},""perp_positions"":{perps}}}"',
        tuple(map(_within, viewed)),
    )
    return cells


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
    under, waiting = lines_under(names), 0
    for order, record in chain(first, rest):
        shape = shape_of(record)
        if shape not in known:
            known.add(shape)
            wider = columns.fold_shapes([shape]).names()
            if wider != names:
                yield CsvBatch(names, under.made())
                names, under, waiting = wider, lines_under(wider), 0
        under.take(order, record, shape)
        waiting += 1
        if waiting == size:
            yield CsvBatch(names, under.made())
            waiting = 0
    yield CsvBatch(names, under.made())


def as_stored(state: bytes, loads: Callable[[bytes], Record] = _loads) -> Record:
    """A stored event for `CsvLines(…, stored=True)`: as it stands, but for its extras' names.

    Raises `orjson.JSONDecodeError` for bytes that are no JSON.
    """
    record: Record = loads(state)
    if _DOLLAR in state and b'"$$' in state and record.get("extra"):
        record["extra"] = {_unescaped(name): value for name, value in record["extra"].items()}
    return record


def _unescaped(name: str) -> str:
    return name[1:] if name.startswith("$") else name
