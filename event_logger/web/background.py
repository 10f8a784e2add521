"""Work that takes longer than a page may: done once, by a thread, and kept for who asks next."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from domain.errors import EventLoggerError
from event_logger.web.errors import PageError

T = TypeVar("T")
Moment = TypeVar("Moment")

_KEPT = 16
_MOST_WAITING = 6
_AWAITED_SECONDS = 60.0
"""After so long nobody asks again for what was not done when it was asked for."""


class Work(Generic[T]):
    """One piece of work: what it gave, or the error that it ended with."""

    def __init__(self) -> None:
        self.done = threading.Event()
        self.result: T | None = None
        self.error: EventLoggerError | None = None


class Background(Generic[T]):
    """Does each piece of work once, one at a time; the last few results are kept.

    What failed is not kept, so that it is tried again when it is next asked for.
    """

    def __init__(self, kept: int = _KEPT) -> None:
        self._lock = threading.Lock()
        self._turn = threading.Lock()
        self._works: OrderedDict[object, Work[T]] = OrderedDict()
        self._awaited: OrderedDict[object, tuple[Any, float]] = OrderedDict()
        self._kept = kept
        self.is_closed = False

    def known(self, key: object) -> T | None:
        """What the work of this key gave, if it is done."""
        with self._lock:
            work = self._works.get(key)
        return None if work is None else work.result

    def moment(self, what: object, now: Moment) -> Moment:
        """Of when to ask for what takes long: of when it was first asked for, until it is `told`.

        A log that goes on faster than that would have it begun anew each time, and never be told.
        """
        with self._lock:
            moment, asked_at = self._awaited.pop(what, (now, 0.0))
            if time.monotonic() - asked_at > _AWAITED_SECONDS:
                moment = now
            self._awaited[what] = (moment, time.monotonic())
            while len(self._awaited) > self._kept:
                self._awaited.popitem(last=False)
            return moment  # type: ignore[no-any-return]

    def told(self, what: object) -> None:
        """Have what was told be asked for as of now the next time."""
        with self._lock:
            self._awaited.pop(what, None)

    def result(self, key: object, do: Callable[[], T], seconds: float) -> T | None:
        """What the work gives, waited for so long; None while it goes on.

        Raises the `EventLoggerError` that it ended with, and `PageError` where too much waits.
        """
        with self._lock:
            work = self._works.get(key)
            if work is None:
                waiting = sum(not one.done.is_set() for one in self._works.values())
                if waiting >= _MOST_WAITING:
                    raise PageError(503, f"{waiting} others are being worked on; try again later")
                work = self._works[key] = Work()
                self._forget_oldest()
                threading.Thread(
                    target=self._run, args=(key, work, do), name="event-log-page", daemon=True
                ).start()
            self._works.move_to_end(key)
        work.done.wait(seconds)
        if work.error is not None:
            raise work.error
        return work.result

    def close(self) -> None:
        """Begin nothing any more."""
        self.is_closed = True

    def _run(self, key: object, work: Work[T], do: Callable[[], T]) -> None:
        try:
            with self._turn:
                if not self.is_closed:
                    work.result = do()
        except EventLoggerError as error:
            work.error = error
        except Exception as error:
            # Said as what it is, and by nobody else: a thread's traceback is seen by no reader.
            work.error = EventLoggerError(f"the work failed: {type(error).__name__}: {error}")
        finally:
            if work.error is not None or work.result is None:
                with self._lock:
                    self._works.pop(key, None)
            work.done.set()

    def _forget_oldest(self) -> None:
        for key in [key for key, work in self._works.items() if work.done.is_set()]:
            if len(self._works) <= self._kept:
                return
            del self._works[key]
