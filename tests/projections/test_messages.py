"""What is published of which event, in which order, under which id."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.audit_log import AuditLog
from domain.values import decode
from projections.entries import LogEntry, LoggedEntry, TransitionEntry
from projections.messages import Message, Messages
from tests.support import HOUR

Details = list[dict[str, Any]]
LEAF: dict[str, Any] = {"event_type": "STAKE_DEPOSIT", "venue": "LIDO"}


def committed(log: AuditLog, transitions_before: int = 9) -> list[LogEntry]:
    """The pending events of a log as a follower gets them."""
    entries: list[LogEntry] = []
    for event in log.logged_after(0):
        record = decode(event.record, str)
        record |= {"bundle_name": record.get("extra", {}).get("bundle_name")}
        order = event.originator_version
        entries.append(LoggedEntry(transitions_before + order, order, None, record))
    return entries


def told(entries: list[LogEntry]) -> list[tuple[str, str, Any]]:
    return [(one.id, one.channel, json.loads(one.data)) for one in Messages().of(entries)]


def test_an_event_is_told_with_exactly_these_keys() -> None:
    log = AuditLog.open("live", "live")
    log.log_gas_fee(HOUR, 0.1, 300, "STAKE_DEPOSIT", 150_000, 25)
    assert told(committed(log)) == [
        (
            "11-0",
            "events:logged",
            {
                "order": 1,
                "event_type": "GAS_FEE_PAID",
                "timestamp": "2024-05-12T14:00:00Z",
                "venue": "ETHEREUM",
            },
        )
    ]


def test_a_transition_is_told_with_exactly_these_keys() -> None:
    entry = TransitionEntry(
        position=1540,
        number=17,
        order=1523,
        committed_at=None,
        recorded_at="2024-05-12T14:00:01.5Z",
        from_status="submitted",
        from_since="2024-05-12T14:00:00Z",
        status="confirmed",
        tx_hash="0xa",
    )
    payload = {
        "order": 1523,
        "status": "confirmed",
        "timestamp": "2024-05-12T14:00:01.5Z",
        "tx_hash": "0xa",
    }
    assert told([entry]) == [("1541-0", "events:status", payload)]


def test_a_bundle_is_told_after_all_its_events_the_inner_one_first() -> None:
    log = AuditLog.open("live", "live")
    inner = LEAF | {"detail_events": [LEAF, LEAF], "bundle_name": "INNER"}
    log.log_atomic_transaction(HOUR, "ENTRY", [LEAF, inner])
    log.log_event(HOUR, "STAKE_DEPOSIT", "LIDO")
    messages = told(committed(log))
    assert [(one, channel[7:], data.get("order")) for one, channel, data in messages] == [
        ("11-0", "logged", 1),
        ("12-0", "logged", 2),
        ("13-0", "logged", 3),
        ("14-0", "logged", 4),
        ("15-0", "logged", 5),
        ("15-1", "atomic_bundle", None),
        ("15-2", "atomic_bundle", None),
        ("16-0", "logged", 6),
    ]
    assert messages[5][2] == {
        "wrapper_order": 3,
        "bundle_name": "INNER",
        "detail_orders": [4, 5],
        "timestamp": "2024-05-12T14:00:00Z",
    }
    assert messages[6][2] == {
        "wrapper_order": 1,
        "bundle_name": "ENTRY",
        "detail_orders": [2, 3],
        "timestamp": "2024-05-12T14:00:00Z",
    }


def test_a_bundle_without_details_is_told_at_once() -> None:
    log = AuditLog.open("live", "live")
    log.log_atomic_transaction(HOUR, "EMPTY", [])
    assert [one for one, _, _ in told(committed(log))] == ["11-0", "11-1"]


def details(depth: int = 3) -> st.SearchStrategy[Details]:
    leaf = st.just(LEAF)
    if depth == 0:
        return st.lists(leaf, max_size=2)
    wrapper = details(depth - 1).map(lambda inner: LEAF | {"detail_events": inner})
    return st.lists(leaf | wrapper, max_size=3)


@given(bundles=st.lists(details(), max_size=4), cuts=st.lists(st.integers(1, 5)))
def test_pages_make_no_difference(bundles: list[Details], cuts: list[int]) -> None:
    log = AuditLog.open("live", "live")
    for bundle in bundles:
        log.log_atomic_transaction(HOUR, "B", bundle)
    entries = committed(log)
    whole = list(Messages().of(entries))
    paged: list[Message] = []
    messages, rest = Messages(), entries
    while rest:
        size = cuts.pop() if cuts else len(rest)
        paged += messages.of(rest[:size])
        rest = rest[size:]
        if messages.is_between_bundles:
            messages = Messages()
    assert paged == whole
    assert messages.is_between_bundles
    ids = [tuple(map(int, one.id.split("-"))) for one in whole]
    assert ids == sorted(set(ids))
    wrappers = [
        e.order for e in entries if isinstance(e, LoggedEntry) and "detail_orders" in e.record
    ]
    ended = [json.loads(m.data).get("wrapper_order") for m in whole if "bundle" in m.channel]
    assert sorted(ended) == wrappers


@pytest.mark.parametrize("name", ["x", None])
def test_a_wrapper_may_have_no_name(name: str | None) -> None:
    log = AuditLog.open("live", "live")
    wrapper = {"timestamp": HOUR, "event_type": "ATOMIC_TRANSACTION", "venue": "INSTADAPP"}
    named = wrapper | ({"bundle_name": name} if name else {})
    log.add(log.intake.bundle(named, [LEAF]))
    assert told(committed(log))[-1][2]["bundle_name"] == name
