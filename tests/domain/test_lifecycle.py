"""A live event's way: which status may follow which, and what an update may say."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.audit_log import log_id
from domain.errors import EventLoggerError, IllegalTransitionError, InvalidUpdateError
from domain.lifecycle import (
    OPEN_STATUSES,
    TRANSITIONS,
    EventLifecycle,
    lifecycle_id,
)
from domain.updates import checked_update
from infrastructure.codec import AuditLogMapper

LOG = log_id("live")
RECORD = {
    "recorded_at": "2024-05-12T14:00:00Z",
    "timestamp": "2024-05-12T14:00:00Z",
    "event_type": "STAKE_DEPOSIT",
    "venue": "LIDO",
}
DONE_AT = datetime(2024, 5, 12, 14, 1, tzinfo=UTC)
Update = dict[str, Any]

WAYS: dict[str, list[Update]] = {
    "pending": [],
    "submitted": [{"status": "submitted", "tx_hash": "0xa"}],
    "confirmed": [{"status": "confirmed", "tx_hash": "0xa", "confirmation_blocks": 3}],
    "finalized": [{"status": "confirmed"}, {"status": "finalized"}],
    "reorged": [
        {
            "status": "confirmed",
            "tx_hash": "0xa",
            "confirmation_blocks": 3,
            "completion_timestamp": DONE_AT,
        },
        {"status": "reorged"},
    ],
    "failed": [{"status": "failed"}],
    "dropped": [{"status": "dropped"}],
    "replaced": [{"status": "submitted", "tx_hash": "0xa"}, {"status": "replaced"}],
}
"""Updates that lead a pending event to each status."""


class Way:
    """An event and its lifecycle, which may not have begun."""

    def __init__(self, *updates: Update, **logged: Any) -> None:
        self.record = RECORD | logged
        self.lifecycle: EventLifecycle | None = None
        self.stored: list[EventLifecycle.Event] = []
        for update in updates:
            self.update(update)

    def update(self, update: Update) -> None:
        checked = checked_update(7, update)
        if self.lifecycle is None:
            self.lifecycle = EventLifecycle.start(LOG, "live", 7, self.record, checked)
        else:
            self.lifecycle.update(checked)
        if self.lifecycle is not None:
            self.stored += self.lifecycle.collect_events()  # type: ignore[arg-type]

    @property
    def status(self) -> str:
        return "pending" if self.lifecycle is None else self.lifecycle.status

    @property
    def values(self) -> dict[str, Any]:
        return {} if self.lifecycle is None else self.lifecycle.values


LEGAL = {
    ("pending", "submitted"), ("pending", "confirmed"), ("pending", "failed"),
    ("pending", "dropped"),
    ("submitted", "confirmed"), ("submitted", "failed"), ("submitted", "dropped"),
    ("submitted", "replaced"), ("dropped", "submitted"), ("dropped", "confirmed"),
    ("dropped", "failed"), ("dropped", "replaced"),
    ("confirmed", "finalized"), ("confirmed", "reorged"),
    ("reorged", "submitted"), ("reorged", "confirmed"), ("reorged", "failed"),
    ("reorged", "dropped"),
}  # fmt: skip
"""The contract's table, but for staying in a status."""


@pytest.mark.parametrize("target", [*WAYS, "completed"])
@pytest.mark.parametrize("status", WAYS)
def test_which_status_may_follow_which(status: str, target: str) -> None:
    way = Way(*WAYS[status], event_id="e")
    before = len(way.stored)
    if status == target or (status, target) in LEGAL:
        way.update({"status": target})
        assert way.status == target
        assert len(way.stored) == before + (status != target)
        return
    with pytest.raises(IllegalTransitionError) as refused:
        way.update({"status": target})
    legal = TRANSITIONS[status]
    assert (refused.value.status, refused.value.target) == (status, target)
    assert refused.value.legal == legal
    sentence = f"order 7 is '{status}' and cannot become '{target}'; "
    assert str(refused.value).startswith(sentence)
    assert str(refused.value).endswith(", ".join(legal) if legal else "log a further event")
    assert (way.status, len(way.stored)) == (status, before)


