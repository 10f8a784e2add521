"""Snapshots: each is the one before plus what the events between moved."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from projections.audit.balances import Snapshots
from projections.audit.rule import AuditOptions
from tests.audit.planting import LIVE, Event, later
from tests.projections.audit.judging import START, Judged, d, event, judged, snapshot

ALERT = event("RISK_ALERT", "RISK_MONITOR", "COMPOSITE", 1)


def shown(**wallet: Any) -> Event:
    return ALERT | {"position_snapshot": snapshot(**wallet)}


def gas(amount: Any, **data: Any) -> Event:
    return event("GAS_FEE_PAID", "ETHEREUM", "ETH", amount) | data


def changed(**changes: Any) -> Event:
    return event("BALANCE_CHANGE", "WALLET", next(iter(changes)), 1, changes=changes)


def rule(*events: Event, **more: Any) -> Judged:
    return judged(Snapshots, *events, **more)


@pytest.mark.parametrize(
    ("events", "wrong"),
    [
        ([shown(ETH=d("2")), gas(d("0.5")), shown(ETH=d("1.5"))], None),
        ([shown(ETH=d("2")), gas(d("0.5")), shown(ETH=d("1.500000000000000001"))], (3, "ETH")),
        ([shown(ETH=2), shown(ETH=2), shown(ETH=3)], (3, "ETH")),
        ([shown(ETH=2), shown(ETH=2, USDT=5)], (2, "USDT")),
        ([shown(ETH=2, USDT=5), shown(ETH=2)], (2, "USDT")),
        ([shown(ETH=2, USDT=5), ALERT | {"position_snapshot": {}}, shown(ETH=2, USDT=5)], None),
        ([shown(ETH=2), ALERT | {"position_snapshot": {"cex_accounts": {"x": {"ETH": 9}}}}], None),
        ([gas(1), shown(ETH=2), gas(1), shown(ETH=1)], None),
        # Floats: a part of what was held and moved, however near zero the rest is.
        ([shown(ETH=0.3), gas(0.1), gas(0.2), shown(ETH=2.7e-17)], None),
        ([shown(ETH=50.0), gas(0.0035), shown(ETH=49.9965)], None),
        ([shown(ETH=50.0), gas(0.0035), shown(ETH=50.0)], (3, "ETH")),
        ([shown(ETH=1e9), gas(1e9), shown(ETH=1e-4)], None),
        ([shown(ETH=1e9), gas(1e9), shown(ETH=1e-2)], (3, "ETH")),
        # One fault is one finding, whichever side it is on.
        ([shown(ETH=9), gas(1), shown(ETH=7), gas(1), shown(ETH=6), shown(ETH=6)], (3, "ETH")),
        ([shown(ETH=9), gas(1), shown(ETH=9), gas(1), shown(ETH=7), shown(ETH=7)], (3, "ETH")),
        # What an event does not tell cannot be judged, nor what nobody knows the meaning of.
        ([shown(ETH=9), gas(None), shown(ETH=8)], None),
        ([shown(ETH=9), event("SWAP_DONE", "X", "ETH", 1), shown(ETH=8)], None),
        ([shown(ETH=9), event("BALANCE_CHANGE", "WALLET", "ETH", 1), shown(ETH=8)], None),
        ([shown(ETH=9), event("BALANCE_CHANGE", "WALLET", "KING", 1), shown(ETH=8)], (3, "ETH")),
        ([shown(ETH=9), event("STAKE_DEPOSIT", "LIDO", "ETH", 1, output_token="wstETH"),
          shown(ETH=8, wstETH=d("0.8"))], None),
        ([shown(ETH=9), event("STAKE_DEPOSIT", "LIDO", "ETH", 1, output_token="wstETH"),
          shown(ETH=9, wstETH=d("0.8"))], (3, "ETH")),
    ],
)  # fmt: skip
def test_a_snapshot_is_the_one_before_plus_what_moved(
    events: list[Event], wrong: tuple[int, str] | None
) -> None:
    found = rule(*events)
    assert found.errors == ([] if wrong is None else [((wrong[0],), f"WALLET.{wrong[1]}")])


def test_a_finding_names_the_last_good_order_and_its_tolerance() -> None:
    (found,) = rule(shown(ETH=9), shown(ETH=9.0), gas(1), ALERT, shown(ETH=7)).findings
    assert (found.orders, found.last_good) == ((5,), 2)
    assert (found.expected, found.found) == (8, 7)
    assert found.tolerance is not None
    assert "since order 2" in found.message


def test_all_that_a_snapshot_has_wrong_is_one_finding() -> None:
    (found,) = rule(shown(ETH=9, USDT=5, BTC=1), shown(ETH=8, USDT=6, BTC=1)).findings
    assert found.field == "WALLET.ETH, WALLET.USDT"
    assert found.expected == {"WALLET.ETH": 9, "WALLET.USDT": 5}


def test_a_tolerance_that_is_asked_for_replaces_the_rules_own() -> None:
    floats = [shown(ETH=0.3), gas(0.1), gas(0.2), shown(ETH=2.7e-17)]
    assert rule(*floats, options=AuditOptions(tolerance=d("0"))).errors
    coarse = [shown(ETH=d("100")), shown(ETH=d("101"))]
    assert rule(*coarse, options=AuditOptions(tolerance=d("0.1"))).errors == []


def perp(side: str, size: Any, price: Any, **data: Any) -> Event:
    told = {"instrument": "ETHUSDT-PERP", "side": side, "entry_price": price}
    return event("TRADE_EXECUTED", "BINANCE", "ETH", size) | told | data


def account(usdt: Any, size: Any, entry: Any = 0) -> Event:
    position = {"ETHUSDT-PERP": {"size": size, "entry_price": entry}} if size is not None else {}
    told = {"cex_accounts": {"binance": {"USDT": usdt}}, "perp_positions": {"binance": position}}
    return ALERT | {"position_snapshot": told}


@pytest.mark.parametrize(
    ("events", "wrong"),
    [
        ([perp("SHORT", 2, 3000), account(100, -2, 3000)], None),
        ([perp("SHORT", 2, 3000), account(100, 2, 3000)], "size"),
        ([perp("SHORT", 2, 3000), account(100, -2, 3001)], "entry_price"),
        ([perp("SHORT", 2, 3000), account(100, None)], "entry_price, size"),
        ([perp("SHORT", 1, 1), account(100, -1, 1), perp("SHORT", 2, 2),
          account(100, -3, d("1.666667"))], None),  # rounded where the books cut
        ([perp("SHORT", 2, 3000), perp("LONG", 2, 2900), account(300, None)], None),
        ([perp("SHORT", 2, 3000), perp("LONG", 2, 2900), account(300, 0, 3000)], None),
        ([perp("SHORT", 2, 3000), perp("LONG", 2, 2900, fee=1), account(299, None)], None),
        ([perp("SHORT", 2, 3000), perp("LONG", 2, 2900, realised_pnl_usd=d("200.000001")),
          account(d("300.000001"), None)], None),
        ([perp("SHORT", 2, 3000), perp("LONG", 2, 2900), account(301, None)], "USDT"),
    ],
)  # fmt: skip
def test_positions_and_what_they_realise_are_balances_too(
    events: list[Event], wrong: str | None
) -> None:
    found = rule(account(100, None), *events)
    names = ["size", "entry_price", "USDT"]
    told = [one[1] or "" for one in found.errors]
    expected = [] if wrong is None else [wrong]
    assert [
        ", ".join(name.rpartition(".")[2] for name in one.split(", ")) for one in told
    ] == expected
    assert all(name in names for one in expected for name in one.split(", "))


def wrapped(last: Any, detail: Any) -> list[Event]:
    wrapper = event("ATOMIC_TRANSACTION", "INSTADAPP", "COMPOSITE", 1, detail_orders=[0])
    return [
        shown(ETH=9),
        wrapper | {"position_snapshot": snapshot(ETH=last)},
        gas(1, parent_event=2, position_snapshot=snapshot(ETH=detail)),
        gas(2, parent_event=2),
        gas(1),
        shown(ETH=5),
    ]


def test_a_wrappers_snapshot_is_the_state_after_its_bundle() -> None:
    assert rule(*wrapped(6, 8)).errors == []
    assert rule(*wrapped(9, 8)).errors == [((2,), "WALLET.ETH")]
    assert rule(*wrapped(6, 6)).errors == [((3,), "WALLET.ETH")]


def transaction(amount: Any, *statuses: tuple[str, float], **data: Any) -> Event:
    updates = [
        {"at": later(START, hours=hours), "status": status, "tx_hash": f"0x{amount}"}
        for status, hours in statuses
    ]
    return gas(amount, updates=updates) | data


@pytest.mark.parametrize(
    ("events", "wrong"),
    [
        # Live, what is open may be in a snapshot or not; once it is settled it must be.
        ([transaction(1), shown(ETH=9), shown(ETH=8)], None),
        ([transaction(1, ("confirmed", 3.5)), shown(ETH=8), shown(ETH=8)], None),
        ([transaction(1, ("confirmed", 3.5)), shown(ETH=9), shown(ETH=8)], None),
        ([transaction(1, ("confirmed", 3.5)), shown(ETH=9), shown(ETH=9)], 4),
        ([transaction(1, ("failed", 3.5)), shown(ETH=8), shown(ETH=9)], None),
        ([transaction(1, ("failed", 3.5)), shown(ETH=8), shown(ETH=8)], 4),
        ([transaction(1, ("dropped", 3.2), ("confirmed", 3.5)), shown(ETH=9), shown(ETH=8)], None),
        ([transaction(1, ("confirmed", 2.1), ("reorged", 2.2), ("dropped", 2.3)), shown(ETH=9)],
         None),
        ([transaction(1, ("confirmed", 2.1), ("reorged", 2.2), ("dropped", 2.3)), shown(ETH=8)], 3),
        ([transaction(1, ("confirmed", 2.1), ("reorged", 4.2), ("confirmed", 4.3)), shown(ETH=8),
          shown(ETH=8), shown(ETH=8)], None),
        ([gas(1, status="completed"), shown(ETH=9)], 3),
        ([gas(1, status="completed"), shown(ETH=8)], None),
        ([transaction(1), gas(1, status="completed", token="BNB"), shown(ETH=9, BNB=4)], None),
        ([transaction(1), gas(1, status="completed", token="BNB"), shown(ETH=9, BNB=5)], 4),
    ],
)  # fmt: skip
def test_live_a_balance_is_judged_in_the_order_of_commit(
    events: list[Event], wrong: int | None
) -> None:
    told = [one | {"status": one.get("status", "completed")} if "updates" not in one else one
            for one in (shown(ETH=9, BNB=5), *events)]  # fmt: skip
    for one in told:
        balances = (one.get("position_snapshot") or {}).get("wallet", {})
        balances.setdefault("BNB", 5)
    assert [orders for orders, _ in rule(*told, mode=LIVE).errors] == ([(wrong,)] if wrong else [])


def test_live_what_stays_open_is_told_as_not_judged() -> None:
    found = rule(shown(ETH=9), transaction(1), shown(ETH=3), mode=LIVE)
    assert found.errors == []
    assert ["WALLET.ETH" in why for _, why in found.unjudged] == [True]


def test_an_update_may_bring_the_snapshot() -> None:
    def sent(eth: int) -> Event:
        confirmed = {
            "at": later(START, hours=2, minutes=1), "status": "confirmed", "tx_hash": "0x1",
            "position_snapshot": snapshot(ETH=eth),
        }  # fmt: skip
        return gas(1, updates=[confirmed])

    first = shown(ETH=9) | {"status": "completed"}
    assert rule(first, sent(8), mode=LIVE).errors == []
    assert rule(first, sent(9), mode=LIVE).errors == [((2,), "WALLET.ETH")]


def test_amounts_are_exact_however_large() -> None:
    large = Decimal("1e40")
    events = [shown(USDT=large), changed(USDT=d("1e-40")), shown(USDT=large + d("0"))]
    assert rule(*events).errors == [((3,), "WALLET.USDT")]


def neighbours(*changes: dict[str, Any]) -> list[Event]:
    """Events that change a wallet of 9 ETH and 9 USDT, each with its snapshot."""
    held, events = {"ETH": 9, "USDT": 9}, [shown(ETH=9, USDT=9)]
    for change in changes:
        held = {token: held[token] + change.get(token, 0) for token in held}
        events.append(changed(**change) | {"position_snapshot": snapshot(**held)})
    return events


@pytest.mark.parametrize(
    "changes",
    [
        ({"ETH": 1}, {"USDT": 2}),
        ({"ETH": 1}, {"ETH": 2}),
        ({"ETH": 1}, {"ETH": -1}),
        ({"ETH": 1, "USDT": -2}, {"ETH": 3}),
        ({"ETH": 0.1}, {"ETH": 0.2, "USDT": -0.7}),
        ({"ETH": 1}, {"ETH": 1, "USDT": 1}),
    ],
)
@pytest.mark.parametrize("place", [1, 3])
def test_two_events_in_each_others_place_are_one_fault(
    changes: tuple[dict[str, Any], ...], place: int
) -> None:
    events = neighbours(*[*changes, *changes, *changes][: place + 1])
    events[place], events[place + 1] = events[place + 1], events[place]
    for run in (events, [*events, shown(**events[place]["position_snapshot"]["wallet"])]):
        found = rule(*run)
        assert [orders[:2] for orders, _ in found.errors] == [(place + 1, place + 2)]
    assert "in the place of" in found.findings[0].message


def test_two_faults_one_after_the_other_are_two() -> None:
    events = neighbours({"ETH": 1}, {"USDT": 2}, {"ETH": 1})
    events[1]["position_snapshot"] = snapshot(ETH=10, USDT=12)
    events[2]["position_snapshot"] = snapshot(ETH=7, USDT=11)
    assert [orders for orders, _ in rule(*events).errors] == [(2,), (3,)]
    assert [orders for orders, _ in rule(*events[:2], gas(0)).errors] == [(2,)]
