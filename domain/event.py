"""The event: every field that the log keeps of it, with its meaning and unit."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from domain import checks
from domain.checks import Check, Checked, Number, compiled_checks
from domain.event_types import checked_event_type
from domain.times import checked_time, is_iso_utc

_Number = Annotated[Number | None, Checked(checks.number)]
_Whole = Annotated[int | None, Checked(checks.whole_number)]
_Text = Annotated[str | None, Checked(checks.text)]
_Time = Annotated[str | None, Checked(checked_time, is_iso_utc)]
_NeededTime = Annotated[str, Checked(checked_time, is_iso_utc)]
_Order = Annotated[int | None, Checked(checks.order)]
_Orders = Annotated[list[int] | None, Checked(checks.orders)]
_EventType = Annotated[str, Checked(lambda field, value: checked_event_type(value))]


class Event(BaseModel):
    """One audit event as it is stored; its order is the version of the log it stands in.

    Times are ISO 8601 text in UTC. Fields that were not given are not stored. Everything that a
    caller gave beyond the declared fields is in `extra`.
    """

    # The validator is built when a record is first validated whole: logging runs the checks alone.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    recorded_at: _NeededTime = Field(description="When the clock said that it was logged.")
    timestamp: _NeededTime = Field(description="Trigger time; on the hour in a backtest.")
    event_type: _EventType = Field(description="UPPER_SNAKE_CASE, such as GAS_FEE_PAID.")
    event_id: _Text = Field(None, description="The caller's key; makes logging idempotent.")
    venue: Annotated[str, Checked(checks.text)] = Field(description="ETHEREUM, AAVE, BINANCE …")
    token: _Text = Field(None, description="ETH, USDT, weETH …")
    amount: _Number = Field(None, description="Primary amount, in units of the token.")
    position_snapshot: Annotated[dict[str, Any] | None, Checked(checks.snapshot)] = Field(
        None, description="The Position Monitor's output after the event."
    )
    gas_cost_eth: _Number = Field(None, description="Gas paid, in ETH.")
    gas_cost_usd: _Number = Field(None, description="Gas paid, in USD.")
    gas_units: _Whole = Field(None, description="Gas used, in units of gas.")
    gas_price_gwei: _Number = Field(None, description="Price of a unit of gas, in gwei.")
    execution_cost_usd: _Number = Field(None, description="Fees and slippage, in USD.")
    execution_cost_bps: _Number = Field(None, description="Fees and slippage, in bps of notional.")
    purpose: _Text = Field(None, description="What for, as a sentence.")
    transaction_type: _Text = Field(None, description="Category, such as STAKE.")
    related_events: _Orders = Field(None, description="Orders of related events.")
    iteration: _Whole = Field(None, description="Which round of a loop: 1, 2, 3 …")
    parent_event: _Order = Field(None, description="Order of the wrapper this is a detail of.")
    trigger_timestamp: _Time = Field(None, description="When the decision was made.")
    completion_timestamp: _Time = Field(None, description="When the transaction was confirmed.")
    tx_hash: _Text = Field(None, description="The transaction's hash.")
    confirmation_blocks: _Whole = Field(None, description="Blocks on top of the transaction's.")
    nonce: _Whole = Field(None, description="The sending account's nonce.")
    block_number: _Whole = Field(None, description="The block that holds the transaction.")
    block_hash: _Text = Field(None, description="The hash of that block.")
    detail_orders: _Orders = Field(None, description="A wrapper's direct details.")
    extra: dict[str, Any] = Field(default_factory=dict, description="All else that was given.")


FIELD_CHECKS: dict[str, Check] = compiled_checks(Event)
"""The check of each stored field, taken from the model."""

EVENT_DATA_CHECKS: dict[str, Check] = {
    name: check
    for name, check in FIELD_CHECKS.items()
    if name
    not in {
        "recorded_at",
        "timestamp",
        "event_type",
        "venue",
        "token",
        "amount",
        "position_snapshot",
        "detail_orders",
    }
}
"""The checks of the declared fields that a caller may give as `**event_data`."""

UPDATE_CHECKS: dict[str, Check] = {
    name: FIELD_CHECKS[name]
    for name in (
        "tx_hash",
        "completion_timestamp",
        "confirmation_blocks",
        "nonce",
        "block_number",
        "block_hash",
        "gas_cost_eth",
        "gas_cost_usd",
        "gas_units",
        "gas_price_gwei",
        "execution_cost_usd",
        "execution_cost_bps",
        "position_snapshot",
    )
} | {"reason": checks.text}
"""The checks of what an update of a live event may carry beside its status."""

TRANSACTION_FIELDS: tuple[str, ...] = (
    "tx_hash",
    "completion_timestamp",
    "confirmation_blocks",
    "nonce",
    "block_number",
    "block_hash",
)
"""What the details of a bundle share with their wrapper: they are one transaction."""

RESERVED_FIELDS: frozenset[str] = frozenset(
    {
        "order",
        "status",
        "recorded_at",
        "log",
        "detail_orders",
        "detail_count",
        "wallet_balance_after",
        "cex_balance_after",
        "aave_position_after",
    }
)
"""Names that the log fills itself; no extra may be called so."""

NOT_CONTENT: frozenset[str] = frozenset(
    {
        "recorded_at",
        "timestamp",
        "trigger_timestamp",
        "completion_timestamp",
        "position_snapshot",
    }
)
"""Fields that may differ when the same `event_id` is logged again."""
