"""The tables that a query may name: logs, and what is in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from domain.audit_log import AuditLog
from domain.horizon import Horizon
from infrastructure.columns.balances import READ, balance_batch, balance_schema
from infrastructure.columns.layout import LOG, ColumnsFound
from infrastructure.columns.tables import Source, batches, table
from infrastructure.earlier import damaged
from infrastructure.files.jsonl_format import time_text
from infrastructure.reading import NO_RECORD
from infrastructure.store import LogStore
from infrastructure.stored import StoredEntry
from projections.column_cells import json_text
from projections.column_types import BALANCES

if TYPE_CHECKING:
    import pyarrow as pa

    from infrastructure.sql.engine import Needs, Tables

_PAGE = 500


class LogRead(NamedTuple):
    """A log as of one moment, to be asked."""

    store: LogStore
    log: AuditLog
    source: Source


def tables_of(logs: Sequence[LogRead]) -> Tables:
    """What makes each of the tables, of all of the logs together."""
    sources = [one.source for one in logs]
    return {
        "events": lambda needs: _events(sources, needs),
        "transitions": lambda needs: _transitions(logs),
        "bundles": lambda needs: _bundles(sources),
        "balances": lambda needs: _balances(sources),
        "logs": lambda needs: _logs(logs),
    }


def _events(sources: Iterable[Source], needs: Needs) -> pa.Table:
    return table(sources, lambda name: name != BALANCES and needs(name), with_log=True)


def _balances(sources: Iterable[Source]) -> pa.Table:
    import pyarrow as pa

    found, kept = ColumnsFound(), []
    for log, batch in batches(sources, lambda name: name in READ):
        found.fold(log, batch)
        kept.append((log, batch))
    times = found.type_of("timestamp")
    schema = balance_schema(times, with_log=True)
    rows = [balance_batch(batch, times, schema, log) for log, batch in kept]
    return pa.Table.from_batches(rows, schema)


_OF_BUNDLES = (
    "order",
    "parent_event",
    "timestamp",
    "event_type",
    "venue",
    "status",
    "bundle_name",
    "detail_orders",
    "detail_count",
)


def _bundles(sources: Iterable[Source]) -> pa.Table:
    """A row for each wrapper; `last_order` is where its bundle ends."""
    import pyarrow as pa
    import pyarrow.compute as pc

    events = table(sources, _OF_BUNDLES.__contains__, with_log=True)
    if "bundle_name" not in events.column_names:
        events = events.append_column("bundle_name", pa.nulls(len(events), pa.string()))
    wrappers = events.filter(pc.is_valid(events["detail_orders"]))
    ends: dict[tuple[str, int], int] = {}
    columns = [wrappers[name].to_pylist() for name in (LOG, "order", "detail_orders")]
    for log, order, details in reversed([*zip(*columns, strict=True)]):
        last = details[-1] if details else order
        ends[log, order] = ends.get((log, last), last)
    last_orders = pa.array(reversed(ends.values()), pa.int64())
    kept = [name for name in events.column_names if name in (LOG, *_OF_BUNDLES)]
    return wrappers.select(kept).append_column("last_order", last_orders)


def _transitions(logs: Iterable[LogRead]) -> pa.Table:
    """A row for each transition; of a bundle, those of its outermost wrapper."""
    import pyarrow as pa

    time = pa.timestamp("us", "UTC")
    text, whole = pa.string(), pa.int64()
    schema = pa.schema(
        [
            (LOG, text), ("number", whole), ("order", whole), ("from_status", text),
            ("from_since", time), ("status", text), ("recorded_at", time), ("committed_at", time),
            ("tx_hash", text), ("reason", text), ("by", text), ("changes", text),
        ]
    )  # fmt: skip
    texts = pa.schema([field.with_type(text) if field.type == time else field for field in schema])
    rows = [row for one in logs for row in _transitions_of(one)]
    return pa.Table.from_pylist(rows, texts).cast(schema)


def _transitions_of(read: LogRead) -> Iterator[dict[str, Any]]:
    reads, log = read.store.reads, read.log
    end = reads.end(log.id).horizon
    number = 0
    while number < end.transition:
        page = reads.stored_entries(log.id, Horizon(end.order, number), _PAGE)
        for entry in page[: end.transition - number]:
            number += 1
            if entry.number != number:
                raise damaged(log.name, entry.order, f"its transition {number} is missing")
            try:
                yield _transition(log.name, entry)
            except NO_RECORD as error:
                problem = f"its transition {number} is no record ({error})"
                raise damaged(log.name, entry.order, problem) from error
        if not page:
            raise damaged(log.name, end.order, f"the transition {number + 1} is missing")


def _transition(log: str, entry: StoredEntry) -> dict[str, Any]:
    state = orjson.loads(entry.state or b"")
    changes = dict(state["changes"])
    row = {LOG: log, "number": entry.number, "order": entry.order}
    row |= {name: state[name] for name in ("from_status", "from_since", "status", "recorded_at")}
    row |= {"reason": changes.pop("reason", None), "by": changes.pop("by", None)}
    row |= {"tx_hash": state.get("tx_hash"), "committed_at": time_text(entry.committed_at)}
    for name, value in row.items():
        if value is not None and type(value) is not (int if name in _WHOLE else str):
            raise ValueError(f"its {name} is {value!r}")
    return row | {"changes": json_text(changes)}


_WHOLE = ("number", "order")


def _logs(logs: Iterable[LogRead]) -> pa.Table:
    import pyarrow as pa

    text, whole, time = pa.string(), pa.int64(), pa.timestamp("us", "UTC")
    schema = pa.schema(
        [
            (LOG, text), ("mode", text), ("identity", text), ("events", whole),
            ("transitions", whole), ("horizon", text), ("opened", time), ("metadata", text),
        ]
    )  # fmt: skip
    rows = []
    for one in logs:
        horizon, about = one.store.reads.end(one.log.id).horizon, one.source.about
        rows.append(
            {
                LOG: one.log.name,
                "mode": one.log.mode,
                "identity": one.log.identity,
                "events": horizon.order,
                "transitions": horizon.transition,
                "horizon": str(horizon),
                "opened": one.log.created_on,
                "metadata": json_text(about["metadata"]),
            }
        )
    return pa.Table.from_pylist(rows, schema)
