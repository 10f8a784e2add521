"""A log as columns: tables, batches and Parquet, each column of one type.

The extra `analytics` is needed; without it `MissingExtraError` is raised.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import orjson

from domain.checks import checked_choice, checked_flag
from domain.corrections import CORRECTED_BY
from domain.errors import LogConfigurationError, shown
from domain.values import encode
from event_logger.exported import Exported
from infrastructure.columns.installed import require_arrow
from infrastructure.reading import Rows
from infrastructure.timestamps import load_pandas, timestamp_of

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from event_logger.reader import LogReader
    from infrastructure.columns.tables import Source
    from infrastructure.files.parquet_export import ParquetOptions

SNAPSHOTS = ("json", "nested", "none")
PARTITIONS = ("log", "month")


def to_dataframe(
    reader: LogReader,
    numbers: str = "float",
    columns: Sequence[str] | None = None,
    backend: str = "pandas",
) -> pd.DataFrame:
    """All events as a DataFrame: the declared fields, then the extras by first appearance.

    Each column has one type. Whole numbers are Int64, other numbers float64, or with
    `numbers="decimal"` Decimals with the digits in which they were logged; the snapshot and its
    two views are dicts. Values that no type holds together are text, which is warned of.
    `columns` are those that are wanted. `backend="pyarrow"` gives the columns of `to_arrow`,
    faster and in much less memory: the snapshot is JSON, exact numbers are floats, or with
    `numbers="decimal"` `decimal128` with their digits as text beside them; that alone needs the
    extra. Raises `LogConfigurationError` for arguments that make no sense, and for a column that
    the log does not have.
    """
    asked = checked_columns(columns)
    checked_choice("numbers", numbers, ("float", "decimal"))
    checked_choice("backend", backend, ("pandas", "pyarrow"))
    there = reader._exported()
    if backend == "pandas":
        return there.events.dataframe(there.last_order, numbers, asked)
    require_arrow("The backend pyarrow")
    load_pandas()
    import pandas as pd

    from infrastructure.columns.tables import table

    made = table([source_of(there)], _wanted(asked), asked=asked, as_floats=numbers == "float")
    frame: pd.DataFrame = made.to_pandas(types_mapper=pd.ArrowDtype)
    return frame


def to_arrow(reader: LogReader, columns: Sequence[str] | None = None) -> pa.Table:
    """All events as an Arrow table, made of the stored bytes; or of them these columns alone.

    Times are nanoseconds in UTC. Floats are floats; numbers that are Decimals, or of several
    types, `decimal128(38, 18)` where they fit, and their digits as text beside them
    (`amount_text`), and so are ints beyond 64 bits with `decimal128(38, 0)`. Extras have the
    type that all of their values have, or are text, which is warned of; dicts and lists are
    JSON, as the snapshot is (`wallet_balance_after`, of which the other two are parts). Raises
    `LogConfigurationError` for a column that the log does not have.
    """
    from infrastructure.columns.tables import table

    asked = checked_columns(columns)
    require_arrow("to_arrow()")
    return table([source_of(reader._exported())], _wanted(asked), asked=asked)


def scan(reader: LogReader, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
    """`to_arrow`, batch after batch in constant memory; what is read is as of this call."""
    asked = checked_columns(columns)
    require_arrow("scan()")
    return _scanned(source_of(reader._exported()), asked)


def export_to_parquet(
    reader: LogReader,
    filepath: str | None = None,
    *,
    columns: Sequence[str] | None = None,
    snapshots: str = "json",
    balances: bool = False,
    partition: Sequence[str] = (),
    progress: Callable[[int, int], None] | None = None,
) -> str:
    """Write the log as Parquet, with the columns of `to_arrow`; returns the path.

    The file's metadata (`event_logger`, JSON) has the log's name, identity, mode, metadata and
    the horizon that the file covers. `snapshots="nested"` adds the numbers of the snapshots as
    a column of lists (`balances`: account, asset, amount), `"none"` leaves the snapshots out;
    `balances=True` writes those numbers as a long table, `run.balances.parquet` beside
    `run.parquet`. With `partition`, `("log", "month")` or one of the two, the path is a folder,
    the data set, which is replaced whole. The path may else be what `export_to_csv` takes;
    without one: `event_log_YYYYMMDD_HHMMSS.parquet` (UTC). Raises `ExportError`; what stood
    there before stands there still.
    """
    options = checked_parquet(columns, snapshots, balances)
    parts = checked_partition(partition, options, filepath)
    return write_logs([reader._exported()], filepath, options, parts, progress)


def write_logs(
    logs: Sequence[Exported],
    filepath: str | None,
    options: ParquetOptions,
    parts: Sequence[str] = (),
    progress: Callable[[int, int], None] | None = None,
) -> str:
    """See `export_to_parquet`; several logs as one data set."""
    from infrastructure.files.parquet_dataset import write_dataset
    from infrastructure.files.parquet_export import balances_path, write_parquet

    require_arrow("Parquet")
    for there in logs:
        there.refuse_wrong(filepath, progress)
        if options.balances and filepath is not None:
            there.refuse_wrong(balances_path(filepath), progress)
    sources, total = [source_of(there) for there in logs], sum(one.last_order for one in logs)
    if parts and filepath is not None:
        return write_dataset(sources, filepath, options, parts, total, progress)
    (source,) = sources
    return write_parquet(source, filepath, options, total, progress)


def _scanned(source: Source, asked: tuple[str, ...] | None) -> Iterator[pa.RecordBatch]:
    from infrastructure.columns.layout import Layout
    from infrastructure.columns.tables import settled_batches, warn_of

    wanted = _wanted(asked)
    with settled_batches([source], wanted) as (found, batches):
        layout = Layout(found, wanted, asked=asked)
        warn_of(layout.notes)
        schema = layout.schema()
        for _, batch in batches():
            yield layout.record_batch(batch, schema)


def _wanted(asked: tuple[str, ...] | None) -> Callable[[str], bool]:
    from infrastructure.files.parquet_export import is_asked
    from projections.column_types import BALANCES

    return lambda name: name != BALANCES and is_asked(name, asked)


def checked_columns(columns: Any) -> tuple[str, ...] | None:
    """The names of columns, each once; raises `LogConfigurationError` for what is none."""
    if columns is None:
        return None
    if isinstance(columns, str) or not isinstance(columns, Iterable):
        problem = f"must be a list of names, not {shown(columns)}"
        raise LogConfigurationError("columns", columns, problem)
    asked = list(columns)
    for name in asked:
        if type(name) is not str:
            raise LogConfigurationError("columns", name, f"must be names, not {shown(name)}")
    if not asked:
        raise LogConfigurationError("columns", columns, "names no column; leave it out for all")
    return tuple(dict.fromkeys(asked))


def checked_parquet(columns: Any, snapshots: Any, balances: Any) -> ParquetOptions:
    """What is to be written; raises `LogConfigurationError`."""
    from infrastructure.files.parquet_export import ParquetOptions

    checked_choice("snapshots", snapshots, SNAPSHOTS)
    asked = checked_columns(columns)
    return ParquetOptions(asked, snapshots, checked_flag("balances", balances))


def checked_partition(partition: Any, options: ParquetOptions, filepath: object) -> tuple[str, ...]:
    """What a data set is parted by; raises `LogConfigurationError`."""
    is_left_out = isinstance(partition, tuple | list | str) and not partition
    parts = () if is_left_out else checked_columns(partition)
    for name in parts or ():
        if name not in PARTITIONS:
            problem = f"is by log, month, or both, not by {shown(name)}"
            raise LogConfigurationError("partition", name, problem)
    if parts and filepath is None:
        raise LogConfigurationError("partition", parts, "needs a folder to write; name one")
    if parts and options.balances:
        problem = "goes with no long table; export the balances to a file of their own"
        raise LogConfigurationError("partition", parts, problem)
    return parts or ()


def source_of(there: Exported) -> Source:
    """The log as of its moment, for columns to be made of."""
    from infrastructure.columns.tables import Source

    store, log, _ = there
    about = {
        "log": log.name,
        "identity": log.identity,
        "mode": log.mode,
        "horizon": str(store.reads.end(log.id).horizon),
        "metadata": orjson.loads(encode(log.metadata)),
    }
    return Source(log.name, about, lambda: _present_rows(there))


def _present_rows(there: Exported) -> Iterable[tuple[int, bytes]]:
    """The (order, JSON) of the events as they read now: with their corrections, and live with
    their statuses and present values."""
    if there.log.mode == "live":
        records = there.events.records(1, there.last_order, timestamp_of)
        # Copied, since what encoding leaves holds a dozen times its length of a long text.
        return ((order, bytes(memoryview(encode(record)))) for order, record in records)
    rows = there.events.rows(1, there.last_order)
    corrections = there.store.reads.corrections(there.log.id)
    return _corrected(rows, corrections) if corrections else rows


def _corrected(rows: Rows, corrections: Sequence[tuple[int, int]]) -> Rows:
    by_order: dict[int, list[int]] = {}
    for wrong, right in corrections:
        by_order.setdefault(wrong, []).append(right)
    for order, state in rows:
        if order in by_order:
            record = orjson.loads(state)
            record["extra"] = {**(record.get("extra") or {}), CORRECTED_BY: by_order[order]}
            state = orjson.dumps(record)
        yield order, state
