"""What an event moves: how much of which asset, into or out of which account.

| event type | moves |
|---|---|
| VENUE_TRANSFER | `amount` of `token` from `from_venue` to `to_venue` |
| SPOT_TRADE | `amount` of `token` against `quote_amount` (else amount × `price`) of the quote |
| TRADE_EXECUTED | the position's size by `amount`: down for SHORT, up for LONG |
| an inverse one, sized in USD | the size; what it realises is in its base, and is not told |
| both trades | also `fee` of `fee_token`, else `execution_cost_usd` where the quote is USD |
| FUNDING_PAYMENT | `pnl_usd` of `token` |
| STAKE_DEPOSIT, STAKE_WITHDRAWAL | `amount` of `input_token`, for `amount_out` of `output_token` |
| COLLATERAL_SUPPLIED, COLLATERAL_WITHDRAWN | `amount` of `token`, for aTokens |
| LOAN_CREATED, LOAN_REPAID | `amount` of `token`, and the debt token with it |
| FLASH_BORROW, FLASH_REPAID | `amount` of `token`; on repaying `fee_paid` too |
| GAS_FEE_PAID | `amount` (else `gas_cost_eth`) of `token` out of the wallet, on whatever chain |
| SEASONAL_REWARD_DISTRIBUTION | `amount` of `token` into the wallet |
| BALANCE_CHANGE | its `changes`, {asset: amount}; without them it does not tell which way |

Everything else moves nothing: a wrapper's details move, prices, alerts and reconciliations tell,
and gas named beside another event is paid by a GAS_FEE_PAID of its own. What failed, was undone or
replaced moves nothing; of an order that was cancelled moves what was filled.

Sources: an account is called as its key in the position snapshot. aTokens and debt tokens are kept
as scaled balances, amount ÷ index (AAVE v3's technical paper), so an index that grows moves none. A
linear perpetual is margined and settled in its quote (the exchanges' contract specifications). Gas
costs units × price (EIP-1559), one gwei being 1e-9 ETH.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from domain.accounts import SIZE, WALLET, account_of, atoken_of, debt_token_of, perp_account
from domain.checks import Number
from domain.event_values import EXACT, EventMapping, EventValues, decimal_of, negated, product
from domain.pairs import USD_TOKENS, quote_token, settlement_token

GAS_TOLERANCE = Decimal("1e-9")
"""How far a gas cost may be off, as a fraction of it; floats and cuts to the wei are nearer."""

UNDONE: frozenset[str] = frozenset(("failed", "dropped", "replaced", "reorged", "rejected"))
"""Statuses of events that moved nothing after all."""

ENDED_EARLY: frozenset[str] = frozenset(("cancelled", "expired"))
"""Statuses of orders that moved only what was filled before."""

Leg = tuple[str | None, str | None, Decimal | None]
Rule = Callable[[EventValues], Iterator[Leg]]


@dataclass(frozen=True, slots=True)
class Movement:
    """An amount of an asset into (above zero) or out of an account."""

    account: str
    asset: str
    amount: Decimal


def movements(event: EventMapping) -> tuple[Movement, ...]:
    """What the event moves, to the last digit; a leg that it does not tell is left out.

    `untold_fields` says which fields would have told it.
    """
    rule = _rule(event)
    if rule is None:
        return ()
    return tuple(
        Movement(account, asset, amount)
        for account, asset, amount in rule(EventValues(event))
        if account and asset and amount
    )


def untold_legs(event: EventMapping) -> tuple[tuple[str | None, str | None], ...]:
    """The (account, asset) of what the event moved by an amount that it does not tell.

    None stands for an account or asset that it does not tell either.
    """
    rule = _rule(event)
    if rule is None:
        return ()
    return tuple(
        (account or None, asset or None)
        for account, asset, amount in rule(EventValues(event))
        if amount is None or (amount and not (account and asset))
    )


def untold_fields(event: EventMapping) -> tuple[str, ...]:
    """The fields that the event lacks, so that `movements` cannot give all that it moved."""
    rule = _rule(event)
    if rule is None:
        return ()
    values = EventValues(event)
    for _ in rule(values):
        pass
    return tuple(dict.fromkeys(values.untold))


def gas_cost_eth(gas_units: int | Decimal, gas_price_gwei: Number) -> Decimal:
    """The cost of gas in ETH, exactly: units × price in gwei × 1e-9."""
    return EXACT.scaleb(EXACT.multiply(Decimal(gas_units), Decimal(str(gas_price_gwei))), -9)


def gas_cost_mismatch(event: EventMapping) -> Decimal | None:
    """What the event's gas costs by its units and price, if its `gas_cost_eth` says another cost.

    None where the two agree within `GAS_TOLERANCE`, or the event lacks one of the three.
    """
    values = EventValues(event)
    cost = values.given_number("gas_cost_eth")
    units = values.given_number("gas_units")
    price = values.given_number("gas_price_gwei")
    if cost is None or units is None or price is None:
        return None
    expected = EXACT.scaleb(EXACT.multiply(units, price), -9)
    difference = EXACT.subtract(cost, expected).copy_abs()
    allowed = EXACT.multiply(GAS_TOLERANCE, expected.copy_abs())
    return expected if difference > allowed else None


def filled(values: EventValues) -> Decimal | None:
    """How much of an order was traded: what was filled, else the amount that was ordered."""
    part = values.given_number("filled_amount")
    if part is None and values.get("status") in ENDED_EARLY:
        return Decimal(0)
    return values.number("amount") if part is None else part


def trade_sign(values: EventValues) -> Decimal | None:
    """1 for BUY and LONG, -1 for SELL and SHORT, None for any other side."""
    sign = _SIGNS.get((values.text("side") or "").upper())
    if sign is None:
        values.untold.append("side")
    return sign


_SIGNS = {"BUY": Decimal(1), "LONG": Decimal(1), "SELL": Decimal(-1), "SHORT": Decimal(-1)}


def _rule(event: EventMapping) -> Rule | None:
    return None if event.get("status") in UNDONE else _RULES.get(event["event_type"])


def _transfer(values: EventValues) -> Iterator[Leg]:
    source, _, target = (values.given_text("venue") or "").partition("→")
    source = values.given_text("from_venue") or source or values.text("from_venue") or ""
    target = values.given_text("to_venue") or target or values.text("to_venue") or ""
    if account_of(source) != account_of(target):
        token, amount = values.text("token"), values.number("amount")
        yield account_of(source), token, negated(amount)
        yield account_of(target), token, amount


def _spot_trade(values: EventValues) -> Iterator[Leg]:
    is_swap = values.get("tx_hash") is not None or values.get("nonce") is not None
    account = WALLET if is_swap else account_of(values.text("venue") or "")
    sign, amount, quote = trade_sign(values), filled(values), _quote(values, "pair")
    yield account, values.text("token"), product(sign, amount)
    paid = values.given_number("quote_amount")
    if paid is None or values.given_number("amount") != amount:
        paid = product(amount, values.number("average_price", "price")) if amount else amount
    yield account, quote, negated(product(sign, paid))
    yield from _fee(values, account, None if account == WALLET else quote)


def _perp_trade(values: EventValues) -> Iterator[Leg]:
    venue, instrument = values.text("venue") or "", values.text("instrument")
    if instrument is not None:
        size = product(trade_sign(values), filled(values))
        yield perp_account(venue, instrument), SIZE, size
        quote = settled_in(values)
        if quote is None or is_inverse(values):
            # What a close realises, or in which token.
            values.untold.append("instrument")
            yield venue.lower(), None, None
        yield from _fee(values, venue.lower(), quote)


def settled_in(values: EventValues) -> str | None:
    """The token in which a perpetual's trade is settled; None where it cannot be told."""
    venue, instrument = values.given_text("venue") or "", values.given_text("instrument")
    return values.given_text("quote_token") or settlement_token(venue, instrument)


