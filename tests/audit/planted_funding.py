"""Faults of what comes at a rhythm of its own: funding, and the reconciliation of balances."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from tests.audit.places import (
    Orders,
    between,
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
]
