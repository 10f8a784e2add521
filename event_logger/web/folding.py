"""The figures over time of each log, folded once and gone on with as the log grows."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from typing import NamedTuple

from domain.errors import EventLoggerError
from domain.horizon import Horizon
from event_logger.paging import LogPages
from event_logger.reader import LogReader
from projections.timelines import Timelines

_KEPT = 8
_PAGE = 2000
_FOLD_AGAIN_SECONDS = 30.0


class Folded(NamedTuple):
    """Figures up to the order that they say; whether that is all of the log."""

    timelines: Timelines
    is_complete: bool


class _Fold:
    """One log's figures: folded by one thread at a time, and the last copy for all to look at."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.timelines = self.seen = Timelines()
        self.transition = 0
        self.began = time.monotonic()
        self.done = threading.Event()
        self.is_at_work = self.is_dropped = False
        self.error: EventLoggerError | None = None


class Folds:
    """The figures of the logs that were looked at last; of a log as of then, by its horizon."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._folds: OrderedDict[object, _Fold] = OrderedDict()
        self._is_closed = False

    def of(self, reader: LogReader, as_of: Horizon | None, seconds: float = 1.0) -> Folded:
        """The log's figures, waited for so long at most; what is there by then.

        What a later transition changed of an event that was folded in before is seen once the log
        is folded anew, at most every half minute. Raises what reading the log did.
        """
        end = reader.horizon
        fold = self._fold((LogPages(reader).identity, reader.log_name, as_of))
        with fold.lock:
            if not fold.is_at_work:
                _begin_anew_if_old(fold, end)
                fold.done.clear()
                if fold.timelines.order < end.order and not self._is_closed:
                    fold.is_at_work = True
                    arguments = (fold, LogPages(reader), end.order)
                    threading.Thread(
                        target=self._run, args=arguments, name="event-log-folding", daemon=True
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

    def _run(self, fold: _Fold, pages: LogPages, last: int) -> None:
        try:
            while fold.timelines.order < last and not (self._is_closed or fold.is_dropped):
                first = fold.timelines.order + 1
                fold.timelines.fold(pages.records(first, min(last, first + _PAGE - 1)))
                fold.seen = fold.timelines.copy()
        except Exception as error:
            fold.error = EventLoggerError(f"the figures failed: {error!r}")
            if isinstance(error, EventLoggerError):
                fold.error = error
            fold.timelines = Timelines()
        finally:
            with fold.lock:
                fold.is_at_work = False
                fold.done.set()

    def _fold(self, key: object) -> _Fold:
        with self._lock:
            fold = self._folds.setdefault(key, _Fold())
            self._folds.move_to_end(key)
            while len(self._folds) > _KEPT:
                # Whoever asks for it again begins it anew.
                self._folds.popitem(last=False)[1].is_dropped = True
            return fold


def _begin_anew_if_old(fold: _Fold, end: Horizon) -> None:
    is_changed = fold.transition != end.transition or fold.timelines.order > end.order
    is_old = time.monotonic() - fold.began > _FOLD_AGAIN_SECONDS
    if not fold.timelines.order or (is_changed and is_old):
        fold.timelines, fold.transition = Timelines(), end.transition
        fold.began = time.monotonic()
