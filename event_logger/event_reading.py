"""The stored events of one log as they read now: as records, and as the dicts that people get."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

import orjson

from domain.audit_log import AuditLog
from domain.checks import order as checked_order
from domain.corrections import with_corrections
from domain.errors import (
    CorruptLogError,
    InvalidEventError,
    LogConfigurationError,
    NotCopyableError,
    UnknownOrderError,
)
from event_logger.misspelt import found_or_said, say_what_is_not_held
from event_logger.search import Search
from infrastructure.listing import listed
from infrastructure.reading import LogReading, Records, Rows
from infrastructure.store import Reads
from infrastructure.timestamps import RecordedTimes, load_pandas, timestamp_of
from projections.event_dicts import AsTime, EventDict, event_dict

if TYPE_CHECKING:
    import pandas as pd


class EventReading:
    """The events of a log; `check` is called before each reading, and says where none is left."""

    def __init__(self, reading: LogReading, log: AuditLog, check: Callable[[], None]) -> None:
        self._reading = reading
        self._log = log
        self._check = check

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Raises `NotCopyableError`: the store that is read from is open once."""
        raise NotCopyableError(self._log.name, type(self).__name__)

    def rows(self, first: int, last: int) -> Rows:
        """The (order, JSON) of stored events; every event that is read comes through here."""
        self._check()
        return self._reading.rows(first, last)

    def events(self, first: int, last: int) -> Iterator[EventDict]:
        """The events of these orders."""
        yield from self.dicts(self.rows(first, last))

    def event(self, order: int, last: int) -> EventDict:
        """One event; raises `UnknownOrderError` for what is no order up to the last."""
        try:
            known = checked_order("order", order)
        except InvalidEventError:
            raise UnknownOrderError(order, last) from None
        if known > last:
            raise UnknownOrderError(order, last)
        return next(self.events(known, known))

    def dicts(self, rows: Rows) -> Iterator[EventDict]:
        """The events of stored rows; raises `CorruptLogError` for what is none."""
        load_pandas()
        times = RecordedTimes()
        recorded_at = times.__getitem__
        for order, record in self._present(times.of(rows), timestamp_of):
            try:
                event = event_dict(order, record, timestamp_of, recorded_at)
            except (ValueError, TypeError, AttributeError) as error:
                raise CorruptLogError(self._log.name, order, f"it is no event: {error}") from error
            yield event

    def records(self, first: int, last: int, as_time: AsTime = timestamp_of) -> Records:
        """The records of these orders with their present values; times made by `as_time`."""
        return self._present(self.rows(first, last), as_time)

    def dataframe(
        self, last: int, numbers: str = "float", asked: Sequence[str] | None = None
    ) -> pd.DataFrame:
        """The events up to an order as a DataFrame."""
        from infrastructure.dataframes import dataframe

        try:
            return dataframe(self.records(1, last), numbers, asked)
        except LogConfigurationError:
            raise
        except (ValueError, TypeError, AttributeError):
            for _ in self.events(1, last):
                # Says which record is damaged, if that was it.
                continue
            raise

    def events_with(
        self, field: str, value: str, last: int, said: set[tuple[str, str]]
    ) -> list[EventDict]:
        """The events up to an order whose field has this value.

        A value that the log does not hold is said, unless `said` has it, and put there: a strategy
        may ask at each step for what it has not logged yet.
        """
        # Looking for the bytes first spares decoding the events that cannot match.
        needle = orjson.dumps({field: value})[1:-1]
        self._check()
        rows = self._reading.rows_with(needle, 1, last)
        found = listed(event for event in self.dicts(rows) if event[field] == value)
        if not found and (field, value) not in said:
            said.add((field, value))
            say_what_is_not_held({field: value}, self._log.name, self.events(1, last))
        return found

    def found(self, wanted: Search, reads: Reads, last: int) -> Iterator[EventDict]:
        """The events up to an order that are wanted; what the log does not hold is said."""
        rows = wanted.candidates(reads, self._reading, self._log, last)
        found = islice(filter(wanted.is_wanted, self.dicts(rows)), wanted.limit)
        return found_or_said(found, wanted, self._log.name, lambda: self.events(1, last))

    def _present(self, rows: Rows, as_time: AsTime) -> Records:
        if as_time is timestamp_of:
            load_pandas()
        records = self._reading.decoded(rows, as_time)
        if self._log.mode == "live":
            records = self._reading.current(records, as_time)
        return with_corrections(records, self._reading.corrections())