@pytest.mark.parametrize("status", ["finalized", "failed", "replaced"])
def test_what_is_final_takes_no_values(status: str) -> None:
    way = Way(*WAYS[status])
    with pytest.raises(IllegalTransitionError, match=f"is '{status}' and cannot be updated"):
        way.update({"nonce": 3})
    way.update({"status": status})
    assert len(way.stored) == len(WAYS[status])


@pytest.mark.parametrize("status", ["pending", "submitted", "confirmed", "reorged", "dropped"])
def test_values_without_a_status_join_the_present_one(status: str) -> None:
    way = Way(*WAYS[status])
    way.update({"gas_cost_eth": 0.1, "reason": "the receipt came"})
    assert way.status == status
    assert way.values["gas_cost_eth"] == 0.1
    assert way.stored[-1].changes == {"gas_cost_eth": 0.1, "reason": "the receipt came"}


@pytest.mark.parametrize(
    ("ways", "update"),
    [
        ([], {"status": "pending"}),
        (WAYS["submitted"], {"status": "submitted", "tx_hash": "0xa"}),
        (WAYS["submitted"], {"tx_hash": "0xa"}),
        (WAYS["confirmed"], {"status": "confirmed", "confirmation_blocks": 3}),
        (WAYS["failed"], {"status": "failed"}),
    ],
)
def test_what_changes_nothing_stores_nothing(ways: list[Update], update: Update) -> None:
    way = Way(*ways)
    way.update(update)
    assert len(way.stored) == len(ways)


def test_what_was_logged_counts() -> None:
    way = Way({"tx_hash": "0xa"}, tx_hash="0xa")
    assert way.stored == []
    way.update({"status": "submitted"})
    assert way.stored[0].tx_hash == "0xa"
    assert way.stored[0].changes == {}


def test_a_speed_up_keeps_the_time_and_the_history() -> None:
    way = Way({"status": "submitted", "tx_hash": "0xa"}, {"status": "submitted", "tx_hash": "0xb"})
    assert way.lifecycle is not None
    since = way.lifecycle.since
    assert [event.changes["tx_hash"] for event in way.stored] == ["0xa", "0xb"]
    assert way.stored[1].from_since == since
    way.update({"status": "confirmed"})
    assert (way.stored[2].from_status, way.stored[2].from_since) == ("submitted", since)
    assert way.stored[2].tx_hash == "0xb"


def test_a_reorg_clears_what_the_old_block_said() -> None:
    way = Way(*WAYS["reorged"])
    assert way.stored[-1].changes == {"confirmation_blocks": None, "completion_timestamp": None}
    assert way.values["tx_hash"] == "0xa"
    way.update({"status": "confirmed", "confirmation_blocks": 1})
    assert way.values["confirmation_blocks"] == 1


