"""Two days of a live strategy: speed-ups, a reorg, a replaced nonce, partial fills, late fills."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from domain.accounts import SIZE
from tests.audit.live_books import ETH_USDT, Books
from tests.audit.planting import Run, later

START = "2024-06-03T00:00:00Z"
HOURS = 49


Interval = Callable[[int], int]
"""The hours between two payments of funding, as they are at an hour of the run."""


def live_strategy(interval: Interval = lambda hour: 4) -> Run:
    """The run: what happens every hour, and at some hours besides.

    `interval` is that of the smaller of its two positions.
    """
    books = Books()
    funds = {"USDT": Decimal(100_000), "ETH": Decimal(20), "WETH": Decimal(1)}
    books.log(START, "BALANCE_CHANGE", "WALLET", "USDT", funds["USDT"], changes=funds)
    for hour in range(HOURS):
        at = later(START, hours=hour)
        _every_hour(books, hour, at, interval(hour))
        _AT_HOURS.get(hour, _nothing)(books, later(at, minutes=20))
        if hour % 5 == 4:
            stake = books.transaction(
                later(at, minutes=40),
                "STAKE_DEPOSIT",
                "LIDO",
                "ETH",
                Decimal(1),
                input_token="ETH",
                output_token="wstETH",
                amount_out=Decimal("0.85"),
                oracle_price=Decimal("1.17"),
            )
            books.pay_gas(stake)
        books.log(
            later(at, minutes=55),
            "PNL_SNAPSHOT",
            "STRATEGY",
            "USDT",
            Decimal(hour),
            position_snapshot=books.snapshot(),
        )
    return books.run


def _every_hour(books: Books, hour: int, at: str, of_sol: int) -> None:
    books.log(later(at, seconds=3), "PRICE_UPDATE", "BINANCE", "ETH", ETH_USDT, price_usd=ETH_USDT)
    for instrument, interval in (("ETHUSDT-PERP", 8), ("SOLUSDT-PERP", of_sol)):
        is_open = books.balances.balances.get(f"binance.{instrument}.{SIZE}")
        if is_open and hour % interval == 0:
            books.fund(later(at, seconds=9), instrument, Decimal("0.0001"))
    held = books.balances.balances["binance.USDT"]
    books.log(
        later(at, minutes=2),
        "HOURLY_RECONCILIATION",
        "BINANCE",
        "USDT",
        held,
        expected=held,
        actual=held,
    )


def _transfer(books: Books, at: str) -> None:
    sent = books.transaction(
        at,
        "VENUE_TRANSFER",
        "WALLET→binance",
        "USDT",
        Decimal(50_000),
        from_venue="WALLET",
        to_venue="binance",
    )
    books.pay_gas(sent)


def _hedge(books: Books, at: str) -> None:
    books.order(at, "SHORT", "ETHUSDT-PERP", Decimal(4), 3)
    books.order(later(at, minutes=3), "LONG", "SOLUSDT-PERP", Decimal(2), 1)


def _hedge_more(books: Books, at: str) -> None:
    books.order(at, "SHORT", "ETHUSDT-PERP", Decimal(2), 2)
    late = books.order(later(at, minutes=3), "SHORT", "ETHUSDT-PERP", Decimal(3), 1)
    # Cancelled, and filled all the same: the exchange tells of the fill later.
    late["updates"].insert(1, {"at": later(at, minutes=3, seconds=2), "status": "cancelled"})


def _close(books: Books, at: str) -> None:
    books.order(at, "LONG", "ETHUSDT-PERP", Decimal(9), 2)


def _sped_up(books: Books, at: str) -> None:
    event = books.transaction(at, "STAKE_DEPOSIT", "LIDO", "ETH", Decimal(2), **_WSTETH)
    again = {
        "at": later(at, seconds=9),
        "status": "submitted",
        "tx_hash": f"0xfa57{books.nonce:060x}",
    }
    event["updates"].insert(1, again)
    books.pay_gas(event)


def _reorged(books: Books, at: str) -> None:
    event = books.transaction(at, "STAKE_DEPOSIT", "LIDO", "ETH", Decimal(2), **_WSTETH)
    event["updates"][2:] = [
        {"at": later(at, minutes=2), "status": "reorged"},
        *books.mined(later(at, minutes=3), event["updates"][0]["tx_hash"]),
    ]
    books.pay_gas(event)


def _replaced(books: Books, at: str) -> None:
    sent = {"at": later(at, seconds=5), "status": "submitted", "tx_hash": f"0xdead{0:060x}"}
    gone = {"at": later(at, minutes=4), "status": "replaced", "reason": "cancelled by us"}
    books.log(
        at, "STAKE_DEPOSIT", "LIDO", "ETH", Decimal(2), [sent, gone], **books.sent(), **_WSTETH
    )


def _loop(books: Books, at: str) -> None:
    wrapper = books.transaction(
        at, "ATOMIC_TRANSACTION", "INSTADAPP", "COMPOSITE", 1, bundle_name="LOOP", detail_orders=[0]
    )
    steps: list[tuple[str, str, str, Decimal, Mapping[str, Any]]] = [
        ("FLASH_BORROW", "AAVE", "WETH", Decimal(10), {"fee_bps": 5}),
        ("FLASH_REPAID", "AAVE", "WETH", Decimal(10), {"fee_paid": Decimal("0.005")}),
    ]
    for event_type, venue, token, amount, data in steps:
        step = books.log(
            at, event_type, venue, token, amount, parent_event=wrapper["order"], **data
        )
        step["recorded_at"] = wrapper["recorded_at"]
    books.pay_gas(wrapper)


def _withdrawn(books: Books, at: str) -> None:
    for token, amount in (("USDT", Decimal(500)), ("ETH", Decimal("0.5"))):
        books.log(
            at,
            "VENUE_TRANSFER",
            "binance→WALLET",
            token,
            amount,
            [{"at": later(at, minutes=1), "status": "confirmed"}],
            from_venue="binance",
            to_venue="WALLET",
            tx_hash=f"0xba7c{0:060x}",
        )


def _nothing(books: Books, at: str) -> None:
    """An hour like any other."""


_WSTETH = {
    "input_token": "ETH",
    "output_token": "wstETH",
    "amount_out": Decimal("1.7"),
    "oracle_price": Decimal("1.17"),
}

_AT_HOURS = {
    0: _transfer,
    1: _hedge,
    5: _loop,
    7: _sped_up,
    10: _reorged,
    13: _replaced,
    17: _hedge_more,
    21: _loop,
    26: _transfer,
    28: _sped_up,
    31: _withdrawn,
    43: _close,
}
