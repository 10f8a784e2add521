"""What the log's own accounts sent: which events are transactions of theirs, and by which nonce."""

from __future__ import annotations

from typing import NamedTuple

from domain.accounts import WALLET, account_of
from domain.event_values import EventMapping, EventValues
from domain.statuses import is_exchange_order
from projections.audit.rule import AuditedEvent

CONFIRMED: frozenset[str] = frozenset(("confirmed", "finalized", "completed"))
"""Statuses of what the chain holds."""

_SENT = frozenset(
    (
        "STAKE_DEPOSIT",
        "STAKE_WITHDRAWAL",
        "COLLATERAL_SUPPLIED",
        "COLLATERAL_WITHDRAWN",
        "LOAN_CREATED",
        "LOAN_REPAID",
        "VENUE_TRANSFER",
        "SPOT_TRADE",
        "ATOMIC_TRANSACTION",
    )
)
"""Types that are transactions of the log's own accounts, whether a nonce is named or not."""

_OF_ANOTHER = frozenset(
    ("GAS_FEE_PAID", "SEASONAL_REWARD_DISTRIBUTION", "TRANSACTION_FAILED", "CORRECTION")
)
"""Types that tell of a transaction which is an event of its own, or is of somebody else."""


class Account(NamedTuple):
    """A sending account: its address in lower case, and the chain; empty where not told."""

    sender: str
    chain: str

    def __str__(self) -> str:
        of_chain = f" on chain {self.chain}" if self.chain else ""
        return f"{self.sender or 'the sender'}{of_chain}"


def sender_of(event: EventMapping) -> Account:
    """The account that an event says it was sent from."""
    sender, chain = event.get("sender"), event.get("chain_id")
    return Account(sender.lower() if isinstance(sender, str) else "", str(chain or ""))


def is_inbound(event: EventMapping) -> bool:
    """Whether an event is a transfer that a venue sent, from an account and by a nonce of its own.

    A venue may put many withdrawals into one transaction.
    """
    if event.get("event_type") != "VENUE_TRANSFER":
        return False
    values = EventValues(event)
    venue = values.given_text("venue") or ""
    return account_of(values.given_text("from_venue") or venue.partition("→")[0]) != WALLET


def is_own(event: EventMapping) -> bool:
    """Whether an event is a transaction that an account of the log's own sent.

    What gas costs is told of a transaction that is an event of its own.
    """
    event_type = event.get("event_type")
    if event_type in _OF_ANOTHER or is_inbound(event):
        return False
    if event_type in _SENT:
        return not is_exchange_order(dict(event))
    return event.get("nonce") is not None or event.get("sender") is not None


def nonces_of(event: AuditedEvent) -> list[int]:
    """Every nonce that the event was ever sent with, in the order of its sending."""
    given = [(event.record or {}).get("nonce")]
    given += [((one.record or {}).get("changes") or {}).get("nonce") for one in event.transitions]
    return [nonce for nonce in given if type(nonce) is int]
