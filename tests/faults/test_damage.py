"""Damage is loud: a log is never read as if it were whole, and what is sound stays readable."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from domain.audit_log import log_id
from event_logger import CorruptLogError, EventLogger, LogReader, open_log
from tests.commands import run
from tests.support import HOUR, url_of

LOG = log_id("default").hex
OF_ORDER_3 = f"WHERE originator_id='{LOG}' AND originator_version=3"

DAMAGES = {
    "deleted": f"DELETE FROM stored_events {OF_ORDER_3}",
    "renumbered": f"UPDATE stored_events SET originator_version=77 {OF_ORDER_3}",
    "another log's": f"UPDATE stored_events SET originator_id='{'0' * 32}' {OF_ORDER_3}",
    "of another topic": f"UPDATE stored_events SET topic='audit-log.opened' {OF_ORDER_3}",
    "without a topic": f"UPDATE stored_events SET topic=NULL {OF_ORDER_3}",
    "cut": f"UPDATE stored_events SET state=substr(state, 1, 40) {OF_ORDER_3}",
    "emptied": f"UPDATE stored_events SET state=x'' {OF_ORDER_3}",
    "nothing": f"UPDATE stored_events SET state=NULL {OF_ORDER_3}",
    "bytes of something else": f"UPDATE stored_events SET state=x'00ff00ff' {OF_ORDER_3}",
    "a list": f"UPDATE stored_events SET state=CAST('[1]' AS BLOB) {OF_ORDER_3}",
    "a number": f"UPDATE stored_events SET state=7 {OF_ORDER_3}",
    "without its venue": (
        "UPDATE stored_events SET state=CAST(json_remove(CAST(state AS TEXT), '$.venue') AS BLOB) "
        + OF_ORDER_3
    ),
    "a Decimal that is none": (
        "UPDATE stored_events SET state=CAST(json_set(CAST(state AS TEXT), '$.amount',"
        f' json(\'{{"$decimal":"1.x"}}\')) AS BLOB) {OF_ORDER_3}'
    ),
    "a time that is none": (
        "UPDATE stored_events SET state=CAST(json_set(CAST(state AS TEXT), '$.timestamp', 'noon')"
        f" AS BLOB) {OF_ORDER_3}"
    ),
    "extras that are none": (
        "UPDATE stored_events SET state=CAST(json_set(CAST(state AS TEXT), '$.extra', json('[1]'))"
        f" AS BLOB) {OF_ORDER_3}"
    ),
    "a snapshot that is none": (
        "UPDATE stored_events SET state=CAST(json_set(CAST(state AS TEXT), '$.position_snapshot',"
        f" json('[1]')) AS BLOB) {OF_ORDER_3}"
    ),
}
LOOKED_AT_BY_FEW = (
    "without its venue",
    "a time that is none",
    "extras that are none",
    "a snapshot that is none",
)

READS: dict[str, Callable[[LogReader], Any]] = {
    "events": lambda reader: list(reader.events),
    "one event": lambda reader: reader.events[2],
    "get_all_events": lambda reader: reader.get_all_events(),
    "by range": lambda reader: reader.get_events_by_order_range(1, 5),
    "by type": lambda reader: reader.get_events_by_type("STAKE_DEPOSIT"),
    "search": lambda reader: list(reader.search()),
    "summary": lambda reader: reader.get_summary_stats(),
    "flows": lambda reader: reader.asset_figures(),
    "balances": lambda reader: reader.balances(),
    "DataFrame": lambda reader: reader.to_dataframe(),
    "Arrow": lambda reader: reader.to_arrow(),
    "bundles": lambda reader: list(reader.bundle_trees()),
    "history": lambda reader: reader.history(3),
}


def damaged(path: Path, statement: str) -> None:
    connection = sqlite3.connect(path)
    assert connection.execute(statement).rowcount == 1
    connection.commit()
    connection.close()


def damage_found(read: Callable[[LogReader], Any], reader: LogReader) -> CorruptLogError | None:
    try:
        read(reader)
    except CorruptLogError as error:
        return error
    return None


@pytest.fixture(params=["backtest", "live"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "log.db"
    with EventLogger(request.param, store=url_of(path), redis=False) as logger:
        for amount in range(1, 6):
            logger.log_event(HOUR, "STAKE_DEPOSIT", "LIDO", "ETH", amount)
        if request.param == "live":
            logger.update_event(4, {"status": "submitted", "tx_hash": "0x4"})
    return path


@pytest.mark.parametrize("damage", DAMAGES)
def test_every_reading_method_says_where_it_is(path: Path, damage: str) -> None:
    damaged(path, DAMAGES[damage])
    silent = []
    with open_log(url_of(path)) as reader:
        for name, read in READS.items():
            found = damage_found(read, reader)
            if found is None:
                silent.append(name)
            else:
                assert (found.log, found.order) == ("default", 3), name
                assert "damaged at order 3" in str(found)
    if damage in LOOKED_AT_BY_FEW:
        # What does not look at the field reads on.
        unlooked = ["by type", "summary", "bundles", "history"]
        if damage == "a time that is none":
            unlooked += ["flows", "balances"]
        silent = [name for name in silent if name not in unlooked]
    assert silent == []


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_sound_stays_readable_by_range(path: Path, damage: str) -> None:
    damaged(path, DAMAGES[damage])
    with open_log(url_of(path)) as reader:
        before = reader.get_events_by_order_range(1, 2)
        after = reader.get_events_by_order_range(4, 5)
    assert [event["amount"] for event in (*before, *after)] == [1, 2, 4, 5]


@pytest.mark.parametrize("damage", ["deleted", "cut", "of another topic"])
def test_an_export_of_a_damaged_log_leaves_no_file(path: Path, damage: str, tmp_path: Path) -> None:
    damaged(path, DAMAGES[damage])
    target = tmp_path / "log.csv"
    for command in (
        ("export", "--output", str(target)),
        ("events",),
        ("stats",),
        ("tree",),
        ("show", "3"),
    ):
        err = run(*command, "--store", url_of(path), code=1).stderr
        assert "is damaged at order 3" in err
    assert not target.exists()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE stored_events SET state=x'00' WHERE number=1",
        "UPDATE stored_events SET state=substr(state, 1, 30) WHERE number=1",
        "UPDATE stored_events SET topic='nonsense' WHERE number=1",
        "UPDATE stored_events SET number=NULL WHERE number=1",
        "DELETE FROM stored_events WHERE number=1",
        "DELETE FROM transitions WHERE number=1",
        "UPDATE transitions SET version=7 WHERE number=1",
    ],
)
def test_a_damaged_transition_is_said(tmp_path: Path, statement: str) -> None:
    path = tmp_path / "log.db"
    with EventLogger("live", store=url_of(path), redis=False) as logger:
        for amount in (1, 2):
            logger.log_event(HOUR, "STAKE_DEPOSIT", "LIDO", "ETH", amount)
        logger.update_event(1, {"status": "submitted", "tx_hash": "0x1"})
        logger.update_event(1, {"status": "confirmed"})
    damaged(path, statement)
    with open_log(url_of(path)) as reader:
        for name in ("events", "history"):
            with pytest.raises(CorruptLogError) as raised:
                list(reader.events) if name == "events" else reader.history(1)
            assert raised.value.order == 1
        assert reader.get_events_by_order_range(2, 2)[0]["amount"] == 2
