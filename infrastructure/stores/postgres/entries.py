"""A log's entries in the order of their commit, a page at a time: what followers are handed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from domain.horizon import Horizon
from infrastructure.followed import followed_entry
from infrastructure.stored import PlainEvent, StoredEntry
from infrastructure.stores.postgres.selects import Run
from projections.entries import LogEntry


class Entries:
    """Reads both sequences of a log in one statement, and so at one moment."""

    def __init__(self, schema: str) -> None:
        # The two sequences are merged by the place in the order of commit that each entry has:
        # before a transition stand the events up to `after_order`.
        self._statement = (
            "(SELECT event_order AS o, NULL::bigint AS n, NULL::bigint AS e, NULL::int AS v, topic,"
            f" state, committed_at, writer FROM {schema}.events WHERE log_id = %(log)s"
            " AND event_order > %(order)s ORDER BY event_order LIMIT %(limit)s)"
            " UNION ALL (SELECT after_order, number, event_order, version, topic, state,"
            f" committed_at, writer FROM {schema}.transitions WHERE log_id = %(log)s"
            " AND number > %(number)s ORDER BY number LIMIT %(limit)s)"
        )

        upto = (
            f"SELECT after_order FROM {schema}.transitions WHERE log_id = %(log)s"
            " AND number > %(number)s ORDER BY number LIMIT 1"
        )
        self._plain = (
            f"SELECT event_order, topic, state, committed_at, writer FROM {schema}.events"
            " WHERE log_id = %(log)s AND event_order > %(order)s"
            f" AND event_order <= COALESCE(({upto}), 9223372036854775807)"
            " ORDER BY event_order LIMIT %(limit)s"
        )

    def stored(self, run: Run, log_id: UUID, after: Horizon, limit: int) -> list[StoredEntry]:
        """Up to `limit` entries after a horizon, as they are stored."""
        parameters = {
            "log": log_id,
            "order": after.order,
            "number": after.transition,
            "limit": limit,
        }
        rows = run(self._statement, parameters).fetchall()  # type: ignore[arg-type]
        # A transition comes after the event before it, and after the transitions before it.
        rows.sort(key=_place)
        entries: list[StoredEntry] = []
        transition = after.transition
        for order, number, about, version, *rest in rows[:limit]:
            if number is None:
                entries.append(StoredEntry(Horizon(order, transition), order, None, None, *rest))
            else:
                transition = number
                entries.append(StoredEntry(Horizon(order, number), about, number, version, *rest))
        return entries

    def plain(self, run: Run, log_id: UUID, after: Horizon, limit: int) -> list[PlainEvent]:
        """Up to `limit` events after a horizon, up to the next transition."""
        parameters = {
            "log": log_id,
            "order": after.order,
            "number": after.transition,
            "limit": limit,
        }
        found: list[PlainEvent] = run(self._plain, parameters).fetchall()  # type: ignore[arg-type]
        return found

    def followed(self, entries: list[StoredEntry]) -> list[LogEntry]:
        """Of each entry what followers need."""
        return [followed_entry(one) for one in entries]


def _place(row: Any) -> tuple[int, int]:
    return row[0], row[1] or 0
