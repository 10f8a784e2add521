"""A CSV event log turned into a log with the same orders and the same tree, whole or not at all.

Everything is read, checked and encoded before the store is touched: parsing holds no lock.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from domain.audit_log import AuditLog
from domain.bundle_planner import ARGUMENTS
from domain.effects import gas_cost_mismatch
from domain.errors import (
    EventLogFileError,
    EventLoggerError,
    InvalidEventError,
)
from domain.intake import Entry, LinkedEntry, LoggingRules, PlainEntry
from infrastructure.audit_logs import AuditLogs
from infrastructure.files.csv_rows import FileRows, Row
from infrastructure.files.importing import ImportReport, Prepared, Progress, refuse_taken
from infrastructure.files.spool import Spool
from infrastructure.log_metadata import captured_metadata
from infrastructure.stored import events_of

Prepare = Callable[[dict[str, Any], list[dict[str, Any]] | None], Sequence[Entry]]
"""Checks and encodes an event, or a wrapper with the arguments of its details: the one thing that
the import asks of the domain; what it gives is stored as it is, and waits for that without what
makes it a domain event: that takes longer to keep aside and to read back (measured)."""

_BATCH, _BATCH_BYTES = 1000, 4 * 2**20
_DETAIL = re.compile(r"detail_events\[(\d+)\]\.?")


def import_csv(
    path: str | os.PathLike[str], logs: AuditLogs, log: str, progress: Progress | None = None
) -> ImportReport:
    """Import a CSV event log, as exported by this or the former logger, into a new log.

    The file is checked whole before anything is stored, and stored in one transaction. Its `order`,
    `status`, `detail_orders` and `detail_count` must agree with what the import arrives at. Numbers
    are Decimals (floats where they are written as 1e-07), so that exporting what was imported gives
    the same bytes. Timestamps off the hour are accepted. What the log said of itself is history: it
    neither closes nor continues the new one. Raises `EventLogFileError` with the row that is not
    sound, `LogConfigurationError` for a log that is there already.
    """
    refuse_taken(logs, log)
    with prepared_csv(path, log, progress) as prepared:
        prepared.store_in(logs)
        return prepared.report


@contextmanager
def prepared_csv(
    path: str | os.PathLike[str], log: str, progress: Progress | None = None
) -> Iterator[Prepared]:
    """The file read, checked and encoded; no store is touched. Raises as `import_csv` does."""
    new = AuditLog.open(log, metadata=captured_metadata({"imported_from": Path(path).name}))
    new.intake.rules = LoggingRules(hourly_timestamps=False, takes_words_of_the_log=True)
    opened = new.collect_events()
    report = ImportReport(log)
    with Spool[Entry]() as spool:

        def numbered() -> Iterator[Sequence[AuditLog.EventLogged]]:
            first = new.INITIAL_VERSION + 1
            for batch in spool.batches():
                yield events_of(new.id, first, batch)
                first += len(batch)

        def store_in(logs: AuditLogs) -> None:
            new.take_back(opened)
            logs.save_new(new, numbered())

        for batch in _batches(str(path), _preparing(new), report):
            spool.put(batch)
            if progress is not None:
                progress(report.events)
        yield Prepared(report, store_in)


def _preparing(log: AuditLog) -> Prepare:
    def prepare(arguments: dict[str, Any], details: list[dict[str, Any]] | None) -> Sequence[Entry]:
        if details is None:
            named = {name: arguments.pop(name, None) for name in ARGUMENTS}
            entry = log.intake.event(**named, event_data=arguments)
            log.add(entry)
            log.collect_events()
            return [entry]
        log.add(log.intake.bundle(arguments, details))
        events = log.logged_after(0)
        log.collect_events()
        return [LinkedEntry(e.record, e.event_id, e.tx_hash, e.late_parent) for e in events]

    return prepare


def _batches(path: str, prepare: Prepare, report: ImportReport) -> Iterator[list[Entry]]:
    batch: list[Entry] = []
    size = 0
    for unit in _units(path, report):
        nested = unit.nested
        try:
            prepared = prepare(unit.arguments, nested)
        except EventLoggerError as error:
            raise _of_the_row(path, unit, error) from error
        report.events += len(prepared)
        report.bundles += nested is not None
        batch += prepared
        size += sum(len(one if isinstance(one, PlainEntry) else one.state) for one in prepared)
        if len(batch) >= _BATCH or size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    yield batch


def _of_the_row(path: str, unit: Row, error: EventLoggerError) -> EventLogFileError:
    """The error as that of the row that it speaks of."""
    if not isinstance(error, InvalidEventError):
        return EventLogFileError(path, unit.number, str(error))
    row, field_path = unit, error.path
    while detail := _DETAIL.match(field_path):
        row, field_path = row.details[int(detail[1])], field_path[detail.end() :]
    return EventLogFileError(path, row.number, f"{field_path} {error.problem}")


def _units(path: str, report: ImportReport) -> Iterator[Row]:
    """Rows that are logged by one call: a single event, or a wrapper with its details."""
    rows = FileRows(path)
    knows_details = "detail_orders" in rows.header
    unit: dict[int, Row] = {}
    for row in rows:
        _warn_of_gas(row, report)
        parent = unit.get(row.parent) if row.parent is not None else None
        if parent is not None and (
            not knows_details or row.number in (parent.declared_details or ())
        ):
            parent.details.append(row)
            row.arguments.pop("parent_event")
        else:
            yield from _finished(path, unit)
            unit = {}
        unit[row.number] = row
    yield from _finished(path, unit)


def _finished(path: str, unit: dict[int, Row]) -> Iterator[Row]:
    for row in unit.values():
        details = [detail.number for detail in row.details]
        if row.declared_details is not None and row.declared_details != details:
            raise EventLogFileError(
                path,
                row.number,
                f"detail_orders {row.declared_details} disagrees with the rows that name it as"
                f" their parent, {details}",
            )
    yield from list(unit.values())[:1]


def _warn_of_gas(row: Row, report: ImportReport) -> None:
    expected = gas_cost_mismatch(row.arguments) if "gas_units" in row.arguments else None
    if expected is not None:
        cost, units, price = map(row.arguments.get, ("gas_cost_eth", "gas_units", "gas_price_gwei"))
        report.warnings.append(
            f"row {row.number}: gas_cost_eth is {cost}, but {units} gas at {price} gwei is"
            f" {expected.normalize():f} ETH"
        )
