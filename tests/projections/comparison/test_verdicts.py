"""Which events are partners, and the verdict on each: given two runs, when compared, then."""

from __future__ import annotations

from decimal import Decimal

import pytest

from domain.errors import CorruptLogError
from tests.projections.comparison.runs import (
    MINUTE,
    Given,
    bundle,
    comparison_of,
    counts,
    event,
    given,
    mirrored,
    trade,
)

HOUR = 3600


LOAN, REPAID = (
    event(0, event_type, 100, venue="BALANCER", token="WETH")
    for event_type in ("FLASH_BORROW", "FLASH_REPAID")
)
GAS = {"venue": "ETHEREUM", "token": "ETH"}

AT_ONE_TIME = {
    "nothing against nothing": given([], [], {}),
    "nothing against one": given([], [event()], {"only in B": (0, 1)}),
    "the same": given([event(), event(HOUR)], [event(), event(HOUR)], {"equal": (2, 2)}),
    "the same in another order": given(
        [event(), event(0, "PRICE_UPDATE")],
        [event(0, "PRICE_UPDATE"), event()],
        {"equal": (2, 2)},
    ),
    "written otherwise": given(
        [event(amount=1.5, fee=100), event(HOUR, amount=1)],
        [event(amount=Decimal("1.50"), fee=Decimal("1E+2")), event(HOUR, amount=1.0)],
        {"equal": (2, 2)},
    ),
    "another amount": given([event(amount=1)], [event(amount=2)], {"different": (1, 1)}),
    "a missing field": given([event(purpose="x")], [event()], {"different": (1, 1)}),
    "an extra that conflicts": given([event(note="x")], [event(note="y")], {"different": (1, 1)}),
    "an extra that is None is not there": given([event(note=None)], [event()], {"equal": (1, 1)}),
    "True is not 1": given([event(flag=True)], [event(flag=1)], {"different": (1, 1)}),
    "text is not a number": given([event(note="1")], [event(note=1)], {"different": (1, 1)}),
    "NaN is NaN": given(
        [event(note=float("nan"), x=1)], [event(note=float("nan"), x=1.0)], {"equal": (1, 1)}
    ),
    "a signaling NaN, alone and within": given(
        [event(note=Decimal("sNaN")), event(HOUR, net={"a": [Decimal("sNaN")]}), event(2 * HOUR)],
        [
            event(note=float("nan")),
            event(HOUR, net={"a": [Decimal("sNaN")]}),
            event(2 * HOUR, net=[Decimal("sNaN")]),
        ],
        {"equal": (2, 2), "different": (1, 1)},
    ),
    "dicts and lists by what they hold": given(
        [event(net={"a": [1, 2.0]}), event(HOUR, net={"a": [1]})],
        [event(net={"a": [1.0, 2]}), event(HOUR, net={"a": [1, 1]})],
        {"equal": (1, 1), "different": (1, 1)},
    ),
    "a purpose that tells the same with other figures": given(
        [event(purpose="Pay 1.5 USDT"), event(HOUR, purpose="Pay")],
        [event(purpose="Pay 1.50 USDT"), event(HOUR, purpose="Receive")],
        {"equal": (1, 1), "different": (1, 1)},
    ),
    "one event shifted by an hour": given(
        [event(), event(HOUR, "RISK_ALERT")],
        [event(), event(2 * HOUR, "RISK_ALERT")],
        {"equal": (1, 1), "only in A": (1, 0), "only in B": (0, 1)},
    ),
    "one shifted by an hour, in a window": given(
        [event(), event(HOUR, "RISK_ALERT")],
        [event(), event(2 * HOUR, "RISK_ALERT")],
        {"equal": (2, 2)},
        window=60 * MINUTE,
    ),
    "one funding missing": given(
        [event(hour * HOUR) for hour in range(9)],
        [event(hour * HOUR) for hour in range(9) if hour != 4],
        {"equal": (8, 8), "only in A": (1, 0)},
    ),
    "duplicates that say the same": given(
        [event(), event()], [event(), event()], {"equal": (2, 2)}
    ),
    "a duplicate too many": given(
        [event(), event()], [event()], {"equal": (1, 1), "only in A": (1, 0)}
    ),
    "duplicates of which one differs": given(
        [event(amount=1), event(amount=2)],
        [event(amount=3), event(amount=1)],
        {"equal": (1, 1), "different": (1, 1)},
    ),
    "duplicates that all differ": given(
        [event(amount=1), event(amount=2)],
        [event(amount=3), event(amount=4)],
        {"ambiguous": (2, 2)},
    ),
    "one against two others": given(
        [event(amount=1)], [event(amount=3), event(amount=4)], {"ambiguous": (1, 2)}
    ),
    "told apart by their kind": given(
        [
            event(0, "GAS_FEE_PAID", n, operation_type=kind, **GAS)
            for n, kind in ((1, "X"), (2, "Y"))
        ],
        [
            event(0, "GAS_FEE_PAID", n, operation_type=kind, **GAS)
            for n, kind in ((4, "Y"), (3, "X"))
        ],
        {"different": (2, 2)},
    ),
    "another side is another kind, and still its partner": given(
        [trade(0, 1)], [trade(0, 1, side="SELL")], {"different": (1, 1)}
    ),
    "another venue is no partner": given(
        [event()], [event(venue="BYBIT")], {"only in A": (1, 0), "only in B": (0, 1)}
    ),
    "another token is no partner": given(
        [event()], [event(token=None)], {"only in A": (1, 0), "only in B": (0, 1)}
    ),
    "a renamed bundle": given(
        bundle(1, 0, "ENTRY", LOAN, REPAID),
        bundle(1, 0, "ENTER", LOAN, REPAID),
        {"equal": (2, 2), "different": (1, 1)},
    ),
    "a bundle with its steps in another order": given(
        bundle(1, 0, "ENTRY", LOAN, REPAID),
        bundle(1, 0, "ENTRY", REPAID, LOAN),
        {"equal": (3, 3)},
    ),
    "two bundles in another order": given(
        [*bundle(1, 0, "ENTRY", LOAN), *bundle(3, 0, "EXIT", REPAID)],
        [*bundle(1, 0, "EXIT", REPAID), *bundle(3, 0, "ENTRY", LOAN)],
        {"equal": (4, 4)},
    ),
    "like steps of two bundles are told apart by their bundles": given(
        [*bundle(1, 0, "ENTRY", LOAN), *bundle(3, 0, "EXIT", LOAN | {"amount": 5})],
        [*bundle(1, 0, "EXIT", LOAN | {"amount": 6}), *bundle(3, 0, "ENTRY", LOAN)],
        {"equal": (3, 3), "different": (1, 1)},
    ),
    "what is in no bundle in the one": given(
        bundle(1, 0, "ENTRY", LOAN), [LOAN], {"equal": (1, 1), "only in A": (1, 0)}
    ),
    "within the tolerance": given(
        [event(amount=100), event(HOUR, amount=100)],
        [event(amount=101), event(HOUR, amount=102)],
        {"within tolerance": (1, 1), "different": (1, 1)},
        tolerance="0.01",
    ),
    "the tolerance is inclusive, and to the last digit": given(
        [event(amount=Decimal("1"))],
        [event(amount=Decimal("1.0000000000000000000000000000000000000001"))],
        {"different": (1, 1)},
        tolerance="1E-41",
    ),
    "filled in parts at one time": given(
        [trade(0, 10)], [trade(0, 4), trade(0, 6)], {"equal": (1, 2)}
    ),
    "filled in parts by the first run": given(
        [trade(0, Decimal("0.1")), trade(0, Decimal("0.2"))],
        [trade(0, Decimal("0.3"))],
        {"equal": (2, 1)},
    ),
    "parts that add up to less": given(
        [trade(0, 10)], [trade(0, 4), trade(0, 5)], {"different": (1, 2)}
    ),
    "parts that add up to more are none": given(
        [trade(0, 10)], [trade(0, 4), trade(0, 7)], {"ambiguous": (1, 2)}
    ),
    "parts at other prices": given(
        [trade(0, 2, price=15)],
        [trade(0, 1, price=10), trade(0, 1, price=20)],
        {"equal": (1, 2)},
    ),
    "two trades in four parts": given(
        [trade(0, 10), trade(0, 12)],
        [trade(0, n) for n in (4, 6, 5, 7)],
        {"ambiguous": (2, 4)},
    ),
    "a time beyond what 64 bits of nanoseconds tell": given(
        [event() | {"timestamp": "9999-12-31T23:00:00Z"}],
        [event() | {"timestamp": "9999-12-31T23:00:00Z"}, event()],
        {"equal": (1, 1), "only in B": (0, 1)},
    ),
    "a nanosecond apart": given(
        [event() | {"timestamp": "2024-05-12T12:00:00.000000001Z"}],
        [event()],
        {"only in A": (1, 0), "only in B": (0, 1)},
    ),
}


