"""Balances that grow without an event: aTokens and debt at an index, rebasing tokens on their own.

A snapshot may show aTokens and debt scaled, which an index that grows does not change, or as what
they are worth. Which of the two it shows is told by what it does where the two part.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from domain.accounts import WALLET, atoken_of, debt_token_of, scaled_token
from domain.event_values import EXACT, EventValues
from domain.pairs import KNOWN_TOKENS
from projections.audit.figures import FLOAT_PART, LAST_PLACE, WIDE, ZERO, unit_of
from projections.audit.lending import KINDS, index_in

REBASING: frozenset[str] = frozenset(("stETH", "eETH", "AMPL", "OETH", "OUSD", "USDM", "sOHM"))
"""Tokens whose balances their contracts change for everybody at once."""

_ULPS = 2
"""aTokens are off by up to two units of the last place (AAVE rounds the index and the balance)."""

_WEI = Decimal("1e-18")


@dataclass
class Accruing:
    """One balance that may grow: the last index that the log tells, and that when it was shown.

    Since then `scaled` moved, and with it `worth` of the token that it stands for. `is_scaled` says
    what snapshots show; None until they told.
    """

    index: Decimal | None = None
    shown_at: Decimal | None = None
    scaled: Decimal = ZERO
    worth: Decimal = ZERO
    is_scaled: bool | None = None

    @property
    def growth(self) -> Decimal:
        """By what the index grew since the balance was shown, as far as the log tells; else 1."""
        if self.index is None or not self.shown_at:
            return Decimal(1)
        return WIDE.divide(self.index, self.shown_at)


def _last_place(found: Decimal) -> Decimal:
    """One of the last place in which a balance is shown: of one that was cut short, the wei."""
    unit = unit_of(found)
    return unit if unit <= LAST_PLACE else _WEI


def accrues(name: str) -> bool:
    """Whether the balance of this name, `WALLET.aWeETH`, may grow without an event."""
    account, _, asset = name.rpartition(".")
    if account != WALLET:
        return False
    is_atoken = asset[:1] == "a" and asset[1:2].isupper() and asset not in KNOWN_TOKENS
    return is_atoken or asset in REBASING or asset.startswith(("variableDebt", "stableDebt"))


class Accruals:
    """Follows indices and what moves at them, by the name of the balance."""

    def __init__(self) -> None:
        self._balances: dict[str, Accruing] = {}

    def book(self, values: EventValues, sign: int = 1) -> None:
        """Note the index that an event tells, and what it moves at that; -1 takes it back."""
        kind, token = KINDS.get(values.get("event_type")), values.given_text("token") or ""
        name = values.given_text("scaled_token")
        if kind is not None:
            name = debt_token_of(token) if kind.is_debt else atoken_of(token)
        if name is None:
            return
        one = self._of(f"{WALLET}.{name}")
        figure = index_in(values, *(kind.indices if kind else ("index",)))
        one.index = one.index if figure is None else figure.value
        if kind is not None:
            sign = sign if kind.scaled.endswith("received") else -sign
            for moved in ("scaled", "worth"):
                amount = values.given_number(kind.scaled if moved == "scaled" else "amount")
                setattr(one, moved, EXACT.add(getattr(one, moved), sign * (amount or ZERO)))

    def allows(self, name: str, before: Decimal, expected: Decimal, found: Decimal) -> bool | None:
        """Whether a balance that is not `expected`, the scaled one, may be what was found.

        `before` is what was shown last. None where the log tells no index that could decide.
        """
        one = self._of(name)
        if one.is_scaled:
            return False
        others = EXACT.subtract(EXACT.subtract(expected, before), one.scaled)
        grown = before if one.growth == 1 else WIDE.multiply(before, one.growth)
        worth = WIDE.add(WIDE.add(grown, one.worth), others)
        allowed = max(_last_place(found) * _ULPS, found.copy_abs() * FLOAT_PART)
        if abs(WIDE.subtract(found, worth)) <= allowed:
            one.is_scaled = False
            return True
        return False if found < worth else None

    def is_worth(self, name: str) -> bool:
        """Whether snapshots are known to show what the balance is worth."""
        return self._of(name).is_scaled is False

    def show(self, name: str, before: Decimal, is_as_scaled: bool) -> None:
        """Note that a snapshot showed the balance, and whether as its scaled amounts give it."""
        one = self._of(name)
        if is_as_scaled and one.is_scaled is None:
            has_grown = one.growth != 1 and before != 0
            one.is_scaled = True if has_grown or one.scaled != one.worth else None
        one.shown_at, one.scaled, one.worth = one.index, ZERO, ZERO

    def _of(self, name: str) -> Accruing:
        account, _, asset = name.rpartition(".")
        return self._balances.setdefault(f"{account}.{scaled_token(asset)}", Accruing())
