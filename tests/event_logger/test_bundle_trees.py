"""The trees of bundles: whole for any member, with details that came late, of any depth."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from domain.bundle_planner import MAX_BUNDLE_DEPTH
from event_logger import EventLogger, open_log
from tests.support import HOUR, url_of

Shape: TypeAlias = tuple[int, list[Any]]


def shape(tree: dict[str, Any]) -> Shape:
    return tree["event"]["order"], [shape(detail) for detail in tree["details"]]


def detail(*details: dict[str, Any], **fields: Any) -> dict[str, Any]:
    inner = {"detail_events": list(details)} if details else {}
    return {"event_type": "LEVERAGE_LOOP_ITERATION", "venue": "AAVE", **inner, **fields}


@pytest.fixture
def logger() -> Iterator[EventLogger]:
    with EventLogger() as logger:
        yield logger


def log_entry(logger: EventLogger) -> None:
    """Order 1 is alone, 2 a wrapper of 3, 4 and 7, 4 one of 5 and 6, and 8 is alone."""
    logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE")
    orders = logger.log_atomic_transaction(
        HOUR, "ENTRY", [detail(), detail(detail(), detail()), detail()]
    )
    assert orders == [2, 3, 4, 5, 6, 7]
    logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE")


ENTRY: Shape = (2, [(3, []), (4, [(5, []), (6, [])]), (7, [])])


@pytest.mark.parametrize("order", range(2, 8))
def test_the_tree_of_any_member_is_the_whole_bundle(logger: EventLogger, order: int) -> None:
    log_entry(logger)
    assert shape(logger.bundle_tree(order)) == ENTRY


@pytest.mark.parametrize("order", [1, 8])
def test_an_event_on_its_own_is_a_tree_without_details(logger: EventLogger, order: int) -> None:
    log_entry(logger)
    assert logger.bundle_tree(order) == {"event": logger.events[order - 1], "details": []}


def test_a_wrapper_names_its_direct_details(logger: EventLogger) -> None:
    log_entry(logger)
    named = {
        e["order"]: (e["detail_orders"], e["detail_count"])
        for e in logger.events
        if "detail_orders" in e
    }
    assert named == {2: ([3, 4, 7], 3), 4: ([5, 6], 2)}
    assert [event["parent_event"] for event in logger.events] == [
        None,
        None,
        2,
        2,
        4,
        4,
        2,
        None,
    ]


def test_bundle_trees_gives_every_bundle_once(logger: EventLogger) -> None:
    log_entry(logger)
    logger.log_atomic_transaction(HOUR, "EMPTY", [])
    logger.log_atomic_transaction(HOUR, "EXIT", [detail()])
    assert list(map(shape, logger.bundle_trees())) == [ENTRY, (9, []), (10, [(11, [])])]


def test_a_log_without_bundles_has_no_trees(logger: EventLogger) -> None:
    assert list(logger.bundle_trees()) == []
    logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE")
    assert list(logger.bundle_trees()) == []


LATE: Shape = (2, [(3, []), (4, [(5, []), (6, []), (11, [(12, [])])]), (7, []), (9, [])])


def log_late_details(logger: EventLogger) -> None:
    logger.log_event(HOUR, "GAS_FEE_PAID", "ETHEREUM", parent_event=2)
    logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE")
    logger.log_atomic_transaction(HOUR, "LOOP", [detail()], parent_event=4)
    logger.log_event(HOUR, "GAS_FEE_PAID", "ETHEREUM", parent_event=1)


@pytest.mark.parametrize("order", [*range(2, 8), 9, 11, 12])
def test_details_that_came_late_belong_to_the_bundle(logger: EventLogger, order: int) -> None:
    log_entry(logger)
    log_late_details(logger)
    assert shape(logger.bundle_tree(order)) == LATE


@pytest.mark.parametrize("order", [1, 13])
def test_a_late_detail_makes_its_parent_a_tree(logger: EventLogger, order: int) -> None:
    log_entry(logger)
    log_late_details(logger)
    assert shape(logger.bundle_tree(order)) == (1, [(13, [])])


def test_bundle_trees_has_the_late_details_in_them(logger: EventLogger) -> None:
    log_entry(logger)
    log_late_details(logger)
    assert list(map(shape, logger.bundle_trees())) == [(1, [(13, [])]), LATE]


def test_a_late_detail_right_after_its_bundle_belongs_to_it(logger: EventLogger) -> None:
    logger.log_atomic_transaction(HOUR, "ENTRY", [detail()])
    logger.log_event(HOUR, "GAS_FEE_PAID", "ETHEREUM", parent_event=1)
    logger.log_event(HOUR, "GAS_FEE_PAID", "ETHEREUM", parent_event=2)
    expected: Shape = (1, [(2, [(4, [])]), (3, [])])
    assert [shape(logger.bundle_tree(order)) for order in (1, 2, 3, 4)] == [expected] * 4
    assert list(map(shape, logger.bundle_trees())) == [expected]


def test_trees_are_the_same_after_reopening_and_to_a_reader(tmp_path: Path) -> None:
    url = url_of(tmp_path / "runs.db")
    with EventLogger(store=url, commit_every=1) as logger:
        log_entry(logger)
        log_late_details(logger)
        trees = list(logger.bundle_trees())
    with EventLogger(store=url) as logger, open_log(url) as reader:
        assert list(logger.bundle_trees()) == trees
        assert list(reader.bundle_trees()) == trees


def test_a_bundle_as_deep_as_allowed_has_its_tree(logger: EventLogger) -> None:
    innermost = detail()
    for _ in range(MAX_BUNDLE_DEPTH):
        innermost = detail(innermost)
    orders = logger.log_atomic_transaction(HOUR, "DEEP", [innermost])
    tree = logger.bundle_tree(orders[-1])
    for order in orders:
        assert tree["event"]["order"] == order
        tree = tree["details"][0] if tree["details"] else {}
    assert tree == {}


def test_a_bundle_larger_than_a_page_has_its_tree(logger: EventLogger) -> None:
    orders = logger.log_atomic_transaction(HOUR, "LARGE", [detail()] * 2500)
    logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE")
    whole: Shape = (1, [(order, []) for order in orders[1:]])
    assert shape(logger.bundle_tree(2400)) == whole
    assert list(map(shape, logger.bundle_trees())) == [whole]
