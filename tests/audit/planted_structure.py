"""Faults of structure: what is stored is no event, stands elsewhere, twice, too late, too early."""

from __future__ import annotations

from random import Random

from projections.audit import Severity
from projections.audit.rule import AuditOptions
from tests.audit.live_strategy import START
from tests.audit.places import (
    Orders,
    bundle_of,
    changing,
    copy_of,
    drop,
    insert_after,
    moved,
    of_type,
    storing,
)
from tests.audit.planting import LIVE, Event, Plant, Run, later, order_in


def _lost(run: Run, random: Random) -> Orders:
    event = random.choice(run[2:-2])
    event["stored"] = None
    return (order_in(run, event),)


def _lost_detail(run: Run, random: Random) -> Orders:
    """A bundle's wrapper still says that there is one more."""
    wrapper = random.choice(of_type(run, "ATOMIC_TRANSACTION"))
    members = bundle_of(run, wrapper)
    first = order_in(run, wrapper)
    drop(run, members[-1])
    wrapper["stored"] = {"detail_orders": list(range(first + 1, first + len(members)))}
    return (first, first + len(members) - 1)


def _detail_of_another(run: Run, random: Random) -> Orders:
    wrapper, *details = bundle_of(run, random.choice(of_type(run, "ATOMIC_TRANSACTION")))
    first = order_in(run, wrapper)
    detail = random.choice(details)
    wrapper["stored"] = {"detail_orders": [first + 1 + place for place in range(len(details))]}
    order = order_in(run, detail)
    detail["stored"] = {"parent_event": 1}
    return (first, order)


def _related_to_nothing(run: Run, random: Random) -> Orders:
    event = random.choice(run[:-1])
    event["stored"] = {"related_events": [len(run) + 7]}
    return (order_in(run, event),)


def _with_updates(run: Run) -> Run:
    return [one for one in run if len(one.get("updates", ())) > 1]


def _tells(**stored: object) -> Plant:
    def change(event: Event, random: Random) -> None:
        random.choice(event["updates"])["stored"] = stored

    names = " and ".join(stored)
    return Plant(
        f"a transition that tells another {names}",
        "lifecycle",
        changing(_with_updates, change),
        LIVE,
    )


def _back_dated(event: Event, random: Random) -> None:
    event["timestamp"] = later(event["timestamp"], hours=-random.randrange(2, 30))


def _outage(run: Run, random: Random) -> Orders:
    place = random.randrange(10, len(run) - 10)
    late = [one for one in run[place : place + 4] if not one.get("parent_event")]
    for event in run[place : place + 4]:
        event["timestamp"] = later(event["timestamp"], hours=-3)
    assert late
    return tuple(range(place + 1, place + 5))


def _closed(run: Run, random: Random) -> Orders:
    """Half an hour late, which is soon enough but for the period that ended meanwhile."""
    after = [one for one in run if later(START, hours=24) < one["recorded_at"]]
    event = next(one for one in after if not one.get("parent_event"))
    event["timestamp"] = later(START, hours=23, minutes=random.randrange(40, 60))
    return (order_in(run, event),)


def _said_twice(run: Run, random: Random, *types: str) -> Orders:
    event = random.choice([one for one in of_type(run, *types) if not one.get("parent_event")])
    later_place = random.choice([event, *run[order_in(run, event) : order_in(run, event) + 40]])
    while later_place.get("parent_event") or later_place.get("detail_orders"):
        later_place = run[order_in(run, later_place) - 2]
    new = insert_after(run, later_place, copy_of(event))
    return (order_in(run, event), order_in(run, new))


def _trade_twice(run: Run, random: Random) -> Orders:
    return _said_twice(run, random, "TRADE_EXECUTED", "SPOT_TRADE", "VENUE_TRANSFER")


def _gas_twice(run: Run, random: Random) -> Orders:
    return _said_twice(run, random, "GAS_FEE_PAID")


def _price_twice(run: Run, random: Random) -> Orders:
    return _said_twice(run, random, "PRICE_UPDATE", "HOURLY_RECONCILIATION")


def _bundle_twice(run: Run, random: Random) -> Orders:
    wrapper = random.choice(of_type(run, "ATOMIC_TRANSACTION"))
    members = bundle_of(run, wrapper)
    place = order_in(run, wrapper)
    again = [copy_of(one) | {"order": 10_000 + one["order"]} for one in members]
    for one in again[1:]:
        one["parent_event"] += 10_000
        if one.get("related_events"):
            one["related_events"] = [10_000 + related for related in one["related_events"]]
    run[place - 1 + len(members) : place - 1 + len(members)] = again
    return (place, place + len(members))


def _two_stakes(run: Run, random: Random) -> tuple[Event, Event]:
    stakes = of_type(run, "STAKE_DEPOSIT")
    confirmed = [one for one in stakes if one["updates"][-1]["status"] == "confirmed"]
    first, second = sorted(random.sample(range(len(confirmed)), 2))
    return confirmed[first], confirmed[second]


def _nonce_twice(run: Run, random: Random) -> Orders:
    first, second = _two_stakes(run, random)
    second["nonce"] = first["nonce"]
    return (order_in(run, first), order_in(run, second))


def _nonce_twice_spelt_otherwise(run: Run, random: Random) -> Orders:
    first, second = _two_stakes(run, random)
    second["nonce"], second["sender"] = first["nonce"], first["sender"].upper()
    return (order_in(run, first), order_in(run, second))


