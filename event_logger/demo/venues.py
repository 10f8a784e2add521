"""The simulated venues that hold the money: a wallet with its AAVE account, and two exchanges.

Amounts are Decimals, rounded towards zero to what the chain or the exchange can hold: 18 decimals
for ETH-like tokens, 6 for USDT.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_DOWN, Decimal
from typing import Any

from domain.errors import EventLoggerError

ZERO = Decimal(0)
WEI = Decimal("1e-18")
USDT_UNIT = Decimal("1e-6")
INSTRUMENT = "ETHUSDT-PERP"
LIQUIDATION_THRESHOLD = Decimal("0.95")
"""AAVE v3's liquidation threshold for weETH against WETH in its ETH-correlated e-mode."""


class InsufficientBalanceError(EventLoggerError, ValueError):
    """An account cannot pay what was asked of it."""

    def __init__(self, account: str, token: str, balance: Decimal, amount: Decimal) -> None:
        self.account, self.token, self.balance, self.amount = account, token, balance, amount
        super().__init__(f"{account} holds {balance} {token} and cannot pay {amount}")


def eth(amount: Decimal) -> Decimal:
    """The amount of an ETH-like token, to the wei."""
    return amount.quantize(WEI, ROUND_DOWN)


def usdt(amount: Decimal) -> Decimal:
    """The amount of USDT, to its sixth decimal."""
    return amount.quantize(USDT_UNIT, ROUND_DOWN)


@dataclass
class Account:
    """Balances by token; never below zero."""

    name: str
    balances: dict[str, Decimal] = field(default_factory=dict)

    def balance(self, token: str) -> Decimal:
        """How much of the token is there."""
        return self.balances.get(token, ZERO)

    def change(self, token: str, amount: Decimal) -> None:
        """Add to (or, below zero, take from) a balance.

        Raises `InsufficientBalanceError` rather than go below zero.
        """
        balance = self.balance(token) + amount
        if balance < 0:
            raise InsufficientBalanceError(self.name, token, self.balance(token), -amount)
        self.balances[token] = balance


@dataclass
class Exchange(Account):
    """An exchange account with one short perpetual position, margined in USDT."""

    short_eth: Decimal = ZERO
    entry_price: Decimal = ZERO

    def trade_perp(self, delta_eth: Decimal, price: Decimal, cost_usd: Decimal) -> Decimal:
        """Change the short by `delta_eth` (above zero: sell more); returns realised P&L (USDT).

        Raises `InsufficientBalanceError` when the margin cannot bear the outcome.
        """
        realised = ZERO
        if delta_eth > 0:
            notional = self.short_eth * self.entry_price + delta_eth * price
            self.entry_price = usdt(notional / (self.short_eth + delta_eth))
        else:
            realised = usdt(-delta_eth * (self.entry_price - price))
        self.change("USDT", realised - cost_usd)
        self.short_eth += delta_eth
        if self.short_eth == 0:
            self.entry_price = ZERO
        return realised

    def margin_ratio(self, price: Decimal) -> Decimal:
        """Equity (USDT and unrealised P&L) over notional; a large number without a position."""
        if self.short_eth == 0:
            return Decimal(10)
        equity = self.balance("USDT") + self.short_eth * (self.entry_price - price)
        return (equity / (self.short_eth * price)).quantize(USDT_UNIT)


@dataclass
class Venues:
    """Everything that the strategy owns. AAVE balances are scaled: worth balance times index."""

    wallet: Account = field(default_factory=lambda: Account("WALLET"))
    exchanges: dict[str, Exchange] = field(
        default_factory=lambda: {name: Exchange(name) for name in ("binance", "bybit")}
    )

    def account(self, name: str) -> Account:
        """The wallet, or an exchange."""
        return self.wallet if name == "WALLET" else self.exchanges[name]

    def collateral_weeth(self, liquidity_index: Decimal) -> Decimal:
        """weETH supplied to AAVE, with the interest accrued so far."""
        return eth(self.wallet.balance("aWeETH") * liquidity_index)

    def debt_weth(self, borrow_index: Decimal) -> Decimal:
        """WETH owed to AAVE, with the interest accrued so far."""
        return eth(self.wallet.balance("variableDebtWETH") * borrow_index)

    def snapshot(self) -> dict[str, Any]:
        """The Position Monitor's output."""
        return {
            "wallet": dict(self.wallet.balances),
            "cex_accounts": {name: dict(one.balances) for name, one in self.exchanges.items()},
            "perp_positions": {
                name: {INSTRUMENT: {"size": -one.short_eth, "entry_price": one.entry_price}}
                for name, one in self.exchanges.items()
            },
        }
