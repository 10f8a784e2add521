"""The times from submitted to confirmed, with exact quantiles that cost the same however many.

The times are kept in order, and of each quantile the place where it stands: further times move it
by no more places than they are many.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from projections.status_board import QUANTILES

Time = tuple[int, int]
"""Microseconds, and the position of the confirmation, which sets equal times apart."""

_BEFORE = (
    "SELECT microseconds, position FROM confirmation_times WHERE log_id=?"
    " AND (microseconds, position) < (?,?) ORDER BY microseconds DESC, position DESC LIMIT ?"
)
_AFTER = (
    "SELECT microseconds, position FROM confirmation_times WHERE log_id=?"
    " AND (microseconds, position) > (?,?) ORDER BY microseconds, position LIMIT ?"
)

_LOOKED_AT = 2000
_COUNT = (
    "SELECT COUNT(*), COALESCE(SUM(typeof(microseconds)='integer' AND typeof(position)='integer'),"
    " 0) FROM (SELECT microseconds, position FROM confirmation_times WHERE log_id=? LIMIT ?)"
)
_PLACE = (
    "SELECT COUNT(*) FROM (SELECT 1 FROM confirmation_times WHERE log_id=?"
    " AND (microseconds, position) <= (?,?) LIMIT ?)"
)


class ConfirmationTimes:
    """One log's times; `connection` is one of the store, in a transaction."""

    def __init__(self, log_id: UUID) -> None:
        self._log_id = log_id.hex

    def add(self, connection: sqlite3.Connection, times: Sequence[Time]) -> None:
        """Add times, each once."""
        if not times:
            return
        connection.executemany(
            "INSERT INTO confirmation_times VALUES (?,?,?)",
            [(self._log_id, *one) for one in times],
        )
        for name, q in QUANTILES.items():
            self._move(connection, name, q, times)

    def quantiles(
        self, connection: sqlite3.Connection, further: Sequence[Time] = ()
    ) -> dict[str, float | None]:
        """The quantiles in microseconds, of the times here and further ones."""
        return {name: self._quantile(connection, name, q, further) for name, q in QUANTILES.items()}

    def add_up(self, connection: sqlite3.Connection) -> bool:
        """Whether there are as many times as the quantiles say, which stand where they say.

        Looked at no further than `_LOOKED_AT` times, so that it costs the same however many.
        """
        rows = [self._row(connection, name) for name in QUANTILES]
        (count, sound) = connection.execute(_COUNT, (self._log_id, _LOOKED_AT)).fetchone()
        if not any(rows):
            return bool(count == 0)
        for row in rows:
            if row is None or any(type(value) is not int for value in row):
                return False
            times, place, *here = row
            upto = connection.execute(_PLACE, (self._log_id, *here, _LOOKED_AT)).fetchone()
            if min(times, _LOOKED_AT) != count or sound != count or not 0 <= place < times:
                return False
            if upto[0] != min(place + 1, _LOOKED_AT):
                return False
        return True

    def _move(
        self, connection: sqlite3.Connection, name: str, q: float, times: Sequence[Time]
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
            statement = _AFTER if target > place else _BEFORE
            last = connection.execute(statement, (self._log_id, *here, steps)).fetchall()[-1]
            here = (last[0], last[1])
        connection.execute(
            "INSERT OR REPLACE INTO confirmation_quantiles VALUES (?,?,?,?,?,?)",
            (self._log_id, name, count, target, *here),
        )

    def _quantile(
        self, connection: sqlite3.Connection, name: str, q: float, further: Sequence[Time]
    ) -> float | None:
        row = self._row(connection, name)
        if row is None:
            count, window, first = 0, [], 0
        else:
            count, place, here = row[0], row[1], (row[2], row[3])
            # The quantile of all stands at most len(further) places from that of the times here.
            reach = len(further) + 2
            before = connection.execute(_BEFORE, (self._log_id, *here, reach)).fetchall()
            after = connection.execute(_AFTER, (self._log_id, *here, reach)).fetchall()
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

    def _row(self, connection: sqlite3.Connection, name: str) -> Any:
        return connection.execute(
            "SELECT times, place, microseconds, position FROM confirmation_quantiles"
            " WHERE log_id=? AND name=?",
            (self._log_id, name),
        ).fetchone()
