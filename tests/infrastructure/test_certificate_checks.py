"""What is changed with plain SQL is found by the certificate from before, and named."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from domain.audit_log import log_id
from domain.errors import CertificateError
from domain.lifecycle import lifecycle_id
from event_logger import EventLogger, open_log
from projections.certificate import CertificateCheck
from tests.small_log import fill
from tests.support import HOUR, url_of

LOG = log_id("default").hex
SHIFT = 1_000_000

Row = tuple[Any, ...]


@pytest.fixture(scope="module", params=["backtest", "live"])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of two writers, beside it its certificate."""
    path = tmp_path_factory.mktemp(request.param) / "runs.db"
    options: dict[str, Any] = {"store": url_of(path), "redis": False, "metadata": {"v": 1}}
    with EventLogger(request.param, **options) as logger:
        fill(logger)
    with EventLogger(request.param, **options, actor="desk") as logger:
        logger.log_event(HOUR, "STAKE_DEPOSIT", "LIDO", "ETH", 2)
        if request.param == "live":
            logger.update_event(9, {"status": "submitted", "tx_hash": "0xf"})
        logger.log_event(HOUR, "STAKE_DEPOSIT", "LIDO", "ETH", 3)
        logger.certify(str(path.with_name("certificate.json")))
    return path


@pytest.fixture
def path(made: Path, tmp_path: Path) -> Path:
    for name in ("runs.db", "certificate.json"):
        shutil.copyfile(made.with_name(name), tmp_path / name)
    return tmp_path / "runs.db"


def entries(path: Path) -> list[Row]:
    """All that the leaves are made of, and whose each is, read with SQLite alone."""
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute(
            "SELECT originator_version, 0, originator_version, topic, state, committed_at,"
            " introduction FROM stored_events LEFT JOIN writers USING (writer)"
            " WHERE originator_id=?1 UNION ALL"
            " SELECT after_order, t.number, event_order, topic, state, committed_at, introduction"
            " FROM transitions t JOIN stored_events s"
            " ON originator_id=lifecycle_id AND originator_version=version"
            " LEFT JOIN writers USING (writer) WHERE t.log_id=?1",
            (LOG,),
        ).fetchall()
    return sorted(rows, key=lambda row: row[:2])


