"""What a cell of a CSV event log says: numbers, times and JSON, exactly, or a refusal."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

import orjson

from domain.errors import shown
from domain.fields import NUMBER_COLUMNS
from domain.times import iso_of_text
from infrastructure.timestamps import load_pandas
from projections.json_cells import MOST_INT_DIGITS, exact_int, exact_json, exact_number

LONGEST_SPREADSHEET_CELL = 32_767
"""Characters; spreadsheets cut what is longer."""

_A_NUMBER = r"-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_NUMBER = re.compile(rf"{_A_NUMBER}\Z", re.ASCII)
_NUMBERS = re.compile(rf"(?:{_A_NUMBER},)*\Z", re.ASCII)
_FRACTION = re.compile(r"-?\d+\.\d+\Z", re.ASCII)
_WHOLE = re.compile(r"-?\d+(?:\.0+)?\Z", re.ASCII)
_HEX = re.compile(r"-?0x[0-9a-f]+\Z")
# A float holds fifteen digits of any number, and orjson makes floats of ints beyond 64 bits.
_MANY_DIGITS_OR_EXPONENT = re.compile(r"\d[\d.]{15}|\d[eE]")
_PLAIN_FORM = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?\Z", re.ASCII)
_MADE_SCIENTIFIC = re.compile(r"-?0\.0{6}\d")
_WHOLE_FORM = re.compile(r"(?:0|-?[1-9]\d*)\Z", re.ASCII)
_MICROSECONDS = len("2024-05-12T14:00:00.000000Z")
_SURE_DIGITS, _MOST_DIGITS = 15, 17
NOT_FINITE = frozenset({"nan", "inf", "-inf"})
_INFINITIES = frozenset({float("inf"), float("-inf")})


def is_whole_form(cell: str) -> bool:
    """Whether the export writes an int so."""
    return len(cell) <= MOST_INT_DIGITS and _WHOLE_FORM.match(cell) is not None


def is_number_form(cell: str) -> bool:
    """Whether the export writes a number so: an int, a float as repr does, a Decimal as str."""
    if _PLAIN_FORM.match(cell):
        return cell != "-0" and _MADE_SCIENTIFIC.match(cell) is None
    if cell in NOT_FINITE:
        return True
    if not _NUMBER.match(cell):
        return False
    return repr(float(cell)) == cell or _is_decimal_form(cell)


def _is_decimal_form(text: str) -> bool:
    try:
        return str(Decimal(text)) == text
    except InvalidOperation:
        return False


def is_json(cell: str) -> bool:
    """Whether the cell is a dict or a list in any spelling."""
    try:
        exact_json(cell)
    except (ValueError, RecursionError, InvalidOperation):
        return False
    return cell.lstrip()[0] in "{["


def float_json(cell: str) -> Any:
    """The JSON with floats, and Decimals where a float would not show the same digits."""
    try:
        value = orjson.loads(cell)
        if not _MANY_DIGITS_OR_EXPONENT.search(cell) or orjson.dumps(value).decode() == cell:
            return value
    except ValueError:
        # NaN and infinities, which orjson does not know, or no JSON at all.
        pass
    return _FLOATS(cell)


@lru_cache(maxsize=16384)
def _float_of_these_digits(text: str) -> float | Decimal:
    if "e" not in text and "E" not in text:
        if len(text) <= _SURE_DIGITS:
            return float(text)
        if len(text.replace(".", "").strip("-0")) > _MOST_DIGITS:
            return Decimal(text)
    number = float(text)
    return (
        number if repr(number) == text or Decimal(repr(number)) == Decimal(text) else Decimal(text)
    )


_FLOATS = json.JSONDecoder(parse_float=_float_of_these_digits, parse_int=exact_int).decode


def exact_number_of(name: str, cell: str) -> int | float | Decimal:
    """The number as an import takes it, to be exported as it stands; raises `ValueError`."""
    if _FRACTION.match(cell):
        return Decimal(cell)
    if _WHOLE_FORM.match(cell):
        return exact_int(cell)
    if cell in NOT_FINITE and name not in NUMBER_COLUMNS:
        return float(cell)
    if _is_hexadecimal(name, cell):
        return int(cell, 16)
    exact = decimal_of(name, cell)
    return exact_number(cell) if "e" in cell else exact


@lru_cache(maxsize=8192)
def moment_of(name: str, cell: str) -> datetime:
    """The time as what the log takes; raises `ValueError` where it has no such time."""
    iso = time_of(name, cell)
    if len(iso) <= _MICROSECONDS:
        return datetime.fromisoformat(iso)
    load_pandas()
    import pandas as pd

    try:
        return pd.Timestamp(iso)
    except ValueError:
        raise ValueError(f"{name} {shown(cell)} is beyond what nanoseconds can tell") from None


@lru_cache(maxsize=8192)
def time_of(name: str, cell: str) -> str:
    """ISO 8601 UTC text; raises `ValueError`."""
    return iso_of_text(name, cell)


def int_of(name: str, cell: str) -> int:
    """An int, also as pandas writes it in a column with gaps (6.0); raises `ValueError`."""
    try:
        if _WHOLE.match(cell):
            return int(cell.partition(".")[0])
        if _HEX.match(cell):
            return int(cell, 16)
    except ValueError:
        pass
    raise ValueError(f"{name} {shown(cell)} is no whole number")


def _is_number(name: str, cell: str) -> bool:
    if cell in NOT_FINITE:
        return name not in NUMBER_COLUMNS
    return _NUMBER.match(cell) is not None


def _is_hexadecimal(name: str, cell: str) -> bool:
    """Whether it is an int of more digits than Python writes: `domain.values.int_text`."""
    return "x" in cell and name in NUMBER_COLUMNS and _HEX.match(cell) is not None


def decimal_of(name: str, cell: str) -> Decimal:
    """The number with the digits that are written; raises `ValueError`."""
    if _is_hexadecimal(name, cell):
        return Decimal(int(cell, 16))
    if not _is_number(name, cell):
        raise ValueError(f"{name} {shown(cell)} is no number")
    try:
        return Decimal(cell)
    except InvalidOperation:
        raise ValueError(f"{name} {shown(cell)} is beyond what a Decimal holds") from None


def float_of(name: str, cell: str) -> float:
    """The nearest float; raises `ValueError` where that is an infinity."""
    if _is_hexadecimal(name, cell):
        number = float("inf")
    elif _is_number(name, cell):
        number = float(cell)
    else:
        raise ValueError(f"{name} {shown(cell)} is no number")
    if abs(number) == float("inf") and cell not in NOT_FINITE:
        raise ValueError(
            f"{name} {shown(cell)} is beyond what a float holds; read with numbers='decimal'"
        )
    return number


def plain_floats(cells: Sequence[str]) -> list[float | None] | None:
    """The floats of a column's cells; None where one of them has to be looked at by itself."""
    filled = list(filter(None, cells))
    text = ",".join(filled) + ","
    # A cell such as 1,000 holds a comma itself.
    if text.count(",") != len(filled) or not _NUMBERS.match(text):
        return None
    numbers = [float(cell) if cell else None for cell in cells]
    return numbers if _INFINITIES.isdisjoint(numbers) else None


