"""The index of corrections, which the first stores of format 2 do not have."""

from __future__ import annotations

import sqlite3

from infrastructure.stores.sqlite.schema import CORRECTIONS_TABLE

HAS_CORRECTIONS = "SELECT 1 FROM sqlite_master WHERE name='corrections'"

CORRECTIONS_OF_EVENTS = (
    "SELECT json_extract(CAST(state AS TEXT), '$.related_events[0]') AS corrected_order,"
    " originator_version FROM stored_events"
    ' WHERE instr(substr(state, 1, 160), CAST(\'"event_type":"CORRECTION"\' AS BLOB))'
    " AND json_valid(CAST(state AS TEXT))"
    " AND json_type(CAST(state AS TEXT), '$.related_events[0]')='integer'"
)
"""The (corrected, correction) orders as the events have them."""


def add_corrections(connection: sqlite3.Connection) -> None:
    """Make the index of what the store holds, within the present transaction."""
    connection.execute(CORRECTIONS_TABLE)
    connection.execute(
        "INSERT OR IGNORE INTO corrections"
        f" {CORRECTIONS_OF_EVENTS.replace('SELECT', 'SELECT originator_id,', 1)}"
    )
