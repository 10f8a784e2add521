"""Stored events as batches of loose columns: what is alike of many events at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from operator import itemgetter
from typing import Any, NamedTuple

import orjson

from domain.errors import CorruptLogError, shown
from domain.fields import TIME_FIELDS
from domain.lifecycle import COMPLETED
from infrastructure.columns.arrays import Loose, loose, loose_type, times, together
from projections.column_cells import json_lines
from projections.column_types import (
    BALANCES,
    EVENT_COLUMNS,
    SNAPSHOT,
    ColumnType,
    may_hold,
)
from projections.csv_rows import Shape, shape_of
from projections.event_dicts import Record
from projections.snapshot_rows import snapshot_rows

T = ColumnType
_ROWS, _BYTES, _AT_ONCE = 5000, 16 * 2**20, 100
_APART = frozenset({"position_snapshot", "detail_orders", "related_events", "extra"})
_COLUMNS = frozenset(EVENT_COLUMNS)
_LISTS = ("related_events", "detail_orders")
_DOLLAR = ord("$")


class Key(NamedTuple):
    """A column: of a field of the events, or of an extra that is called so."""

    name: str
    is_field: bool


def key_of(name: str) -> Key:
    """The column of an extra, or of the field of the same name, which was an extra once."""
    return Key(name, name in _COLUMNS)


class Found(NamedTuple):
    """Cells of a column, at some of a batch's rows, and the first order of each type there."""

    key: Key
    cells: Loose
    orders: dict[ColumnType, int]


class LooseBatch(NamedTuple):
    """The next events of a log: their columns, and the first order of each type in each."""

    rows: int
    columns: dict[Key, Loose]
    orders: dict[Key, dict[ColumnType, int]]


Wanted = Callable[[str], bool]
"""Whether a column of this name is wanted."""


_Made = Callable[[Sequence[Any]], tuple[Loose, dict[ColumnType, int]]]


class Batches:
    """Makes batches of the events of one log; only of the columns that are wanted.

    Raises `CorruptLogError` for a field that cannot hold what it does.
    """

    def __init__(self, log: str, wanted: Wanted) -> None:
        self._log = log
        self._wanted = wanted

    def of(self, rows: Iterable[tuple[int, bytes]]) -> Iterator[LooseBatch]:
        """The batches of (order, JSON) rows, none of them empty."""
        rest = iter(rows)
        while some := _up_to(_ROWS, _BYTES, rest):
            yield self._batch(some)

    def _batch(self, rows: Sequence[tuple[int, bytes]]) -> LooseBatch:
        alike: dict[Shape, _Alike] = {}
        order = 0
        try:
            for place, (order, state) in enumerate(rows):
                record: Record = orjson.loads(state)
                # Looked for without the quote, of which there are many: half a dozen times faster.
                if _DOLLAR in state and b"$$" in state and "extra" in record:
                    record["extra"] = _unescaped(record["extra"])
                shape = shape_of(record)
                known = alike.get(shape)
                if known is None:
                    known = alike[shape] = _Alike(self._log, shape, self._wanted)
                known.add(place, order, record)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            problem = f"its bytes are no record ({error})"
            raise CorruptLogError(self._log, order, problem) from error
        return _joined(len(rows), list(alike.values()))


