"""Reading a log from asynchronous code: every read runs in a thread and leaves the loop free."""

from __future__ import annotations

import asyncio
import os
from abc import abstractmethod
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar, Unpack, overload

from domain.horizon import Horizon
from event_logger.reader import LogReader
from event_logger.search import Criteria
from projections.bundle_trees import Tree
from projections.event_dicts import EventDict

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from event_logger.audits import AuditAsked
    from infrastructure.redis.connection import RedisSource
    from projections.audit.report import AuditReport
    from projections.audit.rule import Rule
    from projections.certificate import CertificateCheck

T = TypeVar("T")
PAGE = 500


class AsyncEvents:
    """The events of a log: `async for event in logger.events`, `await logger.events[0]`."""

    def __init__(self, reader: AsyncLogReader) -> None:
        self._reader = reader

    async def __aiter__(self) -> AsyncIterator[EventDict]:
        """The events that are logged by now, one after the other, in constant memory."""
        events = await self._reader._read(lambda reader: reader.events)
        async for event in self._reader._each(iter(events)):
            yield event

    @overload
    async def __getitem__(self, index: int) -> EventDict: ...
    @overload
    async def __getitem__(self, index: slice) -> list[EventDict]: ...
    async def __getitem__(self, index: int | slice) -> EventDict | list[EventDict]:
        """The event at an index, counted from 0 as in any list, or the list of a slice."""
        if isinstance(index, slice):
            return await self._reader._read(lambda reader: list(reader.events[index]))
        return await self._reader._read(lambda reader: reader.events[index])


