"""Tables that follow from the events: emptied, dropped or cut, they read as before or say so."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from event_logger import CorruptLogError, EventLogger, LogReader, StoreError, open_log
from infrastructure.audit_logs import AuditLogs
from infrastructure.followers.board import StatusBoard
from tests.support import HOUR, url_of

TABLES = (
    "event_ids",
    "transaction_hashes",
    "late_details",
    "corrections",
    "status_counts",
    "open_events",
    "confirmation_times",
    "confirmation_quantiles",
    "follower_positions",
)
IDS, HASHES = ("id-1", "id-2", "id-3", "inside", "bundle"), ("0x1", "0xa", "0xb", "0xc", "0x3")


def board(reader: LogReader) -> dict[str, Any]:
    status = reader.live_status()
    for one in status["open"]:
        del one["age_seconds"]
    return status


READS: dict[str, Callable[[LogReader], Any]] = {
    "events": lambda reader: list(reader.events),
    "by id": lambda reader: [list(reader.search(event_id=one)) for one in IDS],
    "by hash": lambda reader: [list(reader.search(tx_hash=one)) for one in HASHES],
    "by parent": lambda reader: list(reader.search(parent=4)),
    "trees": lambda reader: list(reader.bundle_trees()),
    "tree": lambda reader: reader.bundle_tree(7),
    "history": lambda reader: reader.history(5),
    "board": board,
}


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sound") / "log.db"
    with EventLogger("live", store=url_of(path), redis=False) as logger:
        for n in (1, 2, 3):
            logger.log_event(
                HOUR, "STAKE_DEPOSIT", "LIDO", "ETH", n, event_id=f"id-{n}", tx_hash=f"0x{n}"
            )
        inside = {"event_type": "LOOP", "venue": "AAVE", "event_id": "inside"}
        plain = {"event_type": "LOOP", "venue": "AAVE"}
        logger.log_atomic_transaction(HOUR, "ENTRY", [inside, plain], event_id="bundle")
        logger.log_event(HOUR, "LOOP", "AAVE", parent_event=4)
        for order, tx_hash in ((1, "0xa"), (2, "0xb"), (4, "0xc")):
            logger.update_event(order, {"status": "submitted", "tx_hash": tx_hash})
        for order in (1, 2):
            logger.update_event(order, {"status": "confirmed"})
        logger.log_correction(HOUR, 3, {"amount": 4}, "mistyped")
    with AuditLogs(url_of(path)) as logs:
        StatusBoard(logs.store, logs.get("default")).catch_up()
    return path


def read(path: Path) -> dict[str, str]:
    found = {}
    with open_log(url_of(path)) as reader:
        for name, of in READS.items():
            try:
                found[name] = json.dumps(of(reader), default=str)
            except (CorruptLogError, StoreError) as error:
                found[name] = f"said: {error}"
    return found


def damages() -> list[tuple[str, str]]:
    every = [(f"{one} emptied", f"DELETE FROM {one}") for one in TABLES]
    every += [(f"{one} dropped", f"DROP TABLE {one}") for one in TABLES]
    first = "(SELECT {key} FROM {table} ORDER BY 1 LIMIT 1)"
    for table, key in (
        ("event_ids", "event_id"),
        ("transaction_hashes", "tx_hash"),
        ("late_details", "detail_order"),
        ("corrections", "correction_order"),
        ("status_counts", "event_type"),
        ("open_events", "event_order"),
        ("confirmation_times", "microseconds"),
        ("confirmation_quantiles", "name"),
    ):
        where = f"WHERE {key}={first.format(key=key, table=table)}"
        every.append((f"{table} without its first", f"DELETE FROM {table} {where}"))
        every.append((f"{table} under another log", f"UPDATE {table} SET log_id='0' {where}"))
        every.append((f"{table} of nonsense", f"UPDATE {table} SET {key}=x'00ff' {where}"))
    every += [
        (f"{column} {value}", f"UPDATE {table} SET {column}={value}")
        for table, column in (
            ("event_ids", "event_order"),
            ("status_counts", "events"),
            ("confirmation_quantiles", "times"),
            ("confirmation_quantiles", "place"),
            ("confirmation_times", "microseconds"),
            ("follower_positions", "event_order"),
            ("follower_positions", "transition"),
        )
        for value in ("'x'", "x'00'", "-1", "77")
    ]
    return every


@pytest.mark.parametrize(("name", "statement"), damages(), ids=[name for name, _ in damages()])
def test_what_is_derived_reads_as_before_or_says_so_and_a_writer_makes_it_anew(
    sound: Path, tmp_path: Path, name: str, statement: str
) -> None:
    path = tmp_path / "log.db"
    shutil.copy(sound, path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(statement.replace("UPDATE", "UPDATE OR IGNORE", 1))
        connection.commit()
    before = read(sound)
    silent = {
        what for what, found in read(path).items() if not found.startswith(("said: ", before[what]))
    }
    assert silent == set()
    with EventLogger("live", store=url_of(path), redis=False) as logger:
        log = logger._log
        if "77" not in name:
            StatusBoard(logger._logs.store, log).catch_up()
        assert (
            logger.log_event(
                HOUR, "STAKE_DEPOSIT", "LIDO", "ETH", 2, event_id="id-2", tx_hash="0x2"
            )
            == 2
        )
    if "77" not in name:
        assert read(path) == before


def test_an_impossible_status_does_not_read_as_it_stands(sound: Path, tmp_path: Path) -> None:
    for where in ("originator_version=3", "number=2"):
        path = tmp_path / f"{where}.db"
        shutil.copy(sound, path)
        with closing(sqlite3.connect(path)) as connection:
            connection.execute(
                "UPDATE stored_events SET state=CAST(json_set(CAST(state AS TEXT), '$.status',"
                f" 'nope') AS BLOB) WHERE {where}"
            )
            connection.commit()
        with open_log(url_of(path)) as reader:
            for of in (list, lambda events: [event["status"] for event in events]):
                with pytest.raises(CorruptLogError, match="its status is 'nope'"):
                    of(reader.events)
            with pytest.raises(CorruptLogError, match="its status is 'nope'"):
                StatusBoard(reader._logs.store, reader._log).rebuilt()


def test_a_log_whose_creation_was_lost_to_another_is_never_saved_into_it(tmp_path: Path) -> None:
    from event_logger import ConcurrencyError

    url = url_of(tmp_path / "log.db")
    with AuditLogs(url) as one, AuditLogs(url) as other:
        mine, theirs = one.open("run"), other.open("run", metadata={"seed": 7})
        other.save(theirs)
        other.close()
        for _ in range(2):
            with pytest.raises(ConcurrencyError):
                one.save(mine)
        assert one.get("run").metadata == {"seed": 7}
        assert one.horizon(mine).order == 0
