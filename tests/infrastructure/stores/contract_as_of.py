"""What a store gave at some point of a log it gives as of that point ever after."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from domain.audit_log import AuditLog
from domain.horizon import START, Horizon
from domain.lifecycle import lifecycle_id
from infrastructure.as_of import StoreAsOf
from infrastructure.followers.board import StatusBoard
from infrastructure.horizons import Horizons
from infrastructure.reading import LogReading
from infrastructure.store import LogStore
from tests.infrastructure.stores.written import (
    ALL,
    HOUR,
    Backend,
    Move,
    OnStore,
    Part,
    bundle,
    entry,
    new_log,
    writer,
)

HOUR_LATER = HOUR + timedelta(hours=1)
SECOND = 1_000_000
NOON = 1_715_515_200 * SECOND
COMMITS: list[list[Part]] = [
    [entry(1, event_id="a"), Move(1, "0x1")],
    [bundle(2, tx_hash="0x2"), entry(2)],
    [Move(2, "0x1", "confirmed", "pending"), Move(1, "0x3", "submitted", "submitted")],
    [entry(3, tx_hash="0x1", event_id="b"), Move(1, "0x3", "confirmed", "submitted")],
    [entry(4, "CORRECTION", related_events=[1])],
    [Move(5, "0x2")],
]


def everything(store: LogStore, log: AuditLog) -> dict[str, Any]:
    """What every method of reading gives of a log."""
    reads, one = store.reads, log.id
    lifecycles = [lifecycle_id(one, order) for order in range(1, 9)]
    board = StatusBoard(store, log)
    return {
        "end": reads.end(one),
        "events": reads.events(one, 1, ALL, ALL),
        "middle": reads.events(one, 2, 3, 5),
        "transitions": reads.transitions(one, lifecycles),
        "event_ids": [reads.order_of(one, event_id) for event_id in ("a", "b", "c")],
        "hashes": [reads.orders_with_hash(one, tx_hash) for tx_hash in ("0x1", "0x2", "0x3")],
        "late_details": reads.late_details(one),
        "corrections": reads.corrections(one),
        "entries": reads.entries(one, START, ALL),
        "stored_entries": reads.stored_entries(one, START, ALL),
        "plain_events": reads.plain_events(one, START, ALL, list),
        "page": reads.entries(one, Horizon(1, 1), 2),
        "writers": {*reads.writers(one)},
        "times": [reads.horizon_at(one, NOON + second * SECOND) for second in range(-1, 3)],
        "board": board.rebuilt().as_dict(HOUR_LATER, 60.0),
    }


class AsOfContract(OnStore):
    """A store as of a point of one of its logs."""

    def test_it_gives_as_of_a_point_what_it_gave_there(
        self, store: LogStore, backend: Backend
    ) -> None:
        other = new_log(store, "other")
        other.append(entry(), Move(1, "0x1"))
        with backend.at_time(NOON):
            log = new_log(store)
        gave = {START: everything(store, log.log)}
        for second, parts in enumerate(COMMITS, 1):
            with backend.at_time(NOON + second * SECOND):
                log.append(*parts, by=log.writer if second < 4 else writer())
            if second == 3:
                StatusBoard(store, log.log).catch_up()
            gave[log.horizon] = everything(store, log.log)
        of_the_other = everything(store, other.log)
        for horizon, given in gave.items():
            then = StoreAsOf(store, log.log.id, horizon)
            assert everything(then, log.log) == given
            assert everything(then, other.log) == of_the_other
            shown = StatusBoard(then, log.log).read(60.0, HOUR_LATER)
            assert shown["counts"] == given["board"]["counts"]
            assert [row["order"] for row in shown["open"]] == [
                row["order"] for row in given["board"]["open"]
            ]

    def test_every_point_of_a_log_is_found(self, store: LogStore, backend: Backend) -> None:
        log = new_log(store)
        for parts in COMMITS:
            log.append(*parts)
        horizons = Horizons(store.reads, log.log, LogReading(store, log.log))
        inside = {Horizon(2, 1), Horizon(3, 1)}
        for horizon in [START, *log.committed]:
            if horizon not in inside:
                assert horizons.found(horizon) == (horizon, None)
        for order in range(1, log.horizon.order + 1):
            last = 4 if 2 <= order <= 4 else order
            expected = next(one for one in log.committed if one.order == last)
            assert horizons.found(order) == (expected, None)
