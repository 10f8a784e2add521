"""What a log holds before what is being judged: records that are there and are records.

Damage under an `event_id` given again, or under an event to be updated, is said as reading says it,
and refuses that one call.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from domain.audit_log import AuditLog
from domain.bundle import check_parent
from domain.errors import CorruptLogError
from domain.horizon import Horizon
from domain.statuses import PENDING, check_status
from domain.values import decode
from infrastructure.reading import NO_RECORD
from infrastructure.store import LogStore
from infrastructure.stored import StoredEntry

ReadStates = Callable[[int, int], Sequence[bytes]]


def sound_states(log: str, read: ReadStates, first: int, last: int, end: int) -> Sequence[bytes]:
    """The records of the orders from `first` to `last`, as far as the log's `end`.

    Raises `CorruptLogError` for one that is missing, or is no record.
    """
    upto = min(last, end)
    states = read(first, upto) if first <= upto else ()
    if len(states) != upto - first + 1 and first <= upto:
        missing = next(order for order in range(first, upto + 1) if not read(order, order))
        raise damaged(log, missing, "its record is missing, or is no logged event")
    for order, state in enumerate(states, first):
        try:
            check_record(order, decode(state, str))
        except NO_RECORD as error:
            raise damaged(log, order, f"its bytes are no record ({error})") from error
    return states


def check_record(order: int, record: dict[str, Any]) -> None:
    """Raises one of `NO_RECORD` where what a writer needs of it is missing or misshapen."""
    # Looked at for the KeyError: no event is without it.
    record["recorded_at"]
    for name in ("extra", "position_snapshot"):
        if not isinstance(record.get(name, {}), dict):
            raise TypeError(f"its {name} is no mapping")
    check_status(record.get("status", PENDING))
    check_parent(order, record)


def sound_order(log: str, order: int | None, end: int) -> int | None:
    """The order that an index gave; raises `CorruptLogError` where the log ends before it."""
    if order is not None and order > end:
        raise damaged(log, order, f"its event_id is known, and the log ends at {end}")
    return order


def damaged(log: str, order: int, what: str) -> CorruptLogError:
    """The error of a record of the log."""
    return CorruptLogError(
        log, order, f"{what}; the orders before and after it can be read by range"
    )


def missing_entry(log: str, before: Horizon, following: StoredEntry | None) -> CorruptLogError:
    """The error of an entry that is missing between a horizon and the entry that is read next."""
    is_transition = following is not None and following.horizon.order == before.order
    order = following.order if following and is_transition else before.order + 1
    return damaged(log, order, f"the entry at position {before.position + 1} is missing")


class StoredRecords:
    """What is stored of a log, to be asked for what was logged before."""

    def __init__(self, store: LogStore, log: AuditLog) -> None:
        self._reads = store.reads
        self._log_id = log.id
        self._name = log.name

    def order_of(self, event_id: str) -> int | None:
        """The order that was logged under this event_id."""
        order = self._reads.order_of(self._log_id, event_id)
        return None if order is None else sound_order(self._name, order, self._end())

    def states(self, first: int, last: int) -> Sequence[bytes]:
        """The records of these orders, as many of them as there are."""
        return sound_states(self._name, self._stored, first, last, self._end())

    def _stored(self, first: int, last: int) -> Sequence[bytes]:
        rows = self._reads.events(self._log_id, first, last, last - first + 1)
        return [state for _, state in rows]

    def _end(self) -> int:
        return self._reads.end(self._log_id).horizon.order
