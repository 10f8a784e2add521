"""Faults of completeness: what should be in the log, and is not, or not where it should be."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from random import Random

from projections.audit import Severity
from tests.audit.places import (
    Orders,
    between,
    bundle_of,
    changing,
    drop,
    insert_after,
    neighbours,
    of_type,
)
from tests.audit.planting import LIVE, Event, Plant, Run, order_in


def _unobserved_account(run: Run, random: Random) -> Orders:
    place = random.choice(of_type(run, "PNL_SNAPSHOT")[:20])
    transfer = {name: place[name] for name in ("timestamp", "recorded_at")} | {
        "event_type": "VENUE_TRANSFER",
        "venue": "WALLET→kraken",
        "from_venue": "WALLET",
        "to_venue": "kraken",
        "token": "USDT",
        "amount": Decimal(5),
        "status": "completed",
        "tx_hash": f"0xabc{random.randrange(16**6):061x}",
    }
    return (order_in(run, insert_after(run, place, transfer)),)


def _unobserved_position(run: Run, random: Random) -> Orders:
    (trade,) = of_type(run, "TRADE_EXECUTED", instrument="SOLUSDT-PERP")
    for event in run:
        positions = (event.get("position_snapshot") or {}).get("perp_positions", {})
        positions.get("binance", {}).pop("SOLUSDT-PERP", None)
    return (order_in(run, trade),)


def _sent(run: Run) -> Run:
    return [one for one in run if one.get("nonce") is not None]


def _not_logged(run: Run, random: Random) -> Orders:
    sent = _sent(run)
    place = random.randrange(1, len(sent) - 1)
    if sent[place].get("detail_orders"):
        return None
    drop(run, sent[place])
    return between(run, sent[place - 1], sent[place + 1])


def _nonce_skipped(run: Run, random: Random) -> Orders:
    sent = _sent(run)
    place = random.randrange(1, len(sent))
    for event in sent[place:]:
        event["nonce"] += 1
    return between(run, sent[place - 1], sent[place])


def _loans(run: Run, random: Random) -> tuple[Event, Event, Run]:
    members = bundle_of(run, random.choice(of_type(run, "ATOMIC_TRANSACTION")))
    (borrowed,) = of_type(members, "FLASH_BORROW")
    (repaid,) = of_type(members, "FLASH_REPAID")
    return borrowed, repaid, members


def _loan(change: Callable[[Event, Event], None]) -> Callable[[Run, Random], Orders]:
    def plant(run: Run, random: Random) -> Orders:
        borrowed, repaid, _ = _loans(run, random)
        change(borrowed, repaid)
        return between(run, borrowed, repaid)

    return plant


def _repaid_less(borrowed: Event, repaid: Event) -> None:
    repaid["amount"] -= Decimal(1).scaleb(repaid["amount"].as_tuple().exponent)


def _unrepaid(run: Run, random: Random) -> Orders:
    borrowed, repaid, _ = _loans(run, random)
    drop(run, repaid)
    return (order_in(run, borrowed),)


def _unborrowed(run: Run, random: Random) -> Orders:
    borrowed, repaid, _ = _loans(run, random)
    drop(run, borrowed)
    return (order_in(run, repaid),)


def _repaid_outside(run: Run, random: Random) -> Orders:
    borrowed, repaid, members = _loans(run, random)
    drop(run, repaid)
    del repaid["parent_event"]
    insert_after(run, members[0], repaid)
    return between(run, borrowed, repaid)


def _traded(run: Run) -> Run:
    return of_type(run, "TRADE_EXECUTED")


def _turned(event: Event, random: Random) -> None:
    event["side"] = "LONG" if event["side"] == "SHORT" else "SHORT"


def _elsewhere(event: Event, random: Random) -> None:
    event["venue"] = "BYBIT" if event["venue"] == "BINANCE" else "BINANCE"


def _last_digit(event: Event, random: Random) -> None:
    event["amount"] += Decimal(1).scaleb(event["amount"].as_tuple().exponent)


def _shown_otherwise(event: Event, random: Random) -> None:
    positions = event["position_snapshot"]["perp_positions"][event["venue"].lower()]
    positions[event["instrument"]]["size"] -= Decimal("0.001")


def _trade_not_logged(run: Run, random: Random) -> Orders:
    event = random.choice(_traded(run))
    alike = of_type(run, "TRADE_EXECUTED", venue=event["venue"])
    _, after = neighbours(alike, event)
    drop(run, event)
    return None if after is None else (order_in(run, after),)


def _filled_less(run: Run, random: Random) -> Orders:
    event = random.choice([one for one in _traded(run) if len(one["updates"]) > 2])
    event["updates"][-1]["filled_amount"] -= Decimal("0.001")
    shown = next(
        one
        for one in run[order_in(run, event) :]
        if one.get("position_snapshot") and one["recorded_at"] > event["updates"][-1]["at"]
    )
    alike = of_type(run, "TRADE_EXECUTED", instrument=event["instrument"])
    since = [one for one in alike if _is_since(run, one, event, shown)]
    return (*(order_in(run, one) for one in since), order_in(run, shown))


def _is_since(run: Run, one: Event, event: Event, shown: Event) -> bool:
    """Whether a trade was logged in the same hour, and is first shown with the other."""
    return one["timestamp"][:13] == event["timestamp"][:13] and one is not shown


def _never_confirmed(run: Run, random: Random) -> Orders:
    stakes = [one for one in of_type(run, "STAKE_DEPOSIT") if len(one["updates"]) == 2]
    event = random.choice(stakes[:-1])
    del event["updates"][1]
    return (order_in(run, event),)


def _without_a_hash(run: Run, random: Random) -> Orders:
    event = random.choice(of_type(run, "STAKE_DEPOSIT"))
    del event["updates"], event["nonce"]
    event["status"] = "confirmed"
    return (order_in(run, event),)


PLANTS = [
    Plant("an account that is never observed", "coverage", _unobserved_account, LIVE),
    Plant("a position that is never observed", "coverage", _unobserved_position, LIVE),
    Plant("a transaction that is not there", "nonces", _not_logged, LIVE, Severity.WARNING),
    Plant("a nonce that is skipped", "nonces", _nonce_skipped, LIVE, Severity.WARNING),
    Plant("a loan repaid with a unit less", "flash_loans", _loan(_repaid_less)),
    Plant(
        "a loan repaid to another lender",
        "flash_loans",
        _loan(lambda borrowed, repaid: repaid.update(venue="MORPHO")),
    ),
    Plant(
        "a loan repaid in another token",
        "flash_loans",
        _loan(lambda borrowed, repaid: repaid.update(token="ETH")),
    ),
    Plant(
        "a loan repaid without its fee",
        "flash_loans",
        _loan(lambda borrowed, repaid: repaid.update(fee_paid=0)),
        LIVE,
    ),
    Plant(
        "a fee that is not due",
        "flash_loans",
        _loan(lambda borrowed, repaid: repaid.update(fee_paid=Decimal("0.01"))),
    ),
    Plant("a loan that is not repaid", "flash_loans", _unrepaid),
    Plant("a loan that was not taken", "flash_loans", _unborrowed),
    Plant("a loan repaid outside of its bundle", "flash_loans", _repaid_outside),
    Plant("a trade off in the last digit", "positions", changing(_traded, _last_digit)),
    Plant("a trade to the other side", "positions", changing(_traded, _turned)),
    Plant("a trade under another venue", "positions", changing(_traded, _elsewhere)),
    Plant("a size that is shown otherwise", "positions", changing(_traded, _shown_otherwise)),
    Plant("a trade that is not there", "positions", _trade_not_logged),
    Plant("a fill that is less", "positions", _filled_less, LIVE),
    Plant("what is never confirmed", "settlement", _never_confirmed, LIVE, Severity.WARNING),
    Plant("what is done without a hash", "settlement", _without_a_hash, LIVE, Severity.WARNING),
]
