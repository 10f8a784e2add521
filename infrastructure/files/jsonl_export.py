"""A log as a file of JSON lines: whole and exact, to be kept or to be made a log again."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import orjson

from domain.audit_log import AuditLog
from domain.horizon import START, Horizon
from domain.lifecycle import EventLifecycle
from domain.values import decode
from infrastructure.earlier import damaged
from infrastructure.files.jsonl_format import FORMAT, STATE_BEGINS, time_text
from infrastructure.files.replaced_file import named_or_new, replaced_file
from infrastructure.reading import NO_RECORD
from infrastructure.store import LogStore
from infrastructure.stored import StoredEntry

Progress = Callable[[int, int], None]
"""Called with (done, total) entries."""

_PAGE = 200
"""Entries: of texts of 100 KB they take 20 MB."""


def write_jsonl(
    store: LogStore,
    log: AuditLog,
    filepath: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
) -> str:
    """Write the log as JSON lines (`infrastructure.files.jsonl_format`); return the path.

    What is committed by now, in constant memory. Without a path: `event_log_YYYYMMDD_HHMMSS.jsonl`
    (UTC), a new file in the current folder. Raises `ExportError` (see `replaced_file`) and
    `CorruptLogError`; a former file then stands as it was.
    """
    horizon = store.reads.end(log.id).horizon
    with named_or_new(filepath, "event_log", ".jsonl") as path, replaced_file(path) as file:
        file.write(orjson.dumps(_header(store, log, horizon), option=orjson.OPT_APPEND_NEWLINE))
        for page in _pages(store, log, horizon):
            file.write(b"".join(map(_line, page)))
            if progress is not None:
                progress(page[-1].horizon.position, horizon.position)
    return path


def _header(store: LogStore, log: AuditLog, horizon: Horizon) -> dict[str, Any]:
    reads = store.reads
    opened = reads.opened(log.id)
    writers = reads.writers(log.id)
    try:
        opening = orjson.loads(opened.opened.state if opened is not None else b"")
        return {
            "format": FORMAT,
            "log": log.name,
            "mode": log.mode,
            "metadata": opening["metadata"],
            "identity": log.identity,
            "horizon": str(horizon),
            "opened": {
                "recorded_at": opening["recorded_at"],
                "committed_at": time_text(reads.stored(log.id, START).committed_at),
            },
            "writers": [
                {
                    "writer": number,
                    "introduction": orjson.loads(introduction),
                    "ended_at": time_text(ended_at),
                }
                for number, (introduction, ended_at) in sorted(writers.items())
            ],
        }
    except NO_RECORD as error:
        problem = f"its opening, or a writer's introduction, is no record ({error})"
        raise damaged(log.name, 0, problem) from error


def _pages(store: LogStore, log: AuditLog, horizon: Horizon) -> Iterator[list[StoredEntry]]:
    after = START
    while after != horizon:
        entries = store.reads.stored_entries(log.id, after, _PAGE)
        page = [one for one in entries if one.horizon.position <= horizon.position]
        place = after.position
        for place, one in enumerate(page, after.position + 1):
            _refuse_damaged(log, place, one)
        if not page:
            raise damaged(log.name, after.order, f"the entry at position {place + 1} is missing")
        yield page
        after = page[-1].horizon


def _refuse_damaged(log: AuditLog, position: int, entry: StoredEntry) -> None:
    if entry.horizon.position != position:
        raise damaged(log.name, entry.order, f"the entry at position {position} is missing")
    topic = AuditLog.EventLogged.TOPIC
    if entry.number is not None:
        topic = (EventLifecycle.Updated if entry.version else EventLifecycle.Started).TOPIC
    state = entry.state
    if entry.topic != topic or not isinstance(state, bytes) or not state.startswith(STATE_BEGINS):
        raise damaged(log.name, entry.order, f"the entry at position {position} is no record")
    try:
        decode(state, str)
    except NO_RECORD as error:
        problem = f"the entry at position {position} is no record ({error})"
        raise damaged(log.name, entry.order, problem) from error


def _line(entry: StoredEntry) -> bytes:
    transition = b"" if entry.number is None else b'"transition":%d,' % entry.number
    known = orjson.dumps({"committed_at": time_text(entry.committed_at), "writer": entry.writer})
    head = b'{%s"order":%d,%s' % (transition, entry.order, known[1:-1])
    return b'%s,"state":%s}\n' % (head, entry.state or b"null")
