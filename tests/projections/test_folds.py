"""Every projection is a pure fold: the same twice, and the same half after half."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from projections.bundle_trees import BundleTrees
from projections.csv_rows import CsvColumns, CsvLines
from projections.event_dicts import Record, event_dict
from projections.status_board import LiveStatus
from projections.summary import Summary

NOW = datetime(2024, 5, 12, 14, tzinfo=UTC)
Numbered = tuple[int, Record]

names = st.sampled_from(["ETH", "USDT", "weETH", "AAVE", "BINANCE"])
amounts = (
    st.floats(allow_nan=False, allow_infinity=False)
    | st.integers(-(2**80), 2**80)
    | st.sampled_from([Decimal("0.1"), Decimal("-1E+20"), Decimal("1.000000000000000001")])
)
optional = {
    "token": names,
    "amount": amounts,
    "gas_cost_eth": amounts,
    "nonce": st.integers(0, 9),
    "block_number": st.integers(0, 9),
    "extra": st.dictionaries(
        st.sampled_from(["a", "b", "c", "note"]),
        st.sampled_from([None, 1, 2.5, "text", Decimal("1.10"), ["list"], {"in": "dict"}]),
        min_size=1,
    ),
}
plain_records = st.fixed_dictionaries(
    {
        "recorded_at": st.just("2024-05-12T14:00:00Z"),
        "timestamp": st.just("2024-05-12T14:00:00Z"),
        "event_type": st.sampled_from(["STAKE_DEPOSIT", "GAS_FEE_PAID", "ATOMIC_TRANSACTION"]),
        "venue": names,
    },
    optional=optional,
)


@st.composite
def logs(draw: st.DrawFn) -> list[Numbered]:
    """Orders 1, 2, 3 … with parents that come before their details."""
    log = []
    for order, record in enumerate(draw(st.lists(plain_records, max_size=8)), 1):
        parent = draw(st.none() | st.integers(1, order - 1)) if order > 1 else None
        links = {} if parent is None else {"parent_event": parent}
        log.append((order, record | links))
    return log


def as_events(log: list[Numbered]) -> list[dict[str, Any]]:
    return [event_dict(order, dict(record), str) for order, record in log]


def summary(*halves: list[Numbered]) -> Any:
    whole = Summary()
    for half in halves:
        whole.fold(half)
    return whole.as_dict()


def live_status(*halves: list[Numbered]) -> Any:
    whole = LiveStatus()
    for half in halves:
        whole.fold(half)
    return whole.as_dict(NOW)


def columns(*halves: list[Numbered]) -> Any:
    whole = CsvColumns()
    for half in halves:
        whole.fold(half)
    return whole.names()


def trees(*halves: list[Numbered]) -> Any:
    whole = BundleTrees()
    for half in halves:
        whole.fold(as_events(half))
    return whole.trees()


def rows(*halves: list[Numbered]) -> Any:
    header = CsvColumns()
    for half in halves:
        header.fold(half)
    return [row for half in halves for row in CsvLines(header.names()).lines(half)]


Projection = Callable[..., Any]
PROJECTIONS = [summary, live_status, columns, trees, rows]


@pytest.mark.parametrize("project", PROJECTIONS)
@settings(max_examples=50)
@given(log=logs())
def test_folding_twice_gives_the_same(project: Projection, log: list[Numbered]) -> None:
    assert project(log) == project(log)


@pytest.mark.parametrize("project", PROJECTIONS)
@settings(max_examples=50)
@given(log=logs(), data=st.data())
def test_half_after_half_is_the_whole(
    project: Projection, log: list[Numbered], data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(log)))
    assert project(log[:cut], log[cut:]) == project(log)


@settings(max_examples=50)
@given(log=logs(), data=st.data())
def test_trees_do_not_depend_on_the_order_of_folding(
    log: list[Numbered], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(as_events(log)))
    assert BundleTrees().fold(shuffled).trees() == trees(log)


@settings(max_examples=50)
@given(log=logs())
def test_every_event_is_in_one_tree_below_its_parent(log: list[Numbered]) -> None:
    seen: list[int] = []

    def walk(tree: dict[str, Any], parent: int | None) -> None:
        assert tree["event"]["parent_event"] == parent
        seen.append(tree["event"]["order"])
        for detail in tree["details"]:
            walk(detail, tree["event"]["order"])

    for tree in trees(log):
        walk(tree, None)
    assert sorted(seen) == [order for order, _ in log]


@settings(max_examples=50)
@given(log=logs())
def test_folding_changes_no_record(log: list[Numbered]) -> None:
    import copy

    before = copy.deepcopy(log)
    for project in PROJECTIONS:
        project(log)
    assert log == before


def test_an_event_folded_twice_stays_one() -> None:
    record = {"recorded_at": "2024-05-12T14:00:00Z", "timestamp": "2024-05-12T14:00:00Z"}
    event = event_dict(1, record | {"event_type": "STAKE_DEPOSIT", "venue": "LIDO"}, str)
    assert BundleTrees().fold([event]).fold([event]).trees() == [{"event": event, "details": []}]


def test_the_summary_counts_only_amounts_that_are_there() -> None:
    def record(**fields: Any) -> Record:
        return {"event_type": "STAKE_DEPOSIT", "venue": "LIDO", **fields}

    figures = summary(
        [
            (4, record(token="ETH", amount=Decimal("0.1"))),
            (5, record(token="ETH", amount=Decimal("0.2"))),
            (6, record(token="USDT")),
            (7, record(amount=3)),
        ]
    )
    assert figures == {
        "total_events": 4,
        "event_types": {"STAKE_DEPOSIT": 4},
        "venues": {"LIDO": 4},
        "total_amount": Decimal("3.3"),
        "amount_by_token": {"ETH": Decimal("0.3")},
        "first_event_order": 4,
        "last_event_order": 7,
    }
    assert type(figures["total_amount"]) is Decimal
