"""What a bundle's `net_result` claims, key by key, and what its leaves give of that.

A claim's name says what it is of, in words that strategies use: `debt_weth`, `freed_eth`, `aWeETH`,
`collateral_added`. A name that could mean two things is held against each of them, and one that
means nothing known is left unjudged.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from domain.accounts import SIZE, atoken_of, debt_token_of
from domain.effects import movements, untold_legs
from domain.event_values import EXACT, EventValues
from domain.pairs import KNOWN_TOKENS
from projections.audit.figures import ZERO

Sums = defaultdict[str, Decimal]

_WORDS = re.compile(r"[A-Za-z0-9]+")
_COLLATERAL = frozenset(("collateral", "supplied", "supply"))
_DEBT = frozenset(("debt", "borrowed", "borrow", "loan"))
_GAS = frozenset(("gas",))
_NO_AMOUNT = frozenset(
    ("leverage", "factor", "hf", "ltv", "ratio", "price", "index", "apy", "rate", "steps", "count")
)
_IN_USD = frozenset(("usd", "pnl", "profit", "value", "equity"))
_GROSS = frozenset(("flash", "staked", "unstaked", "swapped", "bought", "sold", "traded", "volume"))
_LESS = frozenset(
    ("removed", "withdrawn", "repaid", "spent", "paid", "used", "cost", "out", "reduced", "burned")
)


def _sums() -> Sums:
    return defaultdict(Decimal)


@dataclass
class Leaves:
    """What the leaves of a bundle move, summed up."""

    flows: Sums = field(default_factory=_sums)
    """By asset, over all accounts."""
    supplied: Sums = field(default_factory=_sums)
    borrowed: Sums = field(default_factory=_sums)
    """By token, in units of it, less what was withdrawn or repaid."""
    gas: Decimal = ZERO
    untold: set[str] = field(default_factory=set)
    is_float: bool = False

    def add(self, event: Mapping[str, Any]) -> None:
        """Add a leaf."""
        values = EventValues(event)
        event_type, amount = event["event_type"], values.given_number("amount")
        self.is_float = self.is_float or isinstance(values.get("amount"), float)
        moved = movements(event)
        for one in moved:
            if one.asset != SIZE:
                self.flows[one.asset] = EXACT.add(self.flows[one.asset], one.amount)
        self.untold.update(asset or "" for _, asset in untold_legs(event))
        sums, sign = _LENDING.get(event_type, ("", 0))
        if sums and moved and amount is not None:
            by_token, token = getattr(self, sums), values.given_text("token") or ""
            by_token[token] = EXACT.add(by_token[token], sign * amount)
        if event_type == "GAS_FEE_PAID":
            for one in moved:
                self.gas = EXACT.add(self.gas, one.amount)

    def may_be(self, name: str) -> list[Decimal] | None:
        """What a claim of this name may say; None where that cannot be told.

        The first is what it most likely means. Nothing at all where it is of no amount.
        """
        given = _WORDS.findall(name)
        words = frozenset(word.lower() for word in given)
        if words & (_NO_AMOUNT | _IN_USD):
            return []
        token = _token(given, self.flows)
        sign = -1 if words & _LESS else 1
        for meant, by_token, scaled_of in (
            (_COLLATERAL, self.supplied, atoken_of),
            (_DEBT, self.borrowed, debt_token_of),
        ):
            if words & meant and not words & {"flash"}:
                tokens = [token] if token is not None else list(by_token)
                if len(tokens) > 1:
                    return None
                lent = list(self._lent(tokens, by_token, scaled_of))
                return [sign * one for one in lent] + (lent if sign < 0 else [])
        if words & _GAS:
            return [-self.gas, self.gas]
        if token is None or token in self.untold or "" in self.untold or words & _GROSS:
            return None
        flow = self.flows.get(token, ZERO)
        before_gas = EXACT.subtract(flow, self.gas) if token == "ETH" else flow
        return [sign * flow, sign * before_gas, flow, before_gas]

    def _lent(self, tokens: list[str], by_token: Sums, scaled_of: Any) -> Iterator[Decimal]:
        if not tokens:
            yield ZERO
        for token in tokens:
            yield by_token.get(token, ZERO)
            if scaled_of(token) not in self.untold:
                yield self.flows.get(scaled_of(token), ZERO)


_LENDING = {
    "COLLATERAL_SUPPLIED": ("supplied", 1),
    "COLLATERAL_WITHDRAWN": ("supplied", -1),
    "LOAN_CREATED": ("borrowed", 1),
    "LOAN_REPAID": ("borrowed", -1),
}


def _token(words: list[str], flows: Mapping[str, Decimal]) -> str | None:
    """The token that a claim's name names, in any case: the bundle's own, or one that is known."""
    lowered = [word.lower() for word in words]
    for tokens in (flows, sorted(KNOWN_TOKENS)):
        for token in tokens:
            if token.lower() in lowered:
                return token
    return None
