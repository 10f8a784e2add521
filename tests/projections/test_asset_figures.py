"""Flows by asset, and apart from them what only tells; balances beside the last snapshot."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from projections.asset_figures import AssetFigures
from projections.balance_sheet import BalanceSheet

Record = dict[str, Any]


def record(event_type: str, venue: str, token: str, amount: Any, **data: Any) -> Record:
    return {"event_type": event_type, "venue": venue, "token": token, "amount": amount} | data


def gas(amount: Any, **data: Any) -> Record:
    return record("GAS_FEE_PAID", "ETHEREUM", "ETH", amount, **data)


def price(usd: Any, token: str = "ETH") -> Record:
    return record("PRICE_UPDATE", "BINANCE", token, usd, extra={"price_usd": usd})


def funded(**changes: Any) -> Record:
    return record("BALANCE_CHANGE", "WALLET", "ETH", 1, extra={"changes": changes})


TRANSFER = record(
    "VENUE_TRANSFER", "WALLET→binance", "USDT", Decimal("50.0"),
    extra={"from_venue": "WALLET", "to_venue": "binance"},
)  # fmt: skip
PERP = record(
    "TRADE_EXECUTED", "BINANCE", "ETH", 2,
    extra={"instrument": "ETHUSDT-PERP", "side": "SHORT", "entry_price": 3000},
)  # fmt: skip


def figures(*records: Record) -> dict[str, Any]:
    return AssetFigures().fold(enumerate(records, 1)).as_dict()


@pytest.mark.parametrize(
    ("records", "flows"),
    [
        ([TRANSFER], {"USDT": ("50.0", "50.0", "0.0")}),
        ([funded(ETH=2), gas(Decimal("0.1")), gas(0.2)], {"ETH": ("2", "0.3", "1.7")}),
        ([gas(1, status="failed")], {}),
        ([PERP], {"ETHUSDT-PERP": ("0", "2", "-2")}),
        ([price(3000), record("RISK_ALERT", "X", "ETH", 7)], {}),
        ([record("ATOMIC_TRANSACTION", "INSTADAPP", "COMPOSITE", 1)], {}),
    ],
)
def test_flows_are_what_events_move(
    records: list[Record], flows: dict[str, tuple[str, str, str]]
) -> None:
    told = figures(*records)["flows"]
    assert {asset: tuple(map(str, one.values())) for asset, one in told.items()} == flows


def test_prices_and_balances_are_told_apart() -> None:
    def found(actual: Any) -> Record:
        return record("HOURLY_RECONCILIATION", "BINANCE", "USDT", actual, extra={"actual": actual})

    told = figures(price(3000), found(5), price(2900), price(60_000, "BTC"), found(7))
    assert told["flows"] == {}
    assert told["prices"]["ETH"] == {
        "updates": 2, "low": 2900, "high": 3000, "last": 2900, "order": 3,
    }  # fmt: skip
    assert told["prices"]["BTC"]["last"] == 60_000
    assert told["balances"] == [
        {"venue": "BINANCE", "token": "USDT", "found": 2, "last": 7, "order": 5}
    ]


def shows(one: Record, **wallet: Any) -> Record:
    return one | {"position_snapshot": {"wallet": wallet}}


def sheet(*records: Record) -> tuple[Any, dict[str, tuple[Any, Any, Any]]]:
    told = BalanceSheet().fold(enumerate(records, 1)).as_dict()
    rows = {
        f"{row['account']}.{row['asset']}": (
            row["from_events"],
            row["snapshot"],
            row["difference"],
        )
        for row in told["balances"]
    }
    assert told["order"] == len(records)
    return told["snapshot_order"], rows


def test_balances_stand_beside_the_last_snapshot_and_where_they_part() -> None:
    assert sheet() == (None, {})
    assert sheet(funded(ETH=5), gas(1)) == (None, {"WALLET.ETH": (4, None, None)})
    assert sheet(funded(ETH=5), shows(gas(1), ETH=4)) == (2, {"WALLET.ETH": (4, 4, 0)})
    assert sheet(funded(ETH=5), shows(gas(1), ETH=5)) == (2, {"WALLET.ETH": (4, 5, 1)})
    # What moved since the snapshot is no difference to it.
    assert sheet(funded(ETH=5), shows(gas(1), ETH=4), gas(1)) == (2, {"WALLET.ETH": (3, 4, 0)})
    # What is shown and moved by no event, and what is not shown and was moved.
    assert sheet(shows(funded(ETH=5), KING=2)) == (
        1, {"WALLET.ETH": (5, 0, -5), "WALLET.KING": (0, 2, 2)},
    )  # fmt: skip
    # A part that is not shown says nothing of what is in it.
    assert sheet(TRANSFER, shows(gas(1), ETH=-1))[1]["binance.USDT"] == (50, None, None)


def test_a_wrappers_snapshot_is_of_the_end_of_its_bundle() -> None:
    wrapper = record("ATOMIC_TRANSACTION", "INSTADAPP", "COMPOSITE", 1, detail_orders=[3, 4])
    records = [funded(ETH=5), shows(wrapper, ETH=3), gas(1, parent_event=2), gas(1, parent_event=2)]
    assert sheet(*records) == (4, {"WALLET.ETH": (3, 3, 0)})
    assert sheet(*records, gas(1)) == (4, {"WALLET.ETH": (2, 3, 0)})
