"""The structural rules: a sound log has no findings, and one fault is one finding of its rule."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from domain.audit_log import log_id
from domain.lifecycle import lifecycle_id
from event_logger import EventLogger
from infrastructure.audit_logs import AuditLogs
from infrastructure.auditing import audited
from infrastructure.followers.board import StatusBoard
from projections.audit import STRUCTURE, Finding, Severity
from tests import small_log
from tests.support import HOUR, url_of

LOG = log_id("default").hex


def of(order: int) -> str:
    return f"WHERE originator_id='{LOG}' AND originator_version={order}"


def of_transition(order: int, version: int) -> str:
    lifecycle = lifecycle_id(log_id("default"), order).hex
    return f"WHERE originator_id='{lifecycle}' AND originator_version={version}"


def changed(json: str, where: str) -> str:
    return (
        f"UPDATE stored_events SET state=CAST(json_set(CAST(state AS TEXT), {json}) AS BLOB)"
        f" {where}"
    )


def fill(logger: EventLogger) -> None:
    small_log.fill(logger)
    logger.log_correction(HOUR, 9, {"amount": 2}, "a digit was lost")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "live.db"
    with EventLogger("live", store=url_of(path), redis=False) as logger:
        fill(logger)
    with AuditLogs(url_of(path)) as logs:
        StatusBoard(logs.store, logs.get("default")).catch_up()
    return path


def findings(path: Path) -> list[Finding]:
    with AuditLogs(url_of(path), must_exist=True) as logs:
        return list(audited(logs.store, logs.get("default"), STRUCTURE))


def test_a_sound_log_has_no_findings(path: Path) -> None:
    assert findings(path) == []


FORMER_REORG = changed("'$.changes', json('{\"confirmation_blocks\": null}')", of_transition(1, 3))
FORMER_BLOCK = changed("'$.changes.block_hash', '0xe'", of_transition(10, 2))
FORMER_COMMITS = "UPDATE stored_events SET committed_at=NULL"


@pytest.mark.parametrize("order", [1, 10])
def test_what_was_allowed_before_format_2_is_no_finding_and_later_is(
    path: Path, order: int
) -> None:
    with EventLogger("live", store=url_of(path), redis=False) as logger:
        logger.update_event(10, {"status": "submitted", "tx_hash": "0xf"})
        logger.update_event(10, {"status": "confirmed", "block_hash": "0xd"})
        logger.update_event(10, {"confirmation_blocks": 3})
    with AuditLogs(url_of(path)) as logs:
        StatusBoard(logs.store, logs.get("default")).catch_up()
    with sqlite3.connect(path) as connection:
        connection.execute(FORMER_REORG if order == 1 else FORMER_BLOCK)
    assert [(one.rule, one.orders) for one in findings(path)] == [("lifecycle", (order,))]
    with sqlite3.connect(path) as connection:
        connection.execute(FORMER_COMMITS)
    with EventLogger("live", store=url_of(path), redis=False) as logger:
        # What a former reorg left standing, the next one clears.
        for status in ("confirmed", "reorged"):
            logger.update_event(1, {"status": status})
        assert ("block_number" in logger.history(1)[-1]) == (order == 1)
    assert [one for one in findings(path) if one.rule == "lifecycle"] == []


def test_a_sound_backtest_has_no_findings(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    with EventLogger(store=url_of(path)) as logger:
        fill(logger)
    assert findings(path) == []


PLANTED: list[tuple[str, str, tuple[int, ...]]] = [
    (f"DELETE FROM stored_events {of(9)}", "orders", (9,)),
    (f"DELETE FROM stored_events {of(1)}", "orders", (1,)),
    (f"UPDATE stored_events SET originator_version=77 {of(11)}", "orders", (11, *range(12, 77))),
    (f"UPDATE stored_events SET topic='x' {of(9)}", "orders", (9,)),
    ("DELETE FROM transitions WHERE number=3", "orders", (1,)),
    (f"UPDATE stored_events SET state=x'00ff' {of(9)}", "schema", (9,)),
    (f"UPDATE stored_events SET state=NULL {of(9)}", "schema", (9,)),
    (changed("'$.amount', 'much'", of(9)), "schema", (9,)),
    (changed("'$.colour', 'red'", of(9)), "schema", (9,)),
    (changed("'$.timestamp', 'noon'", of(9)), "schema", (9,)),
    (changed("'$.status', 'lost'", of(9)), "schema", (9,)),
    (changed("'$.parent_event', 12", of(8)), "links", (8,)),
    (changed("'$.related_events[0]', 4711", of(8)), "links", (8,)),
    (changed("'$.detail_orders', json('[3,5,7]')", of(2)), "links", (2, 4)),
    (changed("'$.parent_event', 2", of(6)), "links", (4, 6)),
    (changed("'$.status', 'confirmed'", of_transition(1, 0)), "lifecycle", (1,)),
    (changed("'$.from_status', 'submitted'", of_transition(1, 0)), "lifecycle", (1,)),
    (changed("'$.tx_hash', '0xd'", of_transition(1, 1)), "lifecycle", (1,)),
    (changed("'$.changes.tx_hash', null", of_transition(1, 0)), "lifecycle", (1,)),
    (changed("'$.from_since', '2024-05-12T14:00:00Z'", of_transition(1, 2)), "lifecycle", (1,)),
    (f"UPDATE stored_events SET committed_at=1 {of(9)}", "times", (9,)),
    (f"UPDATE stored_events SET committed_at=1 {of_transition(2, 0)}", "times", (2,)),
    ("UPDATE event_ids SET event_order=2", "derived", (1,)),
    ("DELETE FROM event_ids", "derived", (1,)),
    ("DELETE FROM transaction_hashes WHERE tx_hash='0xa'", "derived", (1,)),
    ("DELETE FROM transaction_hashes WHERE tx_hash='0x9'", "derived", (9,)),
    ("DELETE FROM late_details", "derived", (8,)),
    (f"INSERT INTO late_details VALUES ('{LOG}', 2, 3)", "derived", (3,)),
    ("DELETE FROM corrections", "derived", (11,)),
    ("DELETE FROM open_events WHERE event_order=9", "derived", (9,)),
    ("UPDATE open_events SET tx_hash='0xe' WHERE event_order=1", "derived", (1,)),
    ("UPDATE status_counts SET events=events+1 WHERE status='reorged'", "derived", ()),
    ("UPDATE open_events SET status='reorged', tx_hash=NULL WHERE event_order=9", "derived", (9,)),
]
"""What is done to the sound log, the rule that finds it, and at which orders."""


@pytest.mark.parametrize(("fault", "rule", "orders"), PLANTED)
def test_a_planted_fault_is_one_error_of_its_rule(
    path: Path, fault: str, rule: str, orders: tuple[int, ...]
) -> None:
    with sqlite3.connect(path) as connection:
        assert connection.execute(fault).rowcount == 1
    connection.close()
    found = [one for one in findings(path) if one.rule == rule]
    assert [(one.severity, one.orders) for one in found] == [(Severity.ERROR, orders)]
    assert found[0].message


def test_timestamps_that_go_back_are_warned_of_and_an_early_end_is_wrong(
    tmp_path: Path,
) -> None:
    path = tmp_path / "runs.db"
    with EventLogger(store=url_of(path)) as logger:
        logger.log_event(HOUR, "GAS_FEE_PAID", "ETHEREUM")
        logger.log_event(HOUR - timedelta(hours=1), "GAS_FEE_PAID", "ETHEREUM")
        logger.log_event(
            HOUR,
            "GAS_FEE_PAID",
            "ETHEREUM",
            trigger_timestamp=HOUR,
            completion_timestamp=HOUR - timedelta(hours=1),
        )
    found = findings(path)
    assert [(one.rule, one.severity, one.orders) for one in found] == [
        ("times", Severity.WARNING, (2,)),
        ("times", Severity.ERROR, (3,)),
    ]


def test_each_rule_has_a_name_and_says_what_it_checks() -> None:
    names = [rule.NAME for rule in STRUCTURE]
    assert len(set(names)) == len(names)
    assert set(names) == {rule for _, rule, _ in PLANTED}
    assert all(rule.CHECKS and rule.WHY and rule.TOLERANCE for rule in STRUCTURE)
