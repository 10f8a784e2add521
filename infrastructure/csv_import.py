"""A CSV event log turned into a log with the same orders and the same tree, whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from domain.audit_log import AuditLog
from domain.errors import EventLogFileError, EventLoggerError, LogConfigurationError, shown
from domain.fields import RESERVED_FIELDS
from domain.recording import LoggingRules
from domain.values import encode
from infrastructure.application import AuditLogs
from infrastructure.csv_reading import open_rows, typed_cell
from projections.event_dicts import snapshot_views

Progress = Callable[[int], None]
"""Told how many rows are read."""

BATCH = 1000

_GAS_TOLERANCE = Decimal("1e-9")

# A file with a column `log` names other logs than the one that it is imported into: refused.
_NOT_ARGUMENTS = RESERVED_FIELDS - {"log"}
_ARGUMENTS = ("timestamp", "event_type", "venue", "token", "amount", "position_snapshot")


@dataclass
class ImportReport:
    """What was imported; `warnings` names sound rows whose figures contradict each other."""

    log: str
    events: int = 0
    bundles: int = 0
    warnings: list[str] = field(default_factory=list)


@dataclass
class _Row:
    number: int
    order: int
    parent: int | None
    declared_details: list[int] | None
    arguments: dict[str, Any]
    details: list[_Row] = field(default_factory=list)

    def as_detail(self) -> dict[str, Any]:
        nested = [detail.as_detail() for detail in self.details]
        is_wrapper = self.declared_details is not None or nested
        return self.arguments | ({"detail_events": nested} if is_wrapper else {})


def import_csv(
    path: str | os.PathLike[str], logs: AuditLogs, log: str, progress: Progress | None = None
) -> ImportReport:
    """Import a CSV event log, as exported by this or the former logger, into a new log.

    The file is checked whole before anything is stored, and stored in one transaction. Its `order`,
    `status`, `detail_orders` and `detail_count` must agree with what the import arrives at.
    Timestamps off the hour are accepted. Raises `EventLogFileError` with the row that is not sound,
    `LogConfigurationError` for a log that is there already.
    """
    if log in logs.names():
        raise LogConfigurationError(
            "log", log, f"{log!r} is there already; import into another name"
        )
    metadata = {"imported_from": Path(path).name}
    for _ in _Importer(str(path), _new_log(logs, log, metadata), None).batches():
        pass
    new = _new_log(logs, log, metadata)
    importer = _Importer(str(path), new, progress)
    logs.save_new(new, importer.batches())
    return importer.report


def _new_log(logs: AuditLogs, name: str, metadata: dict[str, Any]) -> AuditLog:
    log = logs.open(name, metadata=metadata)
    log.rules = LoggingRules(hourly_timestamps=False)
    return log


class _Importer:
    """Reads the rows and says them to the log again."""

    def __init__(self, path: str, log: AuditLog, progress: Progress | None) -> None:
        self.report = ImportReport(log.name)
        self._path = path
        self._log = log
        self._progress = progress
        self._event_ids: set[str] = set()

    def batches(self) -> Iterator[list[AuditLog.EventLogged]]:
        """The logged events, a batch at a time; each is forgotten by the log when handed over."""
        for unit in self._units():
            before = self._log.version
            try:
                self._log_unit(unit)
            except EventLogFileError:
                raise
            except EventLoggerError as error:
                raise EventLogFileError(self._path, unit.number, str(error)) from error
            self.report.events += self._log.version - before
            if len(self._log.pending_events) >= BATCH:
                yield self._collected()
        yield self._collected()

    def _collected(self) -> list[AuditLog.EventLogged]:
        if self._progress is not None:
            self._progress(self.report.events)
        return [e for e in self._log.collect_events() if isinstance(e, AuditLog.EventLogged)]

    def _log_unit(self, unit: _Row) -> None:
        if unit.declared_details is None and not unit.details:
            self._log.log_event(**_keywords(unit))
            return
        wrapper = _keywords(unit)
        self._log.add_bundle(wrapper, [detail.as_detail() for detail in unit.details])
        self.report.bundles += 1

    def _units(self) -> Iterator[_Row]:
        """Rows that are logged by one call: a single event, or a wrapper with its details."""
        unit: dict[int, _Row] = {}
        with open_rows(self._path) as rows:
            knows_details = "detail_orders" in rows.header
            for number, cells in rows:
                row = self._row(number, dict(zip(rows.header, cells, strict=True)))
                parent = unit.get(row.parent) if row.parent is not None else None
                if parent is not None and (
                    not knows_details or row.order in (parent.declared_details or ())
                ):
                    parent.details.append(row)
                    row.arguments.pop("parent_event")
                    unit[row.order] = row
                    continue
                yield from self._finished(unit)
                unit = {row.order: row}
        yield from self._finished(unit)

    def _finished(self, unit: dict[int, _Row]) -> Iterator[_Row]:
        for row in unit.values():
            details = [detail.order for detail in row.details]
            if row.declared_details is not None and row.declared_details != details:
                raise EventLogFileError(
                    self._path,
                    row.number,
                    f"detail_orders {row.declared_details} disagrees with the rows that name it as"
                    f" their parent, {details}",
                )
        yield from list(unit.values())[:1]

    def _row(self, number: int, cells: dict[str, str]) -> _Row:
        try:
            values = {name: typed_cell(name, cell) for name, cell in cells.items()}
            given = {name: value for name, value in values.items() if value is not None}
            self._check_claims(number, given)
            arguments = {k: v for k, v in given.items() if k not in _NOT_ARGUMENTS}
            arguments["position_snapshot"] = given.get("wallet_balance_after")
            self._check_event(arguments)
        except (ValueError, EventLoggerError) as error:
            raise EventLogFileError(self._path, number, str(error)) from error
        self._warn_of_gas(number, given)
        return _Row(
            number, number, arguments.get("parent_event"), given.get("detail_orders"), arguments
        )

    def _check_claims(self, number: int, given: dict[str, Any]) -> None:
        """What the log fills in itself must be what the file says."""
        snapshot = given.get("wallet_balance_after")
        arrived: dict[str, Any] = {"order": number, "status": "completed"}
        arrived |= {"cex_balance_after": None, "aave_position_after": None}
        if isinstance(snapshot, dict):
            arrived |= snapshot_views(snapshot)
        if "detail_orders" in given:
            if not isinstance(given["detail_orders"], list):
                raise ValueError(f"detail_orders {shown(given['detail_orders'])} is no list")
            arrived["detail_count"] = len(given["detail_orders"])
        else:
            arrived["detail_count"] = None
        for name, value in arrived.items():
            if name in given and given[name] != value:
                raise ValueError(
                    f"{name} {shown(given[name])} disagrees with what the import arrives at,"
                    f" {shown(value)}"
                )
        event_id = given.get("event_id")
        if event_id is not None and event_id in self._event_ids:
            raise ValueError(f"event_id {shown(event_id)} is there twice")
        if event_id is not None:
            self._event_ids.add(event_id)
        parent = given.get("parent_event")
        if parent is not None and not 1 <= parent < number:
            raise ValueError(f"parent_event {parent} names no earlier row")

    def _check_event(self, arguments: dict[str, Any]) -> None:
        named = {name: arguments.get(name) for name in _ARGUMENTS}
        data = {name: value for name, value in arguments.items() if name not in _ARGUMENTS}
        encode(self._log.rules.record("", **named, event_data=data))

    def _warn_of_gas(self, number: int, given: dict[str, Any]) -> None:
        cost, units, price = (
            given.get(name) for name in ("gas_cost_eth", "gas_units", "gas_price_gwei")
        )
        if cost is None or units is None or price is None:
            return
        expected = Decimal(units) * Decimal(str(price)) * Decimal("1e-9")
        if abs(Decimal(str(cost)) - expected) > _GAS_TOLERANCE * abs(expected):
            self.report.warnings.append(
                f"row {number}: gas_cost_eth is {cost}, but {units} gas at {price} gwei is"
                f" {expected.normalize():f} ETH"
            )


def _keywords(row: _Row) -> dict[str, Any]:
    return {name: value for name, value in row.arguments.items() if value is not None}
