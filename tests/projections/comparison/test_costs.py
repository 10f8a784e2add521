"""The difference in costs and income, split into what it comes from."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from projections.comparison.report import Comparison
from projections.event_dicts import Record
from tests.projections.comparison.runs import comparison_of, event, trade

HOUR = 3600


def gas(amount: str, usd: str | None, hour: int = 0, **more: Any) -> Record:
    in_usd = {} if usd is None else {"gas_cost_usd": Decimal(usd)}
    return event(
        hour * HOUR,
        "GAS_FEE_PAID",
        Decimal(amount),
        venue="ETHEREUM",
        token="ETH",
        **in_usd,
        **more,
    )


def funding(pnl: str, hour: int = 0) -> Record:
    return event(hour * HOUR, pnl_usd=Decimal(pnl), pnl_type="RECEIVED")


COSTS: list[tuple[str, list[Record], list[Record], dict[str, dict[str, str]]]] = [
    ("gas in USD", [gas("0.1", "3")], [gas("0.2", "7")], {"USD": {"gas": "-4"}}),
    ("gas in its token", [gas("0.1", "3")], [gas("0.2", None)], {"ETH": {"gas": "-0.1"}}),
    ("gas of what failed", [gas("0.1", "3")], [gas("0.1", "3", status="failed")],
     {"USD": {"gas": "3"}}),
    ("funding", [funding("3")], [funding("-2")], {"USD": {"funding": "-5"}}),
    ("execution cost", [trade(0, 1, execution_cost_usd=1)], [trade(0, 1, execution_cost_usd=3)],
     {"USD": {"execution cost": "-2"}}),
    ("a fee in USD is a part of it", [trade(0, 1, execution_cost_usd=3)],
     [trade(0, 1, execution_cost_usd=5, fee=3, fee_token="USDC")],
     {"USD": {"execution cost": "1", "fees": "-3"}}),
    ("a fee in a token of its own", [trade(0, 1)], [trade(0, 1, fee=3, fee_token="BNB")],
     {"BNB": {"fees": "-3"}}),
    ("a fee in the quote", [trade(0, 1)], [trade(0, 1, fee=3)], {"USD": {"fees": "-3"}}),
    ("the fee of a flash loan", [event(0, "FLASH_REPAID", 1, token="WETH")],
     [event(0, "FLASH_REPAID", 1, token="WETH", fee_paid=Decimal("0.5"))],
     {"WETH": {"fees": "-0.5"}}),
    ("only in one", [funding("3"), gas("0.1", "4", 1)], [gas("0.1", "5", 2)],
     {"USD": {"only in A": "1", "only in B": "-5"}}),
    ("in parts", [trade(0, 10, execution_cost_usd=3)],
     [trade(0, 4, execution_cost_usd=1), trade(0, 6, execution_cost_usd=1)],
     {"USD": {"execution cost": "1"}}),
    ("ambiguous", [funding("1"), funding("2")], [funding("3"), funding("4")],
     {"USD": {"ambiguous": "4"}}),
    ("a reward is left", [event(0, "SEASONAL_REWARD_DISTRIBUTION", 5, token="KING")],
     [event(0, "SEASONAL_REWARD_DISTRIBUTION", 7, token="KING")], {"KING": {"what is left": "2"}}),
    ("more digits than a float", [funding("0.1")],
     [funding("0.1000000000000000000000000000000000000000000000001")],
     {"USD": {"funding": "1E-49"}}),
    ("none", [event(0, "RISK_ALERT", 1)], [event(0, "RISK_ALERT", 2)], {}),
]  # fmt: skip


@pytest.mark.parametrize(("case", "a", "b", "then"), COSTS)
def test_what_the_difference_in_costs_is_of(
    case: str, a: list[Record], b: list[Record], then: dict[str, dict[str, str]]
) -> None:
    assert _split(comparison_of(a, b)) == then
    back = _split(comparison_of(b, a))
    sides = {"only in A": "only in B", "only in B": "only in A"}
    mirrored = {
        unit: {sides.get(kind, kind): str(-Decimal(n)) for kind, n in kinds.items()}
        for unit, kinds in then.items()
    }
    assert back == mirrored


def _split(found: Comparison) -> dict[str, dict[str, str]]:
    return {
        one["unit"]: {kind: str(amount) for kind, amount in one["of_which"].items() if amount}
        for one in found.shown_costs(with_all=False)
    }
