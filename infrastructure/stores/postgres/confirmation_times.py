"""The times from submitted to confirmed, with exact quantiles that cost the same however many.

The times are kept in order, and of each quantile the place where it stands: further times move it
by no more places than they are many.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from infrastructure.stores.postgres.driver import ServerConnection
from projections.status_board import QUANTILES

Time = tuple[int, int]
"""Microseconds, and the position of the confirmation, which sets equal times apart."""

_BEFORE = (
    "SELECT microseconds, position FROM {schema}.confirmation_times WHERE log_id = %s"
    " AND (microseconds, position) < (%s, %s) ORDER BY microseconds DESC, position DESC LIMIT %s"
)
_AFTER = (
    "SELECT microseconds, position FROM {schema}.confirmation_times WHERE log_id = %s"
    " AND (microseconds, position) > (%s, %s) ORDER BY microseconds, position LIMIT %s"
)


class ConfirmationTimes:
    """One log's times; `connection` is one of the store, in a transaction."""

    def __init__(self, schema: str, log_id: UUID) -> None:
        self._schema = schema
        self._log_id = log_id
        self._before = _BEFORE.format(schema=schema)
        self._after = _AFTER.format(schema=schema)

    def add(self, connection: ServerConnection, times: Sequence[Time]) -> None:
        """Add times, each once."""
        if not times:
            return
        connection.run(
            f"INSERT INTO {self._schema}.confirmation_times SELECT %s, u.*"
            " FROM unnest(%s::bigint[], %s::bigint[]) u",
            (self._log_id, [one[0] for one in times], [one[1] for one in times]),
        )
        for name, q in QUANTILES.items():
            self._move(connection, name, q, times)

    def quantiles(
        self, connection: ServerConnection, further: Sequence[Time] = ()
    ) -> dict[str, float | None]:
        """The quantiles in microseconds, of the times here and further ones."""
        return {name: self._quantile(connection, name, q, further) for name, q in QUANTILES.items()}

    def _move(
        self, connection: ServerConnection, name: str, q: float, times: Sequence[Time]
    ) -> None:
        row = self._row(connection, name)
        if row is None:
            here = min(times)
            place, count = 0, len(times)
        else:
            count, place, here = row[0] + len(times), row[1], (row[2], row[3])
            place += sum(one < here for one in times)
        target = int((count - 1) * q)
        if target != place:
            steps = abs(target - place)
            statement = self._after if target > place else self._before
            last = connection.run(statement, (self._log_id, *here, steps)).fetchall()[-1]
            here = (last[0], last[1])
        connection.run(
            f"INSERT INTO {self._schema}.confirmation_quantiles VALUES (%s, %s, %s, %s, %s, %s)"
            " ON CONFLICT (log_id, name) DO UPDATE SET times = EXCLUDED.times,"
            " place = EXCLUDED.place, microseconds = EXCLUDED.microseconds,"
            " position = EXCLUDED.position",
            (self._log_id, name, count, target, *here),
        )

    def _quantile(
        self, connection: ServerConnection, name: str, q: float, further: Sequence[Time]
    ) -> float | None:
        row = self._row(connection, name)
        if row is None:
            count, window, first = 0, [], 0
        else:
            count, place, here = row[0], row[1], (row[2], row[3])
            # The quantile of all stands at most len(further) places from that of the times here.
            reach = len(further) + 2
            before = connection.run(self._before, (self._log_id, *here, reach)).fetchall()
            after = connection.run(self._after, (self._log_id, *here, reach)).fetchall()
            window, first = [*reversed(before), here, *after], place - len(before)
        total = count + len(further)
        if total == 0:
            return None
        at = (total - 1) * q
        ordered = sorted([*window, *further])
        lower = int(at) - first
        upper = min(lower + 1, len(ordered) - 1)
        low, high = ordered[lower][0], ordered[upper][0]
        return float(low + (high - low) * (at - int(at)))

    def _row(self, connection: ServerConnection, name: str) -> Any:
        return connection.run(
            "SELECT times, place, microseconds, position"
            f" FROM {self._schema}.confirmation_quantiles WHERE log_id = %s AND name = %s",
            (self._log_id, name),
        ).fetchone()
