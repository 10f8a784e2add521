"""Reading a log: events, trees, figures and files, all rebuilt from the stored events."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from datetime import UTC, datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import orjson

from domain.audit_log import AuditLog
from domain.checks import order as checked_order
from domain.errors import InvalidEventError, UnknownOrderError
from domain.fields import EVENT_FIELDS
from domain.times import checked_duration
from domain.values import decode
from event_logger.event_sequence import Event, EventSequence
from infrastructure.application import AuditLogs
from infrastructure.timestamps import timestamp_of
from projections.bundle_trees import BundleTrees, Tree
from projections.event_dicts import AsTime, Record, event_dict
from projections.summary import Summary

if TYPE_CHECKING:
    import pandas as pd


class LogReader:
    """Everything that can be read from one log; each call sees what is stored by then."""

    def __init__(self, logs: AuditLogs, log: AuditLog) -> None:
        self._logs = logs
        self._log = log

    def _last_order(self) -> int:
        """The order of the last event, everything logged so far being stored."""
        self._log.version = self._logs.last_order(self._log)
        return self._log.version

    def close(self) -> None:
        """Let go of the store; closing twice does nothing."""
        self._logs.close()

    def __enter__(self) -> Self:
        """The reader itself."""
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        """Close, whether or not an exception ended the block."""
        self.close()

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

    def get_all_events(self) -> list[Event]:
        """Every event, in order, as a list in memory."""
        return list(self._events(1, self._last_order()))

    def get_events_by_type(self, event_type: str) -> list[Event]:
        """The events of this type, in order."""
        return self._events_with("event_type", event_type)

    def get_events_by_venue(self, venue: str) -> list[Event]:
        """The events at this venue, in order."""
        return self._events_with("venue", venue)

    def get_events_by_order_range(self, start: int, end: int) -> list[Event]:
        """The events of the orders `start` to `end`, both included."""
        return list(self._events(max(start, 1), min(end, self._last_order())))

    def get_summary_stats(self) -> dict[str, Any]:
        """Counts by type and venue, exact sums of amounts, first and last order."""
        return Summary().fold(self._records(1, self._last_order())).as_dict()

    def live_status(self, stuck_after: Any = None) -> dict[str, Any]:
        """The status board, read in a time that does not grow with a live log.

        `counts` by status, `by_venue`, `by_type`; `open` events (pending, submitted or reorged),
        oldest first; of those `stuck` for longer than `stuck_after` (a timedelta, seconds, or text
        such as "10m"); `confirmation_seconds` from submitted to confirmed. In a backtest everything
        is completed. Raises `LogConfigurationError` for a `stuck_after` that is no time.
        """
        limit = None if stuck_after is None else checked_duration("stuck_after", stuck_after)
        last = self._last_order()
        if self._log.mode == "live":
            from infrastructure.status_board import StatusBoard

            return StatusBoard(self._logs, self._log).read(limit)
        from projections.live_status import LiveStatus

        return LiveStatus().fold(self._records(1, last)).as_dict(datetime.now(UTC), limit)

    def history(self, order: int) -> list[dict[str, Any]]:
        """The event's statuses with their times, oldest first; the logging itself is the first.

        Raises `UnknownOrderError`.
        """
        event = self._event(order)
        if self._log.mode != "live":
            return [{"status": event["status"], "recorded_at": event["recorded_at"]}]
        return self._logs.history(self._log, order)

    def to_dataframe(self) -> pd.DataFrame:
        """All events as a DataFrame: the declared fields, then the extras by first appearance."""
        import pandas as pd

        events = self.get_all_events()
        return pd.DataFrame(events, columns=None if events else list(EVENT_FIELDS))

    def export_to_csv(
        self, filepath: str | None = None, *, progress: Callable[[int, int], None] | None = None
    ) -> str:
        """Write the log as CSV beside `filepath` and rename it; returns the path.

        Without a path: `event_log_YYYYMMDD_HHMMSS.csv` (UTC) in the current folder. `progress` is
        told (done, total) rows now and then. Raises `ExportError`; the former file then stands as
        it was.
        """
        from infrastructure.csv_file import write_csv

        last = self._last_order()
        # Read twice, and the same both times, whatever is updated meanwhile.
        until = self._logs.last_position()
        return write_csv(lambda: self._records(1, last, str, until), filepath, last, progress)

    def bundle_tree(self, order: int) -> Tree:
        """The whole bundle that the event belongs to, as `{"event": …, "details": [trees]}`.

        Raises `UnknownOrderError`.
        """
        event = self._event(order)
        while event["parent_event"] is not None:
            event = self._event(event["parent_event"])
        late: dict[int, list[int]] = {}
        for parent, detail in self._logs.late_details(self._log):
            late.setdefault(parent, []).append(detail)
        trees = BundleTrees()
        starts = [event["order"]]
        while starts:
            bundle = list(self._contiguous_bundle(starts.pop()))
            trees.fold(bundle)
            starts += [start for member in bundle for start in late.get(member["order"], ())]
        (tree,) = trees.trees()
        return tree

    def bundle_trees(self) -> Iterator[Tree]:
        """The trees of all bundles, by rising order of their outermost wrapper."""
        last = self._last_order()
        late_parents = {parent for parent, _ in self._logs.late_details(self._log)}
        bundle: list[Event] = []
        orders: set[int] = set()
        for event in self._events(1, last):
            if event["parent_event"] not in orders:
                yield from self._finished_bundle(bundle, late_parents)
                bundle, orders = [], set()
            bundle.append(event)
            orders.add(event["order"])
        yield from self._finished_bundle(bundle, late_parents)

    def _finished_bundle(self, bundle: list[Event], late_parents: set[int]) -> Iterator[Tree]:
        if not bundle or bundle[0]["parent_event"] is not None:
            return
        if any(event["order"] in late_parents for event in bundle):
            yield self.bundle_tree(bundle[0]["order"])
        elif "detail_orders" in bundle[0]:
            yield from BundleTrees().fold(bundle).trees()

    def _contiguous_bundle(self, first: int) -> Iterator[Event]:
        orders = set()
        for event in self._events(first, self._last_order()):
            if event["order"] != first and event["parent_event"] not in orders:
                return
            orders.add(event["order"])
            yield event

    def _event(self, order: int) -> Event:
        last = self._last_order()
        try:
            known = checked_order("order", order) <= last
        except InvalidEventError:
            known = False
        if not known:
            raise UnknownOrderError(order, last)
        return next(self._events(order, order))

    def _stored(self, first: int, last: int) -> Iterator[tuple[int, bytes]]:
        """The (order, JSON) of stored events; every event that is read comes through here."""
        return self._logs.records(self._log, first, last)

    def _events(self, first: int, last: int) -> Iterator[Event]:
        for order, record in self._records(first, last):
            yield event_dict(order, record, timestamp_of)

    def _records(
        self,
        first: int,
        last: int,
        as_time: AsTime = timestamp_of,
        until: int | None = None,
    ) -> Iterator[tuple[int, Record]]:
        return self._current(self._stored(first, last), as_time, until)

    def _current(
        self, rows: Iterable[tuple[int, bytes]], as_time: AsTime, until: int | None = None
    ) -> Iterator[tuple[int, Record]]:
        records = ((order, decode(encoded, as_time)) for order, encoded in rows)
        if self._log.mode == "live":
            return self._logs.current(self._log, records, as_time, until)
        return records

    def _events_with(self, field: str, value: str) -> list[Event]:
        # Looking for the bytes first spares decoding the events that cannot match.
        needle = orjson.dumps({field: value})[1:-1]
        rows = (row for row in self._stored(1, self._last_order()) if needle in row[1])
        return [
            event_dict(order, record, timestamp_of)
            for order, record in self._current(rows, timestamp_of)
            if record[field] == value
        ]


def open_log(store: str, log: str = "default") -> LogReader:
    """A reader of a log that is there; makes no store and needs no lease.

    Raises `StoreNotFoundError`, `UnknownLogError` or another `StoreError`.
    """
    logs = AuditLogs(store, must_exist=True)
    return LogReader(logs, logs.get(log))
