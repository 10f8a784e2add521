"""Columns of a CSV event log: each has one kind, known from its name or from all of its cells."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from domain.errors import shown
from domain.fields import (
    INT_COLUMNS,
    JSON_COLUMNS,
    NUMBER_COLUMNS,
    TEXT_COLUMNS,
    TIME_FIELDS,
)
from infrastructure.files import csv_cells as cells_of
from projections.event_dicts import snapshot_views
from projections.json_cells import as_told, is_json_form

if TYPE_CHECKING:
    import pandas as pd


class Kind(Enum):
    """What all cells of a column are."""

    TIME = auto()
    INT = auto()
    NUMBER = auto()
    BOOLEAN = auto()
    JSON = auto()
    TEXT = auto()


_DECLARED: dict[str, Kind] = {
    name: kind
    for names, kind in (
        (TEXT_COLUMNS, Kind.TEXT),
        (TIME_FIELDS, Kind.TIME),
        (INT_COLUMNS, Kind.INT),
        (NUMBER_COLUMNS, Kind.NUMBER),
        (JSON_COLUMNS, Kind.JSON),
    )
    for name in names
}
_BOOLEANS = frozenset({"True", "False"})
_FORMS: dict[Kind, Callable[[str], bool]] = {
    Kind.BOOLEAN: _BOOLEANS.__contains__,
    Kind.INT: cells_of.is_whole_form,
    Kind.NUMBER: cells_of.is_number_form,
    Kind.JSON: is_json_form,
}
# The former logger wrote this dict with spaces.
_ANY_JSON = frozenset({"net_result"})


class ColumnKind:
    """Finds a column's kind out of its cells, a part of them at a time.

    An extra is a boolean, a number or JSON if every cell of it is one in the form in which the
    export writes it; nan and infinities are numbers beside others. Anything else is text, dicts
    beside text included.
    """

    def __init__(self, name: str) -> None:
        self._declared = _DECLARED.get(name)
        self._forms = dict(_FORMS)
        if name in _ANY_JSON:
            self._forms[Kind.JSON] = cells_of.is_json
        self._seen = self._is_finite = False

    def look(self, cells: Iterable[str]) -> None:
        """Take further cells into account."""
        if self._declared is not None or not self._forms:
            return
        different = set(cells)
        different.discard("")
        if different:
            self._seen = True
            self._forms = {k: f for k, f in self._forms.items() if all(map(f, different))}
            self._is_finite |= not different <= cells_of.NOT_FINITE

    @property
    def is_declared(self) -> bool:
        """Whether the name tells the kind."""
        return self._declared is not None

    @property
    def kind(self) -> Kind:
        """The kind, as far as the cells looked at tell."""
        if self._declared is not None:
            return self._declared
        found = next(iter(self._forms), Kind.TEXT) if self._seen else Kind.TEXT
        return Kind.TEXT if found is Kind.NUMBER and not self._is_finite else found


class CellError(ValueError):
    """A cell that its column cannot have; `row` counts from 1."""

    def __init__(self, row: int, problem: str) -> None:
        self.row = row
        super().__init__(problem)


def series(name: str, cells: Sequence[str], numbers: str) -> pd.Series[Any]:
    """The column as a Series of one type; empty cells are missing values.

    Raises `CellError`.
    """
    import pandas as pd

    column = ColumnKind(name)
    column.look(cells)
    kind, exact = column.kind, numbers == "decimal"
    if kind is Kind.TEXT:
        if not column.is_declared:
            cells = [as_told(cell) for cell in cells]
        return pd.Series([cell or None for cell in cells], dtype=object)
    if kind is Kind.TIME:
        return _times(name, cells)
    if kind is Kind.INT:
        return _ints(_each(name, cells, cells_of.int_of))
    if kind is Kind.BOOLEAN:
        return pd.Series([cell == "True" if cell else None for cell in cells], dtype="boolean")
    if kind is Kind.JSON:
        return pd.Series(_each(name, cells, read_json), dtype=object)
    if exact:
        return pd.Series(_each(name, cells, cells_of.decimal_of), dtype=object)
    floats = cells_of.plain_floats(cells)
    if floats is None:
        floats = _each(name, cells, cells_of.float_of)
    return pd.Series(floats, dtype="float64")


def snapshot_series(
    wallet: Sequence[str], cex: Sequence[str], aave: Sequence[str], numbers: str
) -> list[pd.Series[Any]]:
    """The three columns of the position snapshot; what is written three times is read once.

    Raises `CellError`.
    """
    import pandas as pd

    snapshots = series("wallet_balance_after", wallet, numbers)
    values = snapshots.tolist()
    columns: list[list[Any]] = [[], []]
    names = ("cex_balance_after", "aave_position_after")
    for row, (written, *texts) in enumerate(zip(wallet, cex, aave, strict=True)):
        if written and cells_of.are_views(values[row], written, *texts):
            views = snapshot_views(values[row])
            for name, column in zip(names, columns, strict=True):
                column.append(views[name])
        else:
            for name, column, text in zip(names, columns, texts, strict=True):
                try:
                    column.append(read_json(name, text) if text else None)
                except ValueError as error:
                    raise CellError(row + 1, str(error)) from None
    return [snapshots, *(pd.Series(column, dtype=object) for column in columns)]


def read_json(name: str, cell: str) -> Any:
    """A cell of a JSON column: floats, but Decimals where a float would show other digits."""
    return cells_of.json_of(name, cell, exact=False)


def read_exact_json(name: str, cell: str) -> Any:
    """A cell of a JSON column, its numbers as an import takes them."""
    return cells_of.json_of(name, cell, exact=True)


def read_exact_extra(name: str, cell: str) -> Any:
    """A cell of an extra that is neither numbers nor booleans, as an import takes it.

    In a column where dicts and text mix, too, the export of what was imported gives the same bytes.
    """
    return read_exact_json(name, cell) if is_json_form(cell) else as_told(cell)


def _each(name: str, cells: Sequence[str], read: Callable[[str, str], Any]) -> list[Any]:
    try:
        return [read(name, cell) if cell else None for cell in cells]
    except ValueError:
        for row, cell in enumerate(cells, 1):
            try:
                read(name, cell) if cell else None
            except ValueError as error:
                raise CellError(row, str(error)) from None
        raise


def _ints(values: list[int | None]) -> pd.Series[Any]:
    import pandas as pd

    fits = all(value is None or -(2**63) <= value < 2**63 for value in values)
    return pd.Series(values, dtype="Int64" if fits else object)


# To the nanosecond 64 bits tell the times between these; else microseconds do, for every year.
_FIRST_NANOSECOND, _LAST_NANOSECOND = "1677-09-22", "2262-04-11"
_MICROSECONDS = len("2024-05-12T14:00:00.000000Z")


def _times(name: str, cells: Sequence[str]) -> pd.Series[Any]:
    import numpy as np
    import pandas as pd

    isos: list[str | None] = _each(name, cells, cells_of.time_of)
    far = [
        row
        for row, iso in enumerate(isos, 1)
        if iso is not None and not _FIRST_NANOSECOND <= iso < _LAST_NANOSECOND
    ]
    if far and any(iso is not None and len(iso) > _MICROSECONDS for iso in isos):
        problem = f"{name} {shown(cells[far[0] - 1])} is beyond what nanoseconds can tell"
        raise CellError(far[0], f"{problem}, which other cells of the column have")
    plain = ["NaT" if iso is None else iso[:-1] for iso in isos]
    times = np.array(plain, dtype="datetime64[us]" if far else "datetime64[ns]")
    return pd.Series(pd.DatetimeIndex(times).tz_localize("UTC"))
