"""Finding the point of a log that an order, a horizon or a time names; in logarithmic time."""

from __future__ import annotations

import logging
from typing import Any

import orjson

from domain.audit_log import AuditLog
from domain.bundle import last_order_of
from domain.errors import HorizonError, UnknownOrderError, shown
from domain.horizon import START, Horizon
from domain.moments import Moment, checked_when
from infrastructure.earlier import damaged
from infrastructure.reading import NO_RECORD, PAGE, LogReading
from infrastructure.store import Reads
from projections.entries import LogEntry, LoggedEntry

_log = logging.getLogger("event_logger")


class Horizons:
    """The points that a log has had."""

    def __init__(self, reads: Reads, log: AuditLog, reading: LogReading) -> None:
        self._reads = reads
        self._log = log
        self._reading = reading

    def found(self, when: Any) -> tuple[Horizon, Moment | None]:
        """The horizon of `LogReader.as_of`, and the time where that is what was asked for.

        Raises `UnknownOrderError`, `HorizonError`, `CorruptLogError` or `StoreError`.
        """
        asked = checked_when(when)
        if isinstance(asked, Moment):
            return self._at(asked), asked
        if isinstance(asked, Horizon):
            return self._checked(asked), None
        return self._just_after(asked), None

    def time_of(self, horizon: Horizon) -> Moment:
        """When the log came to this point: by the store's time, or before format 2 by the latest
        clock that had recorded an entry."""
        committed_at = self._reads.stored(self._log.id, horizon).committed_at
        return self._former(horizon)[1] if committed_at is None else Moment(committed_at)

    def _just_after(self, order: int) -> Horizon:
        end = self._reading.horizon()
        if not 0 <= order <= end.order:
            raise UnknownOrderError(order, end.order, "as_of")
        last = self._span(order)[1]
        return Horizon(last, self._transitions_before(last, end))

    def _span(self, order: int) -> tuple[int, int]:
        """The first and the last order of what was logged at once with this one."""
        if not order:
            return 0, 0
        first = self._reading.wrapper(order, self._reading.record(order))
        record = self._reading.record(first)
        return first, last_order_of(first, record, self._reading.record)

    def _transitions_before(self, order: int, end: Horizon) -> int:
        """How many transitions were committed before the event of this order."""
        low, high = 0, end.transition if order else 0
        while low < high:
            middle = (low + high) // 2
            page = self._reads.stored_entries(self._log.id, Horizon(order - 1, middle), 1)
            is_before = page and page[0].number is not None and page[0].horizon.order < order
            low, high = (middle + 1, high) if is_before else (low, middle)
        return low

    def _checked(self, horizon: Horizon) -> Horizon:
        end = self._reading.horizon()
        if horizon.is_beyond(end):
            raise HorizonError(
                horizon, f"is beyond the end of log {shown(self._log.name)}, which is at {end}"
            )
        order, transition = horizon
        first, last = self._span(order)
        if order != last:
            raise HorizonError(
                horizon,
                f"is inside what was logged at once as orders {first} to {last};"
                f" write {order} for the log with all of that",
            )
        least = self._transitions_before(order, end)
        most = end.transition
        if order < end.order:
            most = self._transitions_before(order + 1, end)
        if not least <= transition <= most:
            had = str(least) if least == most else f"{least} to {most}"
            raise HorizonError(
                horizon,
                f"was never a point of log {shown(self._log.name)}: while order {order} was its"
                f" last, it had {had} transitions",
            )
        return horizon

    def _at(self, moment: Moment) -> Horizon:
        found = self._reads.horizon_at(self._log.id, moment.microseconds)
        if found is None:
            raise self._before_opening(moment, self.time_of(START))
        found = self._whole(found)
        if self._reads.stored(self._log.id, found).committed_at is not None:
            return found
        horizon, _ = self._former(found, moment)
        _log.warning(
            "log %r has no times of commit up to %s, from before format 2: as of %s goes by when"
            " its entries were recorded",
            self._log.name,
            found,
            moment,
        )
        return horizon

    def _whole(self, found: Horizon) -> Horizon:
        """The point of the log there; where an entry is missing, that it is will be said."""
        end = self._reading.horizon()
        order, transition = found
        if transition:
            last = self._reads.stored_entries(self._log.id, Horizon(end.order, transition - 1), 1)
            order = max(order, *(one.horizon.order for one in last if one.number == transition))
        return Horizon(order, max(transition, self._transitions_before(order, end)))

    def _former(self, upto: Horizon, until: Moment | None = None) -> tuple[Horizon, Moment]:
        """The last point of these, which have no times of commit, with nothing recorded later
        than `until`, and the latest time that was recorded by then."""
        latest = self._opening_recorded_at()
        if until is not None and until < latest:
            raise self._before_opening(until, latest)
        horizon = START
        while horizon.position < upto.position:
            for entry in self._reading.entries(horizon, PAGE):
                recorded_at = _recorded_at(entry)
                if entry.horizon.is_beyond(upto) or (until is not None and recorded_at > until):
                    return horizon, latest
                horizon, latest = entry.horizon, max(latest, recorded_at)
        return horizon, latest

    def _before_opening(self, moment: Moment, opened_at: Moment) -> HorizonError:
        return HorizonError(
            str(moment), f"is before log {shown(self._log.name)} was opened, at {opened_at}"
        )

    def _opening_recorded_at(self) -> Moment:
        opened = self._reads.opened(self._log.id)
        try:
            return Moment.of(orjson.loads(opened.opened.state)["recorded_at"])  # type: ignore[union-attr]
        except NO_RECORD as error:
            problem = f"its opening is no record ({error})"
            raise damaged(self._log.name, 0, problem) from error


def _recorded_at(entry: LogEntry) -> Moment:
    if isinstance(entry, LoggedEntry):
        return Moment.of(entry.record["recorded_at"])
    return Moment.of(entry.recorded_at)
