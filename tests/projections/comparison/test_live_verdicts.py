"""The verdicts on a backtest against live: times off the hour, statuses, fills in parts."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.projections.comparison.runs import (
    MINUTE,
    Given,
    RunInMemory,
    comparison_of,
    counts,
    event,
    given,
    mirrored,
    trade,
)

HOUR = 3600

LIVE = {
    "off the hour, and of other statuses": given(
        [event(0, status=None), event(HOUR)],
        [event(7, status="confirmed"), event(HOUR - 9, status="pending")],
        {"equal": (2, 2)},
    ),
    "what failed is another thing": given(
        [event()], [event(7, status="failed")], {"different": (1, 1)}
    ),
    "nearest first": given(
        [event(amount=1)],
        [event(600, amount=1), event(5, amount=2)],
        {"different": (1, 1), "only in B": (0, 1)},
    ),
    "beyond the window": given(
        [event()], [event(1801)], {"only in A": (1, 0), "only in B": (0, 1)}
    ),
    "at the window's end": given([event()], [event(1800)], {"equal": (1, 1)}),
    "as near before as after": given(
        [event(amount=1)],
        [event(-5, amount=2), event(5, amount=3)],
        {"ambiguous": (1, 2)},
    ),
    "as near, and one says the same": given(
        [event(amount=1)],
        [event(-5, amount=2), event(5, amount=1)],
        {"equal": (1, 1), "only in B": (0, 1)},
    ),
    "half an hour from either, all along": given(
        [event(hour * HOUR, amount=hour) for hour in range(4)],
        [event(hour * HOUR + HOUR / 2, amount=10 + hour) for hour in range(4)],
        {"ambiguous": (4, 4)},
    ),
    "half an hour from either, and the same": given(
        [event(hour * HOUR) for hour in range(4)],
        [event(hour * HOUR + HOUR / 2) for hour in range(4)],
        {"equal": (4, 4)},
    ),
    "what is left of a tie finds what is further": given(
        [event(0, amount=1), event(20, amount=1)],
        [event(10, amount=1), event(50, amount=1)],
        {"equal": (2, 2)},
    ),
    "filled in parts": given(
        [trade(0, 10)],
        [trade(3, 4, status="filled"), trade(9, Decimal("3.5")), trade(60, 2.5)],
        {"equal": (1, 3)},
    ),
    "the first part at the same time": given(
        [trade(0, 10)], [trade(0, 4), trade(9, 6)], {"equal": (1, 2)}
    ),
    "every hour in parts": given(
        [trade(hour * HOUR, 10) for hour in range(3)],
        [trade(hour * HOUR + s, 5) for hour in range(3) for s in (2, 4)],
        {"equal": (3, 6)},
    ),
    "one that fits, and one that is no part": given(
        [trade(0, 10)],
        [trade(3, 10), trade(600, 5)],
        {"equal": (1, 1), "only in B": (0, 1)},
    ),
    "parts of another side are none": given(
        [trade(0, 10)],
        [trade(3, 10), trade(5, 4, side="SELL")],
        {"equal": (1, 1), "only in B": (0, 1)},
    ),
    "an order filled in part has what was filled": given(
        [trade(0, 10, price=3000)],
        [
            trade(
                3, 20, status="cancelled", filled_amount=10, average_price=Decimal(3000), price=2900
            )
        ],
        {"equal": (1, 1)},
    ),
    "an order that was cancelled unfilled": given(
        [trade(0, 10)], [trade(3, 10, status="cancelled")], {"different": (1, 1)}
    ),
    "each run has its own transactions": given(
        [event()],
        [event(3, tx_hash="0xa", nonce=7, block_number=9, exchange_order_id="x", event_id="e")],
        {"equal": (1, 1)},
    ),
    "what only live costs is content": given(
        [trade(0, 1)], [trade(3, 1, fee=1, fee_token="BNB")], {"different": (1, 1)}
    ),
}


@pytest.mark.parametrize("case", LIVE.values(), ids=LIVE)
def test_the_verdicts_on_a_backtest_against_live(case: Given) -> None:
    backtest, live = RunInMemory(case.a), RunInMemory(case.b, mode="live")
    found = comparison_of(backtest, live, **case.options)
    assert counts(found) == case.then
    back = comparison_of(live, backtest, **case.options)
    assert counts(back) == {mirrored(verdict): pair[::-1] for verdict, pair in case.then.items()}


SAME_WINDOW = [
    ("neither is live", RunInMemory([event()]), RunInMemory([event()]), 0),
    ("live is live", RunInMemory([event()]), RunInMemory([event()], mode="live"), 30),
    (
        "a file is on the hour",
        RunInMemory([event()]),
        RunInMemory([event()], mode="", told_in_text=True),
        0,
    ),
    (
        "a file is off the hour",
        RunInMemory([event()]),
        RunInMemory([event(7)], mode="", told_in_text=True),
        30,
    ),
    (
        "a file has other statuses",
        RunInMemory([event()]),
        RunInMemory([event(status="confirmed")], mode="", told_in_text=True),
        30,
    ),
]


@pytest.mark.parametrize(("why", "a", "b", "minutes"), SAME_WINDOW)
def test_the_window_follows_from_what_is_compared(
    why: str, a: RunInMemory, b: RunInMemory, minutes: int
) -> None:
    assert comparison_of(a, b).window == minutes * MINUTE
    assert comparison_of(a, b, window=MINUTE).window == MINUTE