def json_of(name: str, cell: str, *, exact: bool) -> Any:
    """A dict or a list (the view of `cex_accounts`: whatever JSON); raises `ValueError`."""
    try:
        if cell.lstrip()[:1] in ("{", "[") or name == _CEX_VIEW:
            return exact_json(cell) if exact else float_json(cell)
    except (ValueError, RecursionError, InvalidOperation):
        pass
    why = "" if len(cell) < LONGEST_SPREADSHEET_CELL else "; a spreadsheet cut it at 32,767"
    raise ValueError(f"{name} {shown(cell)} is no JSON of a dict or a list{why}")


def are_views(snapshot: Any, written: str, cex: str, aave: str) -> bool:
    """Whether two cells are surely the specification's views of the snapshot, by their text.

    `written` is the snapshot's cell. False, too, where only reading them would tell.
    """
    if not isinstance(snapshot, dict) or tuple(snapshot) != _PARTS:
        return False
    # Each name is there once, so that it is the key: what stands between them are its values.
    if written.count(_CEX) != 1 or written.count(_WALLET) != 1 or written.count(_PERPS) != 1:
        return False
    wallet, found, perps = aave.partition("," + _PERPS)
    return found != "" and written == f"{wallet},{_CEX}{cex},{_PERPS}{perps}"


_CEX_VIEW = "cex_balance_after"
_PARTS = ("wallet", "cex_accounts", "perp_positions")
_WALLET, _CEX, _PERPS = (f'"{name}":' for name in _PARTS)
