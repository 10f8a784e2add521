"""`export --format parquet`: one log as a file, or some as a data set."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from enum import StrEnum
from typing import NamedTuple

import typer

from event_logger.cli import output
from event_logger.cli.certified_export import Certifying
from event_logger.cli.named import named, opened
from event_logger.cli.terminal import say
from event_logger.reader import LogReader
from infrastructure.audit_logs import AuditLogs


class Snapshots(StrEnum):
    """How the position snapshots are written."""

    JSON = "json"
    NESTED = "nested"
    NONE = "none"


class Parquet(NamedTuple):
    """What the options say."""

    columns: str | None
    snapshots: Snapshots
    balances: bool
    partition: str | None


def export_parquet(
    store: str,
    log: str | None,
    as_of: str | None,
    target: str | None,
    asked: Parquet,
    certifying: Certifying | None = None,
) -> None:
    """Write the log, or with a partition all of a store, and say where."""
    from event_logger.columnar import checked_parquet, checked_partition, write_logs
    from infrastructure.files.replaced_file import OUTPUT_FILES

    options = checked_parquet(_names(asked.columns), asked.snapshots.value, asked.balances)
    parts = checked_partition(_names(asked.partition), options, target)
    is_file = target not in OUTPUT_FILES
    with (
        _readers(store, log, as_of, bool(parts)) as readers,
        output.progress("Exporting", is_shown=is_file) as advance,
    ):
        if certifying is not None:
            readers = [certifying.begun(one) for one in readers]
        logs = [reader._exported() for reader in readers]
        path = write_logs(logs, target, options, parts, advance)
    if is_file:
        say(path)
    if certifying is not None:
        say(certifying.ended(path, "parquet"))


def _names(text: str | None) -> list[str] | None:
    return None if text is None else [name.strip() for name in text.split(",")]


@contextmanager
def _readers(
    store: str, log: str | None, as_of: str | None, all_of_it: bool
) -> Iterator[Sequence[LogReader]]:
    url, name = named(store, log)
    if name is not None or not all_of_it:
        with opened(store, log, as_of) as reader:
            yield [reader]
        return
    if as_of is not None:
        raise typer.BadParameter("is of one log; name it with --log", param_hint="--as-of")
    with closing(AuditLogs(url, must_exist=True)) as logs:
        yield [LogReader(logs, logs.get(one)) for one in logs.names()]
