"""The rungs beside the verdicts: inputs, fields, the first divergence, totals, costs."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from projections.event_dicts import Record
from tests.projections.comparison.runs import (
    RunInMemory,
    bundle,
    comparison_of,
    event,
    trade,
)

HOUR = 3600

INPUTS = [
    ("nothing is said", {}, {}, [], "nothing that they say of themselves"),
    ("one", {"fee": 1, "v": 2}, {"fee": 3, "v": 2}, ["metadata.fee"], "metadata.fee alone was run"),
    ("one that is missing", {"fee": 1}, {}, ["metadata.fee"], "metadata.fee alone was run"),
    ("None is something", {"fee": None}, {}, ["metadata.fee"], "metadata.fee alone was run"),
    ("written otherwise", {"fee": 1}, {"fee": Decimal("1.0")}, [], "nothing that they say"),
    (
        "two",
        {"fee": 1, "more": {"deep": [1]}},
        {"fee": 2, "more": {"deep": [2]}},
        ["metadata.fee", "metadata.more.deep"],
        "2 inputs differ: no single cause is named",
    ),
    ("where it was before", {"imported_from": {"file": "x"}}, {}, [], "nothing that they say"),
]


@pytest.mark.parametrize(("case", "a", "b", "names", "cause"), INPUTS)
def test_what_was_run_differently(
    case: str, a: dict[str, Any], b: dict[str, Any], names: list[str], cause: str
) -> None:
    found = comparison_of(RunInMemory([], metadata=a), RunInMemory([event()], metadata=b))
    assert [one.what for one in found.inputs_differing] == names, case
    assert found.cause.startswith(cause)


def test_the_mode_is_an_input_and_a_file_that_tells_none_names_no_cause() -> None:
    live = RunInMemory([event()], mode="live")
    assert comparison_of(RunInMemory([]), live).cause == (
        "mode alone was run differently, and may be the cause"
    )
    file = RunInMemory([event()], mode="", told_in_text=True)
    assert "does not say how it was run" in comparison_of(live, file).cause


def test_identical_is_what_is_written_the_same_in_the_same_order() -> None:
    a = [event(), event(HOUR)]
    assert comparison_of(
        a, [one | {"recorded_at": "2025-01-01T00:00:00Z"} for one in a]
    ).is_identical
    for other in (
        [*reversed(a)],
        [event(amount=1.0), event(HOUR)],
        [event(), event(2 * HOUR)],
        a[:1],
    ):
        assert not comparison_of(a, other).is_identical


def test_the_fields_are_counted() -> None:
    found = comparison_of(
        [
            event(0, purpose="x", fee=1),
            event(HOUR, fee=1, note="n"),
            event(2 * HOUR, fee=100),
            event(3 * HOUR, note="only in A"),
            event(4 * HOUR, fee=1),
        ],
        [
            event(0, fee=1),
            event(HOUR, fee=2, note="n"),
            event(2 * HOUR, fee=101),
            event(4 * HOUR, fee=1),
        ],
        tolerance="0.01",
    )
    counted = {
        name: (one.equal, one.within, one.missing_a, one.missing_b, one.conflicting, one.first)
        for name, one in found.fields.items()
    }
    assert counted["purpose"] == (0, 0, 0, 1, 0, (1, 1))
    assert counted["fee"] == (2, 1, 0, 0, 1, (2, 2))
    assert counted["note"] == (1, 0, 0, 0, 0, None)
    assert counted["amount"] == (4, 0, 0, 0, 0, None)
    assert [name for name, _ in found.shown_fields(with_all=False)] == ["fee", "purpose"]
    assert "amount" in dict(found.shown_fields(with_all=True))


def test_orders_that_an_event_names_are_the_same_where_they_lead_to_partners() -> None:
    a = [event(), event(HOUR, "RISK_ALERT"), event(2 * HOUR, amount=1, related_events=[2])]
    b = [event(HOUR, "RISK_ALERT"), event(2 * HOUR, amount=2, related_events=[1])]
    links = comparison_of(a, b).fields["related_events"]
    assert (links.equal, links.conflicting) == (1, 0)
    elsewhere = comparison_of(a, [event(HOUR), *b[:1], b[1] | {"related_events": [1]}])
    assert elsewhere.fields["related_events"].conflicting == 1
    assert elsewhere.counts["different"] == (1, 1)


SNAPSHOT = {"wallet": {"ETH": 1, "USDT": Decimal("5.0")}}
SNAPSHOTS = [
    ("the same", SNAPSHOT, {"wallet": {"USDT": 5, "ETH": 1.0}}, True),
    ("another balance", SNAPSHOT, {"wallet": {"USDT": 5, "ETH": 2}}, False),
    ("an asset that is missing", SNAPSHOT, {"wallet": {"ETH": 1}}, False),
]


@pytest.mark.parametrize(("case", "one", "other", "same"), SNAPSHOTS)
def test_snapshots_are_no_content_but_no_run_with_others_is_the_same(
    case: str, one: Any, other: Any, same: bool
) -> None:
    found = comparison_of([event(position_snapshot=one)], [event(position_snapshot=other)])
    assert found.counts["equal"] == (1, 1)
    assert found.is_same is same


def test_where_one_run_has_no_snapshots_at_all_none_are_compared() -> None:
    with_some = [event(position_snapshot=SNAPSHOT), event(HOUR, position_snapshot=SNAPSHOT)]
    assert comparison_of(with_some, [event(), event(HOUR)]).is_same
    assert not comparison_of(with_some, [event(), with_some[1]]).is_same


def test_the_first_divergence_has_five_events_around_it() -> None:
    a = [event(hour * HOUR) for hour in range(20)]
    found = comparison_of(a, [*a[:9], *a[10:]])
    assert found.first is not None
    assert (found.first.verdict, found.first.a, found.first.b) == ("only in A", (10,), ())
    rows = [(row.verdict, _orders(row.a), _orders(row.b)) for row in found.around]
    assert rows == [
        *(("equal", [n], [n]) for n in range(5, 10)),
        ("only in A", [10], []),
        *(("equal", [n], [n - 1]) for n in range(11, 16)),
    ]
    back = comparison_of([*a[:9], *a[10:]], a)
    assert [(row.verdict, _orders(row.a), _orders(row.b)) for row in back.around] == [
        (verdict.replace("A", "B"), of_b, of_a) for verdict, of_a, of_b in rows
    ]


Orders = tuple[int, ...]


def _orders(line: dict[str, Any] | None) -> list[int]:
    return [] if line is None else line["orders"]


FIRST: list[tuple[str, list[Record], list[Record], tuple[str, Orders, Orders]]] = [
    ("at the begin", [], [event()], ("only in B", (), (1,))),
    ("by time, not by order", [event(HOUR, amount=1), event(0, amount=2)],
     [event(HOUR, amount=3), event(0, amount=4)], ("different", (2,), (2,))),
    ("several", [event(0, amount=1), event(0, amount=2)], [event(0, amount=3), event(0, amount=4)],
     ("ambiguous", (1, 2), (1, 2))),
    ("in parts", [event(0), trade(HOUR, 10)], [event(0), trade(HOUR, 4), trade(HOUR, 5)],
     ("different", (2,), (2, 3))),
    ("none", [event()], [event()], ("", (), ())),
]  # fmt: skip


@pytest.mark.parametrize(("case", "a", "b", "then"), FIRST)
def test_which_the_first_divergence_is(case: str, a: Any, b: Any, then: Any) -> None:
    found = comparison_of(a, b)
    first = found.first
    assert then == (("", (), ()) if first is None else (first.verdict, first.a, first.b))
    shown = [(row.verdict, (*_orders(row.a),), (*_orders(row.b),)) for row in found.around]
    assert (then in shown) == (first is not None)


def test_what_differs_is_told_by_time_and_only_the_first_of_it() -> None:
    a = [event(hour * HOUR, amount=1) for hour in reversed(range(50))]
    b = [event(hour * HOUR, amount=2) for hour in reversed(range(50))]
    found = comparison_of(a, b, most=3)
    assert [one.a for one in found.differences] == [(50,), (49,), (48,)]
    assert found.left_out == 47
    assert found.counts["different"] == (50, 50)
    assert [one.a for one in comparison_of(a, b, most=None).differences][-1] == (1,)
    assert found.differences[0].changes == (("amount", 1, 2, "conflicting"),)


def test_what_one_side_alone_has_names_the_nearest_like_it() -> None:
    found = comparison_of([event(), event(HOUR)], [event(), event(2 * HOUR), event(5 * HOUR)])
    assert [(one.verdict, one.like) for one in found.differences] == [
        ("only in A", 2),
        ("only in B", 2),
        ("only in B", 2),
    ]


def test_the_totals_that_differ() -> None:
    found = comparison_of([event(amount=0.1), trade(0, 1)], [event(amount=0.3), trade(0, 1)])
    assert found.shown_totals(with_all=False) == [
        {
            "event_type": "FUNDING_PAYMENT",
            "token": "USDT",
            "events_a": 1,
            "events_b": 1,
            "amount_a": Decimal("0.1"),
            "amount_b": Decimal("0.3"),
            "difference": Decimal("0.2"),
        }
    ]
    assert len(found.shown_totals(with_all=True)) == 2


def test_text_of_a_file_is_compared_as_text() -> None:
    log = [event(code="12", flag=True, empty="", big=10**30), event(HOUR, code="x")]
    file = RunInMemory(
        [event(code=Decimal("12"), flag="True", big=Decimal("1E+30")), event(HOUR, code="x")],
        mode="",
        told_in_text=True,
    )
    assert comparison_of(log, file).counts["equal"] == (2, 2)


def test_bundles_within_bundles_and_details_that_came_later() -> None:
    inner = bundle(2, 0, "LOOP", event(0, "STAKE_DEPOSIT", 1), event(0, "STAKE_DEPOSIT", 2))
    outer = bundle(1, 0, "ENTRY", inner[0])
    late = event(0, "GAS_FEE_PAID", 1) | {"parent_event": 2}
    run = [*outer, *inner[1:], late]
    found = comparison_of(run, [*run[:3], run[3] | {"amount": 5}, late])
    assert found.counts["equal"] == (4, 4)
    assert found.counts["different"] == (1, 1)
