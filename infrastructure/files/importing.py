"""A file turned into a new log: read and checked whole before a store is touched, or made."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from domain.errors import (
    LogConfigurationError,
    NotAnAuditStoreError,
    OlderStoreError,
    StoreNotFoundError,
)
from infrastructure.audit_logs import AuditLogs
from infrastructure.files.pipes import readable_again
from infrastructure.stores import made_whole

Progress = Callable[[int], None]
"""Called with how many rows are read."""


@dataclass
class ImportReport:
    """What was imported; `warnings` names sound rows whose figures contradict each other."""

    log: str
    events: int = 0
    bundles: int = 0
    warnings: list[str] = field(default_factory=list)


class Prepared(NamedTuple):
    """What a sound file holds, and what stores it in one transaction."""

    report: ImportReport
    store_in: Callable[[AuditLogs], None]


def import_file(
    path: str | os.PathLike[str], store: str, log: str, progress: Progress | None = None
) -> ImportReport:
    """Import a CSV event log, or JSON lines as `export --format jsonl` writes them, as a new log.

    `-` is standard input. A store that is not there is made of it whole, or not at all. Raises
    `EventLogFileError`, `LogConfigurationError` for a log that is there already, or `StoreError`.
    """
    # One that is no store yet, or of a former format, is made so by opening it for writing.
    with (
        suppress(StoreNotFoundError, NotAnAuditStoreError, OlderStoreError),
        closing(AuditLogs(store, must_exist=True)) as there,
    ):
        refuse_taken(there, log)
    with readable_again(path) as file:
        return _imported(file, store, log, progress)


def _imported(
    path: str | os.PathLike[str], store: str, log: str, progress: Progress | None
) -> ImportReport:
    if is_jsonl(path):
        from infrastructure.files.jsonl_import import prepared_jsonl as prepared
    else:
        from infrastructure.files.csv_import import prepared_csv as prepared
    with (
        prepared(path, log, progress) as found,
        made_whole(store) as url,
        closing(AuditLogs(url)) as logs,
    ):
        refuse_taken(logs, log)
        found.store_in(logs)
        return found.report


def refuse_taken(logs: AuditLogs, log: str) -> None:
    """Raises `LogConfigurationError` where the store holds a log of this name."""
    if log in logs.names():
        raise LogConfigurationError(
            "log", log, f"{log!r} is there already; import into another name"
        )


def is_jsonl(path: str | os.PathLike[str]) -> bool:
    """Whether the file begins as JSON does; one that cannot be read is left to its reader."""
    try:
        with Path(path).open("rb") as file:
            return file.read(4).removeprefix(b"\xef\xbb\xbf").startswith(b"{")
    except (OSError, ValueError):
        return False
