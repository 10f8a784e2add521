"""An exported file as one of two runs that are compared."""

from __future__ import annotations

import os
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import compress
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import Any

from domain.errors import EventLogFileError, shown
from domain.fields import RESERVED_FIELDS, stored_fields
from domain.values import decode, encode
from infrastructure.audit_logs import AuditLogs
from infrastructure.compared import LogRun
from infrastructure.files import csv_cells as cells_of
from infrastructure.files.csv_columns import ColumnKind, Kind
from infrastructure.files.csv_reading import SNAPSHOT_COLUMNS, open_rows
from infrastructure.files.csv_rows import reader_of
from infrastructure.files.importing import import_file, is_jsonl
from projections.comparison.run import Run
from projections.event_dicts import Record

_LOG = "exported"


@contextmanager
def exported_run(path: str | os.PathLike[str]) -> Iterator[Run]:
    """A CSV file, or JSON lines, as a run, as long as the block lasts.

    Raises `EventLogFileError`. What a temporary file takes is gone when the block ends.
    """
    if not is_jsonl(path):
        with CsvRun(path) as rows:
            yield rows
        return
    with TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'compared.db'}"
        import_file(path, url, _LOG)
        logs = AuditLogs(url, must_exist=True)
        try:
            log = logs.get(_LOG)
            origin = log.metadata["imported_from"]
            run = LogRun(os.fspath(path), logs.store, log, _metadata_before(log.metadata, origin))
            run.log = origin["log"]
            run.identity, run.horizon = origin["identity"], origin["horizon"]
            yield run
        finally:
            logs.close()


def _metadata_before(metadata: dict[str, Any], origin: dict[str, Any]) -> dict[str, Any]:
    """The metadata of the log that was exported."""
    own = {name: value for name, value in metadata.items() if name != "imported_from"}
    former = origin.get("imported_from")
    return own if former is None else own | {"imported_from": former}


class CsvRun:
    """See `projections.comparison.run.Run`: a CSV file of a log, of whatever statuses.

    Reading it through fills a temporary file, out of which records are then looked up.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.name = os.fspath(path)
        self.log: str | None = None
        self.mode = ""
        self.metadata: Mapping[str, Any] = {}
        self.identity: str | None = None
        self.horizon: str | None = None
        self.told_in_text = True
        with open_rows(path) as rows:
            kinds = [ColumnKind(name) for name in rows.header]
            for page in rows.pages():
                for kind, cells in zip(kinds, zip(*page, strict=True), strict=True):
                    kind.look(cells)
            self._columns = [
                (name, None if name in _VIEWS else _reader_of(kind))
                for name, kind in zip(rows.header, kinds, strict=True)
            ]
        self._file = TemporaryFile()  # noqa: SIM115
        self._ends = array("q", [0])

    def __enter__(self) -> CsvRun:
        """The run."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Let go of the temporary file."""
        self._file.close()

    def records(self) -> Iterator[tuple[int, Record, bytes | None]]:
        """See `Run.records`; raises `EventLogFileError` with the row that is not sound."""
        self._file.seek(0)
        self._ends = array("q", [0])
        with open_rows(self.name) as rows:
            for number, cells in rows:
                try:
                    record = self._record(number, cells)
                    stored = encode(record)
                except ValueError as error:
                    raise EventLogFileError(self.name, number, str(error)) from error
                self._file.write(stored)
                self._ends.append(self._ends[-1] + len(stored))
                yield number, record, None
        self._file.flush()

    def at(self, orders: Sequence[int]) -> dict[int, Record]:
        """See `Run.at`; asked for once all is read through, or of what is."""
        found = {}
        end = self._ends[-1]
        for order in orders:
            begins = self._ends[order - 1]
            self._file.seek(begins)
            found[order] = decode(self._file.read(self._ends[order] - begins), str)
        self._file.seek(end)
        return found

    def _record(self, number: int, cells: Sequence[str]) -> Record:
        given: dict[str, Any] = {
            name: cell if read is None else read(name, cell)
            for (name, read), cell in compress(zip(self._columns, cells, strict=True), cells)
        }
        if given.get("order", number) != number:
            raise ValueError(
                f"order {shown(given['order'])} is not {number}, its place in the file: what is"
                " compared is a whole log"
            )
        for name in ("timestamp", "event_type", "venue"):
            if name not in given:
                raise ValueError(f"{name} is missing; the cell is empty")
        parent = given.get("parent_event")
        if parent is not None and not 1 <= parent < number:
            raise ValueError(f"parent_event {parent} names no earlier row")
        snapshot = given.pop(_SNAPSHOT, None)
        record = {name: value for name, value in given.items() if name in _OWN}
        extra = {
            name: value
            for name, value in given.items()
            if name not in _OWN and name not in _DERIVED
        }
        if extra:
            record["extra"] = extra
        if snapshot is not None:
            record["position_snapshot"] = snapshot
        for name, kind in (("position_snapshot", dict), ("detail_orders", list)):
            if not isinstance(record.get(name, kind()), kind):
                raise ValueError(f"{name} is {shown(record[name])}, and no {kind.__name__}")
        return record


def _reader_of(kind: ColumnKind) -> Callable[[str, str], Any] | None:
    return cells_of.time_of if kind.kind is Kind.TIME else reader_of(kind)


_SNAPSHOT, *_VIEWS = SNAPSHOT_COLUMNS
_OWN = {*stored_fields(), "status"} - {"extra", "recorded_at", "position_snapshot"}
_DERIVED = {*RESERVED_FIELDS, "corrected_by"}
