"""Logs as tables: in memory, or one batch after the other in constant memory."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from infrastructure.columns.alike import Wanted
from infrastructure.columns.batches import Batches, LooseBatch
from infrastructure.columns.layout import LOG, ColumnsFound, Layout
from infrastructure.files.spool import Spool
from infrastructure.listing import seldom_cycle_search

if TYPE_CHECKING:
    import pyarrow as pa

_log = logging.getLogger("event_logger")

LogBatch = tuple[str, LooseBatch]
"""The log's name, and the next of its events."""


class Source(NamedTuple):
    """A log: its name, what is said of it beside its events, and its rows as they read now."""

    log: str
    about: dict[str, object]
    rows: Callable[[], Iterable[tuple[int, bytes]]]


def batches(sources: Iterable[Source], wanted: Wanted) -> Iterator[LogBatch]:
    """The batches of the logs, one log after the other."""
    for source in sources:
        for batch in Batches(source.log, wanted).of(source.rows()):
            yield source.log, batch


def table(
    sources: Iterable[Source],
    wanted: Wanted,
    *,
    with_log: bool = False,
    asked: Sequence[str] | None = None,
    as_floats: bool = False,
) -> pa.Table:
    """The logs as one table in memory; what its layout notes is warned of.

    `asked` and `as_floats` are as `Layout` has them, and so is what is raised.
    """
    import pyarrow as pa

    found, kept = ColumnsFound(), []
    with seldom_cycle_search():
        for log, batch in batches(sources, wanted):
            found.fold(log, batch)
            kept.append((log, batch))
    layout = Layout(found, wanted, [LOG] if with_log else (), asked, as_floats=as_floats)
    warn_of(layout.notes)
    schema = layout.schema(with_log=with_log)
    made = []
    kept.reverse()
    while kept:
        log, batch = kept.pop()
        made.append(layout.record_batch(batch, schema, log if with_log else None))
    return pa.Table.from_batches(made, schema)


@contextmanager
def settled_batches(
    sources: Iterable[Source],
    wanted: Wanted,
    *,
    done: Callable[[int], None] = lambda rows: None,
) -> Iterator[tuple[ColumnsFound, Callable[[], Iterator[LogBatch]]]]:
    """What columns the logs have, and their batches, from a temporary file where they are many.

    `done` is told of each batch how many rows it has.
    """
    found = ColumnsFound()
    with Spool[LogBatch]() as spool:
        with seldom_cycle_search():
            for log, batch in batches(sources, wanted):
                found.fold(log, batch)
                spool.put([(log, batch)])
                done(batch.rows)
        yield found, lambda: (one for kept in spool.batches() for one in kept)


def warn_of(notes: Iterable[str]) -> None:
    """Say what a layout notes."""
    for note in notes:
        _log.warning("%s", note)
