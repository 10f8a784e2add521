"""A statement of somebody else: what a venue or a chain says of what the log tells, too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from projections.audit.moments import iso


class Told(StrEnum):
    """What the lines of a statement tell of."""

    FILLS = "fills"
    FUNDING = "funding"
    BALANCES = "balances"
    RECEIPTS = "receipts"


class Line(NamedTuple):
    """One line: `row` counts data rows from 1, `time` microseconds since 1970.

    Amounts and fees are in units of their token, those of funding with their sign (received above
    zero). Of a receipt `id` is the transaction's hash, `fee` in ETH, `amount` the units of gas.
    """

    row: int
    time: int | None
    symbol: str | None
    amount: Decimal | None
    fee: Decimal | None = None
    side: str | None = None
    id: str | None = None
    block: int | None = None
    failed: bool | None = None


class Period(NamedTuple):
    """From when to when a statement is evidence, both included; microseconds since 1970."""

    first: int
    last: int

    def holds(self, moment: int | None, margin: int = 0) -> bool:
        """Whether the moment is in it."""
        return moment is not None and self.first - margin <= moment <= self.last + margin

    def __str__(self) -> str:
        return f"{iso(self.first)} to {iso(self.last)}"


@dataclass(frozen=True)
class Statement:
    """The lines of a file, and how they are held against the log.

    `venue` is the log's name of it. Times may differ by `time_tolerance` (microseconds); what
    differs by more than `time_window` is another event. Amounts may differ by `amount_tolerance`
    for each line, fees by `fee_tolerance`.
    """

    name: str
    told: Told
    venue: str
    lines: Sequence[Line]
    period: Period
    time_tolerance: int
    time_window: int
    amount_tolerance: Decimal
    fee_tolerance: Decimal


def same_symbol(one: str) -> str:
    """A symbol as it is compared: ETHUSDT of ETH/USDT, ETHUSDT-PERP and eth_usdt."""
    plain = one.upper()
    for end in ("-PERPETUAL", "-PERP", "-SWAP", "_PERP"):
        plain = plain.removesuffix(end)
    return "".join(letter for letter in plain if letter.isalnum())
