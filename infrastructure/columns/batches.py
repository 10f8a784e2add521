"""Stored events as batches of loose columns: what is alike of many events at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from domain.errors import CorruptLogError
from domain.fields import TIME_FIELDS
from domain.lifecycle import COMPLETED
from infrastructure.columns.alike import Alike, Found, Key, Wanted, sound
from infrastructure.columns.arrays import Loose, loose_type, times, together
from infrastructure.importing import import_apart
from projections.column_cells import json_lines
from projections.column_types import BALANCES, SNAPSHOT, ColumnType
from projections.csv_rows import Shape
from projections.snapshot_rows import snapshot_rows

if TYPE_CHECKING:
    import pyarrow as pa

T = ColumnType
_ROWS, _BYTES, _AT_ONCE = 10_000, 16 * 2**20, 100
_LOOKED_AT = 5000
_BEFORE = b',"position_snapshot":'
_TIMES = frozenset(Key(name, True) for name in TIME_FIELDS)
_ORDER, _STATUS = Key("order", True), Key("status", True)
_NOTHING: dict[str, Any] = {}


class LooseBatch(NamedTuple):
    """The next events of a log: their columns, and the first order of each type in each."""

    rows: int
    columns: dict[Key, Loose]
    orders: dict[Key, dict[ColumnType, int]]


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
        columns = _Columns(self._log, [order for order, _ in rows])
        snapshots = _Snapshots(len(rows), self._wanted)
        for start in range(0, len(rows), _LOOKED_AT):
            some = rows[start : start + _LOOKED_AT]
            for alike in self._alike(some, start, snapshots):
                columns.add(alike)
        return columns.joined(snapshots.columns(rows[0][0]))

    def _alike(
        self, rows: Sequence[tuple[int, bytes]], start: int, snapshots: _Snapshots
    ) -> Iterable[Alike]:
        """The events of some of a batch's rows, from `start` on, by their shapes."""
        alike: dict[Shape, Alike] = {}
        loads, keeps = orjson.loads, snapshots.are_wanted
        order = 0
        try:
            for place, (order, state) in enumerate(rows, start):  # noqa: B007
                record = loads(state)
                names = tuple(record)
                extra = record.pop("extra", _NOTHING)
                snapshot = record.pop("position_snapshot", _NOTHING)
                if type(extra) is not dict or type(snapshot) is not dict:
                    raise TypeError("its extra or its position_snapshot is no mapping")
                shape = names, tuple(extra)
                known = alike.get(shape)
                if known is None:
                    known = alike[shape] = Alike(self._log, shape, self._wanted)
                known.places.append(place)
                known.rows.append(known.taken(record, extra))
                if keeps and snapshot is not _NOTHING:
                    snapshots.keep(place, snapshot, state, known.after_snapshot)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            problem = f"its bytes are no record ({error})"
            raise CorruptLogError(self._log, order, problem) from error
        return alike.values()


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


class _Snapshots:
    """The snapshots of a batch's rows: as JSON, and the numbers in them."""

    def __init__(self, rows: int, wanted: Wanted) -> None:
        self._rows = rows
        self._json: list[bytes] | None = [] if wanted(SNAPSHOT) else None
        self._balances: list[list[tuple[str, str, str | None]]] | None = (
            [] if wanted(BALANCES) else None
        )
        self._places: list[int] = []
        self._written = b""
        self.are_wanted = self._json is not None or self._balances is not None

    def keep(self, place: int, snapshot: dict[str, Any], state: bytes, after: bytes) -> None:
        """Take in the snapshot of the row at this place; `after` is what follows it there."""
        self._places.append(place)
        if self._json is not None:
            if _written(state, after) != self._written:
                # What stands in the row may be written otherwise there, or twice.
                self._written = orjson.dumps(snapshot)
            self._json.append(self._written)
        if self._balances is not None:
            self._balances.append(list(snapshot_rows(snapshot)))

    def columns(self, first: int) -> Iterator[Found]:
        """The columns, over all of the rows; `first` is the order of the first of them."""
        import pyarrow as pa

        if self._json:
            texts = self._over_all(_texts(self._json))
            yield Found(Key(SNAPSHOT, True), Loose(T.JSON, texts), {T.JSON: first})
        if self._balances:
            lists = self._over_all(pa.array(self._balances, loose_type(T.BALANCES)))
            yield Found(Key(BALANCES, True), Loose(T.BALANCES, lists), {})

    def _over_all(self, cells: pa.Array) -> pa.Array:
        taken = _indices(self._rows, [self._places])
        return cells if taken is None else cells.take(taken)


