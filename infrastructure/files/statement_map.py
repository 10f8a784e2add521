"""A map: which column of a statement says what, written as TOML."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from domain.errors import AuditFileError, LogConfigurationError, shown
from domain.errors.base import nearest
from domain.times import checked_duration
from infrastructure.files.baseline import read_bytes
from projections.audit.statement import Told

COLUMNS: dict[Told, tuple[tuple[str, ...], tuple[str, ...]]] = {
    Told.FILLS: (("time", "amount"), ("symbol", "side", "fee", "id")),
    Told.FUNDING: (("time", "amount"), ("symbol", "id")),
    Told.BALANCES: (("time", "symbol", "amount"), ()),
    Told.RECEIPTS: (
        ("tx_hash", "time"),
        ("gas_units", "gas_price_gwei", "gas_cost_eth", "block_number", "status"),
    ),
}
"""What a statement of each kind must say, and what it may."""

TIME_UNITS = {"iso": 0, "s": 10**6, "ms": 10**3, "us": 1, "ns": -3}
"""How a time is written: ISO 8601, or so many microseconds to the unit (ns: a thousandth)."""


@dataclass(frozen=True)
class StatementMap:
    """What a map says; see `docs/audit.md`. `name` is its file."""

    name: str
    told: Told
    venue: str
    columns: Mapping[str, str]
    symbols: Mapping[str, str] = field(default_factory=dict)
    only: Mapping[str, str] = field(default_factory=dict)
    time_unit: str = "iso"
    records: str = ""
    delimiter: str = ","
    time_tolerance: int = 60 * 10**6
    time_window: int = 3600 * 10**6
    amount_tolerance: Decimal | None = None
    fee_tolerance: Decimal | None = None


_KEYS = frozenset(
    (
        "kind", "venue", "columns", "symbols", "only", "time_unit", "records", "delimiter",
        "time_tolerance", "time_window", "amount_tolerance", "fee_tolerance",
    )
)  # fmt: skip


_LONGEST = 65_536


def read_map(path: str | os.PathLike[str]) -> StatementMap:
    """The map in a file; raises `AuditFileError` for what is none."""
    name = str(path)
    if not Path(name).exists() and not name.endswith(".toml"):
        raise AuditFileError(
            name, "is no map: none is shipped under that name; give a TOML file of columns"
        )
    content = read_bytes(path)
    if len(content) > _LONGEST:
        raise AuditFileError(
            name, f"is no map: it has {len(content):,} bytes, and a map is a few lines"
        )
    try:
        said = tomllib.loads(content.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise AuditFileError(name, f"is no TOML ({error})") from None
    try:
        return _map(name, said)
    except ValueError as error:
        if isinstance(error, AuditFileError):
            raise
        raise AuditFileError(name, str(error)) from None


def _map(name: str, said: dict[str, Any]) -> StatementMap:
    for key in said.keys() - _KEYS:
        raise ValueError(f"has {shown(key)}, which no map has; the nearest is {_near(key, _KEYS)}")
    kinds = [str(told) for told in Told]
    kind = said.get("kind")
    if kind not in kinds:
        raise ValueError(f"has kind = {shown(kind)}, and must have one of {', '.join(kinds)}")
    told = Told(kind)
    venue = _text(said, "venue", "" if told is Told.RECEIPTS else None)
    unit = _text(said, "time_unit", "iso")
    if unit not in TIME_UNITS:
        raise ValueError(f"has time_unit = {shown(unit)}, and takes {', '.join(TIME_UNITS)}")
    delimiter = _text(said, "delimiter", ",")
    if len(delimiter) != 1:
        raise ValueError(f"has delimiter = {shown(delimiter)}, which is not one character")
    return StatementMap(
        name,
        told,
        venue,
        _columns(told, _texts(said, "columns")),
        _texts(said, "symbols"),
        _texts(said, "only"),
        unit,
        _text(said, "records", ""),
        delimiter,
        _duration(said, "time_tolerance", "1m"),
        _duration(said, "time_window", "1h"),
        _number(said, "amount_tolerance"),
        _number(said, "fee_tolerance"),
    )


def _columns(told: Told, columns: dict[str, str]) -> dict[str, str]:
    needed, further = COLUMNS[told]
    for name in columns.keys() - {*needed, *further}:
        raise ValueError(
            f"maps {shown(name)}, which {told} do not have; the nearest is"
            f" {_near(name, (*needed, *further))}"
        )
    for name in needed:
        if name not in columns:
            raise ValueError(f"says no column of {name}, which {told} must have")
    return columns


def _near(name: str, names: Any) -> str:
    return shown(nearest(name, names))


def _text(said: dict[str, Any], key: str, otherwise: str | None) -> str:
    value = said.get(key, otherwise)
    if not isinstance(value, str) or (otherwise is None and not value.strip()):
        raise ValueError(f"has {key} = {shown(value)}, which must be text")
    return value


def _texts(said: dict[str, Any], key: str) -> dict[str, str]:
    value = said.get(key, {})
    if not isinstance(value, dict) or not all(isinstance(one, str) for one in value.values()):
        raise ValueError(f"has {key} = {shown(value)}, which must be a table of texts")
    return value


def _duration(said: dict[str, Any], key: str, otherwise: str) -> int:
    try:
        return round(checked_duration(key, said.get(key, otherwise)) * 10**6)
    except LogConfigurationError as error:
        raise ValueError(f"has a {error}") from None


def _number(said: dict[str, Any], key: str) -> Decimal | None:
    value = said.get(key)
    if value is None:
        return None
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        found = Decimal("NaN")
    if isinstance(value, bool) or not found.is_finite() or found < 0:
        raise ValueError(f"has {key} = {shown(value)}, which must be a number of 0 or more")
    return found
