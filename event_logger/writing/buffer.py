"""Writing a backtest log: the only writer, a commit every so many events."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from domain.audit_log import AuditLog
from domain.errors import EventLoggerError, StoreError, UpdateNotAllowedError
from domain.identity import Cell, Item, cells_of, event_id_of, settle, state_of
from domain.intake import PlainEntry, Update
from event_logger.writing.second_run import warn_if_older
from event_logger.writing.usage import Usage
from infrastructure.appending import Outcome, Work
from infrastructure.audit_logs import AuditLogs
from infrastructure.stored import events_of


class BufferedWriter:
    """Holds what was logged until `commit_every` events are there.

    What makes it hold under interruption: the buffer is one list, changed in single steps. Its
    first cell is the last stored order, so that an event's order follows from where it stands in
    the list. A change begins by seeing that the list is as it was when the change was judged, and
    makes no call from there on: signals are looked for when a call returns, so that no handler logs
    in between. A batch whose commit was interrupted is offered again; the store knows what it has.
    """

    def __init__(
        self,
        logs: AuditLogs,
        log: AuditLog,
        commit_every: int,
        at_the_end: Callable[[], None] = lambda: None,
    ) -> None:
        """`at_the_end` is called once, when all is committed and before the store is let go."""
        self.usage = Usage(log.name)
        self._logs = logs
        self._log = log
        self._commit_every = commit_every
        self._at_the_end = at_the_end
        self._lock = threading.RLock()
        self._cells: list[Any] = [log.version]
        self._ids: dict[str, Cell] = {}
        self._is_leased = False
        self._is_inside = False

    @property
    def pending(self) -> int:
        """See `Writer.pending`."""
        return len(self._cells) - 1

    @property
    def last_errors(self) -> list[str]:
        """See `Writer.last_errors`; a backtest has no followers."""
        return []

    def submit(self, work: Work) -> range:
        """See `Writer.submit`; committed when a batch is full.

        Events that were logged before and not yet committed stay pending when the commit fails, and
        go with the next.
        """
        # Before the lock, which another thread may have held when this process was forked. Whether
        # the logger was closed meanwhile, `_take` sees.
        if self.usage.is_refused:
            self.usage.check()
        with self._lock:
            if isinstance(work, Update):
                raise UpdateNotAllowedError(work.order)
            if not self._is_leased:
                self._become_the_writer()
                warn_if_older(self._log, self._cells, work)
            new: list[Cell]
            if type(work) is PlainEntry:
                new = [work]
                orders = self._put(new)
            else:
                orders, new = self._take(work)
            # A signal handler's call inside another's commit leaves the rest to the next batch.
            if len(self._cells) > self._commit_every and new and not self._is_inside:
                self._commit_with(new)
            return orders

    def submit_all(self, works: Sequence[Work]) -> list[Outcome]:
        """See `Writer.submit_all`; what was pending is committed with them."""
        self.usage.check()
        outcomes: list[Outcome] = []
        taken: list[Cell] = []
        with self._lock:
            is_first = not self._is_leased
            self._become_the_writer()
            if is_first and works:
                warn_if_older(self._log, self._cells, works[0])
            for work in works:
                try:
                    if isinstance(work, Update):
                        raise UpdateNotAllowedError(work.order)
                    orders, new = self._take(work)
                    taken += new
                    outcomes.append(orders)
                except EventLoggerError as error:
                    # Also where the store could not be asked: those before it are taken already.
                    outcomes.append(error)
            self._commit_with(taken)
        return outcomes

    def flush(self) -> int:
        """See `Writer.flush`. Raises `StoreError`, what is pending then staying so."""
        self.usage.check()
        with self._lock:
            self.usage.check()
            if len(self._cells) > 1:
                self._commit()
            elif not self._is_leased:
                self._begin_at(self._logs.last_order(self._log), leased=False)
            # What a signal handler has logged meanwhile is pending, and not there to be read.
            return int(self._cells[0])

    def close(self) -> None:
        """See `Writer.close`."""
        if self.usage.is_in_fork:
            return
        with self._lock:
            while not self.usage.is_closed:
                self.flush()
                # Unless a signal handler has logged meanwhile.
                if self._cells[-1] is self._cells[0]:
                    self.usage.is_closed = True
                    self._at_the_end()
            # Also after a close that was interrupted here; closing twice does nothing.
            self._logs.close()

    def order_of(self, event_id: str) -> int | None:
        """The order that was logged under this event_id, pending or stored."""
        cell = self._ids.get(event_id)
        order = None if cell is None else self._order_of(cell)
        if order is not None:
            return order
        earlier = self._log.earlier
        return None if earlier is None else earlier.order_of(event_id)

    def states(self, first: int, last: int) -> Sequence[bytes]:
        """The records of these orders, pending or stored."""
        cells = self._cells[:]
        base = int(cells[0])
        pending = [
            state_of(cell, order)
            for order, cell in enumerate(cells[1:], base + 1)
            if first <= order <= last
        ]
        earlier = self._log.earlier
        if earlier is None or first > base:
            return pending
        return [*earlier.states(first, min(last, base)), *pending]

    def _take(self, item: Item) -> tuple[range, list[Cell]]:
        """The item's orders, and what was put into the buffer for it: nothing if it was there."""
        new = cells_of(item)
        if type(item) is PlainEntry:
            return self._put(new), new
        ids = {id: one for one in new if (id := event_id_of(one)) is not None}
        cells = self._cells
        while True:
            last = cells[-1]
            first = cells[0] + len(cells)
            known = settle(item, first, self)
            if known is not None:
                return known, []
            # No call from here on, so that no handler logs between the look and the change.
            if cells[-1] is last and not self.usage.is_closed:
                if ids:
                    self._ids |= ids
                cells += new
                break
            self.usage.check()
        return range(first, first + len(new)), new

    def _put(self, new: list[Cell]) -> range:
        """The orders of what needs no judging, now that it is in the buffer."""
        cells = self._cells
        while True:
            last = cells[-1]
            first = cells[0] + len(cells)
            # As in `_take`.
            if cells[-1] is last and not self.usage.is_closed:
                cells += new
                return range(first, first + len(new))
            self.usage.check()

    def _order_of(self, cell: Cell) -> int | None:
        cells = self._cells[:]
        for place in range(len(cells) - 1, 0, -1):
            if cells[place] is cell:
                return int(cells[0]) + place
        return None

    def _become_the_writer(self) -> None:
        self.usage.check()
        if not self._is_leased:
            self._logs.lease(self._log)
            # Another writer may have appended since this log was opened, and gone.
            self._begin_at(self._logs.last_order(self._log), leased=True)

    def _begin_at(self, order: int, *, leased: bool) -> None:
        if not self._is_leased:
            self._cells[:] = [order]
            self._is_leased = leased

    def _commit_with(self, new: list[Cell]) -> None:
        """Commit; should that fail, the new are not logged, and those before stay pending."""
        try:
            self._commit()
        except Exception as error:
            # What a signal handler raises is an exception as well, and may come after the commit.
            if not new or self._has_grown():
                raise
            cells, count = self._cells, len(new)
            if cells[-count:] == new:
                del cells[-count:]
                raise
            # A signal handler has logged after them: they stay pending as the others do.
            if not isinstance(error, EventLoggerError):
                raise

    def _has_grown(self) -> bool:
        """Whether some of what is held as pending is stored; the next commit will see to it."""
        try:
            return self._logs.last_order(self._log) > int(self._cells[0])
        except StoreError:
            return False

    def _commit(self) -> None:
        """Store what is pending; a signal handler's commit meanwhile comes first."""
        was_inside = self._is_inside
        try:
            self._is_inside = True
            cells = self._cells[:]
            base, last = cells[0], cells[0] + len(cells) - 1
            if last > base:
                try:
                    self._logs.appending(self._log).append_events(
                        events_of(self._log.id, base + 1, cells[1:])
                    )
                except Exception:
                    if self._cells[0] < last:
                        raise
                self._forget(last)
        finally:
            self._is_inside = was_inside

    def _forget(self, last: int) -> None:
        """Let go of what is stored up to this order."""
        cells = self._cells
        if cells[0] < last:
            cells[: last - cells[0] + 1] = [last]
            if cells[-1] is cells[0]:
                self._ids = {}
