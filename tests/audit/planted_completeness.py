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
    copy_of,
    drop,
    insert_after,
    moved,
    neighbours,
    of_type,
)
from tests.audit.planting import LIVE, Event, Plant, Run, later, order_in


def _funding(run: Run, random: Random) -> tuple[Event, Run]:
    """A payment, and what tells of its position: trades and payments of its venue."""
    event = random.choice(of_type(run, "FUNDING_PAYMENT"))
    alike = of_type(run, "FUNDING_PAYMENT", "TRADE_EXECUTED", venue=event["venue"])
    instrument = event.get("instrument")
    if instrument is not None:
        alike = [one for one in alike if one.get("instrument") == instrument]
    payments = [one for one in alike if one["event_type"] == "FUNDING_PAYMENT"]
    closing = alike[-1:] if alike[-1] is not payments[-1] else []
    return event, [alike[0], *payments, *closing]


def _unpaid(run: Run, random: Random) -> Orders:
    event, of_the_position = _funding(run, random)
    before, after = neighbours(of_the_position, event)
    if after is None:
        # It may yet come.
        return None
    drop(run, event)
    return between(run, before, after)


def _unpaid_twice(run: Run, random: Random) -> Orders:
    event, of_the_position = _funding(run, random)
    before, after = neighbours(of_the_position, event)
    if after is None or after["event_type"] != "FUNDING_PAYMENT":
        return None
    _, last = neighbours(of_the_position, after)
    drop(run, event)
    drop(run, after)
    return between(run, before, last)


def _paid_as_trade(run: Run, random: Random) -> Orders:
    event, of_the_position = _funding(run, random)
    before, after = neighbours(of_the_position, event)
    event["event_type"], event["pair"], event["side"] = "SPOT_TRADE", "ETH/USDT", "BUY"
    return between(run, before, after)


def _paid_twice(run: Run, random: Random) -> Orders:
    event, _ = _funding(run, random)
    return between(run, event, insert_after(run, event, copy_of(event)))


def _paid_off(**by: float) -> Callable[[Run, Random], Orders]:
    def plant(run: Run, random: Random) -> Orders:
        event, of_the_position = _funding(run, random)
        moved(event, **by)
        before, _ = neighbours(of_the_position, event)
        # Before the position was opened it would be another fault.
        is_before = before is of_the_position[0] and min(by.values()) < -3
        return None if is_before else (order_in(run, event),)

    return plant


def _paid_elsewhere(run: Run, random: Random) -> Orders:
    event, _ = _funding(run, random)
    other = "BYBIT" if event["venue"] == "BINANCE" else "BINANCE"
    event["venue"] = other
    alike = of_type(run, "FUNDING_PAYMENT", venue=other, timestamp=event["timestamp"])
    return tuple(order_in(run, one) for one in alike)


def _paid_after_the_close(run: Run, random: Random) -> Orders:
    event, _ = _funding(run, random)
    new = copy_of(event) | {"timestamp": later(run[-1]["timestamp"], hours=random.randrange(4, 40))}
    run.append(new)
    return (len(run),)


def _reconciliations(run: Run, random: Random) -> tuple[Run, int]:
    first = random.choice(of_type(run, "HOURLY_RECONCILIATION"))
    alike = of_type(run, "HOURLY_RECONCILIATION", venue=first["venue"], token=first["token"])
    return alike, random.randrange(1, len(alike) - 4)


def _unreconciled(count: int) -> Callable[[Run, Random], Orders]:
    def plant(run: Run, random: Random) -> Orders:
        alike, place = _reconciliations(run, random)
        for event in alike[place : place + count]:
            drop(run, event)
        return between(run, alike[place - 1], alike[place + count])

    return plant


def _nothing_reconciled(run: Run, random: Random) -> Orders:
    """The reconciler stood still: no account has that hour."""
    alike, place = _reconciliations(run, random)
    gone, before, after = alike[place], alike[place - 1], alike[place + 1]
    for event in of_type(run, "HOURLY_RECONCILIATION", timestamp=gone["timestamp"]):
        drop(run, event)
    last = of_type(run, "HOURLY_RECONCILIATION", timestamp=before["timestamp"])[-1]
    first = of_type(run, "HOURLY_RECONCILIATION", timestamp=after["timestamp"])[0]
    return between(run, last, first)


def _reconciled_late(run: Run, random: Random) -> Orders:
    alike, place = _reconciliations(run, random)
    moved(alike[place], hours=1)
    return between(run, alike[place - 1], alike[place])


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
    Plant("funding that is not there", "funding", _unpaid),
    Plant("funding that is not there, live", "funding", _unpaid, LIVE),
    Plant("two payments of funding that are not there", "funding", _unpaid_twice),
    Plant("funding that is logged as a trade", "funding", _paid_as_trade),
    Plant("funding that is paid twice", "funding", _paid_twice),
    Plant("funding that is paid twice, live", "funding", _paid_twice, LIVE),
    Plant("funding an hour late", "funding", _paid_off(hours=1)),
    Plant("funding an hour late, live", "funding", _paid_off(hours=1), LIVE),
    Plant("funding an hour early", "funding", _paid_off(hours=-1)),
    Plant("funding twenty minutes late", "funding", _paid_off(minutes=20)),
    Plant("funding forty minutes late", "funding", _paid_off(minutes=40)),
    Plant("funding an interval late", "funding", _paid_off(hours=8)),
    Plant("funding an interval early", "funding", _paid_off(hours=-8)),
    Plant("funding under another venue", "funding", _paid_elsewhere),
    Plant("funding after the close", "funding", _paid_after_the_close),
    Plant("a reconciliation that is not there", "reconciliation", _unreconciled(1)),
    Plant("a reconciliation that is not there, live", "reconciliation", _unreconciled(1), LIVE),
    Plant("reconciliations that are not there", "reconciliation", _unreconciled(3)),
    Plant("an hour without reconciliation", "reconciliation", _nothing_reconciled),
    Plant("a reconciliation an hour late", "reconciliation", _reconciled_late),
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
    Plant("a size that is shown otherwise", "positions", changing(_traded, _shown_otherwise)),
    Plant("a trade that is not there", "positions", _trade_not_logged),
    Plant("a fill that is less", "positions", _filled_less, LIVE),
    Plant("what is never confirmed", "settlement", _never_confirmed, LIVE, Severity.WARNING),
    Plant("what is done without a hash", "settlement", _without_a_hash, LIVE, Severity.WARNING),
]
