"""Arrow arrays of cells: first as each batch finds them, then of the type that is settled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation
from functools import cache
from math import inf, nan
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from domain.event_values import EXACT
from domain.times import iso_of
from projections.column_cells import PLAIN_DECIMAL, cells_of, time_type
from projections.column_types import ColumnType, joined
from projections.csv_cells import float_text, stored_decimals

if TYPE_CHECKING:
    import pyarrow as pa

T = ColumnType
_PRECISION, _SCALE = 38, 18
NANOSECONDS = "ns"


class Loose(NamedTuple):
    """Cells as they were found, before the column's type is settled.

    Those of a type that has a text beside it in the end are that text.
    """

    found: ColumnType
    cells: pa.Array


@cache
def loose_type(found: ColumnType) -> pa.DataType:
    """Arrow's type of cells that wait."""
    import pyarrow as pa

    if found is T.BALANCES:
        names = ("account", "asset", "amount_text")
        return pa.list_(pa.struct([(name, pa.string()) for name in names]))
    known = {
        T.NOTHING: pa.null(),
        T.BOOLEAN: pa.bool_(),
        T.INT: pa.int64(),
        T.FLOAT: pa.float64(),
        T.TIME: pa.timestamp(NANOSECONDS, "UTC"),
        T.ORDERS: pa.list_(pa.int64()),
    }
    return known.get(found, pa.string())


def final_types(settled: ColumnType) -> list[tuple[str, pa.DataType]]:
    """Arrow's types of the columns that a settled one has, and what is added to its name."""
    import pyarrow as pa

    text = ("_text", pa.string())
    if settled is T.BIG_INT:
        return [("", pa.decimal128(_PRECISION, 0)), text]
    if settled is T.EXACT:
        return [("", pa.decimal128(_PRECISION, _SCALE)), text]
    if settled is T.FAR_TIME:
        return [("", pa.timestamp("us", "UTC")), text]
    if settled is T.BALANCES:
        row = [("account", pa.string()), ("asset", pa.string())]
        row += [("amount", pa.decimal128(_PRECISION, _SCALE)), ("amount_text", pa.string())]
        return [("", pa.list_(pa.struct(row)))]
    return [("", loose_type(settled))]


def loose(values: Sequence[Any]) -> tuple[Loose, dict[ColumnType, int]]:
    """Stored values as an array, and the place of the first of each type that is among them.

    Raises `ValueError` where one of them is none that can be stored.
    """
    import pyarrow as pa

    kinds = set(map(type, values))
    kinds.discard(type(None))
    if not kinds:
        return Loose(T.NOTHING, pa.nulls(len(values))), {}
    if len(kinds) == 1:
        found = _of_one_kind(next(iter(kinds)), values)
        if found is not None:
            return found, {found.found: 0}
    column, cells, seen = cells_of(values)
    array = pa.array(cells, pa.string() if column is T.TIME else loose_type(column))
    return Loose(column, array.cast(loose_type(column))), seen


def texts(values: Sequence[Any]) -> tuple[Loose, dict[ColumnType, int]]:
    """`loose`, of values that are all text; raises `TypeError` where one is none."""
    import pyarrow as pa

    cells = pa.array(values, pa.string())
    if cells.null_count == len(cells):
        return Loose(T.NOTHING, pa.nulls(len(cells))), {}
    return Loose(T.TEXT, cells), {T.TEXT: 0}


