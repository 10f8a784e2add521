"""A log as a Parquet file: types and rows in one pass over the log, in constant memory."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from domain.errors import ExportError
from infrastructure.columns.balances import READ, balance_batch, balance_schema
from infrastructure.columns.layout import Layout
from infrastructure.columns.tables import Source, settled_batches, warn_of
from infrastructure.files.replaced_file import OUTPUT_FILES, named_or_new, replaced_file
from projections.column_types import BALANCES, SNAPSHOT

if TYPE_CHECKING:
    import pyarrow as pa

Progress = Callable[[int, int], None]
"""Called with (done, total) rows."""
FORMAT = "event-logger/parquet/v1"
METADATA = "event_logger"
"""The key of what a file says of itself, as JSON."""
SUFFIX = ".parquet"

_ROWS, _BYTES = 100_000, 64 * 2**20


class ParquetOptions(NamedTuple):
    """What is written: `columns` by name (None: all), how the snapshots (`json`; `nested`: their
    numbers as a column too; `none`), and whether a second file has those as a long table."""

    columns: tuple[str, ...] | None = None
    snapshots: str = "json"
    balances: bool = False

    def has(self, name: str) -> bool:
        """Whether the events' file has this column of the log."""
        if name == SNAPSHOT and self.snapshots == "none":
            return False
        if name == BALANCES and self.snapshots != "nested":
            return False
        return is_asked(name, self.columns)

    def reads(self, name: str) -> bool:
        """Whether the column is read."""
        return (self.balances and name in READ) or self.has(name)


def is_asked(name: str, columns: Iterable[str] | None) -> bool:
    """Whether one of the columns that are asked for is made of this one of the log."""
    return columns is None or any(asked.casefold().startswith(name.casefold()) for asked in columns)


def write_parquet(
    source: Source,
    filepath: str | os.PathLike[str] | None,
    options: ParquetOptions,
    total: int = 0,
    progress: Progress | None = None,
) -> str:
    """Write the log as Parquet; return the path. Without one, a new name by time.

    Raises `ExportError` (see `replaced_file`), and `LogConfigurationError` for a column that the
    log does not have; a former file then stands as it was.
    """
    with ExitStack() as stack:
        path = stack.enter_context(named_or_new(filepath, "event_log", SUFFIX))
        if options.balances and path in OUTPUT_FILES:
            raise ExportError(path, "the balances are a second file; name a file for the events")
        file = stack.enter_context(replaced_file(path))
        beside = balances_path(path)
        second = stack.enter_context(replaced_file(beside)) if options.balances else None
        found, batches = stack.enter_context(
            settled_batches([source], options.reads, done=counting(total, progress))
        )
        layout = Layout(found, options.has, asked=options.columns)
        warn_of(layout.notes)
        metadata = described(source)
        schema = layout.schema(metadata)
        write(file, schema, (layout.record_batch(batch, schema) for _, batch in batches()))
        if second is not None:
            times = found.type_of("timestamp")
            schema = balance_schema(times, metadata)
            write(second, schema, (balance_batch(one, times, schema) for _, one in batches()))
            _flush(file)
    return path


def counting(total: int, progress: Progress | None) -> Callable[[int], None]:
    """What is told of each batch's rows, and tells `progress` how many they are by now."""
    done = 0

    def report(rows: int) -> None:
        nonlocal done
        done += rows
        if progress is not None:
            progress(done, total)

    return report


def balances_path(path: str) -> str:
    """Where the long table goes: `run.balances.parquet` beside `run.parquet`."""
    return path.removesuffix(SUFFIX) + f".balances{SUFFIX}"


def described(source: Source) -> dict[str, str]:
    """What a file says of itself: its format, the log, and the horizon that it covers."""
    return {METADATA: json.dumps({"format": FORMAT} | source.about)}


def write(file: BinaryIO, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> None:
    """Write the batches into a Parquet file, some of them together a row group."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    texts = [field.name for field in schema if pa.types.is_string(field.type)]
    with pq.ParquetWriter(
        file,
        schema,
        compression="zstd",
        compression_level=1,
        use_dictionary=[name for name in texts if not _is_long(name)],
    ) as writer:
        for group in _groups(batches):
            table = pa.Table.from_batches(group, schema)
            writer.write_table(table, row_group_size=max(len(table), 1))


def _is_long(name: str) -> bool:
    return name == SNAPSHOT or name.endswith("_text")


def _groups(batches: Iterable[pa.RecordBatch]) -> Iterator[list[pa.RecordBatch]]:
    group: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in batches:
        group.append(batch)
        rows, size = rows + len(batch), size + batch.nbytes
        if rows >= _ROWS or size >= _BYTES:
            yield group
            group, rows, size = [], 0, 0
    if group:
        yield group


def _flush(file: BinaryIO) -> None:
    """What can fail of writing the file is done before another takes its place."""
    file.flush()
    if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        os.fsync(file.fileno())
