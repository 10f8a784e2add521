"""Rows of a CSV event log as the arguments that log their events again."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import compress
from typing import Any

from domain.corrections import CORRECTED_BY, corrected_by
from domain.errors import EventLogFileError, shown
from domain.fields import DECLARED_FIELDS, RESERVED_FIELDS
from domain.lifecycle import COMPLETED
from infrastructure.files import csv_cells as cells_of
from infrastructure.files.csv_columns import ColumnKind, Kind, read_exact_extra, read_exact_json
from infrastructure.files.csv_reading import SNAPSHOT_COLUMNS, open_rows
from projections.event_dicts import snapshot_views

# A file with a column `log` names other logs than the one that it is imported into: refused.
NOT_ARGUMENTS = RESERVED_FIELDS - {"log"} | {CORRECTED_BY}
_SNAPSHOT, *_VIEWS = SNAPSHOT_COLUMNS
_NEEDED = ("event_type", "venue")


@dataclass
class Row:
    """An event of the file: what logs it again, and what the file claims of it."""

    number: int
    arguments: dict[str, Any]
    declared_details: list[int] | None
    details: list[Row] = field(default_factory=list)

    @property
    def parent(self) -> int | None:
        """The order that the row names as its parent."""
        parent: int | None = self.arguments.get("parent_event")
        return parent

    @property
    def nested(self) -> list[dict[str, Any]] | None:
        """The arguments of the details; None where the row wraps nothing."""
        if self.declared_details is None and not self.details:
            return None
        nested = []
        for detail in self.details:
            inner = detail.nested
            wrapped = {} if inner is None else {"detail_events": inner}
            nested.append(detail.arguments | wrapped)
        return nested


class FileRows:
    """The file's rows, checked one by one against what they claim; read twice, in constant memory.

    Raises `EventLogFileError` with the row that is not sound.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = str(path)
        self._event_ids: set[str] = set()
        self._corrections: dict[int, list[int]] = {}
        self._said_corrected: dict[int, Any] = {}
        with open_rows(path) as rows:
            self.header = rows.header
            kinds = [ColumnKind(name) for name in rows.header]
            for page in rows.pages():
                for kind, cells in zip(kinds, zip(*page, strict=True), strict=True):
                    kind.look(cells)
        self._readers = [
            None if name in _VIEWS else reader_of(kind)
            for name, kind in zip(rows.header, kinds, strict=True)
        ]
        self._snapshot_place = rows.header.index(_SNAPSHOT) if _SNAPSHOT in rows.header else 0
        self._extras = _ExtrasInOrder(self.header)

    def __iter__(self) -> Iterator[Row]:
        """The rows, each once the next one is read."""
        last: Row | None = None
        with open_rows(self._path) as rows:
            for number, cells in rows:
                if last is not None:
                    yield last
                try:
                    last = self._row(number, cells)
                except ValueError as error:
                    raise EventLogFileError(self._path, number, str(error)) from error
        self._check_corrections()
        if last is not None:
            self._extras.complete(last.arguments)
            yield last

    def _row(self, number: int, cells: list[str]) -> Row:
        given: dict[str, Any] = {
            name: cell if read is None else read(name, cell)
            for name, read, cell in compress(
                zip(self.header, self._readers, cells, strict=True), cells
            )
        }
        texts = {name: given.pop(name) for name in _VIEWS if name in given}
        if _SNAPSHOT in given:
            texts[_SNAPSHOT] = cells[self._snapshot_place]
        if "timestamp" not in given:
            raise ValueError("timestamp must be a time; the cell is empty")
        self._check_claims(number, given)
        _check_views(given.get(_SNAPSHOT), texts)
        arguments = {name: given[name] for name in given if name not in NOT_ARGUMENTS}
        arguments = self._extras.filled(arguments, NOT_ARGUMENTS & given.keys())
        for name in _NEEDED:
            arguments.setdefault(name, "")
        arguments["position_snapshot"] = given.get(_SNAPSHOT)
        return Row(number, arguments, given.get("detail_orders"))

    def _check_claims(self, number: int, given: dict[str, Any]) -> None:
        """What the log fills in itself must be what the file says."""
        details = given.get("detail_orders")
        if details is not None and not isinstance(details, list):
            raise ValueError(f"detail_orders {shown(details)} is no list")
        count = None if details is None else len(details)
        for name, arrived in (("order", number), ("status", COMPLETED), ("detail_count", count)):
            if name in given and given[name] != arrived:
                raise _disagreement(name, given[name], arrived)
        self._note_corrections(number, given)
        event_id = given.get("event_id")
        if event_id is not None:
            if event_id in self._event_ids:
                raise ValueError(f"event_id {shown(event_id)} is there twice")
            self._event_ids.add(event_id)
        parent = given.get("parent_event")
        if parent is not None and not 1 <= parent < number:
            raise ValueError(f"parent_event {parent} names no earlier row")
        for order in given.get("related_events") or ():
            if isinstance(order, int) and order >= number:
                raise ValueError(f"related_events {order} names no earlier row")

    def _note_corrections(self, number: int, given: dict[str, Any]) -> None:
        corrected = corrected_by(given)
        if corrected is not None:
            self._corrections.setdefault(corrected, []).append(number)
        if CORRECTED_BY in given:
            self._said_corrected[number] = given[CORRECTED_BY]

    def _check_corrections(self) -> None:
        """What rows say that they were corrected by must be the corrections that there are."""
        for number, said in self._said_corrected.items():
            arrived = self._corrections.get(number)
            if said != arrived:
                error = _disagreement(CORRECTED_BY, said, arrived)
                raise EventLogFileError(self._path, number, str(error))


