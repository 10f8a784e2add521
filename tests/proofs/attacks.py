"""What somebody who knows the program does to a store with plain SQL, and what it changes first.

The log is that of `tests.small_log`, live: orders 1 to 9, five transitions (of the orders 1, 2, 1,
1, 1), and order 10.
"""

from __future__ import annotations

from typing import NamedTuple

from domain.lifecycle import lifecycle_id
from tests.proofs.desk import LOG, LOG_ID


class Attack(NamedTuple):
    """The statements, and the order that `verify` is to name."""

    order: int
    statements: tuple[str, ...]


def of(order: int) -> str:
    """The row of an event, or of the opening."""
    return f"WHERE originator_id='{LOG}' AND originator_version={order}"


def state(text: str, where: str) -> str:
    """Give the rows another state, as an expression of the present one."""
    return f"UPDATE stored_events SET state=CAST({text} AS BLOB) {where}"


def field(name: str, value: str, where: str) -> str:
    """Give a field of the stored JSON another value."""
    return state(f"json_set(CAST(state AS TEXT), '$.{name}', {value})", where)


def shifted(first: int, by: int) -> tuple[str, ...]:
    """Renumber the events from an order on, and what is said of them, so that no gap is left."""
    events = f"WHERE originator_id='{LOG}' AND originator_version"
    return (
        f"UPDATE stored_events SET originator_version=-originator_version {events}>={first}",
        f"UPDATE stored_events SET originator_version=-originator_version+{by} {events}<0",
        f"UPDATE transitions SET after_order=after_order+{by} WHERE after_order>={first}",
    )


def swapped(table: str, column: str, one: int, other: int, where: str) -> tuple[str, ...]:
    """Let two rows change places."""
    return tuple(
        f"UPDATE {table} SET {column}={new} WHERE {where} AND {column}={old}"
        for old, new in ((one, -1), (other, one), (-1, other))
    )


_IS_OURS = f"originator_id='{LOG}'"
_NUMBERED = f"log_id='{LOG}'"
_CHANGED = lifecycle_id(LOG_ID, 1).hex
_UNMOVED = lifecycle_id(LOG_ID, 9).hex


def planted(lifecycle: str, version: int, number: str, order: int) -> tuple[str, ...]:
    """One transition more, of an event, beside those that are numbered."""
    return (
        f"INSERT INTO stored_events SELECT '{lifecycle}', {version}, topic,"
        f" CAST(json_set(CAST(state AS TEXT), '$.order', {order}) AS BLOB), committed_at, writer,"
        f" {number} FROM stored_events WHERE originator_id='{_CHANGED}' AND number=1",
        "INSERT INTO transitions"
        f" VALUES ('{LOG}', {number}, 10, {order}, '{lifecycle}', {version})",
    )


_LONG = "replace(hex(zeroblob(40000)), '0', 't')"
_INSERTED = (
    "INSERT INTO stored_events SELECT originator_id, 4, topic, state, committed_at, writer, number"
    f" FROM stored_events {of(3)}"
)

