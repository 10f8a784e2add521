"""What a column of events holds: one type for all of its cells, settled by what they are."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto

from domain.corrections import CORRECTED_BY
from domain.fields import (
    EVENT_FIELDS,
    INT_COLUMNS,
    NUMBER_COLUMNS,
    TEXT_COLUMNS,
    TIME_FIELDS,
)


class ColumnType(Enum):
    """What all cells of a column are, those apart that hold nothing."""

    NOTHING = auto()
    BOOLEAN = auto()
    INT = auto()
    """Whole numbers of 64 bits with their sign."""
    BIG_INT = auto()
    """Whole numbers, some of more bits."""
    FLOAT = auto()
    EXACT = auto()
    """Decimals, or numbers of several types."""
    TIME = auto()
    """Times that 64 bits tell to the nanosecond."""
    FAR_TIME = auto()
    """Times, some of them beyond those."""
    TEXT = auto()
    JSON = auto()
    ORDERS = auto()
    """Lists of orders."""
    BALANCES = auto()
    """Lists of an account, an asset and an amount each."""
    MIXED = auto()
    """Values that no other type holds together: each as text."""


T = ColumnType
_NUMBERS = frozenset({T.INT, T.BIG_INT, T.FLOAT, T.EXACT})
_WHOLE = frozenset({T.INT, T.BIG_INT})
_TIMES = frozenset({T.TIME, T.FAR_TIME})


def joined(one: ColumnType, other: ColumnType) -> ColumnType:
    """The type that holds what both hold."""
    if one is other or other is T.NOTHING:
        return one
    if one is T.NOTHING:
        return other
    both = {one, other}
    if both <= _WHOLE:
        return T.BIG_INT
    if both <= _NUMBERS:
        return T.EXACT
    return T.FAR_TIME if both <= _TIMES else T.MIXED


SNAPSHOT = "wallet_balance_after"
BALANCES = "balances"
"""The numbers of the snapshot as a nested column: account, asset, amount."""

_OF_ORDERS = frozenset({"related_events", "detail_orders"})
_VIEWS_OF_IT = frozenset({"cex_balance_after", "aave_position_after"})

EVENT_COLUMNS: tuple[str, ...] = (
    *(name for name in EVENT_FIELDS if name not in _VIEWS_OF_IT),
    "detail_orders",
    "detail_count",
    CORRECTED_BY,
)
"""What every event has a column for; the views of the snapshot are parts of it."""

_DECLARED: dict[str, frozenset[ColumnType]] = {
    name: frozenset({T.NOTHING, *types})
    for names, types in (
        (TIME_FIELDS, _TIMES),
        (TEXT_COLUMNS, {T.TEXT}),
        (INT_COLUMNS, _WHOLE),
        (NUMBER_COLUMNS, _NUMBERS),
        (_OF_ORDERS, {T.ORDERS}),
        ({SNAPSHOT}, {T.JSON}),
    )
    for name in names
}
_WITHOUT_CELLS = (
    dict.fromkeys(TIME_FIELDS, T.TIME)
    | dict.fromkeys(INT_COLUMNS, T.INT)
    | dict.fromkeys(NUMBER_COLUMNS, T.FLOAT)
    | dict.fromkeys(_OF_ORDERS, T.ORDERS)
    | {SNAPSHOT: T.JSON, BALANCES: T.BALANCES}
)


def may_hold(field: str, found: ColumnType) -> bool:
    """Whether a record's field may be of this type; what may not is damage."""
    return found in _DECLARED[field]


def settled(name: str, found: ColumnType, *, is_field: bool) -> ColumnType:
    """The type of a column, once all of its cells have been looked at.

    A declared field without a cell has the type that is declared; one of numbers is never of bare
    ints, so that the amounts of two logs go together.
    """
    if found is T.NOTHING:
        return _WITHOUT_CELLS.get(name, T.TEXT) if is_field else T.TEXT
    return T.EXACT if is_field and name in NUMBER_COLUMNS and found in _WHOLE else found


_SAID = {
    T.BOOLEAN: "a boolean",
    T.INT: "a number",
    T.BIG_INT: "a number",
    T.FLOAT: "a number",
    T.EXACT: "a number",
    T.TIME: "a time",
    T.FAR_TIME: "a time",
    T.TEXT: "text",
    T.JSON: "a list or dict",
    T.ORDERS: "a list or dict",
}


def conflict(seen: Mapping[ColumnType, str]) -> str:
    """What a column of mixed values holds, each with where it was `seen` first; "" of one kind."""
    first: dict[str, str] = {}
    for found, where in seen.items():
        if found in _SAID:
            first.setdefault(_SAID[found], where)
    return " and ".join(f"{what} ({where})" for what, where in first.items()) if first else ""