@pytest.mark.parametrize(
    ("ways", "update", "sentence"),
    [
        ([], {}, "updates of order 7 are empty; give a status or a value"),
        ([], {"status": None, "tx_hash": None}, "updates of order 7 are empty"),
        ([], ["submitted"], r"updates must be a dict, not \['submitted'\]"),
        ([], {"status": "sent"}, "status must be one of pending, submitted, .*, not 'sent'"),
        ([], {"status": 3}, "status must be one of .*, not 3"),
        ([], {"amount": 3}, "amount cannot be updated; what can is status, gas_cost_eth"),
        ([], {3: 3}, "3 cannot be updated"),
        ([], {"status": "submitted"}, "tx_hash is missing: order 7 was logged without an event_id"),
        ([], {"status": "submitted", "tx_hash": " "}, "tx_hash must be text that is not blank"),
        ([], {"confirmation_blocks": -1}, "confirmation_blocks must be a whole number"),
        ([], {"gas_cost_eth": float("nan")}, "gas_cost_eth must be a finite number"),
        ([], {"completion_timestamp": "soon"}, "completion_timestamp"),
        ([], {"position_snapshot": 3}, "position_snapshot must be a dict"),
        (WAYS["confirmed"], {"confirmation_blocks": 2}, "never decreases: order 7 has 3 already"),
        (WAYS["confirmed"], {"tx_hash": "0xb"}, "is confirmed as '0xa'; another transaction needs"),
        (
            [{"status": "confirmed", "block_number": 5, "block_hash": "0xb1"}],
            {"block_hash": "0xb2"},
            "block_hash of order 7 is confirmed as '0xb1'; another block needs",
        ),
        (
            [{"status": "confirmed", "block_number": 5}],
            {"confirmation_blocks": 2, "block_number": 6},
            "block_number of order 7 is confirmed as 5; another block needs status 'reorged'",
        ),
        (
            WAYS["confirmed"],
            {"status": "reorged", "confirmation_blocks": 4},
            "confirmation_blocks is cleared by a reorg of order 7; leave it out",
        ),
    ],
)
def test_an_update_that_cannot_be(ways: list[Update], update: Any, sentence: str) -> None:
    way = Way(*ways)
    before = (way.status, dict(way.values), len(way.stored))
    with pytest.raises(EventLoggerError, match=sentence):
        way.update(update)
    assert (way.status, way.values, len(way.stored)) == before


def test_submitting_needs_no_hash_where_an_event_id_tells_which() -> None:
    assert Way({"status": "submitted"}, event_id="order-4711").status == "submitted"


updates = st.fixed_dictionaries(
    {},
    optional={
        "status": st.sampled_from([*TRANSITIONS, None]),
        "tx_hash": st.sampled_from(["0xa", "0xb", None, ""]),
        "confirmation_blocks": st.integers(-1, 5),
        "completion_timestamp": st.just(DONE_AT),
        "gas_cost_eth": st.sampled_from([0.1, float("inf")]),
        "reason": st.just("because"),
    },
)


@given(st.lists(updates, max_size=8))
def test_a_lifecycle_is_what_its_stored_transitions_say(tried: list[Update]) -> None:
    way = Way()
    for update in tried:
        before = (way.status, dict(way.values), len(way.stored))
        try:
            way.update(update)
        except (InvalidUpdateError, IllegalTransitionError, EventLoggerError):
            assert (way.status, way.values, len(way.stored)) == before
    mapper = AuditLogMapper()
    replayed: Any = None
    status = "pending"
    for version, stored in enumerate(map(mapper.to_stored_event, way.stored)):
        event: Any = mapper.to_domain_event(stored)
        assert (stored.originator_id, stored.originator_version) == (lifecycle_id(LOG, 7), version)
        assert event.from_status == status
        assert event.status == status or event.status in TRANSITIONS[status]
        status = event.status
        replayed = event.mutate(replayed)
    if replayed is not None:
        assert way.lifecycle is not None
        assert (replayed.status, replayed.values) == (way.lifecycle.status, way.lifecycle.values)
        assert replayed.since == way.lifecycle.since
        if replayed.status in OPEN_STATUSES - {"pending", "submitted"}:
            assert replayed.values.get("confirmation_blocks") is None


def test_who_decided_an_update_and_why_is_of_that_update_though_said_before() -> None:
    told = {"by": "desk", "reason": "operator"}
    way = Way({"status": "submitted", "tx_hash": "0xa"} | told)
    way.update({"status": "submitted", "tx_hash": "0xb"} | told)
    way.update({"confirmation_blocks": None} | told)
    way.update({"status": "confirmed"} | told)
    assert [one.changes for one in way.stored] == [
        {"tx_hash": "0xa"} | told,
        {"tx_hash": "0xb"} | told,
        told,
    ]