ATTACKS = {
    "a value changed": Attack(3, (field("amount", "2", of(3)),)),
    "a value of the last": Attack(10, (field("amount", "2", of(10)),)),
    "a blank put in": Attack(3, (state("replace(CAST(state AS TEXT), '\":', '\": ')", of(3)),)),
    "a field added": Attack(7, (field("purpose", "'other'", of(7)),)),
    "when it was recorded": Attack(8, (field("recorded_at", "'2024-05-12T14:00:00Z'", of(8)),)),
    "a link changed": Attack(8, (field("related_events", "json_array(2)", of(8)),)),
    "a topic changed": Attack(4, (f"UPDATE stored_events SET topic='x' {of(4)}",)),
    "a state as text": Attack(4, (f"UPDATE stored_events SET state=CAST(state AS TEXT) {of(4)}",)),
    "no state": Attack(4, (f"UPDATE stored_events SET state=NULL {of(4)}",)),
    "a row deleted": Attack(3, (f"DELETE FROM stored_events {of(3)}",)),
    "a row deleted and the rest renumbered": Attack(
        8, (f"DELETE FROM stored_events {of(8)}", *shifted(9, -1))
    ),
    "the first row deleted and the rest renumbered": Attack(
        1, (f"DELETE FROM stored_events {of(1)}", *shifted(2, -1))
    ),
    "the tail cut": Attack(10, (f"DELETE FROM stored_events {of(10)}",)),
    "a longer tail cut": Attack(
        9,
        (
            f"DELETE FROM stored_events WHERE {_IS_OURS} AND originator_version>8",
            f"DELETE FROM stored_events WHERE originator_id<>'{LOG}'",
            "DELETE FROM transitions",
        ),
    ),
    "all cut but the opening": Attack(
        1,
        (
            f"DELETE FROM stored_events WHERE NOT ({_IS_OURS} AND originator_version=0)",
            "DELETE FROM transitions",
        ),
    ),
    "a value changed and the tail cut": Attack(
        3, (field("amount", "2", of(3)), f"DELETE FROM stored_events {of(10)}")
    ),
    "two rows swapped": Attack(1, swapped("stored_events", "originator_version", 1, 9, _IS_OURS)),
    "two states swapped": Attack(
        5,
        (
            f"UPDATE stored_events SET state=(SELECT state FROM stored_events {of(8)}) {of(5)}",
            field("amount", "1", of(8)),
        ),
    ),
    "a row inserted": Attack(4, (*shifted(4, 1), _INSERTED)),
    "the opening's metadata": Attack(0, (field("metadata.version", "1", of(0)),)),
    "the opening's mode": Attack(0, (field("mode", "'backtest'", of(0)),)),
    "the opening's name": Attack(0, (field("name", "'other'", of(0)),)),
    "the opening's identity": Attack(
        0, (field("identity", "'00000000-0000-4000-8000-000000000000'", of(0)),)
    ),
    "the opening deleted": Attack(0, (f"DELETE FROM stored_events {of(0)}",)),
    "the opening's time": Attack(0, (f"UPDATE stored_events SET committed_at=1 {of(0)}",)),
    "a commit's time": Attack(
        3, (f"UPDATE stored_events SET committed_at=committed_at+1 {of(3)}",)
    ),
    "a commit without a time": Attack(3, (f"UPDATE stored_events SET committed_at=NULL {of(3)}",)),
    "a time that is none": Attack(3, (f"UPDATE stored_events SET committed_at='x' {of(3)}",)),
    "a commit's writer": Attack(3, (f"UPDATE stored_events SET writer=NULL {of(3)}",)),
    "a writer who is not there": Attack(3, (f"UPDATE stored_events SET writer=99 {of(3)}",)),
    "two commits merged": Attack(
        9,
        (
            "UPDATE stored_events SET committed_at=(SELECT committed_at FROM stored_events"
            f" {of(8)}) {of(9)}",
        ),
    ),
    "who wrote": Attack(0, ("UPDATE writers SET introduction=CAST('{}' AS BLOB)",)),
    "a writer deleted": Attack(0, ("DELETE FROM writers",)),
    "a transition changed": Attack(
        2, (field("status", "'confirmed'", f"WHERE originator_id<>'{LOG}' AND number=2"),)
    ),
    "a transition's time": Attack(
        2, ("UPDATE stored_events SET committed_at=committed_at+1 WHERE number=2",)
    ),
    "the last transition dropped": Attack(
        10,
        (
            "DELETE FROM stored_events WHERE number=5",
            "DELETE FROM transitions WHERE number=5",
        ),
    ),
    "a transition dropped and the rest renumbered": Attack(
        1,
        (
            "DELETE FROM stored_events WHERE number=2",
            "DELETE FROM transitions WHERE number=2",
            "UPDATE stored_events SET number=number-1 WHERE number>2",
            "UPDATE transitions SET number=number-1 WHERE number>2",
        ),
    ),
    "a transition's row dropped": Attack(2, ("DELETE FROM stored_events WHERE number=2",)),
    "a transition's place dropped": Attack(1, ("DELETE FROM transitions WHERE number=2",)),
    "transitions reordered": Attack(
        1,
        (
            *swapped("transitions", "number", 1, 3, _NUMBERED),
            *swapped("stored_events", "number", 1, 3, f"originator_id='{_CHANGED}'"),
        ),
    ),
    "a transition moved to another position": Attack(
        1, ("UPDATE transitions SET after_order=8 WHERE number=1",)
    ),
    "the transitions moved to the end": Attack(10, ("UPDATE transitions SET after_order=10",)),
    "a transition moved to another order": Attack(
        9, ("UPDATE transitions SET event_order=9 WHERE number=1",)
    ),
    "a transition given to another event": Attack(
        2, (f"UPDATE transitions SET lifecycle_id='{_CHANGED}', version=0 WHERE number=2",)
    ),
    "a transition before the first": Attack(9, planted(_UNMOVED, 0, "0", 9)),
    "a transition of a negative number": Attack(1, planted(_CHANGED, 4, "-3", 1)),
    "an event before the opening": Attack(0, (_INSERTED.replace("_id, 4,", "_id, -1,"),)),
    "an event between two": Attack(4, (_INSERTED.replace("_id, 4,", "_id, 3.5,"),)),
    "an order that is text": Attack(
        5, (f"UPDATE stored_events SET originator_version='x' {of(5)}",)
    ),
    "the last order is text": Attack(
        10, (f"UPDATE stored_events SET originator_version='x' {of(10)}",)
    ),
    "the steps of one event in another order": Attack(
        1,
        (
            *swapped("stored_events", "originator_version", 2, 3, f"originator_id='{_CHANGED}'"),
            *swapped("transitions", "version", 2, 3, "event_order=1"),
        ),
    ),
    "a transition's place as text": Attack(
        1, ("UPDATE transitions SET after_order='x' WHERE number=2",)
    ),
    "a transition's number as text": Attack(
        10, ("UPDATE transitions SET number='x' WHERE number=5",)
    ),
    "a topic too long for a leaf": Attack(4, (f"UPDATE stored_events SET topic={_LONG} {of(4)}",)),
    "a transition's topic too long": Attack(
        2, (f"UPDATE stored_events SET topic={_LONG} WHERE number=2",)
    ),
    "an introduction as text": Attack(0, ("UPDATE writers SET introduction='{}'",)),
    "what the store calls it": Attack(
        0, ("UPDATE audit_logs SET identity='00000000-0000-4000-8000-000000000000'",)
    ),
}
"""Of what was dropped or moved, the order that is named is of the entry that stands there now."""