def times(written: pa.Array) -> Loose:
    """Times, given as ISO 8601 text, as an array.

    Raises `pa.ArrowInvalid`, a `ValueError`, for what is none.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    first, last = (one.as_py() for one in pc.min_max(written.cast(pa.string())).values())
    if first is None:
        return Loose(T.NOTHING, pa.nulls(len(written)))
    if {time_type(first), time_type(last)} == {T.TIME}:
        return Loose(T.TIME, written.cast(loose_type(T.TIME)))
    cells = Loose(T.FAR_TIME, written)
    finished(cells, T.FAR_TIME)
    return cells


def _of_one_kind(kind: type, values: Sequence[Any]) -> Loose | None:
    import pyarrow as pa
    import pyarrow.compute as pc

    if kind is str:
        return Loose(T.TEXT, pa.array(values, pa.string()))
    if kind is float:
        return Loose(T.FLOAT, pa.array(values, pa.float64()))
    if kind is bool:
        return Loose(T.BOOLEAN, pa.array(values, pa.bool_()))
    if kind is int:
        try:
            return Loose(T.INT, pa.array(values, pa.int64()))
        except OverflowError:
            return None
    if kind is dict and None not in values:
        texts = stored_decimals(values)
        if texts is not None:
            array = pa.array(texts, pa.string())
            if pc.all(pc.match_substring_regex(array, f"^(?:{PLAIN_DECIMAL})$")).as_py():
                return Loose(T.EXACT, array)
    return None


def together(parts: Sequence[Loose]) -> Loose:
    """The arrays as one, of the type that holds all of them."""
    import pyarrow as pa

    found = T.NOTHING
    for part in parts:
        found = joined(found, part.found)
    return Loose(found, pa.concat_arrays([widened(part, found) for part in parts]))


def widened(cells: Loose, found: ColumnType) -> pa.Array:
    """The cells as they wait under a type that holds theirs."""
    import pyarrow as pa

    former, array = cells
    if former is found:
        return array
    if former is T.NOTHING:
        return pa.nulls(len(array), loose_type(found))
    if found is T.FLOAT:
        return floats(array)
    if former is T.INT:
        return array.cast(pa.string())
    written = _WRITTEN.get(former)
    if written is None:
        return array
    texts = [None if value is None else written(value) for value in array.to_pylist()]
    return pa.array(texts, pa.string())


def floats(numbers: pa.Array) -> pa.Array:
    """Ints, or the texts of numbers, as the floats that are nearest to them."""
    import pyarrow as pa

    try:
        return numbers.cast(pa.float64(), safe=False)
    except pa.ArrowInvalid:
        made = [None if text is None else _float(text) for text in numbers.to_pylist()]
        return pa.array(made, pa.float64())


def _float(text: str) -> float:
    # A signalling NaN is a NaN; what only hexadecimal digits tell is beyond every float.
    if "NaN" in text:
        return nan
    return (-inf if text.startswith("-") else inf) if "x" in text else float(text)


_WRITTEN: dict[ColumnType, Callable[[Any], str | None]] = {
    T.BOOLEAN: str,
    T.FLOAT: float_text,
    T.TIME: iso_of,
    T.ORDERS: lambda orders: orjson.dumps(orders).decode(),
}


def finished(cells: Loose, settled: ColumnType) -> list[pa.Array]:
    """The arrays of the columns that the settled type has, in the order of `final_types`."""
    import pyarrow as pa

    waiting = widened(cells, settled)
    (_, kind), *beside = final_types(settled)
    if settled is T.BALANCES:
        return [_balances(waiting, kind)]
    if not beside:
        return [waiting]
    if settled is T.FAR_TIME:
        texts = [text and text[: len("2024-05-12T14:00:00.000000")] for text in waiting.to_pylist()]
        plain = [text and text.removesuffix("Z") + "Z" for text in texts]
        return [pa.array(plain, pa.string()).cast(kind), waiting]
    return [decimals(waiting, kind), waiting]


def _balances(waiting: pa.Array, kind: pa.DataType) -> pa.Array:
    import pyarrow as pa

    rows = waiting.values
    account, asset, text = (rows.field(place) for place in range(3))
    amount = decimals(text, pa.decimal128(_PRECISION, _SCALE))
    fields = list(kind.value_type)
    made = pa.StructArray.from_arrays([account, asset, amount, text], fields=fields)
    return pa.ListArray.from_arrays(waiting.offsets, made, kind, mask=waiting.is_null())


def decimals(texts: pa.Array, kind: pa.Decimal128Type) -> pa.Array:
    """The numbers that the texts tell; nothing where one does not fit, to the last digit."""
    import pyarrow as pa
    import pyarrow.compute as pc

    # Arrow itself reads no exponent of nine digits: it ends the process.
    is_plain = pc.match_substring_regex(texts, _plain_number(kind))
    numbers = pc.if_else(is_plain, texts, None).cast(kind)
    others = pc.fill_null(pc.invert(is_plain), False)
    if not pc.any(others).as_py():
        return numbers
    fitting = [_fitting(text, kind) for text in texts.filter(others).to_pylist()]
    return pc.replace_with_mask(numbers, others, pa.array(fitting, kind))


def _plain_number(kind: pa.Decimal128Type) -> str:
    whole = rf"^-?\d{{1,{kind.precision - kind.scale}}}"
    return rf"{whole}(\.\d{{1,{kind.scale}}})?$" if kind.scale else f"{whole}$"


def _fitting(text: str, kind: pa.Decimal128Type) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    if not number.is_finite():
        return None
    if not number:
        return Decimal(0)
    if number.adjusted() >= kind.precision - kind.scale:
        return None
    number = number.normalize(EXACT)
    exponent = number.as_tuple().exponent
    return number if isinstance(exponent, int) and exponent >= -kind.scale else None
