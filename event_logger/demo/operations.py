"""What the strategy can do at its venues; each operation moves the money and logs the events."""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal

from domain.effects import gas_cost_eth
from event_logger import EventLogger
from event_logger.demo.bookkeeping import Bookkeeper
from event_logger.demo.market import Hour
from event_logger.demo.venues import INSTRUMENT, Venues, eth, usdt
from projections.balances import Balances

GAS_UNITS = {"TRANSFER": 65_000, "ATOMIC_ENTRY": 1_400_000, "ATOMIC_DELEVERAGE": 1_300_000}
"""Typical gas of each kind of transaction, in units of gas."""

PERP_FEE = Decimal("0.0005")
SPOT_FEE = Decimal("0.001")
LOT_ETH = Decimal("0.001")
"""Exchange fees as fractions of notional, and the size of a perpetual's lot."""


class Operations:
    """Transfers, trades and atomic transactions at the prices of one hour."""

    def __init__(self, logger: EventLogger) -> None:
        self.logger = logger
        self.venues = Venues()
        self.balances = Balances()
        self.books = Bookkeeper(logger, self.venues, self.balances)

    def fund_wallet(self, hour: Hour, capital_usdt: Decimal, gas_eth: Decimal) -> None:
        """The start: USDT to invest, and ETH to pay gas from."""
        changes = {"USDT": capital_usdt, "ETH": gas_eth}
        self._change_wallet(
            self.books, hour, "USDT", capital_usdt, changes, "Fund the strategy's wallet"
        )

    def transfer(self, hour: Hour, source: str, target: str, token: str, amount: Decimal) -> None:
        """Move a token between wallet and exchange; the wallet pays gas for what it sends."""
        if source == "WALLET":
            self.pay_gas(self.books, hour, "TRANSFER")
        self.venues.account(source).change(token, -amount)
        self.venues.account(target).change(token, amount)
        self.books.log_venue_transfer(hour.time, source, target, token, amount)

    def pay_gas(self, books: Bookkeeper, hour: Hour, operation: str) -> None:
        """Pay the gas of an operation at the hour's gas price, in gwei."""
        units = GAS_UNITS[operation]
        cost = eth(gas_cost_eth(units, hour.gas_gwei))
        self.venues.wallet.change("ETH", -cost)
        cost_usd = usdt(cost * hour.eth_usd)
        books.log_gas_fee(hour.time, cost, cost_usd, operation, units, hour.gas_gwei)

    def trade_spot(self, hour: Hour, side: str, amount: Decimal) -> None:
        """Buy or sell ETH for USDT on binance at the hour's price."""
        account = self.venues.account("binance")
        quote = usdt(amount * hour.eth_usd)
        cost = usdt(quote * SPOT_FEE)
        sign = 1 if side == "BUY" else -1
        account.change("USDT", -sign * quote - cost)
        account.change("ETH", sign * amount)
        self.books.log_spot_trade(
            hour.time,
            "BINANCE",
            "ETH/USDT",
            side,
            amount,
            hour.eth_usd,
            cost,
            quote_amount=quote,
        )

    def trade_perp(self, hour: Hour, venue: str, delta_eth: Decimal) -> int | None:
        """Change a venue's short by whole lots (above zero: sell more); None for less than one."""
        exchange = self.venues.exchanges[venue]
        is_close = -delta_eth == exchange.short_eth
        size = delta_eth if is_close else delta_eth.quantize(LOT_ETH, ROUND_DOWN)
        if size == 0:
            return None
        notional = usdt(abs(size) * hour.eth_usd)
        cost = usdt(notional * PERP_FEE)
        realised = exchange.trade_perp(size, hour.eth_usd, cost)
        return self.books.log_perp_trade(
            hour.time,
            venue,
            INSTRUMENT,
            "SHORT" if size > 0 else "LONG",
            size,
            hour.eth_usd,
            notional,
            cost,
            realised_pnl_usd=realised,
        )

    def enter(self, hour: Hour, equity_eth: Decimal, leverage: Decimal) -> None:
        """Stake and supply `leverage` times the equity, the rest borrowed, in one flash loan."""
        wallet, time = self.venues.wallet, hour.time
        flash = eth(equity_eth * (leverage - 1))
        staked = equity_eth + flash
        weeth = eth(staked / hour.weeth_eth)
        atokens = eth(weeth / hour.weeth_index)
        debt_tokens = eth(flash / hour.weth_borrow_index)
        net = {"collateral_weeth": weeth, "debt_weth": flash, "leverage": leverage}
        with self.logger.bundle(time, "ATOMIC_LEVERAGE_ENTRY", net) as bundle:
            books = self.books.inside(bundle)
            wallet.change("WETH", flash)
            loan = books.log_flash_borrow(time, "BALANCER", "WETH", flash)
            self._change_wallet(
                books, hour, "WETH", flash, {"WETH": -flash, "ETH": flash}, "Unwrap WETH"
            )
            wallet.change("ETH", -staked)
            wallet.change("weETH", weeth)
            books.log_stake(time, "ETHERFI", staked, weeth, hour.weeth_eth)
            wallet.change("weETH", -weeth)
            wallet.change("aWeETH", atokens)
            books.log_aave_supply(time, "weETH", weeth, atokens, hour.weeth_index)
            wallet.change("WETH", flash)
            wallet.change("variableDebtWETH", debt_tokens)
            books.log_aave_borrow(time, "WETH", flash, debt_tokens, hour.weth_borrow_index)
            wallet.change("WETH", -flash)
            books.log_flash_repay(time, "BALANCER", "WETH", flash, related_events=[loan])
            self.pay_gas(books, hour, "ATOMIC_ENTRY")
            bundle.position_snapshot = self.venues.snapshot()

    def deleverage(self, hour: Hour, fraction: Decimal, name: str) -> Decimal:
        """Unwind a fraction of the AAVE position by a flash loan; returns the ETH set free."""
        wallet, time = self.venues.wallet, hour.time
        repaid = eth(self.venues.debt_weth(hour.weth_borrow_index) * fraction)
        burned_debt = eth(wallet.balance("variableDebtWETH") * fraction)
        weeth = eth(self.venues.collateral_weeth(hour.weeth_index) * fraction)
        burned_atokens = eth(wallet.balance("aWeETH") * fraction)
        unstaked = eth(weeth * hour.weeth_eth)
        net = {"collateral_weeth": -weeth, "debt_weth": -repaid, "freed_eth": unstaked - repaid}
        with self.logger.bundle(time, name, net) as bundle:
            books = self.books.inside(bundle)
            wallet.change("WETH", repaid)
            loan = books.log_flash_borrow(time, "BALANCER", "WETH", repaid)
            wallet.change("WETH", -repaid)
            wallet.change("variableDebtWETH", -burned_debt)
            books.log_aave_repay(time, "WETH", repaid, burned_debt, hour.weth_borrow_index)
            wallet.change("aWeETH", -burned_atokens)
            wallet.change("weETH", weeth)
            books.log_aave_withdraw(time, "weETH", weeth, burned_atokens, hour.weeth_index)
            wallet.change("weETH", -weeth)
            wallet.change("ETH", unstaked)
            books.log_unstake(time, "ETHERFI", weeth, unstaked, hour.weeth_eth)
            self._change_wallet(
                books, hour, "WETH", repaid, {"ETH": -repaid, "WETH": repaid}, "Wrap ETH"
            )
            wallet.change("WETH", -repaid)
            books.log_flash_repay(time, "BALANCER", "WETH", repaid, related_events=[loan])
            self.pay_gas(books, hour, "ATOMIC_DELEVERAGE")
            bundle.position_snapshot = self.venues.snapshot()
        return unstaked - repaid

    def _change_wallet(
        self,
        books: Bookkeeper,
        hour: Hour,
        token: str,
        amount: Decimal,
        changes: dict[str, Decimal],
        purpose: str,
    ) -> None:
        for changed, by in changes.items():
            self.venues.wallet.change(changed, by)
        books.log_event(
            hour.time,
            "BALANCE_CHANGE",
            "ETHEREUM",
            token,
            amount,
            changes=changes,
            purpose=purpose,
            transaction_type="BALANCE_CHANGE",
        )
