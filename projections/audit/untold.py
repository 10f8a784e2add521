"""What events move by amounts that no field of theirs tells, and which balances that may be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from domain.accounts import SIZE
from domain.effects import MOVING_TYPES, movements, settled_in, untold_legs
from domain.event_types import EVENT_TYPES
from domain.event_values import EventValues
from projections.balances import ENTRY_PRICE

_SUMMARIES = frozenset(("LEVERAGE_LOOP_ITERATION", "ATOMIC_TRANSACTION"))
"""What moves by its details; without them nobody knows whether it moves or sums up."""

TELLING_ONLY: frozenset[str] = EVENT_TYPES - MOVING_TYPES - _SUMMARIES
"""Event types that surely move nothing, and leave nothing untold."""


@dataclass
class Untold:
    """What moved by amounts that no field tells, since the last snapshot."""

    names: set[str] = field(default_factory=set)
    accounts: set[str] = field(default_factory=set)
    is_all: bool = False

    def note(self, event: Mapping[str, Any]) -> None:
        """Note what the event leaves untold."""
        event_type = event["event_type"]
        for account, asset in untold_legs(event):
            if account is None:
                self.is_all = True
            elif asset is None:
                self.accounts.add(account)
            else:
                self.names.add(f"{account}.{asset}")
        is_summary = event_type in _SUMMARIES and not event.get("detail_orders")
        if is_summary or event_type not in EVENT_TYPES:
            self.is_all = True

    def of_those(self, names: Iterable[str]) -> Untold:
        """What is left of it where these balances alone were not shown."""
        return Untold({name for name in names if self.covers(name)})

    def covers(self, name: str) -> bool:
        """Whether the balance may have moved so."""
        account = name.rpartition(".")[0]
        return self.is_all or name in self.names or account in self.accounts


def names_of(event: Mapping[str, Any]) -> set[str]:
    """The balances that the event moves, or would move if it came about."""
    event = {**event, "status": None}
    legs = [(one.account, one.asset) for one in movements(event)]
    legs += [(account or "", asset or "") for account, asset in untold_legs(event)]
    names = {f"{account}.{asset}" for account, asset in legs}
    for account, asset in legs:
        if asset == SIZE:
            venue, quote = account.partition(".")[0], settled_in(EventValues(event))
            names |= {f"{account}.{ENTRY_PRICE}", f"{venue}.{quote}"}
    return names
