"""Events of one shape, column by column."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

import orjson

from domain.errors import CorruptLogError, shown
from domain.fields import TEXT_COLUMNS, TIME_FIELDS
from infrastructure.columns.arrays import Loose, loose, loose_type, texts
from projections.column_types import EVENT_COLUMNS, ColumnType, may_hold
from projections.csv_rows import Shape
from projections.event_dicts import Record

T = ColumnType
_COLUMNS = frozenset(EVENT_COLUMNS)
_LISTS = ("related_events", "detail_orders")
_APART = frozenset({"position_snapshot", "extra"})


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


Wanted = Callable[[str], bool]
"""Whether a column of this name is wanted."""

Made = Callable[[Sequence[Any]], tuple[Loose, dict[ColumnType, int]]]
Allowed = Callable[[ColumnType], bool]
_Taken = Callable[[Record, dict[str, Any]], tuple[Any, ...]]


class Alike:
    """The events of one shape among a batch's rows.

    The caller puts into `places` which rows they are, and into `rows` what `taken` takes of each.
    """

    def __init__(self, log: str, shape: Shape, wanted: Wanted) -> None:
        self._log = log
        names, extras = shape
        fields = [name for name in names if name not in _APART]
        for name in ("timestamp", "event_type", "venue"):
            if name not in fields:
                raise KeyError(name)
        # An own name that begins with a dollar is stored with one more.
        self._extras = {
            name: name.removeprefix("$") for name in extras if wanted(name.removeprefix("$"))
        }
        self._fields = [name for name in fields if name in _LISTS or wanted(name)]
        is_all = len(self._fields) == len(fields) and len(self._extras) == len(extras)
        self.taken = _all if is_all else _taker(self._fields, [*self._extras])
        self.after_snapshot = _after_snapshot(names)
        self.places: list[int] = []
        self.rows: list[tuple[Any, ...]] = []
        self._orders: list[int] = []

    def columns(self, orders: Sequence[int]) -> Iterator[Found]:
        """The columns that these events have; `orders` are those of the batch's rows."""
        self._orders = [orders[place] for place in self.places]
        values = iter(zip(*self.rows, strict=True))
        shadowed = {*self._extras.values()}
        for name, cells in zip(self._fields, values, strict=False):
            if name in _LISTS:
                yield from self._of_orders(name, cells)
            elif name not in shadowed:
                yield self._field(name, cells)
        for name, cells in zip(self._extras.values(), values, strict=True):
            yield self._found(name, cells, loose, lambda found: True)

    def _field(self, name: str, values: Sequence[Any]) -> Found:
        if name in TIME_FIELDS:
            # They wait as text: to read the times of a batch is one step, however many shapes.
            return self._found(name, values, texts, lambda one: one in (T.TEXT, T.NOTHING))
        made = texts if name in TEXT_COLUMNS else loose
        is_field = name in _COLUMNS
        return self._found(name, values, made, lambda one: not is_field or may_hold(name, one))

    def _found(self, name: str, values: Sequence[Any], made: Made, allowed: Allowed) -> Found:
        cells, seen = sound(self._log, name, self._orders, values, made, allowed)
        orders = {one: self._orders[place] for one, place in seen.items()}
        return Found(key_of(name), cells, orders)

    def _of_orders(self, name: str, values: Sequence[Any]) -> Iterator[Found]:
        import pyarrow as pa

        for order, value in zip(self._orders, values, strict=True):
            if value is not None and not _are_orders(value):
                raise CorruptLogError(self._log, order, f"its {name} is {shown(value)}")
        lists = pa.array(values, loose_type(T.ORDERS))
        yield Found(Key(name, True), Loose(T.ORDERS, lists), {T.ORDERS: self._orders[0]})
        if name == "detail_orders":
            counts = [None if value is None else len(value) for value in values]
            yield Found(Key("detail_count", True), Loose(T.INT, pa.array(counts, pa.int64())), {})


def _after_snapshot(names: Sequence[str]) -> bytes:
    """What stands behind the snapshot in a row of these fields; nothing where the row ends."""
    behind = [*names, "position_snapshot"]
    behind = behind[behind.index("position_snapshot") + 1 :]
    return b"," + orjson.dumps(behind[0]) + b":" if len(behind) > 1 else b""


def _all(record: Record, extra: dict[str, Any]) -> tuple[Any, ...]:
    return (*record.values(), *extra.values())


def _taker(fields: Sequence[str], extras: Sequence[str]) -> _Taken:
    """What takes of a record and its extras the values of these fields and of these extras."""
    of_fields, of_extras = _getter(fields), _getter(extras)
    if not extras:
        return lambda record, extra: of_fields(record)
    return lambda record, extra: of_fields(record) + of_extras(extra)


def _getter(names: Sequence[str]) -> Callable[[Record], tuple[Any, ...]]:
    if len(names) > 1:
        getter: Callable[[Record], tuple[Any, ...]] = itemgetter(*names)
        return getter
    return lambda record: tuple(record[name] for name in names)


def sound(
    log: str,
    name: str,
    orders: Sequence[int],
    values: Sequence[Any],
    made: Made,
    allowed: Allowed,
) -> tuple[Loose, dict[ColumnType, int]]:
    """What is made of the values, which must be of an allowed type.

    Raises `CorruptLogError` for the first that is none.
    """
    try:
        cells, seen = made(values)
        if allowed(cells.found):
            return cells, seen
    except (TypeError, ValueError):
        pass
    for order, value in zip(orders, values, strict=True):
        try:
            is_sound = allowed(made([value])[0].found)
        except (TypeError, ValueError):
            is_sound = False
        if not is_sound:
            raise CorruptLogError(log, order, f"its {name} is {shown(value)}")
    raise CorruptLogError(log, orders[0], f"its {name} cannot be read")


def _are_orders(value: object) -> bool:
    return isinstance(value, list) and all(
        type(order) is int and 0 < order < 2**63 for order in value
    )
