"""The perpetual positions that are held as a log goes on, from its trades and its snapshots."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from domain.accounts import SIZE, perp_account
from domain.event_values import EventValues
from projections.audit.figures import ZERO
from projections.balances import ENTRY_PRICE, Balances, flat_balances


class Position(NamedTuple):
    """A size, below zero when short, and the average price at which it was opened."""

    size: Decimal
    entry_price: Decimal


class HeldPositions:
    """Books trades; a snapshot's positions are what was observed, and are gone on from."""

    def __init__(self) -> None:
        self._balances = Balances()
        self._turned_at: dict[str, str] = {}
        self._observed: Mapping[str, object] | None = None
        """The last snapshot's positions, until somebody asks."""
        self._seen: object = None
        """The last snapshot, while no trade came after it."""
        self.is_known = False
        """Whether a snapshot has shown which positions there are."""

    def of(self, venue: str, instrument: str) -> Position:
        """The position as it is booked by now."""
        account, held = perp_account(venue, instrument), self._booked()
        return Position(
            held.get(f"{account}.{SIZE}", ZERO), held.get(f"{account}.{ENTRY_PRICE}", ZERO)
        )

    def side_at(self, values: EventValues) -> Decimal | None:
        """1 for long, -1 for short at the event's venue (and instrument, where it names one).

        None where there are both, or none, or the side changed at the very time of the event.
        """
        venue, instrument = values.given_text("venue") or "", values.given_text("instrument")
        begins = perp_account(venue, instrument or "")
        sides = set()
        for name, held in self._booked().items():
            account, _, asset = name.rpartition(".")
            is_meant = account == begins if instrument else account.startswith(begins)
            if asset != SIZE or not is_meant:
                continue
            if self._turned_at.get(account) == values.get("timestamp"):
                return None
            if held:
                sides.add(Decimal(1).copy_sign(held))
        return sides.pop() if len(sides) == 1 else None

    def book(self, event: Mapping[str, object]) -> None:
        """Book what the event does to positions, and what its snapshot shows of them."""
        if event["event_type"] == "TRADE_EXECUTED":
            self._trade(EventValues(event), event)
            self._seen = None
        snapshot = event.get("position_snapshot")
        if snapshot is self._seen:
            return
        self._seen = snapshot
        positions = snapshot.get("perp_positions") if isinstance(snapshot, dict) else None
        if isinstance(positions, dict):
            self._observed, self.is_known = positions, True

    def _trade(self, values: EventValues, event: Mapping[str, object]) -> None:
        venue, instrument = values.given_text("venue"), values.given_text("instrument")
        if venue is None or instrument is None:
            return
        before = self.of(venue, instrument).size
        self._balances.apply(event)
        if before * self.of(venue, instrument).size < 0:
            account = perp_account(venue, instrument)
            self._turned_at[account] = values.given_text("timestamp") or ""

    def _booked(self) -> dict[str, Decimal]:
        held, observed = self._balances.balances, self._observed
        if observed is not None:
            self._observed = None
            shown = dict(flat_balances({"perp_positions": observed}))
            for name in held:
                if name not in shown and name.rpartition(".")[0] + f".{SIZE}" not in shown:
                    held[name] = ZERO
            held.update(shown)
        return held