def run_sql(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def check(path: Path) -> CertificateCheck:
    with open_log(url_of(path)) as reader:
        return reader.check_certificate(path.with_name("certificate.json"))


def test_what_was_not_touched_holds(path: Path) -> None:
    assert check(path).holds
    with open_log(url_of(path)) as reader:
        mode = reader._log.mode
    with EventLogger(mode, store=url_of(path), redis=False) as logger:
        logger.log_event(HOUR, "STAKE_DEPOSIT", "LIDO", "ETH", 2)
    found = check(path)
    assert (found.holds, found.orders, found.differences, found.not_compared) == (
        True,
        None,
        (),
        (),
    )


def of(order: int) -> str:
    return f"WHERE originator_id='{LOG}' AND originator_version={order}"


def set_json(what: str, where: str) -> str:
    state = f"CAST(json_set(CAST(state AS TEXT), {what}) AS BLOB)"
    return f"UPDATE stored_events SET state={state} {where}"


def renumbered(frm: int, by: int) -> list[str]:
    """Events from an order on get orders that differ by so many, and what names them follows."""
    after = f"WHERE originator_id='{LOG}' AND originator_version>={frm}"
    return [
        f"UPDATE stored_events SET originator_version=originator_version+{SHIFT + by} {after}",
        f"UPDATE stored_events SET originator_version=originator_version-{SHIFT}"
        f" WHERE originator_id='{LOG}' AND originator_version>={SHIFT}",
        f"UPDATE transitions SET after_order=after_order+{by} WHERE after_order>={frm}",
    ]


def swapped(one: int, other: int) -> list[str]:
    swap = "UPDATE stored_events SET originator_version={} " + of(0)[:-1] + "{}"
    return [swap.format(SHIFT, one), swap.format(one, other), swap.format(other, SHIFT)]


def copied(order: int) -> list[str]:
    return [
        *renumbered(order, 1),
        "INSERT INTO stored_events SELECT originator_id, originator_version-1, topic, state,"
        f" committed_at, writer, number FROM stored_events {of(order + 1)}",
        set_json("'$.amount', 7", of(order)),
    ]


OF_AN_EVENT: dict[str, Callable[[int], list[str]]] = {
    "a value": lambda order: [set_json("'$.amount', 1.5", of(order))],
    "a last byte": lambda order: [
        "UPDATE stored_events SET state=CAST(substr(CAST(state AS TEXT), 1, length(state)-1)"
        f" || ' }}' AS BLOB) {of(order)}"
    ],
    "what is no record": lambda order: [f"UPDATE stored_events SET state=x'00ff' {of(order)}"],
    "nothing": lambda order: [f"UPDATE stored_events SET state=NULL {of(order)}"],
    "the topic": lambda order: [f"UPDATE stored_events SET topic='x' {of(order)}"],
    "the time": lambda order: [f"UPDATE stored_events SET committed_at=committed_at+1 {of(order)}"],
    "no time": lambda order: [f"UPDATE stored_events SET committed_at=NULL {of(order)}"],
    "the writer": lambda order: [f"UPDATE stored_events SET writer=3-writer {of(order)}"],
    "an unknown writer": lambda order: [f"UPDATE stored_events SET writer=9 {of(order)}"],
    "deleted": lambda order: [f"DELETE FROM stored_events {of(order)}"],
    "deleted and renumbered": lambda order: [
        f"DELETE FROM stored_events {of(order)}",
        *renumbered(order + 1, -1),
    ],
    "inserted": copied,
    "swapped": lambda order: swapped(order, order + 1),
}


@pytest.mark.parametrize("order", [1, 2, 6, 9, 10])
@pytest.mark.parametrize("what", OF_AN_EVENT)
def test_a_change_of_an_event_is_named(path: Path, what: str, order: int) -> None:
    run_sql(path, *OF_AN_EVENT[what](order))
    found = check(path)
    assert not found.holds
    assert found.orders == (order, order)
    assert f"order {order}" in found.message


@pytest.mark.parametrize("last", [0, 1, 5, 11])
def test_a_tail_that_was_cut_is_named(path: Path, last: int) -> None:
    run_sql(
        path,
        f"DELETE FROM stored_events WHERE originator_id='{LOG}' AND originator_version>{last}",
        f"DELETE FROM stored_events WHERE number IN"
        f" (SELECT number FROM transitions WHERE after_order>{last})",
        f"DELETE FROM transitions WHERE after_order>{last}",
    )
    found = check(path)
    assert (found.holds, found.orders) == (False, (last + 1, last + 1))
    assert f"order {last + 1} is missing" in found.message


OF_THE_LOG: dict[str, str] = {
    "metadata": set_json("'$.metadata.v', 2", of(0)),
    "the opening's identity": set_json("'$.identity', 'x'", of(0)),
    "who introduced itself": "UPDATE writers SET introduction=CAST('{}' AS BLOB) WHERE writer=1",
    "when it was opened": f"UPDATE stored_events SET committed_at=committed_at-1 {of(0)}",
}


@pytest.mark.parametrize("what", OF_THE_LOG)
def test_a_change_of_the_opening_is_named(path: Path, what: str) -> None:
    run_sql(path, OF_THE_LOG[what])
    found = check(path)
    assert (found.holds, found.orders) == (False, (0, 0))
    assert "its opening" in found.message


def test_who_wrote_later_is_named_where_that_begins(path: Path) -> None:
    run_sql(path, "UPDATE writers SET introduction=CAST('{}' AS BLOB) WHERE writer=2")
    assert check(path).orders == (11, 11)


def test_a_log_of_another_identity_is_another_log(path: Path) -> None:
    run_sql(path, "UPDATE audit_logs SET identity='x'")
    with pytest.raises(CertificateError, match="is another: its identity is x"):
        check(path)


def lifecycle(order: int, version: int) -> str:
    one = lifecycle_id(log_id("default"), order).hex
    return f"WHERE originator_id='{one}' AND originator_version={version}"


_ONE = lifecycle_id(log_id("default"), 1).hex
_TWO = lifecycle_id(log_id("default"), 2).hex
_NINE = lifecycle_id(log_id("default"), 9).hex

OF_A_TRANSITION: dict[str, tuple[str, ...]] = {
    "a value": (set_json("'$.status', 'failed'", lifecycle(1, 1)),),
    "the time": (f"UPDATE stored_events SET committed_at=committed_at+1 {lifecycle(2, 0)}",),
    "the writer": (f"UPDATE stored_events SET writer=2 {lifecycle(1, 2)}",),
    "dropped": (
        f"DELETE FROM stored_events {lifecycle(1, 3)}",
        f"DELETE FROM transitions WHERE lifecycle_id='{_ONE}' AND version=3",
    ),
    "dropped and renumbered": (
        f"DELETE FROM stored_events {lifecycle(2, 0)}",
        "DELETE FROM transitions WHERE number=2",
        "UPDATE transitions SET number=number-1 WHERE number>2",
        "UPDATE stored_events SET number=number-1 WHERE number>2",
    ),
    "its row alone": (f"DELETE FROM stored_events {lifecycle(1, 1)}",),
    "reordered": (
        "UPDATE transitions SET number=-number WHERE number IN (1, 2)",
        "UPDATE transitions SET number=3+number WHERE number<0",
        "UPDATE stored_events SET number=3-number WHERE number IN (1, 2)",
    ),
    "moved on": ("UPDATE transitions SET after_order=10 WHERE number=5",),
    "moved before": ("UPDATE transitions SET after_order=8 WHERE number<=2",),
    "said to be of another": ("UPDATE transitions SET event_order=1 WHERE number=2",),
    "given to another": (
        f"UPDATE stored_events SET originator_id='{_NINE}x' {lifecycle(2, 0)}",
        f"UPDATE transitions SET lifecycle_id='{_NINE}x' WHERE number=2",
    ),
    "read under another": (
        f"UPDATE stored_events SET originator_id='{_NINE[:-1]}f' {lifecycle(2, 0)}",
        f"UPDATE transitions SET lifecycle_id='{_NINE[:-1]}f' WHERE number=2",
    ),
    "its number": ("UPDATE stored_events SET number=77 WHERE number=3",),
}


def first_that_differs(before: list[Row], after: list[Row]) -> int:
    """The order of the entry that now stands where the first difference is."""
    for one, other in zip(before, after, strict=False):
        if one[3:] != other[3:] or one[:3] != other[:3]:
            return int(other[2])
    return int(before[len(after)][2])


@pytest.mark.parametrize("made", ["live"], indirect=True)
@pytest.mark.parametrize("what", OF_A_TRANSITION)
def test_a_change_of_a_transition_is_named(path: Path, what: str) -> None:
    before = entries(path)
    run_sql(path, *OF_A_TRANSITION[what])
    found = check(path)
    after = entries(path)
    assert not found.holds
    if after != before:
        assert found.orders is not None
        assert found.orders[0] == found.orders[1] == first_that_differs(before, after)
