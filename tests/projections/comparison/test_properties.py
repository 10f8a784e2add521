"""What must hold of every comparison, whatever the two runs are."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from projections.comparison.report import VERDICTS
from projections.event_dicts import Record
from tests.projections.comparison.runs import RunInMemory, comparison_of, event, trade

AMOUNTS = st.decimals("-9", "9", places=2) | st.integers(-3, 3)
SECONDS = st.sampled_from([0, 0, 5, 600, 1800, 3600, 7200])
EVENTS = st.one_of(
    st.builds(lambda at, usd: event(at, pnl_usd=usd), SECONDS, AMOUNTS),
    st.builds(
        lambda at, n, usd: event(at, "GAS_FEE_PAID", n, token="ETH", gas_cost_usd=usd),
        SECONDS,
        AMOUNTS,
        AMOUNTS | st.none(),
    ),
    st.builds(
        lambda at, n, cost, fee: trade(at, n, execution_cost_usd=cost, fee=fee),
        SECONDS,
        st.integers(1, 4),
        AMOUNTS,
        AMOUNTS | st.none(),
    ),
    st.builds(
        lambda at, n: event(at, "SEASONAL_REWARD_DISTRIBUTION", n, token="KING"), SECONDS, AMOUNTS
    ),
    st.builds(
        lambda at, n, status: event(at, "FLASH_REPAID", 1, fee_paid=n, status=status),
        SECONDS,
        AMOUNTS,
        st.sampled_from(["completed", "failed"]),
    ),
)
RUNS = st.lists(EVENTS, max_size=12)
WINDOWS = st.sampled_from([0, 600 * 10**9, 3600 * 10**9])


@settings(max_examples=50, deadline=None)
@given(a=RUNS, b=RUNS, window=WINDOWS)
def test_counts_and_costs_add_up_to_the_whole(
    a: list[Record], b: list[Record], window: int
) -> None:
    found = comparison_of(a, b, window=window, most=None)
    for side, run in enumerate((a, b)):
        assert sum(found.counts[verdict][side] for verdict in VERDICTS) == len(run)
    for one in found.costs:
        assert sum(one["of_which"].values(), Decimal(0)) == one["difference"]
        assert one["b"] - one["a"] == one["difference"]
        rewards = one["unit"] == "KING"
        assert not one["of_which"]["what is left"] or rewards
    told = Counter(one.verdict for one in found.differences)
    assert found.left_out == 0
    for verdict in ("only in A", "only in B"):
        assert told[verdict] == sum(found.counts[verdict])


@settings(max_examples=30, deadline=None)
@given(run=RUNS, window=WINDOWS, seed=st.randoms(use_true_random=False))
def test_a_run_is_the_same_as_itself_in_any_order(
    run: list[Record], window: int, seed: object
) -> None:
    assert comparison_of(run, run, window=window).is_same
    shuffled = [*run]
    seed.shuffle(shuffled)  # type: ignore[attr-defined]
    found = comparison_of(run, shuffled, window=0)
    assert found.is_same
    assert found.counts["equal"] == (len(run), len(run))


@settings(max_examples=30, deadline=None)
@given(a=RUNS, b=RUNS, window=WINDOWS)
def test_the_other_way_round_finds_the_same(a: list[Record], b: list[Record], window: int) -> None:
    found, back = (comparison_of(*pair, window=window) for pair in ((a, b), (b, a)))
    for verdict in ("equal", "different", "ambiguous"):
        assert found.counts[verdict] == back.counts[verdict][::-1]
    assert found.counts["only in A"] == back.counts["only in B"][::-1]
    assert found.is_same == back.is_same


@settings(max_examples=20, deadline=None)
@given(run=RUNS, seconds=st.integers(1, 800))
def test_live_is_the_same_within_its_window(run: list[Record], seconds: int) -> None:
    # On the hour alone, so that no other is as near.
    hourly = [one for one in run if one["timestamp"].endswith(":00:00Z")]
    after = f":{seconds // 60:02d}:{seconds % 60:02d}Z"
    late = [one | {"timestamp": one["timestamp"].replace(":00:00Z", after)} for one in hourly]
    found = comparison_of(RunInMemory(hourly), RunInMemory(late, mode="live"))
    assert found.counts["equal"] == (len(hourly), len(hourly))