def is_inverse(values: EventValues) -> bool:
    """Whether a perpetual's trade is of a contract sized in USD, and settled in what it is on."""
    notional = values.given_number("notional_usd")
    is_in_usd = notional is not None and quote_token(values.get("instrument")) == "USD"
    return is_in_usd and values.given_number("amount") == notional


def _quote(values: EventValues, name: str) -> str | None:
    quote = values.given_text("quote_token") or quote_token(values.text(name))
    if quote is None:
        values.untold.append(name)
    return quote


def _fee(values: EventValues, account: str, quote: str | None) -> Iterator[Leg]:
    """The fee: as the exchange charged it, else the cost in USD where that is the quote.

    A swap's cost is in the amounts that it exchanged.
    """
    fee, cost = values.given_number("fee"), values.given_number("execution_cost_usd")
    if fee is not None:
        yield account, values.given_text("fee_token") or quote, negated(fee)
    elif cost and quote in USD_TOKENS:
        yield account, quote, negated(cost)
    elif cost and quote is not None:
        values.untold.append("fee")


def _funding(values: EventValues) -> Iterator[Leg]:
    paid = values.given_number("pnl_usd")
    if paid is None:
        sign = {"RECEIVED": Decimal(1), "PAID": Decimal(-1)}.get(values.text("pnl_type") or "")
        paid = product(sign, values.number("amount"))
    yield account_of(values.text("venue") or ""), values.text("token"), paid


