"""The times from submitted to confirmed, and where their quantiles stand, on the server."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from infrastructure.stores.postgres.driver import ServerConnection
from infrastructure.stores.running_quantiles import Mark, Time, move_marks

_BEFORE = (
    "SELECT microseconds, position FROM {schema}.confirmation_times WHERE log_id = %s"
    " AND (microseconds, position) < (%s, %s) ORDER BY microseconds DESC, position DESC LIMIT %s"
)
_AFTER = (
    "SELECT microseconds, position FROM {schema}.confirmation_times WHERE log_id = %s"
    " AND (microseconds, position) > (%s, %s) ORDER BY microseconds, position LIMIT %s"
)


class ConfirmationTimes:
    """`infrastructure.stores.running_quantiles.KeptTimes` of one log."""

    def __init__(self, connection: ServerConnection, schema: str, log_id: UUID) -> None:
        self._connection = connection
        self._schema = schema
        self._log_id = log_id

    def add(self, times: Sequence[Time]) -> None:
        """Add times, each once."""
        if times:
            self._connection.run(
                f"INSERT INTO {self._schema}.confirmation_times SELECT %s, u.*"
                " FROM unnest(%s::bigint[], %s::bigint[]) u",
                (self._log_id, [one[0] for one in times], [one[1] for one in times]),
            )
            move_marks(self, times)

    def mark(self, name: str) -> Mark | None:
        """See `KeptTimes.mark`."""
        row = self._connection.run(
            "SELECT times, place, microseconds, position"
            f" FROM {self._schema}.confirmation_quantiles WHERE log_id = %s AND name = %s",
            (self._log_id, name),
        ).fetchone()
        return None if row is None else Mark(row[0], row[1], (row[2], row[3]))

    def set_mark(self, name: str, mark: Mark) -> None:
        """See `KeptTimes.set_mark`."""
        self._connection.run(
            f"INSERT INTO {self._schema}.confirmation_quantiles VALUES (%s, %s, %s, %s, %s, %s)"
            " ON CONFLICT (log_id, name) DO UPDATE SET times = EXCLUDED.times,"
            " place = EXCLUDED.place, microseconds = EXCLUDED.microseconds,"
            " position = EXCLUDED.position",
            (self._log_id, name, mark.times, mark.place, *mark.here),
        )

    def before(self, here: Time, limit: int) -> list[Any]:
        """See `KeptTimes.before`."""
        return self._beside(_BEFORE, here, limit)

    def after(self, here: Time, limit: int) -> list[Any]:
        """See `KeptTimes.after`."""
        return self._beside(_AFTER, here, limit)

    def _beside(self, statement: str, here: Time, limit: int) -> list[Any]:
        parameters = (self._log_id, *here, limit)
        return self._connection.run(statement.format(schema=self._schema), parameters).fetchall()
