"""The catalogue of event types and the categories they belong to."""

from __future__ import annotations

import re
from functools import lru_cache

from domain.errors import InvalidEventTypeError, shown
from domain.errors.base import nearest

CATALOGUE: dict[str, tuple[str, ...]] = {
    "on-chain": (
        "GAS_FEE_PAID",
        "STAKE_DEPOSIT",
        "STAKE_WITHDRAWAL",
        "COLLATERAL_SUPPLIED",
        "COLLATERAL_WITHDRAWN",
        "LOAN_CREATED",
        "LOAN_REPAID",
        "VENUE_TRANSFER",
        "SEASONAL_REWARD_DISTRIBUTION",
        "TRANSACTION_FAILED",
    ),
    "cex": ("SPOT_TRADE", "TRADE_EXECUTED", "FUNDING_PAYMENT"),
    "complex": (
        "ATOMIC_TRANSACTION",
        "FLASH_BORROW",
        "FLASH_REPAID",
        "LEVERAGE_LOOP_ITERATION",
    ),
    "monitoring": (
        "HOURLY_RECONCILIATION",
        "PRICE_UPDATE",
        "RISK_ALERT",
        "REBALANCE_EXECUTED",
        "REBALANCE_TRIGGER",
        "LIQUIDATION_RISK",
        "MARGIN_WARNING",
        "BALANCE_CHANGE",
        "EXPOSURE_UPDATE",
        "PNL_SNAPSHOT",
    ),
    "log": ("CORRECTION", "LOG_CONTINUED", "KEY_ROTATED", "LOG_CLOSED"),
}
"""Event types by category: the specification's nineteen, those that its callers log, and what is
said of the log itself."""

EVENT_TYPES: frozenset[str] = frozenset(name for names in CATALOGUE.values() for name in names)

TELLING_TYPES: frozenset[str] = frozenset(
    (
        *CATALOGUE["monitoring"],
        *CATALOGUE["log"],
        "FUNDING_PAYMENT",
        "SEASONAL_REWARD_DISTRIBUTION",
        "TRANSACTION_FAILED",
    )
)
"""Types that only tell something: live, they are completed when logged, since nothing would ever
confirm them."""

_SAID_WHEN = {
    "LOG_CLOSED": "is moved to another store (event-logger copy --close-source)",
    "LOG_CONTINUED": "goes on after a restore (after_restore=True)",
    "KEY_ROTATED": "is signed with another key (event-logger key rotate)",
}

OF_THE_LOG = frozenset(_SAID_WHEN)
"""What happens to the log itself: its timestamp is the store's, in a backtest too. Nobody else logs
it; an import takes it as what once happened to another log."""

LOGGED_TYPES = EVENT_TYPES - OF_THE_LOG
"""The catalogue's types that a strategy logs."""

_UPPER_SNAKE_CASE = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*\Z")


@lru_cache(maxsize=4096)
def is_event_type_name(name: str) -> bool:
    """Whether the name is UPPER_SNAKE_CASE in ASCII, as every event type's is."""
    return _UPPER_SNAKE_CASE.match(name) is not None


def checked_event_type(value: object, *, strict: bool = False) -> str:
    """The event type as plain text.

    Raises `InvalidEventTypeError` for what is not UPPER_SNAKE_CASE text and, when `strict`, for
    what is not in the catalogue, naming the nearest type that a strategy logs.
    """
    if not isinstance(value, str):
        raise InvalidEventTypeError(
            "event_type", value, f"must be text like 'STAKE_DEPOSIT', not {shown(value)}"
        )
    name = str.__str__(value)
    if not is_event_type_name(name):
        raise InvalidEventTypeError(
            "event_type", value, f"must be UPPER_SNAKE_CASE like 'STAKE_DEPOSIT', not {shown(name)}"
        )
    if strict and name not in EVENT_TYPES:
        near = nearest(name, LOGGED_TYPES)
        raise InvalidEventTypeError(
            "event_type", value, f"{name!r} is not in the catalogue; the nearest is {near!r}"
        )
    return name


def refuse_of_the_log(name: object, path: str = "event_type") -> None:
    """Raises `InvalidEventTypeError` for a type that only the log itself logs."""
    said_when = _SAID_WHEN.get(name) if isinstance(name, str) else None
    if said_when is not None:
        raise InvalidEventTypeError(
            path,
            name,
            f"{name} is said by the log itself, when it {said_when}; give what is logged here"
            " another type",
        )
