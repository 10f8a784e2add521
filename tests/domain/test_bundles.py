"""Bundles: contiguous, depth-first, whole or not at all; built from dicts or step by step."""

from __future__ import annotations

import threading

import pandas as pd
import pytest

from domain.errors import InvalidEventError, UnknownOrderError
from event_logger import EventLogger

NOON = pd.Timestamp("2024-05-12 12:00", tz="UTC")
X = {"event_type": "X", "venue": "V"}


def test_nested_bundles_get_depth_first_orders() -> None:
    loop = {"event_type": "LEVERAGE_LOOP_ITERATION", "venue": "AAVE", "detail_events": [X, X]}
    with EventLogger() as logger:
        logger.log_event(NOON, "X", "V")
        orders = logger.log_atomic_transaction(NOON, "ENTRY", [X, loop, X], {"debt": 1})
        assert orders == [2, 3, 4, 5, 6, 7]
        wrapper, inner = logger.events[1], logger.events[3]
        assert (wrapper["detail_orders"], wrapper["detail_count"]) == ([3, 4, 7], 3)
        assert (inner["detail_orders"], inner["parent_event"]) == ([5, 6], 2)
        assert [event["parent_event"] for event in logger.events[4:]] == [4, 4, 2]


def test_details_take_the_wrappers_time_unless_they_bring_their_own() -> None:
    later = NOON + pd.Timedelta(hours=1)
    with EventLogger() as logger:
        logger.log_atomic_transaction(NOON, "ENTRY", [X, X | {"timestamp": later}], {})
        assert [event["timestamp"] for event in logger.events] == [NOON, NOON, later]


def test_the_callers_dicts_are_left_as_they_are() -> None:
    detail = X | {"detail_events": [dict(X)]}
    with EventLogger() as logger:
        logger.log_atomic_transaction(NOON, "ENTRY", [detail], {})
    assert detail == X | {"detail_events": [X]}


def test_a_bundle_is_built_step_by_step() -> None:
    with EventLogger() as logger:
        with logger.bundle(NOON, "ENTRY", net_result={"debt": 9}) as bundle:
            loan = bundle.log_flash_borrow(NOON, "BALANCER", "WETH", 10)
            with bundle.bundle(None, "LOOP") as loop:
                stake = loop.log_stake(NOON, "ETHERFI", 10, 9.6, 1.04)
            repaid = bundle.log_flash_repay(
                NOON, "BALANCER", "WETH", 10, related_events=[loan, stake]
            )
            assert logger.global_order == 0
        assert bundle.orders == [1, 2, 3, 4, 5]
        assert [bundle.orders[step] for step in (loan, stake, repaid)] == [2, 4, 5]
        assert logger.events[4]["related_events"] == [2, 4]
        assert logger.events[0]["net_result"] == {"debt": 9}
        assert logger.bundle_tree(4)["details"][1]["event"]["bundle_name"] == "LOOP"


def test_an_exception_inside_the_block_stores_nothing() -> None:
    with EventLogger() as logger:
        with pytest.raises(ZeroDivisionError), logger.bundle(NOON, "ENTRY") as bundle:
            bundle.log_event(NOON, "X", "V")
            1 / 0  # noqa: B018
        assert bundle.orders is None
        assert logger.log_event(NOON, "X", "V") == 1


def test_an_inner_bundle_that_failed_leaves_the_outer_one_going_on() -> None:
    with EventLogger() as logger:
        with logger.bundle(NOON, "ENTRY") as bundle:
            with pytest.raises(ZeroDivisionError), bundle.bundle(NOON, "LOOP") as loop:
                loop.log_event(NOON, "Y", "V")
                1 / 0  # noqa: B018
            last = bundle.log_event(NOON, "X", "V")
        assert bundle.orders == [1, 2]
        assert logger.events[bundle.orders[last] - 1]["event_type"] == "X"


def test_steps_are_logged_inside_their_own_block() -> None:
    with EventLogger() as logger:
        with logger.bundle(NOON, "ENTRY") as bundle:
            with bundle.bundle(NOON, "LOOP"), pytest.raises(InvalidEventError, match="still open"):
                bundle.log_event(NOON, "X", "V")
        with pytest.raises(InvalidEventError, match="has ended"):
            bundle.log_event(NOON, "X", "V")
        assert logger.global_order == 2


def test_a_step_that_cannot_be_logged_says_so_at_once_and_the_block_may_go_on() -> None:
    with EventLogger() as logger:
        with logger.bundle(NOON, "ENTRY") as bundle:
            with pytest.raises(InvalidEventError, match=r"^venue "):
                bundle.log_event(NOON, "X", "")
            bundle.log_event(NOON, "X", "V")
        assert bundle.orders == [1, 2]


def test_a_related_order_that_does_not_exist_refuses_the_bundle() -> None:
    with EventLogger() as logger:
        with pytest.raises(UnknownOrderError), logger.bundle(NOON, "ENTRY") as bundle:
            bundle.log_event(NOON, "X", "V", related_events=[7])
        assert logger.global_order == 0


def test_other_threads_log_while_a_bundle_is_being_built() -> None:
    with EventLogger() as logger:
        with logger.bundle(NOON, "ENTRY") as bundle:
            bundle.log_event(NOON, "X", "V")
            thread = threading.Thread(target=logger.log_event, args=(NOON, "Y", "V"))
            thread.start()
            thread.join(10)
            assert not thread.is_alive()
        assert bundle.orders == [2, 3]
        assert logger.events[0]["event_type"] == "Y"