def _written(state: bytes, after: bytes) -> bytes | None:
    """The snapshot as it stands in the row; None where its name, or the next, is there twice.

    It tells that a snapshot is that of the row before: to write each anew takes nearly as long as
    reading the row did (measured). Within text, a quote has a backslash before it, so that a name
    with its quotes and its colon is a name.
    """
    around = state.split(_BEFORE)
    if len(around) != 2:
        return None
    if not after:
        return around[1][:-1]
    within = around[1].split(after)
    return within[0] if len(within) == 2 else None


def _texts(values: Sequence[bytes]) -> pa.Array:
    """`json_lines` of the values."""
    import pyarrow as pa

    texts = pa.array(values, pa.string())
    if b"$" not in memoryview(texts.buffers()[2]).tobytes():
        return texts
    return pa.array(json_lines(values), pa.string())


def _indices(rows: int, parts: Sequence[Sequence[int]]) -> pa.Array | None:
    """For each row its place in the parts laid end to end, each of them the rows that it has.

    None where that is the row's own.
    """
    import_apart("numpy")
    import numpy as np
    import pyarrow as pa

    where = np.concatenate([np.asarray(places, dtype="int64") for places in parts])
    if len(where) == rows:
        if (where[1:] > where[:-1]).all():
            return None
        found = np.empty(rows, dtype="int64")
        found[where] = np.arange(rows)
        return pa.array(found)
    found = np.full(rows, -1, dtype="int64")
    found[where] = np.arange(len(where))
    return pa.array(found, mask=found < 0)


class _Columns:
    """The columns of a batch, put together from those of events of one shape each."""

    def __init__(self, log: str, orders: list[int]) -> None:
        self._log = log
        self._orders = orders
        self._places: list[Sequence[int]] = []
        self._parts: dict[Key, dict[int, Loose]] = {}
        self._first: dict[Key, dict[ColumnType, int]] = {}

    def add(self, alike: Alike) -> None:
        """Put in the events of one shape."""
        number = len(self._places)
        self._places.append(alike.places)
        for key, cells, seen in alike.columns(self._orders):
            self._parts.setdefault(key, {})[number] = cells
            known = self._first.setdefault(key, {})
            for found, order in seen.items():
                known[found] = min(order, known.get(found, order))

    def joined(self, others: Iterable[Found]) -> LooseBatch:
        """The columns, each over all of the batch's rows, and others that are so already."""
        import pyarrow as pa

        rows = len(self._orders)
        columns = {_ORDER: Loose(T.INT, pa.array(self._orders, pa.int64()))}
        self._complete_statuses()
        indices: dict[tuple[int, ...], pa.Array | None] = {}
        for key, parts in self._parts.items():
            found, cells = together([*parts.values()])
            where = tuple(parts)
            if where not in indices:
                indices[where] = _indices(rows, [self._places[number] for number in where])
            taken = indices[where]
            column = Loose(found, cells if taken is None else cells.take(taken))
            columns[key] = self._times(key.name, column) if key in _TIMES else column
        for key, own, seen in others:
            columns[key], self._first[key] = own, seen
        return LooseBatch(rows, columns, self._first)

    def _times(self, name: str, column: Loose) -> Loose:
        import pyarrow as pa

        try:
            return times(column.cells)
        except ValueError:
            values = column.cells.to_pylist()

            def made(some: Sequence[Any]) -> tuple[Loose, dict[ColumnType, int]]:
                return times(pa.array(some, pa.string())), {}

            return sound(self._log, name, self._orders, values, made, lambda found: True)[0]

    def _complete_statuses(self) -> None:
        """What has no status is completed."""
        import pyarrow as pa

        statuses = self._parts.setdefault(_STATUS, {})
        for number, places in enumerate(self._places):
            if number not in statuses:
                cells = pa.repeat(pa.scalar(COMPLETED, pa.string()), len(places))
                statuses[number] = Loose(T.TEXT, cells)
