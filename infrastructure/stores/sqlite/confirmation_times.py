"""The times from submitted to confirmed, and where their quantiles stand, in SQLite's tables."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from infrastructure.stores.running_quantiles import Mark, Time, move_marks
from projections.status_board import QUANTILES

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
    """`infrastructure.stores.running_quantiles.KeptTimes` of one log."""

    def __init__(self, connection: sqlite3.Connection, log_id: UUID) -> None:
        self._run = connection.execute
        self._run_many = connection.executemany
        self._log_id = log_id.hex

    def add(self, times: Sequence[Time]) -> None:
        """Add times, each once."""
        if times:
            rows = [(self._log_id, *one) for one in times]
            self._run_many("INSERT INTO confirmation_times VALUES (?,?,?)", rows)
            move_marks(self, times)

    def mark(self, name: str) -> Mark | None:
        """See `KeptTimes.mark`."""
        row = self._row(name)
        return None if row is None else Mark(row[0], row[1], (row[2], row[3]))

    def set_mark(self, name: str, mark: Mark) -> None:
        """See `KeptTimes.set_mark`."""
        self._run(
            "INSERT OR REPLACE INTO confirmation_quantiles VALUES (?,?,?,?,?,?)",
            (self._log_id, name, mark.times, mark.place, *mark.here),
        )

    def before(self, here: Time, limit: int) -> list[Time]:
        """See `KeptTimes.before`."""
        return self._run(_BEFORE, (self._log_id, *here, limit)).fetchall()

    def after(self, here: Time, limit: int) -> list[Time]:
        """See `KeptTimes.after`."""
        return self._run(_AFTER, (self._log_id, *here, limit)).fetchall()

    def add_up(self) -> bool:
        """Whether there are as many times as the quantiles say, which stand where they say.

        Looked at no further than `_LOOKED_AT` times, so that it costs the same however many.
        """
        rows = [self._row(name) for name in QUANTILES]
        (count, sound) = self._run(_COUNT, (self._log_id, _LOOKED_AT)).fetchone()
        if not any(rows):
            return bool(count == 0)
        for row in rows:
            if row is None or any(type(value) is not int for value in row):
                return False
            times, place, *here = row
            upto = self._run(_PLACE, (self._log_id, *here, _LOOKED_AT)).fetchone()
            if min(times, _LOOKED_AT) != count or sound != count or not 0 <= place < times:
                return False
            if upto[0] != min(place + 1, _LOOKED_AT):
                return False
        return True

    def _row(self, name: str) -> Any:
        return self._run(
            "SELECT times, place, microseconds, position FROM confirmation_quantiles"
            " WHERE log_id=? AND name=?",
            (self._log_id, name),
        ).fetchone()