@pytest.mark.parametrize("case", AT_ONE_TIME.values(), ids=AT_ONE_TIME)
def test_the_verdicts_on_two_backtests(case: Given) -> None:
    found = comparison_of(case.a, case.b, **case.options)
    assert counts(found) == case.then
    back = comparison_of(case.b, case.a, **case.options)
    assert counts(back) == {mirrored(verdict): pair[::-1] for verdict, pair in case.then.items()}
    assert found.is_same == (not {*case.then} - {"equal", "within tolerance"})


def test_the_key_is_said() -> None:
    found = comparison_of(
        [*bundle(1, 0, "ENTRY", LOAN), event()], [*bundle(1, 0, "ENTER", LOAN), event()]
    )
    assert found.aligned_by == {
        "time, type, venue, token, bundle, step, kind": 1,
        "time, type, venue, token, kind": 2,
    }


def test_many_of_one_key_and_time() -> None:
    a = [event(amount=n % 50) for n in range(600)]
    found = comparison_of(a, [*reversed(a)])
    assert counts(found) == {"equal": (600, 600)}
    other = [event(amount=n % 50 + 100) for n in range(400)]
    assert counts(comparison_of(a, other)) == {"ambiguous": (600, 400)}


def test_numbers_of_any_size_are_compared_without_reckoning_them_out() -> None:
    a = [event(big=Decimal("1E+999999999"), small=Decimal("1E-999999999"))]
    b = [event(big=Decimal("2"), small=Decimal(0))]
    assert counts(comparison_of(a, a, tolerance="0.1")) == {"equal": (1, 1)}
    assert counts(comparison_of(a, b, tolerance="0.1")) == {"different": (1, 1)}


@pytest.mark.parametrize("name", ["event_type", "venue", "token", "timestamp", "fee_token"])
def test_an_event_that_is_none_is_said(name: str) -> None:
    for wrong in (7, ["x"], {"x": 1}):
        with pytest.raises(CorruptLogError) as raised:
            comparison_of([event(), event() | {name: wrong}], [])
        assert raised.value.order == 2
