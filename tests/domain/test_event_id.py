"""`event_id` makes logging idempotent: the same again is the first, anything else an error."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from domain.errors import EventIdConflictError
from event_logger import EventLogger

NOON = pd.Timestamp("2024-05-12 12:00", tz="UTC")
LATER = NOON + pd.Timedelta(hours=1)
X: dict[str, Any] = {"event_type": "X", "venue": "V"}


@pytest.fixture
def store(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'log.db'}"


def log_one(logger: EventLogger, timestamp: Any = NOON, **changed: Any) -> int:
    given: dict[str, Any] = {
        "event_type": "X",
        "venue": "V",
        "amount": 1,
        "event_id": "a",
        "note": {"k": [1]},
    }
    return logger.log_event(timestamp, **given | changed)


@pytest.mark.parametrize("reopened", [False, True])
def test_the_same_again_gives_the_first_order_and_stores_nothing(
    store: str, reopened: bool
) -> None:
    logger = EventLogger(store=store)
    assert (log_one(logger), logger.log_event(NOON, "Y", "V")) == (1, 2)
    if reopened:
        logger.close()
        logger = EventLogger(store=store)
    with logger:
        assert log_one(logger, LATER, position_snapshot={"wallet": {}}) == 1
        assert logger.global_order == 2
        assert logger.log_event(NOON, "Y", "V") == 3


@pytest.mark.parametrize(
    "changed", [{"amount": 2}, {"venue": "W"}, {"note": {"k": [2]}}, {"extra": 1}, {"token": "ETH"}]
)
def test_different_content_is_an_error(store: str, changed: dict[str, Any]) -> None:
    with EventLogger(store=store) as logger:
        log_one(logger)
        with pytest.raises(
            EventIdConflictError, match="was logged before as order 1 with different"
        ):
            log_one(logger, **changed)
        assert logger.global_order == 1
        assert logger.log_event(NOON, "Y", "V") == 2


@pytest.mark.parametrize(
    ("field", "first", "again"),
    [
        ("amount", Decimal("1.50"), 1.5),
        ("amount", 1, 1.0),
        ("amount", 1, Decimal("1.000")),
        ("amount", 0.1, Decimal("0.10")),
        ("amount", Decimal("0.1"), np.float64(0.1)),
        ("amount", Decimal.from_float(0.1), 0.1),
        ("amount", 0, Decimal("-0.0")),
        ("amount", 10**23, 1e23),
        ("amount", 10**4000, Decimal(10**4000)),
        ("gas_units", 7, np.int8(7)),
        ("iteration", 1, np.uint64(1)),
        ("note", {"k": [1, 2.0, {"d": Decimal("3.10")}]}, {"k": (1.0, 2, {"d": 3.1})}),
        ("note", [True, None], (np.bool_(True), None)),
        ("note", float("inf"), Decimal("Infinity")),
        ("note", {"a": 1, "b": 2}, {"b": 2.0, "a": 1}),
        ("trigger_timestamp", NOON, LATER),
        ("position_snapshot", {"wallet": {"ETH": 1}}, {"wallet": {"ETH": 2}}),
        ("position_snapshot", {"wallet": {}}, None),
    ],
)
@pytest.mark.parametrize("mode", ["backtest", "live"])
def test_numbers_of_equal_value_are_the_same_in_whatever_form(
    store: str, mode: str, field: str, first: Any, again: Any
) -> None:
    options: dict[str, Any] = {"redis": False} if mode == "live" else {}
    with EventLogger(mode, store=store, **options) as logger:
        assert log_one(logger, **{field: first}) == 1
        assert log_one(logger, **{field: again}) == 1
        detail = X | {"event_id": "d", field: first}
        orders = logger.log_atomic_transaction(NOON, "ENTRY", [detail], {}, event_id="b")
        detail[field] = again
        again_orders = logger.log_atomic_transaction(NOON, "ENTRY", [detail], {}, event_id="b")
        assert again_orders == orders


@pytest.mark.parametrize(
    ("changed", "fields"),
    [
        ({"amount": Decimal("1.01")}, ("amount",)),
        ({"amount": None}, ("amount",)),
        ({"amount": 2, "note": {"k": [1, 1]}, "venue": "W"}, ("venue", "amount", "note")),
        ({"note": {"k": ["1"]}}, ("note",)),
        ({"note": {"k": [True]}}, ("note",)),
        ({"more": 1, "purpose": "other"}, ("purpose", "more")),
        ({"nonce": 3, "token": "ETH"}, ("token", "nonce")),
    ],
)
def test_a_conflict_names_the_fields_that_differ(
    store: str, changed: dict[str, Any], fields: tuple[str, ...]
) -> None:
    with EventLogger(store=store) as logger:
        log_one(logger)
        with pytest.raises(EventIdConflictError) as refused:
            log_one(logger, **changed)
        assert set(refused.value.fields) == set(fields)
        assert all(field in str(refused.value) for field in fields)
        assert logger.global_order == 1


@pytest.mark.parametrize("reopened", [False, True])
def test_a_bundle_again_gives_its_orders(store: str, reopened: bool) -> None:
    logger = EventLogger(store=store)
    details = [X, X | {"detail_events": [X]}]
    orders = logger.log_atomic_transaction(NOON, "ENTRY", details, {}, event_id="b")
    logger.log_event(NOON, "Y", "V")
    if reopened:
        logger.close()
        logger = EventLogger(store=store)
    with logger:
        assert logger.log_atomic_transaction(LATER, "ENTRY", details, {}, event_id="b") == orders
        assert orders == [1, 2, 3, 4]
        with pytest.raises(EventIdConflictError):
            logger.log_atomic_transaction(NOON, "ENTRY", [X], {}, event_id="b")
        assert logger.global_order == 5


def test_a_detail_whose_id_is_taken_refuses_the_bundle(store: str) -> None:
    with EventLogger(store=store) as logger:
        log_one(logger)
        for details in ([X | {"event_id": "a"}], [X | {"event_id": "c"}, X | {"event_id": "c"}]):
            with pytest.raises(EventIdConflictError):
                logger.log_atomic_transaction(NOON, "ENTRY", details, {})
        assert logger.global_order == 1


def test_another_log_of_the_store_has_ids_of_its_own(store: str) -> None:
    with EventLogger(store=store, log="one") as one, EventLogger(store=store, log="two") as two:
        assert log_one(one) == log_one(two, amount=2) == 1


@pytest.mark.parametrize("mode", ["backtest", "live"])
def test_what_is_no_number_is_the_same_when_it_is_said_again(store: str, mode: str) -> None:
    options: dict[str, Any] = {"redis": False} if mode == "live" else {}
    with EventLogger(mode, store=store, **options) as logger:
        for given in (Decimal("sNaN"), Decimal("NaN"), float("nan")):
            assert log_one(logger, note=given) == 1
        with pytest.raises(EventIdConflictError, match=r"different content \(note\)"):
            log_one(logger, note=1)


TELLING, OTHER = "PRICE_UPDATE", "TRADE_EXECUTED"


@pytest.mark.parametrize(
    ("event_type", "first", "again", "is_same"),
    [
        (OTHER, None, "pending", True),
        (OTHER, "pending", None, True),
        (OTHER, None, "completed", False),
        (OTHER, "completed", None, False),
        (OTHER, "completed", "completed", True),
        (OTHER, "confirmed", "completed", False),
        (TELLING, None, "completed", True),
        (TELLING, "completed", None, True),
        (TELLING, None, "pending", False),
        (TELLING, "completed", "pending", False),
        (TELLING, "pending", "pending", True),
        (TELLING, "confirmed", None, False),
    ],
)
@pytest.mark.parametrize("is_bundle", [False, True])
def test_the_status_at_logging_is_content(
    store: str,
    event_type: str,
    first: str | None,
    again: str | None,
    is_same: bool,
    is_bundle: bool,
) -> None:
    def log(logger: EventLogger, status: str | None) -> list[int]:
        given: dict[str, Any] = {} if status is None else {"status": status}
        if is_bundle and event_type == OTHER:
            return list(
                logger.log_atomic_transaction(NOON, "ENTRY", [X], {}, event_id="b", **given)
            )
        return [logger.log_event(NOON, event_type, "V", "ETH", 1, event_id="b", **given)]

    with EventLogger("live", store=store, redis=False) as logger:
        orders = log(logger, first)
        if is_same:
            assert log(logger, again) == orders
        else:
            with pytest.raises(EventIdConflictError, match=r"different content \(status\)"):
                log(logger, again)
        assert logger.global_order == len(orders)


@pytest.mark.parametrize("mode", ["backtest", "live"])
def test_a_bundle_whose_ids_stand_on_its_details_only(store: str, mode: str) -> None:
    nested = X | {"detail_events": [X | {"event_id": "inner"}]}
    details = [X | {"event_id": "d1"}, X, nested, X | {"event_id": "d2"}]
    options: dict[str, Any] = {"redis": False} if mode == "live" else {}

    def log(logger: EventLogger, details: list[dict[str, Any]], name: str = "ENTRY") -> list[int]:
        return list(logger.log_atomic_transaction(LATER, name, details, {}))

    for _ in range(2):
        with EventLogger(mode, store=store, **options) as logger:
            for _ in range(2):
                assert log(logger, details) == [1, 2, 3, 4, 5, 6]
            for wrong in (
                details[:-1],
                [*details, X],
                [details[1], details[0], *details[2:]],
                [X | {"event_id": "new"}, *details[1:]],
                details[:1],
            ):
                with pytest.raises(EventIdConflictError):
                    log(logger, wrong)
            with pytest.raises(EventIdConflictError):
                log(logger, details, "ANOTHER")
            assert logger.global_order == 6
    with EventLogger(mode, store=store, **options) as logger:
        assert [event["event_id"] for event in logger.events] == [
            *(None, "d1", None, None, "inner", "d2")
        ]
