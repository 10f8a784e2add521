"""Two events field by field: equal, within the tolerance, missing on one side, conflicting.

Not held to be content, and no difference by themselves:

- times: live ones are off the hour, and how far two may be apart is the window's to say;
- `status`: live it goes from pending to confirmed. But what failed and what did not are different;
- the transaction (`tx_hash`, `nonce`, `block_number` …), `exchange_order_id` and `event_id`, of
  which each run has its own;
- orders that the event names: they are the same where they lead to partners;
- the position snapshot: after the first difference every balance differs. It is said apart.

Of a trade `amount` is what was filled, and `price` what that was filled at on average. A `purpose`
is compared but for its figures, which the fields hold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from domain.corrections import CORRECTED_BY
from domain.effects import UNDONE, filled
from domain.event_values import EventValues
from domain.fields import TIME_FIELDS, TRANSACTION_FIELDS
from domain.lifecycle import COMPLETED
from projections.comparison.fingerprints import TRADES
from projections.comparison.values import CONFLICTING, EQUAL, WITHIN, Judge, without_figures
from projections.event_dicts import Record

SNAPSHOT = "position_snapshot"
TIMESTAMP = "timestamp"

LINKS = frozenset(("parent_event", "related_events", "detail_orders", "corrects", CORRECTED_BY))
"""Fields that hold orders of their own log."""

NOT_CONTENT: frozenset[str] = frozenset(
    (
        *TIME_FIELDS,
        *TRANSACTION_FIELDS,
        "status",
        "event_id",
        "exchange_order_id",
        *LINKS,
        SNAPSHOT,
    )
)
"""What may differ between events that are the same."""

_FOLDED = {"filled_amount": "amount", "average_price": "price"}
"""What of a trade counts under another name."""

_NOT_A_FIELD = frozenset(("extra", "recorded_at"))


class FieldCounts:
    """How often the two had one field equal, within, missing in either, conflicting."""

    __slots__ = ("conflicting", "equal", "first", "missing_a", "missing_b", "within")

    def __init__(self) -> None:
        self.equal = self.within = self.missing_a = self.missing_b = self.conflicting = 0
        self.first: tuple[int, int] | None = None
        """The orders of the first pair in which it conflicts or is missing."""


class Change(NamedTuple):
    """One field that differs between partners; None on the side that has none."""

    field: str
    a: Any
    b: Any
    verdict: int


def names_of(shape: tuple[Any, ...]) -> set[str]:
    """The fields that events of this shape have, called as `flat` calls them."""
    is_trade, fields, extras = shape
    names = {*fields, *extras, "status"} - _NOT_A_FIELD
    return {_FOLDED.get(name, name) for name in names} if is_trade else names


def flat(record: Record) -> dict[str, Any]:
    """All fields and extras of an event by name."""
    fields = {**(record.get("extra") or {}), **record}
    for name in _NOT_A_FIELD:
        fields.pop(name, None)
    fields.setdefault("status", COMPLETED)
    if record["event_type"] in TRADES:
        amount = filled(EventValues(record))
        price = fields.pop("average_price", None)
        if fields.pop("filled_amount", None) is not None or amount != fields.get("amount"):
            fields["amount"] = amount
        if price is not None:
            fields["price"] = price
    return fields


class FieldComparison:
    """Compares partners, and counts by field.

    `partner` gives the order of B that an order of A has for its partner; 0: none. By it orders
    that events name are the same where they lead to partners.
    """

    def __init__(self, judge: Judge, partner: Callable[[int], int]) -> None:
        self._judge = judge
        self._partner = partner
        self.counts: dict[str, FieldCounts] = {}

    def count_equal(self, names: Mapping[str, int]) -> None:
        """Count fields of pairs of which nothing differs."""
        for name, count in names.items():
            if count:
                self._of(name).equal += count

    def count_shifted(self, orders: tuple[int, int]) -> None:
        """Take back that a pair of which nothing else differs has its time from both."""
        counts = self._of(TIMESTAMP)
        counts.equal -= 1
        counts.within += 1

    def compare(self, record: Record, other: Record, orders: tuple[int, int]) -> list[Change]:
        """The fields that differ between two partners, content or not."""
        one, two = flat(record), flat(other)
        changes: list[Change] = []
        for name in dict.fromkeys((*one, *two)):
            change = self._change(name, one.get(name), two.get(name), orders)
            if change is not None:
                changes.append(change)
        return changes

    def _change(self, name: str, one: Any, two: Any, orders: tuple[int, int]) -> Change | None:
        judge = self._judge
        if judge.is_unset(one) and judge.is_unset(two):
            return None
        counts = self._of(name)
        if judge.is_unset(one) or judge.is_unset(two):
            counts.missing_a += judge.is_unset(one)
            counts.missing_b += judge.is_unset(two)
            verdict = CONFLICTING
        else:
            verdict = self._verdict(name, one, two)
            counts.equal += verdict == EQUAL
            counts.within += verdict == WITHIN
            counts.conflicting += verdict == CONFLICTING
        if verdict == CONFLICTING and (counts.first is None or orders < counts.first):
            counts.first = orders
        return None if verdict == EQUAL else Change(name, one, two, verdict)

    def _verdict(self, name: str, one: Any, two: Any) -> int:
        if name == TIMESTAMP:
            # They are partners: no further apart than the window allows.
            return EQUAL if one == two else WITHIN
        if name in LINKS:
            one = self._led_to(one)
        if name == "purpose" and isinstance(one, str) and isinstance(two, str):
            return EQUAL if without_figures(one) == without_figures(two) else CONFLICTING
        return self._judge.verdict(one, two)

    def _led_to(self, link: Any) -> Any:
        """Orders of A that an event names, as those of B that they have for their partners."""
        if isinstance(link, list):
            return [self._led_to(one) for one in link]
        return self._partner(link) if type(link) is int else link

    def _of(self, name: str) -> FieldCounts:
        counts = self.counts.get(name)
        if counts is None:
            counts = self.counts[name] = FieldCounts()
        return counts


def content_of(changes: Iterable[Change]) -> list[Change]:
    """Those of the changes that make two events different, or only the same within."""
    return [change for change in changes if is_content(change)]


def is_content(change: Change) -> bool:
    """Whether the change is one of content; a status is where one of the two came to nothing."""
    if change.field == "status":
        return (change.a in UNDONE) != (change.b in UNDONE)
    return change.field not in NOT_CONTENT
