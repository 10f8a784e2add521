"""What the snapshots of the events hold, as a long table: a row for each amount."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infrastructure.columns.alike import Key
from infrastructure.columns.arrays import Loose, decimals, final_types, finished
from infrastructure.columns.batches import LooseBatch
from projections.column_types import BALANCES, ColumnType

if TYPE_CHECKING:
    import pyarrow as pa

_ORDER, _TIME, _ROWS = Key("order", True), Key("timestamp", True), Key(BALANCES, True)
READ = frozenset({"order", "timestamp", BALANCES})
"""The columns of the events that it is made of."""


def balance_schema(
    times: ColumnType, metadata: dict[str, str] | None = None, *, with_log: bool = False
) -> pa.Schema:
    """Arrow's schema of the table; `times` is the settled type of the events' timestamps."""
    import pyarrow as pa

    fields = [pa.field("log", pa.string(), nullable=False)] if with_log else []
    fields.append(pa.field("order", pa.int64()))
    fields += [pa.field(f"timestamp{ending}", kind) for ending, kind in final_types(times)]
    fields += [pa.field("account", pa.string()), pa.field("asset", pa.string())]
    fields += [pa.field(f"amount{ending}", kind) for ending, kind in final_types(ColumnType.EXACT)]
    return pa.schema(fields, metadata)


def balance_batch(
    batch: LooseBatch, times: ColumnType, schema: pa.Schema, log: str | None = None
) -> pa.RecordBatch:
    """The batch's rows of the table."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if _ROWS not in batch.columns:
        return pa.RecordBatch.from_pylist([], schema)
    lists = batch.columns[_ROWS].cells
    events, rows = pc.list_parent_indices(lists), pc.list_flatten(lists)
    account, asset, texts = rows.flatten()
    found, cells = batch.columns[_TIME]
    columns = [
        batch.columns[_ORDER].cells.take(events),
        *finished(Loose(found, cells.take(events)), times),
        account,
        asset,
        decimals(texts, schema.field("amount").type),
        texts,
    ]
    if log is not None:
        columns.insert(0, pa.repeat(pa.scalar(log, pa.string()), len(events)))
    return pa.RecordBatch.from_arrays(columns, schema=schema)
