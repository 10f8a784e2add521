"""JSON lines of a log turned into a log again, whole or not at all.

The new log has an identity of its own, and names the old one in its metadata (`imported_from`). Of
each entry it says what the old one said: its bytes, the store's time of its commit, and by which
writer. The importing process is the writer after those, and opened the log.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import orjson

from domain.audit_log import MODES, AuditLog
from domain.errors import EventLogFileError, StoreError, shown
from domain.horizon import Horizon
from domain.values import decode
from infrastructure.audit_logs import AuditLogs
from infrastructure.commit_batch import CommitBatch
from infrastructure.files.importing import ImportReport, Prepared, Progress
from infrastructure.files.jsonl_entries import EntryReading
from infrastructure.files.jsonl_format import FORMAT, microseconds_of_text
from infrastructure.files.spool import Spool
from infrastructure.followers.board import StatusBoard
from infrastructure.log_metadata import captured_metadata
from infrastructure.reading import NO_RECORD
from infrastructure.stored import Commit, Source
from infrastructure.timestamps import timestamp_of

_TOO_MANY_WRITERS = 2**30
"""Room is left for the numbers of those who come after, in every kind of store."""


class Header(NamedTuple):
    """The first line of the file."""

    log: str
    mode: str
    metadata: dict[str, Any]
    identity: str
    horizon: Horizon
    source: Source


@contextmanager
def prepared_jsonl(
    path: str | os.PathLike[str], log: str, progress: Progress | None = None
) -> Iterator[Prepared]:
    """The file read and checked; no store is touched. Raises `EventLogFileError` with the row."""
    name = str(path)
    report = ImportReport(log)
    with _opened(name) as file, Spool[Commit]() as spool:
        header = _header(name, file.readline())
        metadata = captured_metadata(header.metadata | {"imported_from": _origin(name, header)})
        new = AuditLog.open(log, header.mode, metadata)
        opened = new.collect_events()
        reading = EntryReading(new, header.source)
        for commits in _batches(name, file, reading):
            spool.put(commits)
            if progress is not None:
                progress(reading.horizon.position)
        if reading.horizon != header.horizon:
            problem = f"the file ends at {reading.horizon}, and its header says {header.horizon}"
            raise EventLogFileError(name, reading.rows, f"{problem}: it was cut, or added to")
        report.events, report.bundles = reading.horizon.order, reading.bundles

        def store_in(logs: AuditLogs) -> None:
            new.take_back(opened)
            logs.save_copied(new, header.source, spool.batches())
            if new.mode == "live":
                # So that nothing waits in a log that nobody writes to; whoever reads it, or writes
                # to it, folds what this could not.
                with suppress(StoreError):
                    StatusBoard(logs.store, new).catch_up()

        yield Prepared(report, store_in)


@contextmanager
def _opened(path: str) -> Iterator[BinaryIO]:
    try:
        file = Path(path).open("rb")  # noqa: SIM115
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise EventLogFileError(path, 0, f"cannot be read ({reason})") from error
    with file:
        yield file


def _header(path: str, line: bytes) -> Header:
    try:
        head = orjson.loads(line.removeprefix(b"\xef\xbb\xbf"))
        if head["format"] != FORMAT:
            problem = f"its format is {shown(head['format'])}, and this version reads {FORMAT!r}"
            raise EventLogFileError(path, 0, problem)
        horizon = Horizon.parse(head["horizon"])
        if horizon is None or head["mode"] not in MODES:
            raise ValueError(f"a {shown(head['mode'])} log up to {shown(head['horizon'])}")
        for text in (head["log"], head["identity"]):
            if not isinstance(text, str):
                raise ValueError(f"{shown(text)} is no text")
        metadata = decode(orjson.dumps({"metadata": head["metadata"]}), timestamp_of)["metadata"]
        if not isinstance(metadata, dict):
            raise ValueError(f"metadata {shown(metadata)} is no dict")
        opened_at = microseconds_of_text("committed_at", head["opened"]["committed_at"])
        source = Source(opened_at, [_writer(one) for one in head["writers"]])
        if len({one[0] for one in source.writers}) < len(source.writers):
            raise ValueError("a writer is there twice")
    except EventLogFileError:
        raise
    except NO_RECORD as error:
        raise EventLogFileError(path, 0, f"is no header of JSON lines ({error})") from error
    return Header(head["log"], head["mode"], metadata, head["identity"], horizon, source)


def _writer(one: dict[str, Any]) -> tuple[int, bytes, int | None]:
    number, introduction = one["writer"], one["introduction"]
    is_number = type(number) is int and 0 < number < _TOO_MANY_WRITERS
    if not is_number or not isinstance(introduction, dict):
        raise ValueError(f"{shown(one)} is no writer")
    return number, orjson.dumps(introduction), microseconds_of_text("ended_at", one["ended_at"])


def _origin(path: str, header: Header) -> dict[str, Any]:
    """What the new log says of the old one, and of the one that this was imported from."""
    origin = {
        "file": Path(path).name.encode(errors="backslashreplace").decode(),
        "log": header.log,
        "identity": header.identity,
        "horizon": str(header.horizon),
    }
    former = header.metadata.get("imported_from")
    return origin if former is None else {**origin, "imported_from": former}


def _batches(path: str, file: BinaryIO, reading: EntryReading) -> Iterator[list[Commit]]:
    batch = CommitBatch()
    try:
        for line in file:
            batch.add(reading.read(line), len(line))
            if batch.is_full:
                yield batch.commits
                batch = CommitBatch()
        reading.finish()
    except ValueError as error:
        raise EventLogFileError(path, reading.rows, str(error)) from error
    yield batch.commits
