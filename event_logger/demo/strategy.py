"""Market-neutral leveraged restaking: staked ETH on AAVE with leverage, hedged by short perps.

The yield is weETH's, times the leverage, less WETH's borrow rate, plus the funding that shorts are
paid. The price of ETH cancels out as long as shorts and the staked equity stay equal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from decimal import Decimal, localcontext

from event_logger import EventLogger
from event_logger.demo.market import Hour, Market
from event_logger.demo.operations import Operations
from event_logger.demo.venues import LIQUIDATION_THRESHOLD, ZERO, Exchange, eth, usdt

Progress = Callable[[int, int], None]
"""Called with how many hours of how many are done."""


@dataclass(frozen=True)
class Parameters:
    """Thresholds and sizes; ratios as fractions, gas in gwei."""

    capital_usdt: Decimal = Decimal(100_000)
    gas_eth: Decimal = Decimal(1)
    leverage: Decimal = Decimal(3)
    health_factor_alert: Decimal = Decimal("1.42")
    margin_alert: Decimal = Decimal("0.70")
    margin_rebalance: Decimal = Decimal("0.55")
    deleverage_fraction: Decimal = Decimal("0.25")
    delta_threshold: Decimal = Decimal("0.002")
    max_gas_gwei: Decimal = Decimal(100)

    def as_metadata(self) -> dict[str, str]:
        """The parameters as text, to the last digit."""
        return {name: str(value) for name, value in asdict(self).items()}


class RestakingStrategy:
    """One run over a market, from USDT to USDT."""

    def __init__(self, logger: EventLogger, parameters: Parameters) -> None:
        self.parameters = parameters
        self.operations = Operations(logger)
        self.books = self.operations.books
        self.venues = self.operations.venues
        self._alerted: set[str] = set()
        self._accrued_index = (ZERO, ZERO)

    def run(self, market: Market, progress: Progress | None = None) -> None:
        """Enter at the first hour, keep watch every hour, exit at the last."""
        # Products of two balances need more digits than the default of 28 before they are rounded.
        with localcontext() as context:
            context.prec = 60
            total = len(market.hours)
            self.enter(market.hours[0])
            for done, hour in enumerate(market.hours[1:], 2):
                self.pass_hour(hour)
                if progress is not None:
                    progress(done, total)
            self.exit(market.hours[-1])

    def enter(self, hour: Hour) -> None:
        """USDT to the exchanges, half of it into ETH, ETH into the flash-loan entry, then hedge."""
        capital = self.parameters.capital_usdt
        quarter = usdt(capital / 4)
        operations = self.operations
        operations.fund_wallet(hour, capital, self.parameters.gas_eth)
        operations.transfer(hour, "WALLET", "binance", "USDT", capital - quarter)
        operations.transfer(hour, "WALLET", "bybit", "USDT", quarter)
        equity = eth(capital / 2 / hour.eth_usd)
        operations.trade_spot(hour, "BUY", equity)
        operations.transfer(hour, "binance", "WALLET", "ETH", equity)
        operations.enter(hour, equity, self.parameters.leverage)
        for venue in self.venues.exchanges:
            operations.trade_perp(hour, venue, equity / 2)
        self._accrued_index = (hour.weeth_index, hour.weth_borrow_index)

    def exit(self, hour: Hour) -> None:
        """Take everything apart and bring the USDT home."""
        self._unwind(hour, Decimal(1), "ATOMIC_EXIT")
        for name, exchange in self.venues.exchanges.items():
            balance = exchange.balance("USDT")
            if balance > 0:
                self.operations.transfer(hour, name, "WALLET", "USDT", balance)
        self._log_pnl(hour)

    def pass_hour(self, hour: Hour) -> None:
        """Prices, funding, interest; then the risks and what is done about them; the books."""
        self.books.log_price_update(hour.time, "BINANCE", "ETH", hour.eth_usd)
        for venue, rate in hour.funding.items():
            self._receive_funding(hour, self.venues.exchanges[venue], rate)
        self._log_interest(hour)
        self._watch_health_factor(hour)
        self._watch_margins(hour)
        self._watch_delta(hour)
        self._reconcile(hour)
        if hour.time.hour == 0:
            self._log_pnl(hour)

    def _receive_funding(self, hour: Hour, exchange: Exchange, rate: Decimal) -> None:
        notional = usdt(exchange.short_eth * hour.eth_usd)
        pnl = usdt(notional * rate)
        exchange.change("USDT", pnl)
        self.books.log_funding_payment(hour.time, exchange.name, rate, notional, pnl)

    def _log_interest(self, hour: Hour) -> None:
        before, now = self._accrued_index, (hour.weeth_index, hour.weth_borrow_index)
        if now == before:
            return
        wallet = self.venues.wallet
        for token, scaled, was, is_now in (
            ("weETH", "aWeETH", before[0], now[0]),
            ("WETH", "variableDebtWETH", before[1], now[1]),
        ):
            interest = eth(wallet.balance(scaled) * (is_now - was))
            self.books.log_event(
                hour.time,
                "BALANCE_CHANGE",
                "AAVE",
                token,
                interest,
                changes={},
                scaled_token=scaled,
                previous_index=was,
                index=is_now,
                purpose=f"Interest of {interest} {token} on the scaled balance of {scaled}",
                transaction_type="AAVE_INTEREST",
            )
        self._accrued_index = now

    def _watch_health_factor(self, hour: Hour) -> None:
        debt = self.venues.debt_weth(hour.weth_borrow_index)
        collateral = self.venues.collateral_weeth(hour.weeth_index) * hour.weeth_eth
        factor = (collateral * LIQUIDATION_THRESHOLD / debt).quantize(Decimal("1e-6"))
        self._alert(hour, "HEALTH_FACTOR", factor, self.parameters.health_factor_alert)

    def _watch_margins(self, hour: Hour) -> None:
        worst = min(one.margin_ratio(hour.eth_usd) for one in self.venues.exchanges.values())
        self._alert(hour, "MARGIN_RATIO", worst, self.parameters.margin_alert)
        if (
            worst >= self.parameters.margin_rebalance
            or hour.gas_gwei > self.parameters.max_gas_gwei
        ):
            return
        delta = self._net_delta(hour)
        self._unwind(hour, self.parameters.deleverage_fraction, "ATOMIC_DELEVERAGE")
        actions = ["ATOMIC_DELEVERAGE", "SELL_ETH", "REDUCE_SHORTS", "EQUALISE_MARGIN"]
        self.books.log_rebalance(hour.time, "MARGIN", delta, actions, margin_ratio=worst)

    def _watch_delta(self, hour: Hour) -> None:
        delta = self._net_delta(hour)
        shorts = sum((one.short_eth for one in self.venues.exchanges.values()), ZERO)
        if abs(delta) < self.parameters.delta_threshold * shorts:
            return
        venue = max(self.venues.exchanges.values(), key=lambda one: one.margin_ratio(hour.eth_usd))
        order = self.operations.trade_perp(hour, venue.name, delta)
        if order is not None:
            actions = ["SHORT_ETH_PERP" if delta > 0 else "REDUCE_SHORT"]
            self.books.log_rebalance(
                hour.time, "DELTA_HEDGE", eth(delta), actions, related_events=[order]
            )

    def _net_delta(self, hour: Hour) -> Decimal:
        """ETH long less ETH short, without the gas reserve."""
        staked = self.venues.collateral_weeth(hour.weeth_index) * hour.weeth_eth
        debt = self.venues.debt_weth(hour.weth_borrow_index)
        shorts = sum((one.short_eth for one in self.venues.exchanges.values()), ZERO)
        return eth(staked - debt - shorts)

    def _unwind(self, hour: Hour, fraction: Decimal, name: str) -> None:
        freed = self.operations.deleverage(hour, fraction, name)
        self.operations.transfer(hour, "WALLET", "binance", "ETH", freed)
        self.operations.trade_spot(hour, "SELL", freed)
        for venue, exchange in self.venues.exchanges.items():
            self.operations.trade_perp(hour, venue, -exchange.short_eth * fraction)
        self._equalise_margins(hour)

    def _equalise_margins(self, hour: Hour) -> None:
        equity = {
            name: one.balance("USDT") + one.short_eth * (one.entry_price - hour.eth_usd)
            for name, one in self.venues.exchanges.items()
        }
        rich, poor = sorted(equity, key=lambda name: equity[name], reverse=True)
        amount = usdt((equity[rich] - equity[poor]) / 2)
        if 0 < amount <= self.venues.exchanges[rich].balance("USDT"):
            self.operations.transfer(hour, rich, poor, "USDT", amount)

    def _alert(self, hour: Hour, risk: str, value: Decimal, threshold: Decimal) -> None:
        """Log an alert when the threshold is crossed, once until the value has recovered."""
        if value >= threshold:
            self._alerted.discard(risk)
        elif risk not in self._alerted:
            self._alerted.add(risk)
            self.books.log_risk_alert(hour.time, risk, value, threshold)

    def _reconcile(self, hour: Hour) -> None:
        for name, exchange in self.venues.exchanges.items():
            booked = self.operations.balances.balances[f"{name}.USDT"]
            found = exchange.balance("USDT")
            self.books.log_reconciliation(hour.time, name.upper(), "USDT", booked, found)

    def _log_pnl(self, hour: Hour) -> None:
        equity = usdt(self._equity_usd(hour))
        gas_reserve = usdt(self.parameters.gas_eth * hour.eth_usd)
        self.books.log_event(
            hour.time,
            "PNL_SNAPSHOT",
            "STRATEGY",
            "USDT",
            equity,
            pnl_usd=equity - gas_reserve - self.parameters.capital_usdt,
            purpose=f"Equity of {equity} USDT at {hour.eth_usd} USDT per ETH",
            transaction_type="PNL",
        )

    def _equity_usd(self, hour: Hour) -> Decimal:
        venues, price = self.venues, hour.eth_usd
        staked = venues.collateral_weeth(hour.weeth_index) * hour.weeth_eth
        debt = venues.debt_weth(hour.weth_borrow_index)
        equity = venues.wallet.balance("USDT")
        equity += (venues.wallet.balance("ETH") + staked - debt) * price
        for one in venues.exchanges.values():
            equity += one.balance("USDT") + one.balance("ETH") * price
            equity += one.short_eth * (one.entry_price - price)
        return equity