def _staked(values: EventValues) -> Iterator[Leg]:
    yield WALLET, values.text("input_token", "token"), negated(values.number("amount"))
    yield WALLET, values.text("output_token"), values.number("amount_out")


def _lending(sign: int, receipt_of: Callable[[str], str], receipt_sign: int, receipt: str) -> Rule:
    """The token one way, and the scaled token that stands for it in AAVE."""

    def rule(values: EventValues) -> Iterator[Leg]:
        token = values.text("token") or ""
        yield WALLET, token, product(Decimal(sign), values.number("amount"))
        yield WALLET, receipt_of(token), product(Decimal(receipt_sign), values.number(receipt))

    return rule


def _received(values: EventValues) -> Iterator[Leg]:
    yield WALLET, values.text("token", "reward_type"), values.number("amount")


def _flash_repaid(values: EventValues) -> Iterator[Leg]:
    token = values.text("token")
    yield WALLET, token, negated(values.number("amount"))
    fee = values.given_number("fee_paid")
    if fee:
        yield WALLET, token, negated(fee)


def _gas(values: EventValues) -> Iterator[Leg]:
    token = values.given_text("token") or "ETH"
    yield WALLET, token, negated(values.number("amount", "gas_cost_eth"))


def _changed(values: EventValues) -> Iterator[Leg]:
    changes, account = values.get("changes"), account_of(values.text("venue") or "")
    if isinstance(changes, Mapping):
        for asset, amount in changes.items():
            yield account, asset, decimal_of(amount)
    elif changes is None and values.given_number("amount"):
        # It only tells of a change: by how much, and not which way.
        yield account, values.given_text("token"), None


_RULES: dict[str, Rule] = {
    "VENUE_TRANSFER": _transfer,
    "SPOT_TRADE": _spot_trade,
    "TRADE_EXECUTED": _perp_trade,
    "FUNDING_PAYMENT": _funding,
    "STAKE_DEPOSIT": _staked,
    "STAKE_WITHDRAWAL": _staked,
    "COLLATERAL_SUPPLIED": _lending(-1, atoken_of, 1, "atoken_received"),
    "COLLATERAL_WITHDRAWN": _lending(1, atoken_of, -1, "atoken_burned"),
    "LOAN_CREATED": _lending(1, debt_token_of, 1, "debt_token_received"),
    "LOAN_REPAID": _lending(-1, debt_token_of, -1, "debt_token_burned"),
    "FLASH_BORROW": _received,
    "FLASH_REPAID": _flash_repaid,
    "GAS_FEE_PAID": _gas,
    "SEASONAL_REWARD_DISTRIBUTION": _received,
    "BALANCE_CHANGE": _changed,
}

MOVING_TYPES: frozenset[str] = frozenset(_RULES)
"""The event types that move something."""
