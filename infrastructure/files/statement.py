"""A statement's file, CSV or JSON, read by the map of its columns."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from domain.checks import MAX_DECIMAL_EXPONENT, is_valid_unicode
from domain.effects import gas_cost_eth
from domain.errors import AuditFileError, InvalidTimestampError, shown
from domain.errors.base import nearest
from domain.times import iso_of_text
from infrastructure.files.baseline import read_bytes
from infrastructure.files.statement_map import TIME_UNITS, StatementMap
from projections.audit.moments import microseconds
from projections.audit.statement import Line, Period, Statement, Told
from projections.audit.statement_entries import side_of

_FIRST_TIME, _LAST_TIME = -62_135_596_800_000_000, 253_402_300_799_999_999
"""The years 1 to 9999, in microseconds since 1970."""
_ROUNDED_FROM = 6
_FAILED = {"0": True, "0x0": True, "failed": True, "reverted": True, "fail": True, "false": True}
_SUCCEEDED = {"1", "0x1", "success", "succeeded", "ok", "confirmed", "true"}


def read_statement(
    path: str | os.PathLike[str], mapped: StatementMap, evidence: Period | None
) -> Statement:
    """The statement in a file; `evidence` is its period, None: from its first line to its last.

    Raises `AuditFileError` for a file that cannot be read, columns that are not there, or a cell
    that cannot be what it should, with its row.
    """
    reading = _Reading(str(path), mapped)
    lines = list(reading.lines(read_bytes(path)))
    times = [line.time for line in lines if line.time is not None]
    if evidence is None and not times:
        raise AuditFileError(str(path), "has no line to compare, so its period must be given")
    tolerance, fee_tolerance = mapped.amount_tolerance, mapped.fee_tolerance
    return Statement(
        name=os.fsencode(os.path.basename(path)).decode(errors="backslashreplace"),
        told=mapped.told,
        venue=mapped.venue,
        lines=lines,
        period=Period(min(times), max(times)) if evidence is None else evidence,
        time_tolerance=mapped.time_tolerance,
        time_window=max(mapped.time_window, mapped.time_tolerance),
        amount_tolerance=reading.rounding("amount") if tolerance is None else tolerance,
        fee_tolerance=reading.rounding("fee") if fee_tolerance is None else fee_tolerance,
    )


class _Reading:
    """Reads one file; keeps how many decimals its columns write."""

    def __init__(self, name: str, mapped: StatementMap) -> None:
        self._name = name
        self._map = mapped
        self._decimals: dict[str, int] = {}

    def rounding(self, column: str) -> Decimal:
        """Half a unit of the last decimal that the column writes, where it writes many."""
        decimals = self._decimals.get(column, 0)
        return Decimal(5).scaleb(-decimals - 1) if decimals >= _ROUNDED_FROM else Decimal(0)

    def lines(self, content: bytes) -> Iterator[Line]:
        """The lines that the map means."""
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise self._error(f"is no UTF-8 ({error.reason} at byte {error.start})") from None
        records = self._of_json(text) if text.lstrip()[:1] in ("[", "{") else self._of_csv(text)
        for row, record in enumerate(records, 1):
            if all(_text(record.get(name)) == value for name, value in self._map.only.items()):
                yield self._line(row, record)

    def _of_csv(self, text: str) -> Iterator[Mapping[str, Any]]:
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=self._map.delimiter, strict=True)
        try:
            header = [name.strip() for name in next(rows, [])]
            self._check_columns(header)
            for number, cells in enumerate(rows, 1):
                if not cells:
                    continue
                if len(cells) != len(header):
                    raise self._error(
                        f"has {len(cells)} cells in row {number}, and {len(header)} columns"
                    )
                yield dict(zip(header, cells, strict=True))
        except csv.Error as error:
            raise self._error(f"is no CSV ({error})") from None

    def _of_json(self, text: str) -> Iterator[Mapping[str, Any]]:
        try:
            found = json.loads(text, parse_float=Decimal)
        except (ValueError, RecursionError) as error:
            raise self._error(f"is no JSON ({error})") from None
        for name in filter(None, self._map.records.split(".")):
            found = found.get(name) if isinstance(found, dict) else None
        if not isinstance(found, list):
            at = f" at {self._map.records}" if self._map.records else ""
            raise self._error(f"holds no list of records{at}; records says where it is")
        for number, record in enumerate(found, 1):
            if not isinstance(record, dict):
                raise self._error(f"holds {shown(record)} as record {number}, which is no object")
            if number == 1:
                self._check_columns(list(record))
            yield record

    def _check_columns(self, there: Sequence[str]) -> None:
        wanted = [*self._map.columns.items(), *((name, name) for name in self._map.only)]
        for name, column in wanted:
            if column not in there:
                near = nearest(column, there)
                meant = "" if near is None else f"; the nearest is {shown(near)}"
                raise self._error(
                    f"has no column {shown(column)}, which {self._map.name} names for {name}{meant}"
                )

    def _line(self, row: int, record: Mapping[str, Any]) -> Line:
        told = {name: record.get(column) for name, column in self._map.columns.items()}
        for name, value in told.items():
            if isinstance(value, str) and not is_valid_unicode(value):
                raise self._error(f"has {shown(value)} for the {name} in row {row}: no valid text")
        symbol = _text(told.get("symbol"))
        time = self._time(row, told["time"])
        if self._map.told is Told.RECEIPTS:
            return self._receipt(row, time, told)
        amount = self._number(row, told, "amount", needed=True)
        side = self._side(row, told.get("side"))
        if self._map.told is Told.FILLS and amount is not None:
            if side is None and amount < 0:
                side = "SELL"
            amount = amount.copy_abs()
        return Line(
            row,
            time,
            None if symbol is None else self._map.symbols.get(symbol, symbol),
            amount,
            self._number(row, told, "fee"),
            side,
            _text(told.get("id")),
        )

    def _receipt(self, row: int, time: int, told: Mapping[str, Any]) -> Line:
        tx_hash = _text(told["tx_hash"])
        if tx_hash is None:
            raise self._error(f"says no tx_hash in row {row}")
        units = self._number(row, told, "gas_units")
        price = self._number(row, told, "gas_price_gwei")
        cost = self._number(row, told, "gas_cost_eth")
        if cost is None and units is not None and price is not None:
            cost = gas_cost_eth(units, price)
        block = self._number(row, told, "block_number")
        status = _text(told.get("status"))
        failed = None if status is None else _FAILED.get(status.lower(), False)
        if status is not None and not failed and status.lower() not in _SUCCEEDED:
            raise self._error(f"has status {shown(status)} in row {row}; write 1 or 0")
        return Line(
            row,
            time,
            None,
            units,
            cost,
            None,
            tx_hash,
            None if block is None else int(block),
            failed,
        )

    def _time(self, row: int, value: Any) -> int:
        unit = self._map.time_unit
        try:
            if unit == "iso":
                moment = microseconds(iso_of_text("time", str(value).strip()))
                if moment is None:
                    raise ValueError
                return moment
            number, scale = self._decimal(value), TIME_UNITS[unit]
            moment = int(number * scale) if scale > 0 else int(number.scaleb(scale))
            if not _FIRST_TIME <= moment <= _LAST_TIME:
                raise ValueError
            return moment
        except (InvalidTimestampError, InvalidOperation, ValueError, OverflowError):
            raise self._error(
                f"has {shown(value)} for a time in row {row}, and time_unit is {unit}"
            ) from None

    def _number(
        self, row: int, told: Mapping[str, Any], name: str, *, needed: bool = False
    ) -> Decimal | None:
        text = _text(told.get(name))
        if text is None and not needed:
            return None
        try:
            number = self._decimal(text or "")
        except (InvalidOperation, ValueError):
            raise self._error(f"has {shown(told.get(name))} for the {name} in row {row}") from None
        exponent = number.as_tuple().exponent
        if isinstance(exponent, int):
            kept = "fee" if name in ("fee", "gas_cost_eth") else name
            self._decimals[kept] = max(self._decimals.get(kept, 0), -exponent)
        return number

    @staticmethod
    def _decimal(said: Any) -> Decimal:
        """The number; raises `InvalidOperation` or `ValueError` for what no amount or time can be.

        Larger than a log takes amounts there is none.
        """
        text = str(said).strip()
        number = Decimal(int(text, 16)) if text.startswith("0x") else Decimal(text)
        if "_" in text or not number.is_finite() or abs(number.adjusted()) > MAX_DECIMAL_EXPONENT:
            raise ValueError
        return number

    def _side(self, row: int, value: Any) -> str | None:
        if _text(value) is None:
            return None
        side = side_of(str(value))
        if side is None:
            raise self._error(f"has {shown(value)} for a side in row {row}; write BUY or SELL")
        return side

    def _error(self, problem: str) -> AuditFileError:
        return AuditFileError(self._name, problem)


def _text(value: Any) -> str | None:
    """A cell's text; None of one that is empty."""
    if value is None or isinstance(value, dict | list):
        return None
    return str(value).strip() or None
