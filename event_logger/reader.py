"""Reading a log: events, trees, figures and files, all rebuilt from the stored events."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, Self, Unpack

import orjson

from domain.audit_log import AuditLog
from domain.checks import order as checked_order
from domain.corrections import with_corrections
from domain.errors import (
    CorruptLogError,
    InvalidEventError,
    NotCopyableError,
    UnknownOrderError,
)
from domain.times import checked_duration
from event_logger.audits import AuditableLog
from event_logger.bundles import BundleReading
from event_logger.certified import CertifiedLog
from event_logger.event_sequence import EventSequence
from event_logger.exported import Exported
from event_logger.figures import FiguredLog
from event_logger.misspelt import found_or_said
from event_logger.search import Criteria, Search, checked_bound, checked_only, checked_text
from infrastructure.audit_logs import AuditLogs
from infrastructure.listing import listed
from infrastructure.reading import Records, Rows
from infrastructure.timestamps import RecordedTimes, load_pandas, timestamp_of
from projections.bundle_trees import Tree
from projections.event_dicts import AsTime, EventDict, event_dict
from projections.status_board import LiveStatus
from projections.summary import Summary

if TYPE_CHECKING:
    import pandas as pd

    from infrastructure.redis.connection import RedisSource


class LogReader(AuditableLog, CertifiedLog, FiguredLog):
    """Everything that can be read from one log; each call sees what is stored by then."""

    def __init__(self, logs: AuditLogs, log: AuditLog) -> None:
        self._logs = logs
        self._log = log
        self._reading = logs.reading(log)

    def _last_order(self) -> int:
        """The order of the last event, everything logged so far being stored."""
        self._log.version = self._logs.last_order(self._log)
        return self._log.version

    def close(self) -> None:
        """Let go of the store; closing twice does nothing."""
        self._logs.close()

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Raises `NotCopyableError`: what is open here is open once."""
        raise NotCopyableError(self._log.name, type(self).__name__)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @property
    def log_name(self) -> str:
        """The log's name in its store."""
        return self._log.name

    @property
    def metadata(self) -> dict[str, Any]:
        """What was run, as given when the log was opened."""
        return deepcopy(self._log.metadata)

    @property
    def global_order(self) -> int:
        """The order of the last event; 0 when nothing was logged."""
        return self._last_order()

    @property
    def events(self) -> EventSequence:
        """The events as a lazy, read-only sequence of dicts; `events[0]` has order 1."""
        return EventSequence(self._events, range(1, self._last_order() + 1))

    def get_all_events(self) -> list[EventDict]:
        """Every event, in order, as a list in memory."""
        return listed(self._events(1, self._last_order()))

    def get_events_by_type(self, event_type: str) -> list[EventDict]:
        """The events of this type, in order."""
        return self._events_with("event_type", event_type)

    def get_events_by_venue(self, venue: str) -> list[EventDict]:
        """The events at this venue, in order."""
        return self._events_with("venue", venue)

    def get_events_by_order_range(
        self,
        start: int | None = None,
        end: int | None = None,
        *,
        start_order: int | None = None,
        end_order: int | None = None,
    ) -> list[EventDict]:
        """The events of the orders `start` to `end`, both included; `start_order=` is the same."""
        first = checked_bound("start", start, start_order)
        last = checked_bound("end", end, end_order)
        return listed(self._events(max(first, 1), min(last, self._last_order())))

    def search(self, **criteria: Unpack[Criteria]) -> Iterator[EventDict]:
        """The events for which all criteria hold, in order; see `event_logger.search.Criteria`.

        Look-ups by `event_id`, `tx_hash` and `parent` do not scan. Raises `InvalidEventError` for
        a criterion that no event can meet, such as a time that is none. Where nothing is found, the
        type, venue or status that the log does not hold is warned of, with the nearest one.
        """
        wanted = Search.of(criteria)
        reads = self._logs.store.reads
        rows = wanted.candidates(reads, self._reading, self._log, self._last_order())
        found = islice(filter(wanted.is_wanted, self._event_dicts(rows)), wanted.limit)
        return found_or_said(found, wanted, self._log.name, lambda: self.events)

    def get_summary_stats(self) -> dict[str, Any]:
        """Counts by type and venue, exact sums of amounts, first and last order."""
        return Summary().fold(self._records(1, self._last_order())).as_dict()

    def live_status(
        self,
        stuck_after: Any = None,
        *,
        event_type: str | None = None,
        venue: str | None = None,
        status: str | None = None,
    ) -> dict[str, Any]:
        """The status board, read in a time that does not grow with a live log.

        `counts` by status, `by_venue`, `by_type`; `open` events (pending, submitted, partially
        filled or reorged), oldest first; of those `stuck` for longer than `stuck_after` (a
        timedelta, seconds, or text such as "10m"), but for types that only tell something;
        `confirmation_seconds` from submitted to confirmed or filled, always of the whole log. Of
        all else there is only what has the `event_type`, `venue` and `status` that are asked for.
        In a backtest everything is completed. Raises `LogConfigurationError` for no time.
        """
        limit = None if stuck_after is None else checked_duration("stuck_after", stuck_after)
        only = checked_only(event_type, venue, status)
        last = self._last_order()
        if self._log.mode == "live":
            from infrastructure.followers.board import StatusBoard

            return StatusBoard(self._logs.store, self._log).read(limit, only=only)
        folded = LiveStatus().fold(self._records(1, last))
        return folded.as_dict(datetime.now(UTC), limit, only=only)

    def health(self, redis: RedisSource = None, behind_after: Any = "10s") -> dict[str, Any]:
        """How far the log's followers have come, whether Redis answers, and what waits.

        See `infrastructure.health.health_of`; `redis` is a URL or a client, None asks none. Raises
        `StoreError` and, for arguments that make no sense, `LogConfigurationError`.
        """
        from infrastructure.health import health_of

        seconds = checked_duration("behind_after", behind_after)
        return health_of(self._logs.store, self._log, redis, seconds)

    def history(self, order: int) -> list[dict[str, Any]]:
        """The event's statuses with their times, oldest first; the logging itself is the first.

        Raises `UnknownOrderError`.
        """
        event = self._event(order)
        if self._log.mode != "live":
            return [{"status": event["status"], "recorded_at": event["recorded_at"]}]
        return self._reading.history(order)

    def to_dataframe(self) -> pd.DataFrame:
        """All events as a DataFrame: the declared fields, then the extras by first appearance."""
        from infrastructure.dataframes import dataframe

        last = self._last_order()
        try:
            return dataframe(self._records(1, last))
        except (ValueError, TypeError, AttributeError):
            for _ in self._events(1, last):
                # Says which record is damaged, if that was it.
                continue
            raise

    def export_to_csv(
        self,
        filepath: str | None = None,
        *,
        csv_safe: bool = False,
        progress: Callable[[int, int], None] | None = None,
    ) -> str:
        """Write the log as CSV beside `filepath` and rename it; returns the path.

        Through a symbolic link to its target, for `-` to standard output, into a FIFO or a device.
        Without a path: `event_log_YYYYMMDD_HHMMSS.csv` (UTC), a new file in the current folder.
        `csv_safe` is for spreadsheets: an apostrophe before text that they would take for a
        formula, and a byte order mark. `progress` gets (done, total) rows now and then. Raises
        `ExportError`; the former file then stands as it was.
        """
        self._last_order()
        source = Exported(self._logs, self._log, self._rows, self._records)
        return source.to_csv(filepath, csv_safe=csv_safe, progress=progress)

    def export_to_jsonl(
        self, filepath: str | None = None, *, progress: Callable[[int, int], None] | None = None
    ) -> str:
        """Write the log as JSON lines, whole and exact, live histories included; returns the path.

        `event-logger import` makes a log of them again. The path may be what `export_to_csv` takes;
        without one: `event_log_YYYYMMDD_HHMMSS.jsonl` (UTC), a new file in the current folder.
        `progress` gets (done, total) entries now and then. Raises `ExportError`.
        """
        self._last_order()
        source = Exported(self._logs, self._log, self._rows, self._records)
        return source.to_jsonl(filepath, progress)

    def bundle_tree(self, order: int) -> Tree:
        """The whole bundle that the event belongs to, as `{"event": …, "details": [trees]}`.

        Raises `UnknownOrderError`.
        """
        return self._bundles().tree(self._event(order))

    def bundle_trees(self) -> Iterator[Tree]:
        """The trees of all bundles, by rising order of their outermost wrapper."""
        return self._bundles().trees(self._last_order())

    def _bundles(self) -> BundleReading:
        # Not kept: it refers to this reader, and a logger that is dropped is to go at once.
        return BundleReading(
            self._events,
            self._reading,
            lambda: self._logs.store.reads.late_details(self._log.id),
        )

    def _event(self, order: int) -> EventDict:
        last = self._last_order()
        try:
            known = checked_order("order", order) <= last
        except InvalidEventError:
            known = False
        if not known:
            raise UnknownOrderError(order, last)
        return next(self._events(order, order))

    def _rows(self, first: int, last: int) -> Rows:
        """The (order, JSON) of stored events; every event that is read comes through here."""
        return self._reading.rows(first, last)

    def _events(self, first: int, last: int) -> Iterator[EventDict]:
        yield from self._event_dicts(self._rows(first, last))

    def _event_dicts(self, rows: Rows) -> Iterator[EventDict]:
        load_pandas()
        times = RecordedTimes()
        recorded_at = times.__getitem__
        for order, record in self._present(times.of(rows), timestamp_of):
            try:
                event = event_dict(order, record, timestamp_of, recorded_at)
            except (ValueError, TypeError, AttributeError) as error:
                raise CorruptLogError(self._log.name, order, f"it is no event: {error}") from error
            yield event

    def _records(
        self,
        first: int,
        last: int,
        as_time: AsTime = timestamp_of,
        until: int | None = None,
    ) -> Records:
        return self._present(self._rows(first, last), as_time, until)

    def _present(self, rows: Rows, as_time: AsTime, until: int | None = None) -> Records:
        if as_time is timestamp_of:
            load_pandas()
        records = self._reading.decoded(rows, as_time)
        if self._log.mode == "live":
            records = self._reading.current(records, as_time, until)
        return with_corrections(records, self._reading.corrections())

    def _events_with(self, field: str, value: str) -> list[EventDict]:
        checked_text(field, value)
        # Looking for the bytes first spares decoding the events that cannot match.
        needle = orjson.dumps({field: value})[1:-1]
        rows = self._reading.rows_with(needle, 1, self._last_order())
        return listed(event for event in self._event_dicts(rows) if event[field] == value)
