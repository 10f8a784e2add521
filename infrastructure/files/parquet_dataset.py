"""Logs as a data set of Parquet files, in folders by log and month."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING

from infrastructure.columns.alike import Key
from infrastructure.columns.batches import LooseBatch
from infrastructure.columns.layout import Layout
from infrastructure.columns.tables import Source, settled_batches, warn_of
from infrastructure.files.parquet_export import (
    ParquetOptions,
    Progress,
    counting,
    described,
)
from infrastructure.files.replaced_folder import replaced_folder

if TYPE_CHECKING:
    import pyarrow as pa

LOG, MONTH = "log", "month"
PARTITIONS = (LOG, MONTH)
_FILE = re.compile(r"((log|month)=[^/]+/)*[0-9a-f-]{36}-\d+\.parquet")
_OPEN, _ROWS = 64, 100_000


def write_dataset(
    sources: Sequence[Source],
    folder: str | os.PathLike[str],
    options: ParquetOptions,
    partition: Sequence[str],
    total: int = 0,
    progress: Progress | None = None,
) -> str:
    """Write the logs as one data set, all of its files with the same columns; return its path.

    A file is `log=run-1/month=2024-05/<the log's identity>-0.parquet`, and has its log's metadata.
    Raises as `write_parquet` does.
    """
    reads = options.reads

    def read(name: str) -> bool:
        return name == "timestamp" or reads(name)

    with (
        replaced_folder(folder, lambda path: bool(_FILE.fullmatch(path.as_posix()))) as beside,
        settled_batches(sources, read, done=counting(total, progress)) as (found, batches),
    ):
        layout = Layout(found, options.has, partition, options.columns)
        warn_of(layout.notes)
        by_log = {source.log: source for source in sources}
        for log, of_it in groupby(batches(), key=itemgetter(0)):
            _write(beside, by_log[log], layout, partition, (batch for _, batch in of_it))
    return str(folder)


def _write(
    folder: Path,
    source: Source,
    layout: Layout,
    partition: Sequence[str],
    batches: Iterator[LooseBatch],
) -> None:
    import pyarrow as pa
    import pyarrow.dataset as ds

    own = layout.schema(described(source))
    parts = pa.schema([pa.field(name, pa.string()) for name in partition])
    schema = pa.schema([*own, *parts], own.metadata)
    parquet = ds.ParquetFileFormat()
    ds.write_dataset(
        (_parted(batch, source.log, layout, own, schema) for batch in batches),
        folder,
        schema=schema,
        format=parquet,
        file_options=parquet.make_write_options(compression="zstd", compression_level=1),
        partitioning=ds.partitioning(parts, flavor="hive"),
        basename_template=f"{source.about['identity']}-{{i}}.parquet",
        existing_data_behavior="overwrite_or_ignore",
        use_threads=False,
        max_open_files=_OPEN,
        max_rows_per_group=_ROWS,
    )


def _parted(
    batch: LooseBatch, log: str, layout: Layout, own: pa.Schema, schema: pa.Schema
) -> pa.RecordBatch:
    import pyarrow as pa

    arrays = layout.record_batch(batch, own).columns
    for name in schema.names[len(own) :]:
        is_log = name == LOG
        arrays.append(
            pa.repeat(pa.scalar(log, pa.string()), batch.rows) if is_log else _months(batch)
        )
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _months(batch: LooseBatch) -> pa.Array:
    """The months of the events' timestamps, such as 2024-05."""
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = batch.columns[Key("timestamp", True)].cells.cast(pa.string())
    return pc.utf8_slice_codeunits(texts, 0, len("2024-05"))
