"""The values of a column, as read, as a Series of one type."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from decimal import Decimal
from math import inf, nan
from typing import TYPE_CHECKING, Any

from domain.errors import shown
from domain.event_values import decimal_of
from domain.fields import INT_COLUMNS, JSON_COLUMNS, NUMBER_COLUMNS, TEXT_COLUMNS
from domain.times import iso_of
from domain.values import int_text
from projections.csv_cells import float_text, json_cell

if TYPE_CHECKING:
    import pandas as pd

_log = logging.getLogger("event_logger")
_LEAST, _MOST = -(2**63), 2**63
_AS_THEY_ARE = TEXT_COLUMNS | JSON_COLUMNS
_NUMBERS = frozenset({int, float, Decimal})


def typed(name: str, values: Sequence[Any], numbers: str) -> pd.Series[Any]:
    """The values; None and NaT are missing, and so is NaN but in `numbers="decimal"`.

    Whole numbers are Int64 (or Python's, beyond 64 bits), others float64, or with
    `numbers="decimal"` Decimals with the digits in which they are told. What no other type holds
    together is text, which is warned of.
    """
    import pandas as pd

    kinds = {type(value) for value in values}
    kinds.discard(type(None))
    if not kinds:
        return pd.Series(values, dtype=_OF_NOTHING.get((_kind_of(name), numbers), object))
    if name in _AS_THEY_ARE:
        return pd.Series(values, dtype=object)
    if kinds == {int} and name not in NUMBER_COLUMNS:
        return _whole(values)
    if kinds <= _NUMBERS:
        if numbers == "decimal":
            return pd.Series(list(map(_decimal, values)), dtype=object)
        return pd.Series(list(map(_float, values)), dtype="float64")
    if kinds == {bool}:
        return pd.Series(values, dtype="boolean")
    if kinds <= {dict, list} or len(kinds) == 1:
        series = pd.Series(values, dtype=object)
        return series if kinds <= {dict, list, str} else series.infer_objects()
    if all(issubclass(kind, pd.Timestamp) or kind is type(pd.NaT) for kind in kinds):
        return pd.Series(pd.to_datetime(list(values), utc=True))
    _warn(name, values)
    return pd.Series([None if value is None else text_of(value) for value in values], dtype=object)


def _kind_of(name: str) -> str:
    if name in INT_COLUMNS:
        return "int"
    return "number" if name in NUMBER_COLUMNS else ""


_OF_NOTHING = {
    ("int", "float"): "Int64",
    ("int", "decimal"): "Int64",
    ("number", "float"): "float64",
}


def _whole(values: Sequence[Any]) -> pd.Series[Any]:
    import pandas as pd

    fits = all(value is None or _LEAST <= value < _MOST for value in values)
    return pd.Series(values, dtype="Int64" if fits else object)


def _decimal(value: Any) -> Decimal | None:
    if value is None or type(value) is Decimal:
        return value
    exact = decimal_of(value)
    return Decimal(value) if exact is None else exact


def _float(value: Any) -> float:
    if value is None:
        return nan
    try:
        return float(value)
    except OverflowError:
        return inf if value > 0 else -inf
    except ValueError:
        # A signalling NaN.
        return nan


def text_of(value: Any) -> str:
    """A value of any type as text, with the digits in which it is told."""
    if isinstance(value, dict | list):
        return json_cell(value)
    if type(value) is float:
        return float_text(value)
    return int_text(value) if type(value) is int else iso_of(value) or str(value)


def _warn(name: str, values: Sequence[Any]) -> None:
    first: dict[str, int] = {}
    for place, value in enumerate(values, 1):
        if value is not None:
            first.setdefault(_said(value), place)
    told = " and ".join(f"{what} (order {order})" for what, order in first.items())
    _log.warning(
        "%s is %s: its column is text, each value as it is written; log one type under a name",
        shown(name),
        told,
    )


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float | Decimal):
        return "a number"
    if isinstance(value, str):
        return "text"
    return "a list or dict" if isinstance(value, dict | list) else "a time"
