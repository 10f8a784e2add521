"""The books of a live strategy: what it logs, what became of each, and what it then owns."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from domain.accounts import SIZE
from domain.event_types import TELLING_TYPES
from projections.balances import Balances
from tests.audit.planting import Event, Run, later

SENDER, CHAIN = "0x5afe000000000000000000000000000000000001", 1
ETH_USDT = Decimal(3000)
GAS_UNITS, GAS_GWEI = 150_000, Decimal(20)
GAS_COST = Decimal("0.003")


class Books:
    """What the strategy logs, and what it then owns."""

    def __init__(self) -> None:
        self.run: Run = []
        self.balances = Balances()
        self.nonce = 7

    def log(
        self,
        at: str,
        event_type: str,
        venue: str,
        token: str,
        amount: Any,
        updates: list[Event] | None = None,
        **data: Any,
    ) -> Event:
        """Log at a time what was triggered just then, and book what became of it."""
        event: Event = {
            "order": len(self.run) + 1,
            "recorded_at": later(at, seconds=1),
            "timestamp": at,
            "event_type": event_type,
            "venue": venue,
            "token": token,
            "amount": amount,
            **data,
        }
        if event_type in TELLING_TYPES:
            event["status"] = "completed"
        if updates:
            event["updates"] = updates
        self.run.append(event)
        now = event | {name: one for step in updates or () for name, one in step.items()}
        if event_type != "ATOMIC_TRANSACTION":
            self.balances.apply(now)
        return event

    def transaction(
        self, at: str, event_type: str, venue: str, token: str, amount: Any, **data: Any
    ) -> Event:
        """A transaction of the strategy's own account that is mined a minute later."""
        return self.log(at, event_type, venue, token, amount, self.mined(at), **self.sent(), **data)

    def sent(self) -> Event:
        """Who sends, with the next nonce."""
        self.nonce += 1
        return {"sender": SENDER, "chain_id": CHAIN, "nonce": self.nonce}

    def mined(self, at: str, hash_: str | None = None) -> list[Event]:
        """The updates of a transaction that is mined at once; of the nonce given out next."""
        nonce = self.nonce + (hash_ is None)
        hash_ = hash_ or f"0x{nonce:064x}"
        block = 20_000_000 + nonce
        return [
            {"at": later(at, seconds=5), "status": "submitted", "tx_hash": hash_},
            {
                "at": later(at, seconds=40),
                "status": "confirmed",
                "confirmation_blocks": 1,
                "block_number": block,
                "block_hash": f"0xb{block:063x}",
                "completion_timestamp": later(at, seconds=36),
                "gas_units": GAS_UNITS,
                "gas_price_gwei": GAS_GWEI,
                "gas_cost_eth": GAS_COST,
            },
        ]

    def pay_gas(self, event: Event) -> None:
        """The gas of a transaction, once it is known."""
        (tx_hash,) = {one["tx_hash"] for one in event["updates"][-2:] if "tx_hash" in one}
        self.log(
            later(event["updates"][-1]["at"], seconds=2),
            "GAS_FEE_PAID",
            "ETHEREUM",
            "ETH",
            GAS_COST,
            [{"at": later(event["updates"][-1]["at"], seconds=4), "status": "confirmed"}],
            tx_hash=tx_hash,
            related_events=[event["order"]],
            gas_units=GAS_UNITS,
            gas_price_gwei=GAS_GWEI,
            gas_cost_eth=GAS_COST,
            gas_cost_usd=GAS_COST * ETH_USDT,
        )

    def order(self, at: str, side: str, instrument: str, amount: Decimal, parts: int) -> Event:
        """A perpetual's order at binance that is filled in so many parts."""
        of_amount = {"average_price": ETH_USDT, "fee_token": "USDT"}
        updates: list[Event] = [
            {"at": later(at, seconds=2), "status": "submitted"},
            *(
                {
                    "at": later(at, seconds=2 + part),
                    "status": "partially_filled" if part < parts else "filled",
                    "filled_amount": amount * part / parts,
                    "fee": amount * part / parts * ETH_USDT / 2000,
                    **of_amount,
                }
                for part in range(1, parts + 1)
            ),
        ]
        return self.log(
            at,
            "TRADE_EXECUTED",
            "BINANCE",
            instrument.partition("USDT")[0],
            amount,
            updates,
            exchange_order_id=f"b-{len(self.run) + 1}",
            instrument=instrument,
            side=side,
            entry_price=ETH_USDT,
            notional_usd=amount * ETH_USDT,
        )

    def fund(self, at: str, instrument: str, rate: Decimal) -> None:
        """The payment of funding for what is held of an instrument."""
        size = self.balances.balances[f"binance.{instrument}.{SIZE}"]
        notional = abs(size) * ETH_USDT
        pnl = -size * ETH_USDT * rate
        self.log(
            at,
            "FUNDING_PAYMENT",
            "BINANCE",
            "USDT",
            abs(pnl),
            instrument=instrument,
            funding_rate=rate,
            notional_usd=notional,
            pnl_usd=pnl,
            pnl_type="RECEIVED" if pnl > 0 else "PAID",
        )

    def snapshot(self) -> dict[str, Any]:
        """The Position Monitor's output."""
        wallet: dict[str, Decimal] = {}
        accounts: dict[str, dict[str, Decimal]] = {}
        perps: dict[str, dict[str, dict[str, Decimal]]] = {}
        for name, amount in self.balances.balances.items():
            account, _, asset = name.rpartition(".")
            venue, _, instrument = account.partition(".")
            if account == "WALLET":
                wallet[asset] = amount
            elif instrument:
                perps.setdefault(venue, {}).setdefault(instrument, {})[asset] = amount
            else:
                accounts.setdefault(venue, {})[asset] = amount
        return {"wallet": wallet, "cex_accounts": accounts, "perp_positions": perps}
