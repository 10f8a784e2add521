"""Every field of an event, said once: its check, its unit, its kind of column, its roles.

All tables of fields are taken from `Event` below, so that a field is added by its line there.
"""

from enum import Enum, auto
from typing import Annotated, Any, ClassVar

from domain import checks
from domain.checks import Check, Checked, Number
from domain.event_types import checked_event_type
from domain.times import checked_time, is_iso_utc


class Kind(Enum):
    """What the cells of a field's column hold."""

    TIME = auto()
    INT = auto()
    TEXT = auto()
    NUMBER = auto()
    JSON = auto()


class Role(Enum):
    """What else is true of a field; one without a role is content that callers give by its name."""

    NAMED = auto()
    """An argument of its own of whatever logs an event, not one of `**event_data`."""
    RESERVED = auto()
    """Filled in by the log; nothing that a caller gives may be called so."""
    APART = auto()
    """Not a key of every event dict."""
    VARIES = auto()
    """May differ when the same `event_id` is logged again, as every time may."""
    UPDATABLE = auto()
    """An update of a live event may carry it."""
    SHARED = auto()
    """Of the transaction, which a bundle's details share with their wrapper."""
    CLEARED_BY_REORG = auto()
    """Not true any more of a transaction that the chain has taken back."""


_NAMED, _RESERVED, _APART, _VARIES = Role.NAMED, Role.RESERVED, Role.APART, Role.VARIES
_UPDATABLE, _SHARED, _CLEARED = Role.UPDATABLE, Role.SHARED, Role.CLEARED_BY_REORG

_Number = Annotated[Number | None, Checked(checks.number), Kind.NUMBER]
_Whole = Annotated[int | None, Checked(checks.whole_number), Kind.INT]
_Order = Annotated[int | None, Checked(checks.order), Kind.INT]
_Orders = Annotated[list[int] | None, Checked(checks.orders), Kind.JSON]
_Text = Annotated[str | None, Checked(checks.text), Kind.TEXT]
_NeededText = Annotated[str, Checked(checks.text), Kind.TEXT]
_EventType = Annotated[str, Checked(lambda field, value: checked_event_type(value)), Kind.TEXT]
_Time = Annotated[str | None, Checked(checked_time, is_iso_utc), Kind.TIME]
_NeededTime = Annotated[str, Checked(checked_time, is_iso_utc), Kind.TIME]
_Snapshot = Annotated[dict[str, Any] | None, Checked(checks.snapshot)]
_Filled = tuple[object, ...]


