"""Figures over time: exact at every point, bounded in number, and counts that are never thinned."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from projections import timelines
from projections.timelines import MOST_FIGURES, MOST_POINTS, Timelines

DAY = "2024-05-12T"


def event(order: int, event_type: str = "X", **fields: Any) -> tuple[int, dict[str, Any]]:
    time = f"{DAY}{order // 3600 % 24:02d}:{order // 60 % 60:02d}:{order % 60:02d}Z"
    return order, {"timestamp": time, "event_type": event_type, "venue": "V"} | fields


def values(folded: Timelines, kind: str, unit: str = "") -> list[Any]:
    (figure,) = [one for one in folded.figures(kind) if one.unit == unit]
    return [point.value for point in figure.points]


@given(st.lists(st.integers(-(10**30), 10**30), min_size=1, max_size=3000))
@example([n * (-1) ** n for n in range(4000)])
def test_of_any_number_of_points_a_bounded_number_stays_with_the_extremes(
    amounts: list[int],
) -> None:
    records = [
        event(n, position_snapshot={"wallet": {"ETH": amount}}) for n, amount in enumerate(amounts)
    ]
    (figure,) = Timelines().fold(records).figures("balance")
    kept = [point.value for point in figure.points]
    changes = [a for n, a in enumerate(amounts) if n == 0 or a != amounts[n - 1]]
    assert figure.count == len(changes)
    assert len(kept) < 2 * MOST_POINTS
    assert list(map(int, (min(kept), max(kept), kept[-1]))) == [
        min(amounts), max(amounts), amounts[-1],
    ]  # fmt: skip
    orders = [point.when.order for point in figure.points]
    assert orders == sorted(set(orders))
    assert all(amounts[point.when.order] == point.value for point in figure.points)


def test_a_points_time_is_the_events_to_the_nanosecond() -> None:
    times = [f"{DAY}12:00:00{fraction}Z" for fraction in (".000000002", "", ".00000000199", ".1")]
    records = [event(n, timestamp=time, execution_cost_usd=n) for n, time in enumerate(times, 1)]
    folded = Timelines().fold(records)
    (figure,) = folded.figures("execution cost")
    assert [point.when.timestamp for point in figure.points] == times
    assert [one and one.order for one in (folded.first, folded.last)] == [2, 4]


@given(st.lists(st.decimals(-(10**20), 10**20, places=18), max_size=40))
def test_costs_add_up_to_the_last_digit(costs: list[Decimal]) -> None:
    folded = Timelines().fold(event(n, execution_cost_usd=c) for n, c in enumerate(costs, 1))
    given_costs = [cost for cost in costs if cost]
    if given_costs:
        from domain.event_values import EXACT

        total = Decimal(0)
        for cost in given_costs:
            total = EXACT.add(total, cost)
        assert values(folded, "execution cost", "USD")[-1] == total


def test_what_was_undone_costs_nothing_and_wrappers_do_not_count_twice() -> None:
    folded = Timelines().fold(
        [
            event(1, execution_cost_usd=5, status="failed"),
            event(2, execution_cost_usd=7, detail_orders=[3]),
            event(3, execution_cost_usd=7),
            event(4, "GAS_FEE_PAID", gas_cost_eth=Decimal("0.1"), gas_cost_usd=300),
            event(5, "GAS_FEE_PAID", gas_cost_eth=Decimal("0.2")),
            event(6, "FUNDING_PAYMENT", token="USDT", pnl_usd=-3),
            event(7, "PNL_SNAPSHOT", token="USDT", amount=100, extra={"pnl_usd": 1}),
        ]
    )
    assert values(folded, "execution cost", "USD") == [7]
    assert values(folded, "gas", "ETH") == [Decimal("0.1"), Decimal("0.3")]
    assert values(folded, "gas", "USD") == [300]
    assert values(folded, "funding", "USDT") == [-3]
    assert values(folded, "equity", "USDT") == [100]
    assert values(folded, "P&L", "USD") == [1]


def test_health_factors_and_sizes_are_taken_from_snapshots() -> None:
    snapshot = {
        "aave": {"health_factor": 1.7},
        "perp_positions": {"binance": {"ETHUSDT-PERP": {"size": -2, "entry_price": 3}}},
    }
    folded = Timelines().fold([event(1, position_snapshot=snapshot), event(2, health_factor=2)])
    assert sorted((one.kind, one.name) for one in folded.figures()) == [
        ("health factor", ""), ("health factor", "aave"), ("size", "binance.ETHUSDT-PERP"),
    ]  # fmt: skip


def test_counts_are_exact_however_long_the_log_spans(monkeypatch: Any) -> None:
    monkeypatch.setattr(timelines, "_MOST_HOURS", 10)
    records = [
        (n, event(n)[1] | {"timestamp": f"2024-05-{1 + n // 24:02d}T{n % 24:02d}:00:00Z"})
        for n in range(700)
    ]
    folded = Timelines().fold(records)
    assert len(folded.hours) <= 10
    assert sum(counts.total() for counts in folded.hours.values()) == 700
    assert all(began % folded.bin == 0 for began in folded.hours)


def test_there_are_so_many_figures_at_most_and_the_others_are_named() -> None:
    wallet = {f"T{n:03d}": n for n in range(MOST_FIGURES + 5)}
    folded = Timelines().fold([event(1, position_snapshot={"wallet": wallet})])
    assert len(folded.figures()) == MOST_FIGURES
    assert len(folded.left_out) == 5


def test_a_copy_does_not_go_on() -> None:
    folded = Timelines().fold([event(1, position_snapshot={"wallet": {"ETH": 1}})])
    copy = folded.copy()
    folded.fold([event(2, "Y", position_snapshot={"wallet": {"ETH": 2}})])
    assert (copy.order, dict(copy.types), values(copy, "balance", "ETH")) == (1, {"X": 1}, [1])


def test_what_a_snapshot_holds_that_is_none_is_left_out() -> None:
    none: list[Any] = [7, [], {"wallet": 3}, {"wallet": {"ETH": "x"}}, {"perp_positions": {"b": 1}}]
    for snapshot in none:
        folded = Timelines().fold([event(1, position_snapshot=snapshot)])
        assert folded.figures() == []
