"""The figures over time of each log, folded once and gone on with as the log grows."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from itertools import pairwise
from typing import NamedTuple

from domain.errors import EventLoggerError
from domain.horizon import START, Horizon
from event_logger.paging import LogPages
from event_logger.reader import LogReader
from projections.entries import TransitionEntry
from projections.timelines import Timelines

_KEPT = 8
_PAGE = 2000
_MOST_MARKS = 24
_DEEP = 20_000
_FOLD_AGAIN_SECONDS = 30.0


class Folded(NamedTuple):
    """Figures up to the order that they say; whether that is all of the log."""

    timelines: Timelines
    is_complete: bool


class _Fold:
    """One log's figures: folded by one thread at a time, and the last copy for all to look at."""

    def __init__(self, marks: list[Timelines]) -> None:
        self.lock = threading.Lock()
        self.marks = marks
        """What was folded at some orders, rising, to go back to; the nearer the end the denser."""
        self.timelines = marks[-1].copy() if marks else Timelines()
        self.seen = self.timelines
        self.horizon = START
        """Up to where transitions are folded in."""
        self.went_back = 0.0
        self.done = threading.Event()
        self.is_at_work = self.is_dropped = False
        self.error: EventLoggerError | None = None

    def mark(self) -> None:
        """Keep what is folded by now."""
        copied = self.timelines.copy()
        self.marks = _thinned([*self.marks, copied])
        # Figures that reach further than these are shown until these reach as far.
        if copied.order >= self.seen.order:
            self.seen = copied

    def go_back(self, touched: int) -> None:
        """Begin again before an event that is not any more as it was folded in."""
        self.marks = [one for one in self.marks if one.order < touched]
        self.timelines = self.marks[-1].copy() if self.marks else Timelines()
        self.went_back = time.monotonic()

    def forget(self) -> None:
        """Begin again from nothing."""
        self.marks, self.horizon = [], START
        self.timelines = self.seen = Timelines()


class Folds:
    """The figures of the logs that were looked at last; of a log as of then, by its horizon."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._folds: OrderedDict[tuple[object, ...], _Fold] = OrderedDict()
        self._is_closed = False

    def of(self, reader: LogReader, as_of: Horizon | None, seconds: float = 1.0) -> Folded:
        """The log's figures, waited for so long at most; what is there by then.

        What a transition changes of an event that was folded in before is seen at once where that
        is near the log's end, and else at most every half minute. Raises what reading the log did.
        """
        end = reader.horizon
        fold = self._fold(LogPages(reader), as_of)
        with fold.lock:
            if not fold.is_at_work:
                fold.done.clear()
                if fold.horizon != end and not self._is_closed:
                    fold.is_at_work = True
                    threading.Thread(
                        target=self._run,
                        args=(fold, LogPages(reader), end),
                        name="event-log-folding",
                        daemon=True,
                    ).start()
                else:
                    fold.done.set()
        fold.done.wait(seconds)
        if fold.error is not None:
            error, fold.error = fold.error, None
            raise error
        return Folded(fold.seen, fold.seen.order >= end.order)

    def close(self) -> None:
        """Fold nothing further."""
        self._is_closed = True

    def _run(self, fold: _Fold, pages: LogPages, end: Horizon) -> None:
        try:
            self._take_transitions(fold, pages, end)
            while fold.timelines.order < end.order and not (self._is_closed or fold.is_dropped):
                first = fold.timelines.order + 1
                fold.timelines.fold(pages.records(first, min(end.order, first + _PAGE - 1)))
                fold.mark()
        except Exception as error:
            fold.error = EventLoggerError(f"the figures failed: {error!r}")
            if isinstance(error, EventLoggerError):
                fold.error = error
            fold.forget()
        finally:
            with fold.lock:
                fold.is_at_work = False
                fold.done.set()

    def _take_transitions(self, fold: _Fold, pages: LogPages, end: Horizon) -> None:
        """Go back to before what was changed since; from then on it is read as it is now."""
        if fold.horizon.is_beyond(end):
            # The log was restored, or is another one.
            fold.forget()
        if end.transition > fold.horizon.transition and fold.timelines.order:
            touched = _first_touched(pages, fold.horizon, end)
            if touched <= fold.timelines.order:
                is_deep = fold.timelines.order - touched > _DEEP
                if is_deep and time.monotonic() - fold.went_back < _FOLD_AGAIN_SECONDS:
                    # It stays unseen for now: the horizon does not go on, new events do.
                    return
                fold.go_back(touched)
        fold.horizon = end

    def _fold(self, pages: LogPages, as_of: Horizon | None) -> _Fold:
        key = (pages.identity, as_of)
        with self._lock:
            fold = self._folds.get(key)
            if fold is None:
                fold = self._folds[key] = _Fold(self._known(pages, as_of))
            self._folds.move_to_end(key)
            while len(self._folds) > _KEPT:
                # Whoever asks for it again begins it anew.
                self._folds.popitem(last=False)[1].is_dropped = True
            return fold

    def _known(self, pages: LogPages, as_of: Horizon | None) -> list[Timelines]:
        """What is known of the log as of then: in a backtest, where nothing changes, all before."""
        whole = self._folds.get((pages.identity, None))
        if as_of is None or whole is None or pages.mode == "live":
            return []
        return [one for one in whole.marks if one.order <= as_of.order]


def _first_touched(pages: LogPages, after: Horizon, end: Horizon) -> int:
    """The lowest order that a transition between the two horizons changed; beyond it if none."""
    lowest, position = end.order + 1, after
    while position.position < end.position:
        entries = pages.entries(position, _PAGE)
        if not entries:
            break
        changed = [one.order for one in entries if isinstance(one, TransitionEntry)]
        lowest, position = min(lowest, *changed, end.order + 1), entries[-1].horizon
    return lowest


def _thinned(marks: list[Timelines]) -> list[Timelines]:
    """So many marks at most: the one goes whose gap is the least for how far from the end it is."""
    while len(marks) > _MOST_MARKS:
        end = marks[-1].order
        gaps = [
            (after.order - before.order) / (end - before.order)
            for before, after in pairwise(marks[:-1])
        ]
        del marks[1 + gaps.index(min(gaps))]
    return marks
