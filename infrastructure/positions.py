"""Where the entries of a log stand in its order of commit; found in logarithmic time."""

from __future__ import annotations

from collections.abc import Callable

from domain.audit_log import AuditLog
from domain.errors import ProofError, UnknownOrderError
from domain.horizon import Horizon
from infrastructure.earlier import damaged
from infrastructure.store import LogStore


class Positions:
    """The positions of one log's entries, as far as the log goes now."""

    def __init__(self, store: LogStore, log: AuditLog) -> None:
        self._store = store
        self._log = log
        self._end = store.reads.end(log.id).horizon

    def horizon(self, position: int) -> Horizon:
        """The point of the log at a position that it has."""
        number = self._last(lambda at: at.position <= position)
        return Horizon(position - number, number)

    def of_event(self, order: int) -> int:
        """The position of an event; raises `UnknownOrderError` for one that is not there."""
        if not 0 <= order <= self._end.order:
            raise UnknownOrderError(order, self._end.order)
        return order + self._last(lambda at: at.order < order)

    def of_transition(self, number: int, order: int) -> int:
        """The position of a transition of an event; raises `ProofError` for none of it."""
        if 0 < number <= self._end.transition:
            of, horizon = self._transition(number)
            if of == order:
                return horizon.position
        problem = f"is none of order {order}; the log has {self._end.transition:,} transitions"
        raise ProofError(f"transition {number}", problem)

    def _last(self, is_before: Callable[[Horizon], bool]) -> int:
        """The number of the last transition that is before something; 0 where none is."""
        low, high = 0, self._end.transition
        while low < high:
            middle = (low + high + 1) // 2
            if is_before(self._transition(middle)[1]):
                low = middle
            else:
                high = middle - 1
        return low

    def _transition(self, number: int) -> tuple[int, Horizon]:
        """The order that a transition is of, and the horizon that it made."""
        after = Horizon(self._end.order, number - 1)
        for entry in self._store.reads.stored_entries(self._log.id, after, 1):
            if entry.number == number:
                return entry.order, entry.horizon
        problem = f"its transition {number} is missing"
        raise damaged(self._log.name, self._end.order, problem)
