"""Faults of bundles: what is lost, moved or changed breaks the sum or the order of the steps."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from decimal import Decimal
from random import Random

from tests.audit.changes import Change, Orders, at_one, one_of, unit
from tests.audit.planting import Event, Plant, Run, order_in

BUNDLE = "ATOMIC_TRANSACTION"
STAKING = ("STAKE_DEPOSIT", "STAKE_WITHDRAWAL")
LENDING = ("LOAN_CREATED", "LOAN_REPAID", "COLLATERAL_SUPPLIED", "COLLATERAL_WITHDRAWN")


def _claimed(change: Callable[[Event, str, Decimal], Decimal], *names: str) -> Change:
    """A claim of a bundle's `net_result` is another."""

    def plant(event: Event) -> bool:
        for name, value in event["net_result"].items():
            if name in names or (not names and name != "leverage"):
                event["net_result"][name] = change(event, name, value)
                return True
        return False

    return plant


def _claim_of_another(run: Run, random: Random) -> Orders:
    first, second = list(one_of(run, random, BUNDLE))[:2]
    first["net_result"] = dict(second["net_result"])
    return (order_in(run, first),)


def _step(run: Run, random: Random, *types: str) -> tuple[Event, Event] | None:
    """A wrapper, and a step of its bundle that its claims or other steps depend on."""
    for event in one_of(run, random, *(types or (*LENDING, *STAKING))):
        if event.get("parent_event"):
            wrapper = next(one for one in run if one.get("order") == event["parent_event"])
            return wrapper, event
    return None


def _moved_out(run: Run, random: Random) -> Orders:
    """A detail is logged after its bundle, as an event of its own."""
    found = _step(run, random)
    if found is None:
        return None
    wrapper, event = found
    last = max(one["order"] for one in run if one.get("parent_event") == wrapper["order"])
    place = next(place for place, one in enumerate(run) if one.get("order") == last)
    run.remove(event)
    run.insert(place + (event["order"] == last), event)
    event["parent_event"] = None
    return (order_in(run, wrapper),)


def _step_dropped(run: Run, random: Random) -> Orders:
    found = _step(run, random)
    if found is None:
        return None
    run.remove(found[1])
    return (order_in(run, found[0]),)


def _step_doubled(run: Run, random: Random) -> Orders:
    found = _step(run, random)
    if found is None:
        return None
    again = deepcopy(found[1])
    del again["order"]
    run.insert(order_in(run, found[1]), again)
    return (order_in(run, found[0]),)


def _step_changed(run: Run, random: Random) -> Orders:
    found = _step(run, random, *LENDING)
    if found is None:
        return None
    names = ("amount", "atoken_received", "debt_token_received", "atoken_burned", "amount_out",
             "debt_token_burned")  # fmt: skip
    for name in names:
        if found[1].get(name):
            found[1][name] *= Decimal("1.01")
    return (order_in(run, found[0]),)


def _too_early(run: Run, random: Random) -> Orders:
    """The loan is repaid before what repays it is there."""
    for event in one_of(run, random, "FLASH_REPAID"):
        wrapper = next(one for one in run if one.get("order") == event["parent_event"])
        run.remove(event)
        place = order_in(run, wrapper) + 2
        run.insert(place, event)
        return (order_in(run, wrapper),)
    return None


_KINDS: dict[str, Callable[[Run, Random], Orders]] = {
    "a claim off in the last digit": at_one(
        BUNDLE, change=_claimed(lambda _, name, value: value + unit(value))
    ),
    "a claim with its sign turned": at_one(BUNDLE, change=_claimed(lambda _, name, value: -value)),
    "a claim as scaled by another index": at_one(
        BUNDLE, change=_claimed(lambda _, name, value: value * Decimal("1.05"))
    ),
    "the claims of another bundle": _claim_of_another,
    "a detail moved out of its bundle": _moved_out,
    "a detail that is not there": _step_dropped,
    "a detail twice in its bundle": _step_doubled,
    "a detail with another amount": _step_changed,
    "a loan repaid before what repays it": _too_early,
}

PLANTS = [Plant(name, "bundles", plant) for name, plant in _KINDS.items()]
