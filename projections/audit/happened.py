"""When a live event came about: at its logging or at a later transition, in the order of commit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from heapq import heappop, heappush
from typing import Any, NamedTuple

from domain.statuses import OPEN_STATUSES
from projections.audit.rule import AuditedEvent, AuditedTransition
from projections.current_state import current
from projections.event_dicts import Record


class Happening(NamedTuple):
    """An event as it stood after its logging, or after a transition of its own or its wrapper's.

    `before` is how it stood until then, None when it was logged; `snapshot` is what was shown with
    that.
    """

    order: int
    before: Record | None
    now: Record
    snapshot: Mapping[str, Any] | None


class Happenings:
    """Gives what events became in the order in which that was committed.

    Only the transitions that are still to come are kept, of those events that were seen.
    """

    def __init__(self) -> None:
        self._due: list[tuple[int, int, int, Step]] = []
        self._wrapper: tuple[int, Sequence[AuditedTransition]] | None = None

    def of(self, event: AuditedEvent, record: Record, *, is_detail: bool) -> Iterator[Happening]:
        """What was committed before the event, and its own logging."""
        yield from self.upto(event.order - 1)
        transitions = event.transitions
        if is_detail and self._wrapper is not None:
            transitions = self._wrapper[1]
        elif not is_detail:
            self._wrapper = (event.order, transitions)
        changes = [one.record for one in transitions if isinstance(one.record, dict)]
        state = current(record, (), is_detail=is_detail)
        yield Happening(event.order, None, state, state.get("position_snapshot"))
        for place, one in enumerate(transitions):
            if one.after is None or one.number is None:
                continue
            step = Step(event.order, record, changes[: place + 1], is_detail)
            # A wrapper's snapshot is what is there once its details have come about.
            heappush(self._due, (one.after, one.number, -event.order, step))

    def upto(self, order: int | None) -> Iterator[Happening]:
        """The transitions that were committed before the order that follows; None: all of them."""
        while self._due and (order is None or self._due[0][0] <= order):
            yield heappop(self._due)[3].happening()


class Step(NamedTuple):
    """A transition that is still to come, with all that came before it."""

    order: int
    record: Record
    changes: list[Record]
    is_detail: bool

    def happening(self) -> Happening:
        """How the event stood before and after it."""
        before = current(self.record, self.changes[:-1], is_detail=self.is_detail)
        now = current(self.record, self.changes, is_detail=self.is_detail)
        told = None if self.is_detail else self.changes[-1].get("changes")
        snapshot = told.get("position_snapshot") if isinstance(told, dict) else None
        return Happening(self.order, before, now, snapshot)


def is_open(record: Record) -> bool:
    """Whether an event of this status may still move something, or have moved nothing."""
    return record.get("status") in OPEN_STATUSES