class AsyncLogReader:
    """`LogReader`'s methods as coroutines; each sees what is durable when it runs."""

    @abstractmethod
    def _reader(self) -> LogReader:
        """The open reader; called in a thread. Raises `StoreError`."""

    def _check_usable(self) -> None:
        """Raises `LoggerClosedError` or `ForkedLoggerError`."""

    async def _read(self, read: Callable[[LogReader], T]) -> T:
        self._check_usable()
        return await asyncio.to_thread(lambda: read(self._reader()))

    async def _each(self, items: Iterator[T], size: int = PAGE) -> AsyncIterator[T]:
        while page := await asyncio.to_thread(lambda: list(islice(items, size))):
            for item in page:
                yield item

    @property
    def events(self) -> AsyncEvents:
        """The events, to iterate over or to index."""
        return AsyncEvents(self)

    @property
    async def global_order(self) -> int:
        """The order of the last event; 0 when nothing was logged."""
        return await self._read(lambda reader: reader.global_order)

    @property
    async def horizon(self) -> Horizon:
        """Where the log ends: the last order, and the number of the last transition."""
        return await self._read(lambda reader: reader.horizon)

    async def as_of(self, when: Any) -> AsyncLogAsOf:
        """The log as it was known then, with the same coroutines; see `LogReader.as_of`."""
        return AsyncLogAsOf(self, await self._read(lambda reader: reader.as_of(when)))

    @property
    async def log_name(self) -> str:
        """The log's name in its store."""
        return await self._read(lambda reader: reader.log_name)

    @property
    async def metadata(self) -> dict[str, Any]:
        """What was run, as given when the log was opened."""
        return await self._read(lambda reader: reader.metadata)

    async def get_all_events(self) -> list[EventDict]:
        """Every event, in order, as a list in memory."""
        return await self._read(lambda reader: reader.get_all_events())

    async def get_events_by_type(self, event_type: str) -> list[EventDict]:
        """The events of this type, in order."""
        return await self._read(lambda reader: reader.get_events_by_type(event_type))

    async def get_events_by_venue(self, venue: str) -> list[EventDict]:
        """The events at this venue, in order."""
        return await self._read(lambda reader: reader.get_events_by_venue(venue))

    async def get_events_by_order_range(
        self,
        start: int | None = None,
        end: int | None = None,
        *,
        start_order: int | None = None,
        end_order: int | None = None,
    ) -> list[EventDict]:
        """The events of the orders `start` to `end`, both included; see `LogReader`'s."""
        return await self._read(
            lambda reader: reader.get_events_by_order_range(
                start, end, start_order=start_order, end_order=end_order
            )
        )

    async def search(self, **criteria: Unpack[Criteria]) -> AsyncIterator[EventDict]:
        """The events for which all criteria hold: `async for event in logger.search(venue="X")`.

        See `LogReader.search`.
        """
        found = await self._read(lambda reader: reader.search(**criteria))
        async for event in self._each(found):
            yield event

    async def get_summary_stats(self) -> dict[str, Any]:
        """Counts by type and venue, exact sums of amounts, first and last order."""
        return await self._read(lambda reader: reader.get_summary_stats())

    async def asset_figures(self) -> dict[str, Any]:
        """What flowed of each asset, prices, balances that were found; see `LogReader`'s."""
        return await self._read(lambda reader: reader.asset_figures())

    async def balances(self, at: Any = None) -> dict[str, Any]:
        """Balances from the events alone, beside the last snapshot; see `LogReader.balances`."""
        return await self._read(lambda reader: reader.balances(at))

    async def live_status(
        self,
        stuck_after: Any = None,
        *,
        event_type: str | None = None,
        venue: str | None = None,
        status: str | None = None,
    ) -> dict[str, Any]:
        """The status board; see `LogReader.live_status`."""
        return await self._read(
            lambda reader: reader.live_status(
                stuck_after, event_type=event_type, venue=venue, status=status
            )
        )

    async def health(self, redis: RedisSource = None, behind_after: Any = "10s") -> dict[str, Any]:
        """How far the log's followers have come, and what waits; see `LogReader.health`."""
        return await self._read(lambda reader: reader.health(redis, behind_after))

    async def audit(
        self, rules: Sequence[str | type[Rule]] | str | None = None, **asked: Unpack[AuditAsked]
    ) -> AuditReport:
        """Run the rules over the log; see `LogReader.audit`."""
        return await self._read(lambda reader: reader.audit(rules, **asked))

    async def history(self, order: int) -> list[dict[str, Any]]:
        """The event's logging and transitions, oldest first; raises `UnknownOrderError`."""
        return await self._read(lambda reader: reader.history(order))

    async def committed(self, order: int) -> list[dict[str, Any]]:
        """By whom and when the event and its transitions were committed; see `LogReader`'s."""
        return await self._read(lambda reader: reader.committed(order))

    async def to_dataframe(
        self,
        numbers: str = "float",
        columns: Sequence[str] | None = None,
        backend: str = "pandas",
    ) -> pd.DataFrame:
        """All events as a DataFrame; see `LogReader.to_dataframe`."""
        return await self._read(lambda reader: reader.to_dataframe(numbers, columns, backend))

    async def export_to_csv(self, filepath: str | None = None, *, csv_safe: bool = False) -> str:
        """Write the log as CSV and return the path; raises `ExportError`."""
        return await self._read(lambda reader: reader.export_to_csv(filepath, csv_safe=csv_safe))

    async def export_to_jsonl(self, filepath: str | None = None) -> str:
        """Write the log as JSON lines and return the path; raises `ExportError`."""
        return await self._read(lambda reader: reader.export_to_jsonl(filepath))

    async def export_to_parquet(
        self,
        filepath: str | None = None,
        *,
        columns: Sequence[str] | None = None,
        snapshots: str = "json",
        balances: bool = False,
        partition: Sequence[str] = (),
    ) -> str:
        """Write the log as Parquet and return the path; see `LogReader.export_to_parquet`."""
        return await self._read(
            lambda reader: reader.export_to_parquet(
                filepath,
                columns=columns,
                snapshots=snapshots,
                balances=balances,
                partition=partition,
            )
        )

    async def to_arrow(self, columns: Sequence[str] | None = None) -> pa.Table:
        """All events as an Arrow table; see `LogReader.to_arrow`."""
        return await self._read(lambda reader: reader.to_arrow(columns))

    async def scan(self, columns: Sequence[str] | None = None) -> AsyncIterator[pa.RecordBatch]:
        """The same, batch after batch: `async for batch in logger.scan()`."""
        batches = await self._read(lambda reader: reader.scan(columns))
        async for batch in self._each(batches, 1):
            yield batch

    async def certify(self, filepath: str | None = None) -> dict[str, Any]:
        """The rebuild certificate of the log as it is now; see `LogReader.certify`."""
        return await self._read(lambda reader: reader.certify(filepath))

    async def check_certificate(
        self, certificate: str | os.PathLike[str] | Mapping[str, Any]
    ) -> CertificateCheck:
        """Whether the log still gives what a certificate says; see `LogReader`'s."""
        return await self._read(lambda reader: reader.check_certificate(certificate))

    async def bundle_tree(self, order: int) -> Tree:
        """The whole bundle that the event belongs to; raises `UnknownOrderError`."""
        return await self._read(lambda reader: reader.bundle_tree(order))

    async def bundle_trees(self) -> AsyncIterator[Tree]:
        """The trees of all bundles, by rising order: `async for tree in logger.bundle_trees()`."""
        trees = await self._read(lambda reader: reader.bundle_trees())
        async for tree in self._each(trees):
            yield tree


class AsyncLogAsOf(AsyncLogReader):
    """A log as it was known at some point; see `AsyncLogReader.as_of`."""

    def __init__(self, of: AsyncLogReader, reader: LogReader) -> None:
        # Also that it is not collected, and closed with that, while this one is in use.
        self._of = of
        self._as_of = reader

    def _reader(self) -> LogReader:
        return self._as_of

    def _check_usable(self) -> None:
        self._of._check_usable()
