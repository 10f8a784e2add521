"""Bundles: what the leaves move is what the wrapper claims, and no step uses what is not there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from domain.accounts import WALLET, decimals_of
from domain.effects import UNDONE, movements
from domain.event_values import EXACT, EventValues, decimal_of
from projections.audit.accrual import accrues
from projections.audit.arithmetic import is_told
from projections.audit.claims import Leaves
from projections.audit.figures import FLOAT_PART, ZERO, Difference, Figure, compared
from projections.audit.gaps import Gaps
from projections.audit.rule import NOTHING, AuditedEvent, AuditedLog, Finding, Rule
from projections.audit.untold import TELLING_ONLY, Untold


@dataclass
class Open:
    """A bundle whose leaves are still to come."""

    order: int
    details: frozenset[int]
    wrapper: Mapping[str, Any]
    leaves: Leaves = field(default_factory=Leaves)
    lacking: list[tuple[int, str, Decimal]] = field(default_factory=list)
    """The (order, asset, amount) by which a step used more than was there."""
    has_wrong: bool = False
    """Whether a bundle within it is wrong, which makes its own sums wrong too."""


class Bundles(Rule):
    """The leaves of a bundle give what its `net_result` claims, from what there was before."""

    NAME = "bundles"
    VERSION = 2
    CHECKS = (
        "per asset, what the leaves move is what net_result claims; no step takes more out of the"
        " wallet than is there by then"
    )
    WHY = (
        "a step that was lost, moved or changed breaks the sum, and often the order, of its bundle"
    )
    TOLERANCE = (
        "half a unit of the claim's last written digit; 1e-12 of the largest amount"
        " where one is a float"
    )

    def __init__(self, log: AuditedLog) -> None:
        super().__init__(log)
        self._open: list[Open] = []
        self._wallet: dict[str, Decimal] | None = None
        self._is_float = False
        self._untold = Untold()
        self._shown: object = None
        """The snapshot that the wallet was taken from, while nothing moved since."""
        self._gaps = Gaps()

    def event(self, event: AuditedEvent) -> Iterable[Finding]:
        """See `Rule.event`."""
        record = event.now
        if self._open or (record is not None and "detail_orders" in record):
            return self._within(event)
        if is_told(record):
            self._move(event.order, record)
            self._show(record)
        return NOTHING

    def _within(self, event: AuditedEvent) -> Iterator[Finding]:
        order, record = event.order, event.now
        yield from self._ended(order)
        if not is_told(record):
            return
        details = record.get("detail_orders")
        if isinstance(details, list) and details:
            self._open.append(Open(order, frozenset(details), record))
            return
        for one in self._open:
            one.leaves.add(record)
        self._move(order, record)
        if not self._open:
            self._show(record)

    def end(self) -> Iterator[Finding]:
        """See `Rule.end`."""
        yield from self._ended(None)
        self._gaps.tell(self)

    def _ended(self, order: int | None) -> Iterator[Finding]:
        while self._open and order not in self._open[-1].details:
            one = self._open.pop()
            if one.wrapper.get("status") not in UNDONE:
                yield from self._judged(one)
            if not self._open:
                self._show(one.wrapper)

    def _move(self, order: int, record: Mapping[str, Any]) -> None:
        """Take a leaf's moves out of the wallet, as far as is known what it holds."""
        if record["event_type"] in TELLING_ONLY:
            return
        self._shown = None
        self._untold.note(record)
        wallet = self._wallet
        if wallet is None:
            return
        for one in movements(record):
            if one.account != WALLET:
                continue
            before = wallet.get(one.asset, ZERO)
            held = wallet[one.asset] = EXACT.add(before, one.amount)
            if (
                held < 0
                and one.amount < 0
                and self._open
                and self._is_sure(one.asset, held, before)
            ):
                self._open[-1].lacking.append((order, one.asset, held.copy_negate()))
                # One step that lacks something is one fault, whatever is taken after it.
                wallet[one.asset] = ZERO

    def _is_sure(self, asset: str, held: Decimal, before: Decimal) -> bool:
        """Whether less than nothing of it is what is there, and no amount that nobody told."""
        name = f"{WALLET}.{asset}"
        if self.log.mode == "live" or accrues(name) or self._untold.covers(name):
            return False
        slack = FLOAT_PART * before.copy_abs() if self._is_float else ZERO
        return -held > max(slack, Decimal((0, (1,), -decimals_of(asset))))

    def _show(self, record: Mapping[str, Any]) -> None:
        """Go on from the wallet that a snapshot shows."""
        snapshot = record.get("position_snapshot")
        if snapshot is self._shown:
            return
        self._shown = snapshot
        wallet = snapshot.get("wallet") if isinstance(snapshot, Mapping) else None
        if isinstance(wallet, Mapping):
            self._is_float = any(isinstance(amount, float) for amount in wallet.values())
            numbers = {asset: decimal_of(amount) for asset, amount in wallet.items()}
            self._untold = Untold()
            self._wallet = {asset: one for asset, one in numbers.items() if one is not None}

    def _judged(self, one: Open) -> Iterator[Finding]:
        """All that is wrong with a bundle is one finding: what is lost breaks sum and order.

        It is that of the innermost bundle that is wrong.
        """
        self.looked_at += 1
        if self.log.mode == "live":
            self._gaps.note(one.order, "live, what the wallet holds by a step is not known")
        off = list(self._claims(one))
        if off or one.lacking or one.has_wrong:
            for wrapper in self._open[-1:]:
                wrapper.has_wrong = True
        if one.has_wrong or not (off or one.lacking):
            return
        said = [
            f"{name} is {found.found} and its leaves give {found.expected}" for name, found in off
        ]
        said += [
            f"order {order} uses {by} {asset} more than is there"
            for order, asset, by in one.lacking
        ]
        yield self.error(
            [one.order],
            f"the bundle of order {one.order}: {'; '.join(said)}",
            {name: found.expected for name, found in off} or ZERO,
            {name: found.found for name, found in off} or -one.lacking[0][2],
            field=", ".join([*(name for name, _ in off)] or [one.lacking[0][1]]),
            tolerance=off[0][1].tolerance if off else "exact",
        )

    def _claims(self, one: Open) -> Iterator[tuple[str, Difference]]:
        values = EventValues(one.wrapper)
        claims = values.get("net_result")
        if not isinstance(claims, Mapping):
            claims = _of_iteration(values, one.leaves)
        for name, raw in claims.items():
            found = Figure.of(raw)
            if found is None:
                continue
            may_be = one.leaves.may_be(str(name))
            if may_be is None:
                self._gaps.note(one.order, "what a claim of net_result is of cannot be told")
            if not may_be:
                continue
            terms = [Figure(amount, one.leaves.is_float) for amount in one.leaves.flows.values()]
            off = [compared(self.log.options, value, found, *terms) for value in may_be]
            if None not in off:
                yield str(name), next(filter(None, off))


def _of_iteration(values: EventValues, leaves: Leaves) -> Mapping[str, Any]:
    """What a round of a leverage loop says of itself, where it is of the tokens of its leaves."""
    if values.get("event_type") != "LEVERAGE_LOOP_ITERATION":
        return {}
    supplied = values.get("supplied") if values.get("token") in leaves.supplied else None
    return {"supplied": supplied, "borrowed": values.get("borrowed")}
