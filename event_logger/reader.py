"""Reading a log: events, trees, figures and files, all rebuilt from the stored events."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self, Unpack

from domain.audit_log import AuditLog
from domain.errors import NotCopyableError
from domain.horizon import Horizon
from domain.times import checked_duration
from event_logger import audits, certified, columnar, figures, operation
from event_logger.bundles import BundleReading
from event_logger.event_reading import EventReading
from event_logger.event_sequence import EventSequence
from event_logger.exported import Exported
from event_logger.held_store import OpenStore
from event_logger.search import Criteria, Search, checked_bound, checked_text
from infrastructure.index_ends import SeenIndexes
from infrastructure.listing import listed
from infrastructure.reading import LogReading
from projections.bundle_trees import Tree
from projections.event_dicts import EventDict

if TYPE_CHECKING:
    from event_logger.log_as_of import LogAsOf
    from infrastructure.horizons import Horizons
    from infrastructure.redis.connection import RedisSource


class LogReader:
    """Everything that can be read from one log; each call sees what is stored by then."""

    def __init__(self, logs: OpenStore, log: AuditLog) -> None:
        self._logs = logs
        self._log = log
        self._reading = LogReading(logs.store, log)
        self._said: set[tuple[str, str]] = set()
        self._indexes = SeenIndexes(logs.store, log)

    def _last_order(self) -> int:
        """The order of the last event, everything logged so far being stored."""
        self._check_usable()
        return self._reading.horizon().order

    def _check_usable(self) -> None:
        """Raises where what is read from is not there any more."""

    def _now(self) -> datetime | None:
        """The time at which ages are taken; None for the time that it is."""
        return None

    def as_of(self, when: Any) -> LogAsOf:
        """The log as it was known then, to be read in every way that this one can; never changes.

        `when` is an order, just after which was committed (of a bundle: the whole) and before any
        later transition; a `Horizon` that the log has had; or a time (`datetime`, `pd.Timestamp`),
        which means the last commit at or before it, by the store's time. Text is read as on the
        command line: "1523", "1523+40", ISO 8601 with date and time. What was logged before format
        2 has no time of commit: there the time when it was recorded counts, which is warned of. It
        reads through the store of this reader, and no longer than that. Raises `HorizonError`, or
        `UnknownOrderError` for an order that no event has.
        """
        from event_logger.log_as_of import LogAsOf

        self._last_order()
        return LogAsOf(self, *self._horizons().found(when))

    @property
    def horizon(self) -> Horizon:
        """Where the log ends: the last order, and the number of the last transition."""
        self._last_order()
        return self._reading.horizon()

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
        return EventSequence(self._events().events, range(1, self._last_order() + 1))

    def get_all_events(self) -> list[EventDict]:
        """Every event, in order, as a list in memory."""
        return listed(self._events().events(1, self._last_order()))

    def get_events_by_type(self, event_type: str) -> list[EventDict]:
        """The events of this type, in order; one that the log does not hold is said, once."""
        return self._events_with("event_type", event_type)

    def get_events_by_venue(self, venue: str) -> list[EventDict]:
        """The events at this venue, in order; one that the log does not hold is said, once."""
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
        return listed(self._events().events(max(first, 1), min(last, self._last_order())))

    def search(self, **criteria: Unpack[Criteria]) -> Iterator[EventDict]:
        """The events for which all criteria hold, in order; see `event_logger.search.Criteria`.

        Look-ups by `event_id`, `tx_hash` and `parent` do not scan. Raises `InvalidEventError` for
        a criterion that no event can meet, such as a time that is none. Where nothing is found, the
        type, venue or status that the log does not hold is warned of, with the nearest one.
        """
        wanted = Search.of(criteria)
        self._require(*wanted.looked_up_in)
        reads, last = self._logs.store.reads, self._last_order()
        return self._events().found(wanted, reads, last)

    def get_summary_stats(self) -> dict[str, Any]:
        """Counts by type and venue, exact sums of amounts, first and last order."""
        from projections.summary import Summary

        return Summary().fold(self._events().records(1, self._last_order())).as_dict()

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
        return self._reading.history(event["order"])

    def committed(self, order: int) -> list[dict[str, Any]]:
        """By whom and when each step of the event's `history` was committed, in the same order.

        `committed_at` is the store's time, which never goes back within a log; `writer` says who:
        `user`, `host`, `process`, `program`, `version`, when it was `opened_at`, and the `actor`
        for whom it wrote, if one was named. Both are None for what is from before format 2. There
        are also `transition`, its number in the log (None: the logging itself), and the `status`.
        Raises `UnknownOrderError`.
        """
        from infrastructure.committed import Committed

        statuses = [step["status"] for step in self.history(order)]
        return Committed(self._logs.store.reads, self._log, self._reading).steps(
            int(order), statuses
        )

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
        return self._exported().to_csv(filepath, csv_safe=csv_safe, progress=progress)

    def export_to_jsonl(
        self, filepath: str | None = None, *, progress: Callable[[int, int], None] | None = None
    ) -> str:
        """Write the log as JSON lines, whole and exact, live histories included; returns the path.

        `event-logger import` makes a log of them again. The path may be what `export_to_csv` takes;
        without one: `event_log_YYYYMMDD_HHMMSS.jsonl` (UTC), a new file in the current folder.
        `progress` gets (done, total) entries now and then. Raises `ExportError`.
        """
        return self._exported().to_jsonl(filepath, progress)

    def bundle_tree(self, order: int) -> Tree:
        """The whole bundle that the event belongs to, as `{"event": …, "details": [trees]}`.

        Raises `UnknownOrderError`.
        """
        return self._bundles().tree(self._event(order))

    def bundle_trees(self) -> Iterator[Tree]:
        """The trees of all bundles, by rising order of their outermost wrapper."""
        return self._bundles().trees(self._last_order())

    # Of subjects of their own, each in its module.
    audit = audits.audit
    certify = certified.certify
    check_certificate = certified.check_certificate
    asset_figures = figures.asset_figures
    balances = figures.balances
    live_status = operation.live_status
    to_dataframe = columnar.to_dataframe
    to_arrow = columnar.to_arrow
    scan = columnar.scan
    export_to_parquet = columnar.export_to_parquet

    # None of these is kept: they refer to this reader, and a logger that is dropped is to go at
    # once.

    def _exported(self) -> Exported:
        from event_logger.log_as_of import LogAsOf

        # As of one moment, whatever is logged or updated meanwhile.
        there = LogAsOf(self, self.horizon, None)
        return Exported(there._logs.store, there._log, there._events())

    def _bundles(self) -> BundleReading:
        self._require("late_details")
        return BundleReading(
            self._events().events,
            self._reading,
            lambda: self._logs.store.reads.late_details(self._log.id),
        )

    def _events(self) -> EventReading:
        self._require("corrections")
        return EventReading(self._reading, self._log, self._check_usable)

    def _require(self, *indexes: str) -> None:
        self._check_usable()
        self._indexes.require(*indexes)

    def _horizons(self) -> Horizons:
        from infrastructure.horizons import Horizons

        return Horizons(self._logs.store.reads, self._log, self._reading)

    def _event(self, order: int) -> EventDict:
        return self._events().event(order, self._last_order())

    def _events_with(self, field: str, value: str) -> list[EventDict]:
        checked_text(field, value)
        return self._events().events_with(field, value, self._last_order(), self._said)
