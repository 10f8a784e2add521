"""SQL over logs: whose events are asked for, and as of when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from event_logger.columnar import source_of
from event_logger.opening import chosen
from event_logger.reader import LogReader
from infrastructure.audit_logs import AuditLogs
from infrastructure.columns.installed import require

if TYPE_CHECKING:
    import pyarrow as pa


def answered(readers: Sequence[LogReader], query: str) -> pa.Table:
    """The answer to a query in SQL over logs.

    The tables are `events`, `transitions`, `bundles`, `balances` and `logs`, each with the column
    `log`; all that is read is as of one moment of its log. Raises `QueryError`, and
    `MissingExtraError` without the extra `analytics`.
    """
    require("SQL", "duckdb", "pyarrow", "pyarrow.compute")
    from infrastructure.sql.engine import answered as answer
    from infrastructure.sql.log_tables import LogRead, tables_of

    logs = []
    for reader in readers:
        there = reader._exported()
        logs.append(LogRead(there.store, there.log, source_of(there)))
    return answer(query, tables_of(logs))


@contextmanager
def readers_of(
    url: str, names: Sequence[str], as_of: str | None = None
) -> Iterator[list[LogReader]]:
    """Readers of these logs of a store, or of all of them where none is named.

    With `as_of` of one log, as it was known then; where none is named it is the only one there is.
    Raises `UnknownLogError`, `LogConfigurationError` or `StoreError`.
    """
    with ExitStack() as stack:
        logs = stack.enter_context(AuditLogs(url, must_exist=True))
        if as_of is not None and not names:
            names = [chosen(logs, None)]
        readers = [LogReader(logs, logs.get(name)) for name in names or logs.names()]
        yield readers if as_of is None else [reader.as_of(as_of) for reader in readers]