class Event:
    """One audit event as it is stored; its order is the version of the log it stands in.

    Times are ISO 8601 text in UTC. Fields that were not given are not stored. Everything that a
    caller gave beyond the declared fields is in `extra`. The class variables are not stored: the
    log fills them in when an event is read.

    The fields stand in the order of the event dict: the specification's down to `recorded_at`,
    which every CSV has, then those whose column a CSV has where any event has the field. Beside its
    type stand a field's meaning, with its unit, and its roles. `domain.event_model` makes the model
    of it that validates a record whole; logging runs the checks alone.
    """

    timestamp: Annotated[_NeededTime, "Trigger time; on the hour in a backtest.", _NAMED]
    order: ClassVar[_Filled] = (Kind.INT, "The event's place in its log: 1, 2, 3 …", _RESERVED)
    status: ClassVar[_Filled] = (
        Kind.TEXT,
        "How far it is: pending, submitted, completed …",
        _RESERVED,
    )
    event_type: Annotated[_EventType, "UPPER_SNAKE_CASE, such as GAS_FEE_PAID.", _NAMED]
    event_id: Annotated[_Text, "The caller's key; makes logging idempotent."] = None
    venue: Annotated[_NeededText, "ETHEREUM, AAVE, BINANCE …", _NAMED]
    token: Annotated[_Text, "ETH, USDT, weETH …", _NAMED] = None
    amount: Annotated[_Number, "Primary amount, in units of the token.", _NAMED] = None
    wallet_balance_after: ClassVar[_Filled] = (Kind.JSON, "The position snapshot.", _RESERVED)
    cex_balance_after: ClassVar[_Filled] = (Kind.JSON, "Its balances on exchanges.", _RESERVED)
    aave_position_after: ClassVar[_Filled] = (
        Kind.JSON,
        "Its wallet and perp positions.",
        _RESERVED,
    )
    gas_cost_eth: Annotated[_Number, "Gas paid, in ETH.", _UPDATABLE] = None
    gas_cost_usd: Annotated[_Number, "Gas paid, in USD.", _UPDATABLE] = None
    gas_units: Annotated[_Whole, "Gas used, in units of gas.", _UPDATABLE] = None
    gas_price_gwei: Annotated[_Number, "Price of a unit of gas, in gwei.", _UPDATABLE] = None
    execution_cost_usd: Annotated[_Number, "Fees and slippage, in USD.", _UPDATABLE] = None
    execution_cost_bps: Annotated[_Number, "The same, in bps of the notional.", _UPDATABLE] = None
    purpose: Annotated[_Text, "What for, as a sentence."] = None
    transaction_type: Annotated[_Text, "Category, such as STAKE."] = None
    related_events: Annotated[_Orders, "Orders of related events."] = None
    iteration: Annotated[_Whole, "Which round of a loop: 1, 2, 3 …"] = None
    parent_event: Annotated[_Order, "Order of the wrapper this is a detail of."] = None
    trigger_timestamp: Annotated[_Time, "When the decision was made."] = None
    completion_timestamp: Annotated[
        _Time, "When the transaction was confirmed.", _UPDATABLE, _SHARED, _CLEARED
    ] = None
    tx_hash: Annotated[_Text, "The transaction's hash.", _UPDATABLE, _SHARED] = None
    confirmation_blocks: Annotated[
        _Whole, "Blocks on top of the transaction's.", _UPDATABLE, _SHARED, _CLEARED
    ] = None
    recorded_at: Annotated[_NeededTime, "When the clock said that it was logged.", _RESERVED]
    nonce: Annotated[_Whole, "The sending account's nonce.", _UPDATABLE, _SHARED] = None
    chain_id: Annotated[_Whole, "The chain's EIP-155 number; 1 is Ethereum.", _SHARED] = None
    sender: Annotated[_Text, "The sending account's address.", _SHARED] = None
    block_number: Annotated[
        _Whole, "The block that holds the transaction.", _UPDATABLE, _SHARED, _CLEARED
    ] = None
    block_hash: Annotated[_Text, "The hash of that block.", _UPDATABLE, _SHARED, _CLEARED] = None
    exchange_order_id: Annotated[_Text, "The exchange's name for the order.", _UPDATABLE] = None
    filled_amount: Annotated[_Number, "Filled so far, in units of the token.", _UPDATABLE] = None
    average_price: Annotated[_Number, "Of the fills, in the quote currency.", _UPDATABLE] = None
    fee: Annotated[_Number, "The exchange's fee, in units of fee_token.", _UPDATABLE] = None
    fee_token: Annotated[_Text, "What the fee is paid in.", _UPDATABLE] = None

    position_snapshot: Annotated[
        _Snapshot, "What the Position Monitor then said.", _NAMED, _UPDATABLE, _VARIES, _APART
    ] = None
    detail_orders: Annotated[_Orders, "A wrapper's direct details.", _RESERVED, _APART] = None
    detail_count: ClassVar[_Filled] = (Kind.INT, "How many they are.", _RESERVED, _APART)
    corrected_by: ClassVar[_Filled] = (Kind.JSON, "Orders of the corrections of it.", _APART)
    log: ClassVar[_Filled] = ("The log that holds it, where several are shown.", _RESERVED, _APART)
    extra: Annotated[dict[str, Any], "All else that was given.", _APART]