def _hash_twice(run: Run, random: Random) -> Orders:
    first, second = _two_stakes(run, random)
    hashes = [one["tx_hash"] for one in first["updates"] if "tx_hash" in one]
    for update in second["updates"]:
        if "tx_hash" in update:
            update["tx_hash"] = hashes[-1]
    return (order_in(run, first), order_in(run, second))


def _sped_up_as_another(run: Run, random: Random) -> Orders:
    """A speed-up that was logged as a stake of its own."""
    event, _ = _two_stakes(run, random)
    again = insert_after(run, event, moved(copy_of(event), seconds=20))
    for update in again["updates"]:
        if "tx_hash" in update:
            update["tx_hash"] = f"0xfeed{random.randrange(16**8):060x}"
    return (order_in(run, event), order_in(run, again))


def _silent(run: Run, random: Random) -> Orders:
    """Half a day of which nothing is logged."""
    places = [place for place, one in enumerate(run) if not one.get("parent_event")]
    first = random.choice([place for place in places if 20 < place < len(run) - 100])
    began = run[first]["timestamp"]
    last = next(place for place in places if run[place]["timestamp"] > later(began, hours=12))
    del run[first:last]
    return (first, first + 1)


def _ended_early(event: Event, random: Random) -> None:
    for update in event["updates"]:
        if "completion_timestamp" in update:
            minutes = -random.randrange(2, 90)
            update["completion_timestamp"] = later(event["timestamp"], minutes=minutes)


def _triggered_late(event: Event, random: Random) -> None:
    event["completion_timestamp"] = event["timestamp"]
    event["trigger_timestamp"] = later(event["timestamp"], hours=random.randrange(1, 5))


def _committed_back(event: Event, random: Random) -> None:
    event["committed_at"] = later(event["recorded_at"], hours=-random.randrange(2, 9))


def _confirmed(run: Run) -> Run:
    return [one for one in _with_updates(run) if "completion_timestamp" in one["updates"][-1]]


def _singles(run: Run) -> Run:
    return [
        one for one in run[10:-1] if not one.get("parent_event") and not one.get("detail_orders")
    ]


def _whole_bundle_late(run: Run, random: Random) -> Orders:
    members = bundle_of(run, random.choice(of_type(run, "ATOMIC_TRANSACTION")))
    for event in members:
        event["timestamp"] = later(event["timestamp"], hours=-2)
    return tuple(order_in(run, one) for one in members)


_CLOSED = AuditOptions(closed_until=later(START, hours=24))

PLANTS = [
    Plant("a row that is lost", "orders", _lost),
    Plant("a detail that is lost", "links", _lost_detail),
    Plant("a detail that names another wrapper", "links", _detail_of_another),
    Plant("a relation to what is not there", "links", _related_to_nothing),
    Plant("an amount that is text", "schema", storing(amount="much")),
    Plant("an amount that is no number", "schema", storing(amount=float("nan"))),
    Plant("a field that there is not", "schema", storing(colour="red")),
    Plant("a time that is none", "schema", storing(timestamp="2024-13-01T00:00:00Z")),
    Plant("a status that there is not", "schema", storing(status="lost")),
    Plant("a status that nothing begins with", "schema", storing(status="reorged")),
    Plant("a type in small letters", "schema", storing(event_type="trade")),
    Plant("no venue", "schema", storing(venue=None)),
    Plant("gas in parts of a unit", "schema", storing(gas_units=150_000.5)),
    Plant("an extra that the log fills in", "schema", storing(extra={"order": 7})),
    Plant("extras that are none", "schema", storing(extra=None)),
    _tells(status="finalized"),
    _tells(from_status="dropped"),
    _tells(order=1),
    Plant("a commit before the one it follows", "times", changing(_singles, _committed_back), LIVE),
    Plant("an end before the beginning", "times", changing(_confirmed, _ended_early), LIVE),
    Plant("a trigger after the end", "times", changing(lambda run: run, _triggered_late)),
    Plant("a back-dated entry", "cutoff", changing(_singles, _back_dated), LIVE),
    Plant("an outage after which all is logged at once", "cutoff", _outage, LIVE),
    Plant("a bundle that is logged late", "cutoff", _whole_bundle_late, LIVE),
    Plant("an entry into a closed period", "cutoff", _closed, LIVE, options=_CLOSED),
    Plant("a trade that is logged twice", "duplicates", _trade_twice),
    Plant("gas that is logged twice", "duplicates", _gas_twice, LIVE),
    Plant("a price that is logged twice", "duplicates", _price_twice, severity=Severity.WARNING),
    Plant("a bundle that is logged twice", "duplicates", _bundle_twice),
    Plant("a nonce that is confirmed twice", "duplicates", _nonce_twice, LIVE),
    Plant("its sender spelt otherwise", "duplicates", _nonce_twice_spelt_otherwise, LIVE),
    Plant("a transaction that is two", "duplicates", _hash_twice, LIVE),
    Plant("a speed-up that is a stake of its own", "duplicates", _sped_up_as_another, LIVE),
    Plant("silence for half a day, live", "runs", _silent, LIVE, Severity.WARNING),
    Plant("silence for half a day", "runs", _silent, severity=Severity.WARNING),
]