def _check_views(snapshot: Any, texts: dict[str, str]) -> None:
    if len(texts) == len(SNAPSHOT_COLUMNS) and cells_of.are_views(
        snapshot, *(texts[name] for name in SNAPSHOT_COLUMNS)
    ):
        return
    views = snapshot_views(snapshot) if isinstance(snapshot, dict) else {}
    for name in _VIEWS:
        if name in texts:
            said = cells_of.json_of(name, texts[name], exact=True)
            if not _are_equal(said, views.get(name)):
                raise _disagreement(name, said, views.get(name))


def _are_equal(one: Any, other: Any) -> bool:
    """Whether the two are equal, a NaN being equal to a NaN."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_are_equal(one[k], other[k]) for k in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_are_equal, one, other))
    return bool(one == other or (one != one and other != other))


def _disagreement(name: str, said: Any, arrived: Any) -> ValueError:
    return ValueError(
        f"{name} {shown(said)} disagrees with what the import arrives at, {shown(arrived)}"
    )


_READERS: dict[Kind, Callable[[str, str], Any] | None] = {
    Kind.TIME: cells_of.moment_of,
    Kind.INT: cells_of.int_of,
    Kind.NUMBER: cells_of.exact_number_of,
    Kind.BOOLEAN: lambda name, cell: cell == "True",
    Kind.JSON: read_exact_json,
    Kind.TEXT: None,
}


def reader_of(kind: ColumnKind) -> Callable[[str, str], Any] | None:
    """What reads the cells of a column; None: the text as it stands."""
    if kind.kind is Kind.TEXT and not kind.is_declared:
        return read_exact_extra
    return _READERS[kind.kind]


class _ExtrasInOrder:
    """Sees to it that the extras first appear in the order of the file's columns.

    Where a column that comes earlier in the file has had no value yet, its first one was None or
    empty text: it is given as None. Only for files as the export writes them.
    """

    def __init__(self, header: Sequence[str]) -> None:
        is_export = tuple(header[: len(DECLARED_FIELDS)]) == DECLARED_FIELDS
        self._waiting = list(header[len(DECLARED_FIELDS) :]) if is_export else []

    def filled(self, arguments: dict[str, Any], derived: frozenset[str]) -> dict[str, Any]:
        """The row's arguments, with those extras that would otherwise appear too late.

        `derived` are the columns with a value that the log fills in itself.
        """
        if not self._waiting:
            return arguments
        present = arguments.keys() | derived
        last = max(
            (place for place, name in enumerate(self._waiting) if name in present), default=-1
        )
        if last < 0:
            return arguments
        early, self._waiting = self._waiting[: last + 1], self._waiting[last + 1 :]
        extras = {name: arguments.pop(name, None) for name in early if name not in NOT_ARGUMENTS}
        return arguments | extras

    def complete(self, arguments: dict[str, Any]) -> None:
        """Give the last row what has never had a value."""
        arguments |= {name: None for name in self._waiting if name not in NOT_ARGUMENTS}
