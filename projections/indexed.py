"""What is indexed of a log's entries, so that it is found without a scan: it follows from them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from domain.corrections import corrected_by

INDEXES = ("event_ids", "transaction_hashes", "late_details", "corrections")
"""By what orders are found: an id, a hash, a parent whose details came later, what is corrected."""


class IndexRow(NamedTuple):
    """Under the key (text, or an order) of this index, the order is found."""

    name: str
    key: str | int
    order: int


class Indexed:
    """Folds the records of a log's entries, in the order of their commit, into index rows.

    Kept of them are the orders of details that are still to come. Raises what a record raises that
    is none: `KeyError`, `TypeError`, `AttributeError`.
    """

    def __init__(self) -> None:
        self._details: set[int] = set()

    @property
    def is_between_bundles(self) -> bool:
        """Whether no detail is still to come of a wrapper that was."""
        return not self._details

    def of_event(self, order: int, record: dict[str, Any]) -> Iterator[IndexRow]:
        """The rows of an event that was logged."""
        event_id, tx_hash = record.get("event_id"), record.get("tx_hash")
        if event_id is not None:
            yield IndexRow("event_ids", event_id, order)
        if tx_hash is not None:
            yield IndexRow("transaction_hashes", tx_hash, order)
        parent = record.get("parent_event")
        if parent is not None and order not in self._details:
            yield IndexRow("late_details", parent, order)
        self._details.discard(order)
        self._details.update(record.get("detail_orders") or ())
        corrected = corrected_by(record)
        if corrected is not None:
            yield IndexRow("corrections", corrected, order)

    def of_transition(self, order: int, record: dict[str, Any]) -> Iterator[IndexRow]:
        """The rows of a transition of the event with this order: the hash from then on."""
        tx_hash = record["tx_hash"]
        if tx_hash is not None:
            yield IndexRow("transaction_hashes", tx_hash, order)
