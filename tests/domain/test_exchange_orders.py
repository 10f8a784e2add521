"""Orders on an exchange: their statuses, their fills, and which events they are."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import EventLoggerError, IllegalTransitionError, InvalidUpdateError
from domain.statuses import ORDER_TRANSITIONS, STATUSES, TRANSITIONS
from infrastructure.codec import AuditLogMapper
from tests.domain.test_lifecycle import Update, Way

PLACED: dict[str, Any] = {"exchange_order_id": "42", "amount": 10}

WAYS: dict[str, list[Update]] = {
    "pending": [],
    "submitted": [{"status": "submitted"}],
    "partially_filled": [{"status": "partially_filled", "filled_amount": 4}],
    "filled": [{"status": "filled"}],
    "confirmed": [{"status": "confirmed"}],
    "cancelled": [{"status": "submitted"}, {"status": "cancelled"}],
    "rejected": [{"status": "rejected"}],
    "expired": [{"status": "expired"}],
    "failed": [{"status": "failed"}],
}

LEGAL = {
    "pending": "submitted partially_filled filled confirmed cancelled rejected expired failed",
    "submitted": "submitted partially_filled filled confirmed cancelled rejected expired failed",
    "partially_filled": "partially_filled filled confirmed cancelled expired",
    "cancelled": "partially_filled filled",
    "expired": "partially_filled filled",
}


@pytest.mark.parametrize("target", STATUSES)
@pytest.mark.parametrize("status", WAYS)
def test_which_status_may_follow_which(status: str, target: str) -> None:
    way = Way(*WAYS[status], **PLACED)
    legal = LEGAL.get(status, "").split()
    if target in legal or target == status:
        way.update({"status": target})
        assert way.status == target
        return
    with pytest.raises(IllegalTransitionError) as refused:
        way.update({"status": target})
    assert refused.value.legal == tuple(legal)
    assert way.status == status


TRADE = {"event_type": "SPOT_TRADE"}


@pytest.mark.parametrize(
    ("logged", "first", "is_order"),
    [
        ({"exchange_order_id": "42"}, {}, True),
        ({"exchange_order_id": "42", "tx_hash": "0xa"}, {"tx_hash": "0xb"}, True),
        (TRADE, {}, True),
        ({"event_type": "TRADE_EXECUTED"}, {"filled_amount": 1}, True),
        (TRADE | {"tx_hash": "0xa"}, {}, False),
        (TRADE | {"nonce": 0}, {}, False),
        (TRADE, {"tx_hash": "0xa"}, False),
        (TRADE, {"nonce": 3}, False),
        ({}, {}, False),
        ({}, {"exchange_order_id": "42"}, False),
        ({"event_type": "FUNDING_PAYMENT"}, {}, False),
    ],
)
def test_which_events_are_orders(logged: Update, first: Update, *, is_order: bool) -> None:
    first = first | {"reason": "the first update"}
    mine, other, table = ("filled", "dropped", ORDER_TRANSITIONS) if is_order else (
        "dropped", "filled", TRANSITIONS,
    )  # fmt: skip
    way = Way(first, **logged)
    with pytest.raises(IllegalTransitionError) as refused:
        way.update({"status": other})
    assert refused.value.legal == table["pending"]
    way.update({"status": mine})
    assert way.status == mine


@pytest.mark.parametrize("event_type", ["SPOT_TRADE", "TRADE_EXECUTED"])
@pytest.mark.parametrize(
    "update", [{"tx_hash": "0xa"}, {"nonce": 3}, {"status": "confirmed", "tx_hash": "0xa"}]
)
def test_a_trade_that_was_filled_when_logged_stays_an_order(
    event_type: str, update: Update
) -> None:
    way = Way(event_type=event_type, status="filled")
    with pytest.raises(IllegalTransitionError) as refused:
        way.update(update)
    assert refused.value.legal == ()


def test_another_exchange_order_id_replaces_the_order_and_stays_in_the_history() -> None:
    way = Way({"status": "submitted"}, **PLACED)
    way.update({"status": "submitted", "exchange_order_id": "43"})
    assert [one.changes for one in way.stored] == [{}, {"exchange_order_id": "43"}]


def test_a_trade_is_submitted_with_the_exchanges_id() -> None:
    with pytest.raises(InvalidUpdateError, match=r"^exchange_order_id is missing: order 7"):
        Way({"status": "submitted"}, **TRADE)
    assert Way({"status": "submitted", "exchange_order_id": "1"}, **TRADE).status == "submitted"


@pytest.mark.parametrize("status", ["cancelled", "expired"])
def test_a_fill_may_be_reported_late(status: str) -> None:
    way = Way({"status": status}, **PLACED)
    way.update({"status": "partially_filled", "filled_amount": 3, "average_price": 2.5})
    way.update({"status": "cancelled"})
    way.update({"status": "filled", "filled_amount": 10, "fee": 0.1, "fee_token": "BNB"})
    assert (way.status, way.values["filled_amount"], way.values["fee"]) == ("filled", 10, 0.1)


@pytest.mark.parametrize(
    ("amount", "before", "filled", "sentence"),
    [
        (10, 4, 3, "never decreases: order 7 has 4 filled already, not 3"),
        (10, 0, -1, "never decreases"),
        (10, 4, 10.5, "never exceeds the amount: order 7 is of 10, not 10.5"),
        (0.3, 0.1, Decimal("0.31"), "never exceeds"),
        (-10, 4, 11, "never exceeds"),
        (0.3, 0.1, Decimal("0.3"), None),
        (-10, 4, 10, None),
        (None, 4, 10**30, None),
        (10, 4, 4.0, None),
    ],
)
def test_what_is_filled_only_grows_up_to_the_amount(
    amount: Any, before: Any, filled: Any, sentence: str | None
) -> None:
    logged = {"exchange_order_id": "42"} | ({} if amount is None else {"amount": amount})
    way = Way({"status": "partially_filled", "filled_amount": before}, **logged)
    update = {"status": "partially_filled", "filled_amount": filled}
    if sentence is None:
        way.update(update)
        assert way.values["filled_amount"] == filled
        return
    with pytest.raises(InvalidUpdateError, match=f"^filled_amount {sentence}"):
        way.update(update)
    assert way.values["filled_amount"] == before


updates = st.fixed_dictionaries(
    {},
    optional={
        "status": st.sampled_from(STATUSES),
        "filled_amount": st.sampled_from([0, 1, 2.5, Decimal("2.5"), 10, 11]),
        "tx_hash": st.just("0xa"),
        "exchange_order_id": st.sampled_from(["42", "43"]),
    },
)


@given(st.sampled_from([PLACED, TRADE | {"amount": 10}, {"amount": 10}]), st.lists(updates))
def test_a_lifecycle_is_what_its_stored_transitions_say(logged: Update, tried: list[Any]) -> None:
    way = Way(**logged)
    for update in tried:
        before = way.values.get("filled_amount", 0)
        try:
            way.update(update)
        except EventLoggerError:
            continue
        assert way.values.get("filled_amount", 0) >= before
    mapper = AuditLogMapper()
    replayed: Any = None
    for one in way.stored:
        event: Any = mapper.to_domain_event(mapper.to_stored_event(one))
        replayed = event.mutate(replayed)
    if way.lifecycle is not None:
        assert vars(replayed) == vars(way.lifecycle) | {"_pending_events": []}
