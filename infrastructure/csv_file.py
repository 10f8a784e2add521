"""Rows into a CSV file: written beside it and renamed; a crash leaves the old file whole."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO
from uuid import uuid4

from domain.errors import ExportError
from projections.csv_rows import CsvColumns, csv_line, csv_rows
from projections.event_dicts import Record

ReadRecords = Callable[[], Iterator[tuple[int, Record]]]
"""Reads the (order, record) pairs to export, from the start at each call; times as text."""


Progress = Callable[[int, int], None]
"""Told (done, total) rows."""


def write_csv(
    read: ReadRecords,
    filepath: str | os.PathLike[str] | None,
    total: int = 0,
    progress: Progress | None = None,
) -> str:
    """Write the events as CSV (UTF-8, a header, `\\n` line ends) and return the file's path.

    Reads them twice, first for the columns, so that memory stays constant. Without a path:
    `event_log_YYYYMMDD_HHMMSS.csv` (UTC) in the current folder. Raises `ExportError`.
    """
    path = Path(filepath or datetime.now(UTC).strftime("event_log_%Y%m%d_%H%M%S.csv"))
    columns = CsvColumns().fold(read()).names()
    records = read() if progress is None else _telling(read(), total, progress)
    with replaced_file(path) as file:
        file.write(csv_line(columns))
        file.writelines(map(csv_line, csv_rows(records, columns)))
    return str(path)


def _telling(
    records: Iterator[tuple[int, Record]], total: int, progress: Progress
) -> Iterator[tuple[int, Record]]:
    for done, record in enumerate(records, 1):
        yield record
        if done % 1000 == 0:
            progress(done, total)


@contextmanager
def replaced_file(path: Path) -> Iterator[TextIO]:
    """A text file to write that takes the path's place, flushed to the disk, when the block ends.

    Raises `ExportError` when it cannot; on any exception what stood at the path stands there still.
    """
    if not path.parent.is_dir():
        raise ExportError(str(path), f"the folder {path.parent} does not exist; create it first")
    if path.is_dir():
        raise ExportError(str(path), "it is a folder; name a file in it")
    beside = path.with_name(f".{path.name}.{uuid4().hex}.tmp")
    try:
        with beside.open("x", encoding="utf-8", newline="") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            shutil.copymode(path, beside)
        beside.replace(path)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise ExportError(str(path), f"{reason}; the former file is unchanged") from error
    finally:
        beside.unlink(missing_ok=True)
