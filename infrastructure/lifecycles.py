"""Judging updates of live events, each against what the event is when its turn comes."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from eventsourcing.persistence import Mapper, StoredEvent

from domain.audit_log import AuditLog
from domain.bundle import wrapper_of
from domain.errors import InvalidUpdateError, UnknownOrderError
from domain.identity import Earlier
from domain.intake import Update
from domain.lifecycle import EventLifecycle, lifecycle_id
from domain.values import decode
from infrastructure.earlier import damaged
from infrastructure.reading import NO_RECORD
from infrastructure.store import AtTheEnd

CACHED_LIFECYCLES = 10_000


class Lifecycles:
    """The lifecycles of one log's events.

    Those that were updated last are kept, so that a further update reads only what other processes
    have stored since, and costs the same however many there were.
    """

    def __init__(self, log: AuditLog, mapper: Mapper[Any]) -> None:
        self._log = log
        self._mapper = mapper
        self._kept: OrderedDict[int, EventLifecycle] = OrderedDict()

    def judging(self, at_end: AtTheEnd) -> Judging:
        """Judges the updates of one transaction."""
        return Judging(self._log, self._mapper, at_end, self._kept)

    def keep(self, judging: Judging) -> None:
        """Remember what was judged, now that it is stored."""
        self._kept |= judging.judged
        while len(self._kept) > CACHED_LIFECYCLES:
            self._kept.popitem(last=False)


class Judging:
    """The updates of one transaction, one after the other; what fails has changed nothing."""

    def __init__(
        self,
        log: AuditLog,
        mapper: Mapper[Any],
        at_end: AtTheEnd,
        kept: OrderedDict[int, EventLifecycle],
    ) -> None:
        self._log = log
        self._mapper = mapper
        self._at_end = at_end
        self._kept = kept
        self.judged: dict[int, EventLifecycle] = {}

    def judge(self, update: Update, last_order: int, logged: Earlier) -> StoredEvent | None:
        """The transition to store; None when the update changes nothing.

        `logged` holds the events up to `last_order`, those of this transaction included. Raises
        `UnknownOrderError`, `InvalidUpdateError` or `IllegalTransitionError`.
        """
        order, changes = update
        is_order = isinstance(order, int) and not isinstance(order, bool)
        if not is_order or not 1 <= order <= last_order:
            raise UnknownOrderError(order, last_order)
        if not changes:
            return None
        lifecycle = self._current(order)
        if lifecycle is None:
            record = _record(logged, order)
            self._refuse_detail(order, record, logged)
            lifecycle = EventLifecycle.start(self._log.id, self._log.name, order, record, changes)
        else:
            lifecycle.update(changes)
        pending = () if lifecycle is None else lifecycle.collect_events()
        if lifecycle is not None:
            self.judged[order] = lifecycle
        return self._mapper.to_stored_event(pending[0]) if pending else None

    def _current(self, order: int) -> EventLifecycle | None:
        known = self.judged.get(order)
        if known is not None:
            return known
        # Taken out: should this transaction fail, it is read anew.
        lifecycle: Any = self._kept.pop(order, None)
        after = -1 if lifecycle is None else lifecycle.version
        later = self._at_end.lifecycle(lifecycle_id(self._log.id, order), after)
        for version, stored in enumerate(later, after + 1):
            # Not even looked up otherwise: the library imports the module that a topic names.
            topic = (EventLifecycle.Updated if version else EventLifecycle.Started).TOPIC
            if stored.originator_version != version or stored.topic != topic:
                raise damaged(self._log.name, order, f"its transition {version + 1} is missing")
            try:
                event: Any = self._mapper.to_domain_event(stored)
                lifecycle = event.mutate(lifecycle)
            except NO_RECORD as error:
                problem = f"its transition {version + 1} is no record ({error})"
                raise damaged(self._log.name, order, problem) from error
        return lifecycle if isinstance(lifecycle, EventLifecycle) else None

    def _refuse_detail(self, order: int, record: dict[str, Any], logged: Earlier) -> None:
        root = wrapper_of(order, record, lambda parent: _record(logged, parent))
        if root != order:
            raise InvalidUpdateError(
                "order",
                order,
                f"{order} is a detail of the bundle of order {root}, one transaction; update that",
            )


def _record(logged: Earlier, order: int) -> dict[str, Any]:
    (state,) = logged.states(order, order)
    return decode(state, str)
