"""Wrote `format_1.json`: what the former code, the one that wrote format 1, says of a store.

    PYTHONPATH=former_version.zip python -P describe_format_1.py STORE_FILE JSON_FILE

Runs only with that code. Values that JSON cannot tell are tagged, as `domain.values` does it.
"""

from __future__ import annotations

import json
import sqlite3
import sys
from contextlib import closing
from importlib import import_module
from pathlib import Path
from typing import Any

TABLES = {
    "audit_logs": "name",
    "event_ids": "log_id, event_id",
    "late_details": "log_id, parent_order, detail_order",
    "follower_positions": "follower",
    "status_counts": "log_id, venue, event_type, status",
    "open_events": "log_id, event_order",
    "confirmation_times": "log_id, microseconds, position",
    "confirmation_quantiles": "log_id, name",
}


def described(path: Path) -> dict[str, Any]:
    """The store's rows as SQLite alone reads them, and its logs as the former code does."""
    with closing(sqlite3.connect(path)) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM audit_logs ORDER BY name")]
        rows = connection.execute(
            "SELECT rowid, originator_id, originator_version, topic, CAST(state AS TEXT)"
            " FROM stored_events ORDER BY rowid"
        ).fetchall()
        tables = {
            table: connection.execute(f"SELECT * FROM {table} ORDER BY {key}").fetchall()
            for table, key in TABLES.items()
        }
        pragmas = {
            name: connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("application_id", "user_version", "page_size", "journal_mode")
        }
    return {
        "pragmas": pragmas,
        "logs": [described_log(f"sqlite:///{path}", name) for name in names],
        "stored_events": rows,
        "tables": tables,
    }


def described_log(store: str, name: str) -> dict[str, Any]:
    tagged = import_module("domain.values").tagged
    with import_module("event_logger.reader").open_log(store, name) as reader:
        events = reader.get_all_events()
        mode = reader._log.mode
        status = reader.live_status()
        for event in status["open"]:
            del event["age_seconds"]
        return {
            "name": name,
            "id": str(reader._log.id),
            "mode": mode,
            "metadata": tagged(reader.metadata),
            "events": tagged(events),
            "history": {
                event["order"]: tagged(reader.history(event["order"]))
                for event in events
                if mode == "live"
            },
            "live_status": tagged(status),
            "bundle_trees": [shape(tree) for tree in reader.bundle_trees()],
            "summary": tagged(reader.get_summary_stats()),
        }


def shape(tree: dict[str, Any]) -> list[Any]:
    """A bundle's tree as [order, [trees of its details]]."""
    return [tree["event"]["order"], [shape(detail) for detail in tree["details"]]]


def main(store: Path, target: Path) -> None:
    text = json.dumps(described(store), ensure_ascii=False, allow_nan=False, indent=1)
    target.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
