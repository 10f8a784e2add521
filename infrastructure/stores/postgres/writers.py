"""Writers of a log: introduced once, numbered from 1 on, while the log's end is held."""

from __future__ import annotations

from uuid import UUID

from infrastructure.stored import WriterIdentity
from infrastructure.stores.postgres.connections import Turn


def introduced(turn: Turn, schema: str, log_id: UUID, writer: WriterIdentity) -> int:
    """The writer's number in the log, where it is introduced unless it is already."""
    if writer.number is not None:
        return writer.number
    # There already where a signal handler, or an attempt whose answer was lost, came first.
    row = turn.run(
        f"SELECT writer FROM {schema}.writers WHERE log_id = %s AND introduction = %s",
        (log_id, writer.introduction),
    ).fetchone()
    if row is None:
        row = turn.run(
            f"INSERT INTO {schema}.writers (log_id, writer, introduction) SELECT %(log)s,"
            f" COALESCE(pg_catalog.max(writer), 0) + 1, %(said)s FROM {schema}.writers"
            " WHERE log_id = %(log)s RETURNING writer",
            {"log": log_id, "said": writer.introduction},
        ).fetchone()
    return int(row[0]) if row is not None else 0
