"""Which columns there are and of which type, once all batches have been looked at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from domain.errors import LogConfigurationError, shown
from domain.errors.base import nearest
from infrastructure.columns.alike import Key, Wanted
from infrastructure.columns.arrays import Loose, final_types, finished
from infrastructure.columns.batches import LooseBatch
from projections.column_types import (
    BALANCES,
    EVENT_COLUMNS,
    ColumnType,
    conflict,
    joined,
    settled,
)

if TYPE_CHECKING:
    import pyarrow as pa

LOG = "log"
"""The column that names the log, where there are several."""


class ColumnsFound:
    """The columns of the batches folded in: the type of each, and where its values were seen."""

    def __init__(self) -> None:
        self.types: dict[Key, ColumnType] = {}
        self.first: dict[Key, dict[ColumnType, tuple[int, int]]] = {}
        self.logs: list[str] = []

    def fold(self, log: str, batch: LooseBatch) -> None:
        """Fold in the next batch of a log; those of one log come one after the other."""
        if not self.logs or self.logs[-1] != log:
            self.logs.append(log)
        place = len(self.logs) - 1
        for key, cells in batch.columns.items():
            self.types[key] = joined(self.types.get(key, ColumnType.NOTHING), cells.found)
            first = self.first.setdefault(key, {})
            for found, order in batch.orders.get(key, {}).items():
                first.setdefault(found, (place, order))

    def type_of(self, field: str) -> ColumnType:
        """The settled type of a field's column."""
        found = self.types.get(Key(field, True), ColumnType.NOTHING)
        return settled(field, found, is_field=True)

    def where(self, key: Key) -> dict[ColumnType, str]:
        """Where the values of each type were seen first, in that order."""
        first = sorted(self.first.get(key, {}).items(), key=lambda item: item[1])
        return {found: self._said(*place) for found, place in first}

    def _said(self, log: int, order: int) -> str:
        of_it = f" of {shown(self.logs[log])}" if len(self.logs) > 1 else ""
        return f"order {order}{of_it}"


class Column(NamedTuple):
    """A column as it is settled."""

    key: Key
    settled: ColumnType
    name: str


class Layout:
    """The settled columns: the fields that are wanted, then the extras by first appearance.

    `taken` are names that the columns may not have. `notes` says, a sentence each, which extras
    hold values of several types, and which are called otherwise than in the log. With `asked`,
    there are those columns alone, in that order; raises `LogConfigurationError` for one that the
    log does not have. With `as_floats`, what would be exact numbers are the nearest floats.
    """

    def __init__(
        self,
        found: ColumnsFound,
        wanted: Wanted,
        taken: Iterable[str] = (),
        asked: Sequence[str] | None = None,
        *,
        as_floats: bool = False,
    ) -> None:
        self._as_floats = as_floats
        self.notes: list[str] = []
        self._taken = {name.casefold() for name in taken}
        self.columns: list[Column] = []
        for name in (*EVENT_COLUMNS, BALANCES):
            key = Key(name, True)
            if wanted(name):
                self._settle(key, found)
        for key in found.types:
            if not key.is_field:
                self._settle(key, found)
        self._places = None if asked is None else self._places_of(asked)

    def _places_of(self, asked: Sequence[str]) -> list[int]:
        names = [name for name, _ in self._fields()]
        for name in asked:
            if name not in names:
                near = nearest(str(name), {*names, *EVENT_COLUMNS})
                problem = f"names {shown(name)}, which this log has no column for; the nearest is"
                raise LogConfigurationError("columns", name, f"{problem} {shown(near)}")
        return [names.index(name) for name in asked]

    def _fields(self) -> list[tuple[str, pa.DataType]]:
        return [
            (column.name + ending, kind)
            for column in self.columns
            for ending, kind in final_types(column.settled)
        ]

    def _settle(self, key: Key, found: ColumnsFound) -> None:
        type_found = found.types.get(key, ColumnType.NOTHING)
        one = settled(key.name, type_found, is_field=key.is_field)
        if self._as_floats and one in (ColumnType.EXACT, ColumnType.BIG_INT):
            one = ColumnType.FLOAT
        where = found.where(key)
        if one is ColumnType.MIXED:
            self.notes.append(
                f"{shown(key.name)} is {conflict(where)}: its column is text, each value as it is"
                " written; log one type under a name"
            )
        name = self._free_name(key.name, one)
        if name != key.name:
            seen = next(iter(where.values()), "an event")
            self.notes.append(
                f"the extra {shown(key.name)} ({seen}) is called like another column, or like"
                f" nothing: its column is {shown(name)}"
            )
        self.columns.append(Column(key, one, name))

    def _free_name(self, name: str, one: ColumnType) -> str:
        endings = [ending for ending, _ in final_types(one)]
        free, number = name, 1
        while not free or any((free + ending).casefold() in self._taken for ending in endings):
            free = f"{name}_extra" if number == 1 else f"{name}_extra_{number}"
            number += 1
        self._taken.update((free + ending).casefold() for ending in endings)
        return free

    def schema(
        self, metadata: dict[str, str] | None = None, *, with_log: bool = False
    ) -> pa.Schema:
        """Arrow's schema of the columns."""
        import pyarrow as pa

        fields = [pa.field(name, kind) for name, kind in self._fields()]
        if self._places is not None:
            fields = [fields[place] for place in self._places]
        first = [pa.field(LOG, pa.string(), nullable=False)] if with_log else []
        return pa.schema([*first, *fields], metadata)

    def record_batch(
        self, batch: LooseBatch, schema: pa.Schema, log: str | None = None
    ) -> pa.RecordBatch:
        """The batch under `schema`; with the log's name, where that has a column."""
        import pyarrow as pa

        made: list[pa.Array] = []
        for column in self.columns:
            cells = batch.columns.get(column.key)
            if cells is None:
                cells = Loose(ColumnType.NOTHING, pa.nulls(batch.rows))
            made += finished(cells, column.settled)
        if self._places is not None:
            made = [made[place] for place in self._places]
        if log is not None:
            made.insert(0, pa.repeat(pa.scalar(log, pa.string()), batch.rows))
        return pa.RecordBatch.from_arrays(made, schema=schema)