def marks_of(name: str) -> _Filled:
    """What stands beside the type of a field."""
    stored: _Filled | None = getattr(Event.__annotations__[name], "__metadata__", None)
    return getattr(Event, name) if stored is None else stored


def stored_fields() -> dict[str, Any]:
    """The annotation of each field that a record holds."""
    annotations = Event.__annotations__
    return {name: given for name, given in annotations.items() if hasattr(given, "__metadata__")}


def _names_by_mark() -> dict[object, tuple[str, ...]]:
    names: dict[object, list[str]] = {mark: [] for marks in (Kind, Role) for mark in marks}
    for name in Event.__annotations__:
        for mark in marks_of(name):
            if isinstance(mark, Kind | Role):
                names[mark].append(name)
    return {mark: tuple(marked) for mark, marked in names.items()}


_NAMES = _names_by_mark()

MEANINGS: dict[str, str] = {
    name: mark for name in Event.__annotations__ for mark in marks_of(name) if isinstance(mark, str)
}
"""What each field means, with its unit."""

FIELD_CHECKS: dict[str, Check] = {
    name: mark.check
    for name in stored_fields()
    for mark in marks_of(name)
    if isinstance(mark, Checked)
}
"""The check of each stored field."""

EVENT_DATA_CHECKS: dict[str, Check] = {
    name: check
    for name, check in FIELD_CHECKS.items()
    if name not in _NAMES[Role.NAMED] and name not in _NAMES[Role.RESERVED]
}
"""The checks of the declared fields that a caller may give as `**event_data`."""

OF_THE_UPDATE: tuple[str, ...] = ("reason", "by")
"""Why an update was made and who decided it: the update's own, no fields of the event."""

UPDATE_CHECKS: dict[str, Check] = {
    name: FIELD_CHECKS[name] for name in _NAMES[Role.UPDATABLE]
} | dict.fromkeys(OF_THE_UPDATE, checks.text)
"""The checks of what an update of a live event may carry beside its status."""

TRANSACTION_FIELDS: tuple[str, ...] = _NAMES[Role.SHARED]
"""What the details of a bundle share with their wrapper: they are one transaction."""

CLEARED_BY_REORG: tuple[str, ...] = _NAMES[Role.CLEARED_BY_REORG]
"""What a reorganised chain has made untrue of the transaction; its hash stays."""

RESERVED_FIELDS: frozenset[str] = frozenset(_NAMES[Role.RESERVED])
"""Names that the log fills itself; no extra may be called so."""

NOT_CONTENT: frozenset[str] = frozenset((*_NAMES[Kind.TIME], *_NAMES[Role.VARIES]))
"""Fields that may differ when the same `event_id` is logged again."""

EVENT_FIELDS: tuple[str, ...] = tuple(
    name for name in Event.__annotations__ if name not in _NAMES[Role.APART]
)
"""What every event dict has, in this order; the extras follow."""

DECLARED_FIELDS: tuple[str, ...] = EVENT_FIELDS[: EVENT_FIELDS.index("recorded_at")]
"""The specification's fields in the specification's order."""

CHAIN_FIELDS: tuple[str, ...] = EVENT_FIELDS[len(DECLARED_FIELDS) + 1 :]
"""What is known of a transaction or an order beyond the specification's fields."""

TIME_FIELDS: tuple[str, ...] = _NAMES[Kind.TIME]
"""Fields that hold a time."""

TEXT_COLUMNS: frozenset[str] = frozenset(_NAMES[Kind.TEXT])
"""Columns whose cells stay text, whatever they look like."""

INT_COLUMNS: frozenset[str] = frozenset(_NAMES[Kind.INT])
"""Columns of whole numbers."""

NUMBER_COLUMNS: frozenset[str] = frozenset(_NAMES[Kind.NUMBER])
"""Columns of ints, floats or Decimals."""

JSON_COLUMNS: frozenset[str] = frozenset(_NAMES[Kind.JSON])
"""Columns whose cells are JSON."""