def _up_to(most: int, size: int, rows: Iterator[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
    """The next rows, so many of them or of so many bytes."""
    found: list[tuple[int, bytes]] = []
    while len(found) < most and size > 0:
        some = list(islice(rows, min(_AT_ONCE, most - len(found))))
        if not some:
            break
        found += some
        size -= sum([len(state) for _, state in some])
    return found


def _unescaped(extra: dict[str, Any]) -> dict[str, Any]:
    return {name.removeprefix("$"): value for name, value in extra.items()}


def _taker(names: Sequence[str]) -> Callable[[Record], tuple[Any, ...]]:
    if len(names) > 1:
        taker: Callable[[Record], tuple[Any, ...]] = itemgetter(*names)
        return taker
    return lambda record: tuple(record[name] for name in names)


class _Alike:
    """The events of one shape: their values, column by column."""

    def __init__(self, log: str, shape: Shape, wanted: Wanted) -> None:
        self._log = log
        fields, extras = shape
        for name in ("timestamp", "event_type", "venue"):
            if name not in fields:
                raise KeyError(name)
        self._fields = [name for name in fields if name not in _APART and wanted(name)]
        self._extras = [name for name in extras if wanted(name)]
        self._lists = [name for name in _LISTS if name in fields]
        self._of_fields, self._of_extras = _taker(self._fields), _taker(self._extras)
        self._has_status = "status" in fields
        self._has_extras = "extra" in fields
        self._has_snapshot = "position_snapshot" in fields
        self._has_json = self._has_snapshot and wanted(SNAPSHOT)
        self._has_balances = self._has_snapshot and wanted(BALANCES)
        self.places: list[int] = []
        self._orders: list[int] = []
        self._rows: list[tuple[Any, ...]] = []
        self._extra_rows: list[tuple[Any, ...]] = []
        self._list_rows: list[list[Any]] = []
        self._json: list[bytes] = []
        self._balances: list[list[tuple[str, str, str | None]]] = []

    def add(self, place: int, order: int, record: Record) -> None:
        """Take in the event that is the batch's row at this place."""
        self.places.append(place)
        self._orders.append(order)
        self._rows.append(self._of_fields(record))
        if self._has_extras and type(record["extra"]) is not dict:
            raise TypeError("its extra is no mapping")
        if self._extras:
            self._extra_rows.append(self._of_extras(record["extra"]))
        if self._lists:
            self._list_rows.append([record[name] for name in self._lists])
        if self._has_snapshot and type(record["position_snapshot"]) is not dict:
            raise TypeError("its position_snapshot is no mapping")
        if self._has_json:
            self._json.append(orjson.dumps(record["position_snapshot"]))
        if self._has_balances:
            self._balances.append(list(snapshot_rows(record["position_snapshot"])))

    def columns(self) -> Iterator[Found]:
        """The columns that these events have."""
        import pyarrow as pa

        count, first = len(self.places), self._orders[0]
        yield Found(Key("order", True), Loose(T.INT, pa.array(self._orders, pa.int64())), {})
        if not self._has_status:
            completed = pa.repeat(pa.scalar(COMPLETED, pa.string()), count)
            yield Found(Key("status", True), Loose(T.TEXT, completed), {})
        extras = {*self._extras}
        for name, values in zip(self._fields, zip(*self._rows, strict=True), strict=True):
            if name not in extras:
                yield self._field(name, values)
        yield from self._of_orders()
        if self._has_json:
            texts = pa.array(json_lines(self._json), pa.string())
            yield Found(Key(SNAPSHOT, True), Loose(T.JSON, texts), {T.JSON: first})
        if self._has_balances:
            rows = pa.array(self._balances, loose_type(T.BALANCES))
            yield Found(Key(BALANCES, True), Loose(T.BALANCES, rows), {})
        for name, values in zip(self._extras, zip(*self._extra_rows, strict=True), strict=True):
            yield self._found(name, values, loose, lambda found: True)

    def _field(self, name: str, values: Sequence[Any]) -> Found:
        made = _times if name in TIME_FIELDS else loose
        is_field = name in _COLUMNS
        return self._found(name, values, made, lambda one: not is_field or may_hold(name, one))

    def _found(
        self, name: str, values: Sequence[Any], made: _Made, allowed: Callable[[ColumnType], bool]
    ) -> Found:
        try:
            found, seen = made(values)
            if allowed(found.found):
                orders = {one: self._orders[place] for one, place in seen.items()}
                return Found(key_of(name), found, orders)
        except (TypeError, ValueError):
            pass
        for order, value in zip(self._orders, values, strict=True):
            try:
                is_sound = allowed(made([value])[0].found)
            except (TypeError, ValueError):
                is_sound = False
            if not is_sound:
                raise CorruptLogError(self._log, order, f"its {name} is {shown(value)}")
        raise CorruptLogError(self._log, self._orders[0], f"its {name} cannot be read")

    def _of_orders(self) -> Iterator[Found]:
        import pyarrow as pa

        for name, values in zip(self._lists, zip(*self._list_rows, strict=True), strict=True):
            for order, value in zip(self._orders, values, strict=True):
                if value is not None and not _are_orders(value):
                    raise CorruptLogError(self._log, order, f"its {name} is {shown(value)}")
            lists = pa.array(values, loose_type(T.ORDERS))
            yield Found(Key(name, True), Loose(T.ORDERS, lists), {T.ORDERS: self._orders[0]})
            if name == "detail_orders":
                counts = [None if value is None else len(value) for value in values]
                counted = Loose(T.INT, pa.array(counts, pa.int64()))
                yield Found(Key("detail_count", True), counted, {})


def _times(values: Sequence[Any]) -> tuple[Loose, dict[ColumnType, int]]:
    found = times(values)
    return found, {found.found: 0}


def _are_orders(value: object) -> bool:
    return isinstance(value, list) and all(
        type(order) is int and 0 < order < 2**63 for order in value
    )


def _joined(rows: int, alike: Sequence[_Alike]) -> LooseBatch:
    """The columns of all, each over all of the batch's rows, in the rows' order."""
    import numpy as np
    import pyarrow as pa

    parts: dict[Key, list[Loose]] = {}
    orders: dict[Key, dict[ColumnType, int]] = {}
    done = 0
    for one in alike:
        for key, cells, seen in one.columns():
            have = parts.setdefault(key, [])
            missing = done - sum(len(part.cells) for part in have)
            if missing:
                have.append(Loose(T.NOTHING, pa.nulls(missing)))
            have.append(cells)
            for found, order in seen.items():
                first = orders.setdefault(key, {})
                first[found] = min(order, first.get(found, order))
        done += len(one.places)
    places = np.empty(rows, dtype="int64")
    places[np.concatenate([one.places for one in alike])] = np.arange(rows)
    indices = pa.array(places)
    columns = {}
    for key, have in parts.items():
        missing = rows - sum(len(part.cells) for part in have)
        if missing:
            have.append(Loose(T.NOTHING, pa.nulls(missing)))
        found, cells = together(have)
        columns[key] = Loose(found, cells if len(alike) == 1 else cells.take(indices))
    return LooseBatch(rows, columns, orders)
