"""Group commit: one thread writes whatever waits, everything that waits in one transaction."""

from __future__ import annotations

import asyncio
import atexit
import threading
from collections.abc import Awaitable, Callable, Iterable, Sequence
from itertools import groupby
from operator import attrgetter
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary, ref

from domain.errors import LoggerClosedError
from event_logger.writing.places import Places
from event_logger.writing.writer import Writer
from infrastructure.appending import Work

LARGEST_GROUP = 500
"""Calls per transaction: what comes after them waits no longer than these take."""

WAITING_CALLS = 10_000
"""How many calls of a loop may wait to be committed; those after them wait, in order, to be
taken."""

Call = Callable[[], Any]
"""Other work that takes its turn among the events, such as a flush."""

_LAST_SECONDS = 60.0


class _Waiting(NamedTuple):
    work: Work | Call
    future: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop
    places: Places


_work, _loop = attrgetter("work"), attrgetter("loop")


class GroupCommit:
    """The thread that owns a logger's writes; it starts with the first call.

    The calls of one loop are written in the order in which they were made. What was taken on is
    written, also when its caller was cancelled, and when the program ends.
    """

    def __init__(self, log: str, open_writer: Callable[[], Writer]) -> None:
        self._log = log
        self._open_writer = open_writer
        # Reentrant in itself: a logger may be garbage collected, and end, anywhere.
        self._queue: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._places: WeakKeyDictionary[asyncio.AbstractEventLoop, Places] = WeakKeyDictionary()
        # One attribute, replaced as a whole: loops have threads of their own.
        self._last: tuple[Callable[[], object], Places] = (object, Places(0))
        self.has_ended = False

    def run(self, work: Work | Call) -> Awaitable[Any]:
        """Give the work its turn and return what it came to, which is then durable.

        Cancelled before it was taken on, it is not done; afterwards it is, once. Raises
        `LoggerClosedError` when the thread was ended first.
        """
        loop = asyncio.get_running_loop()
        places = self._places_of(loop)
        if places.take_at_once():
            return self._take_on(work, loop, places)
        return self._run_in_turn(work, loop, places)

    async def _run_in_turn(
        self, work: Work | Call, loop: asyncio.AbstractEventLoop, places: Places
    ) -> Any:
        await places.take()
        return await self._take_on(work, loop, places)

    def _take_on(
        self, work: Work | Call, loop: asyncio.AbstractEventLoop, places: Places
    ) -> asyncio.Future[Any]:
        if self.has_ended:
            places.give_back(1)
            raise LoggerClosedError(self._log)
        if self._thread is None:
            self._start()
        future = loop.create_future()
        self._queue.put(_Waiting(work, future, loop, places))
        return future

    def _places_of(self, loop: asyncio.AbstractEventLoop) -> Places:
        found = self._last
        if found[0]() is not loop:
            places = self._places.get(loop)
            if places is None:
                places = self._places[loop] = Places(WAITING_CALLS)
            found = self._last = (ref(loop), places)
        return found[1]

    def end(self) -> None:
        """Take nothing more on, and let the thread end after what was; callable anywhere."""
        self.has_ended = True
        self._queue.put(None)

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                # A daemon: a program that never closes its logger still exits, once what waits is
                # written. Registered after the loggers' own finalizers, so that it comes first.
                atexit.register(self.finish)
                thread = threading.Thread(
                    target=self._write, name="event-log-group-commit", daemon=True
                )
                thread.start()
                self._thread = thread

    def finish(self) -> None:
        """Take nothing more on, and wait until what was taken on is written; for other threads."""
        self.end()
        if self._thread is not None:
            self._thread.join(_LAST_SECONDS)

    def _write(self) -> None:
        is_last = False
        while not is_last:
            group, is_last = self._next_group()
            for is_call, members in _runs(group):
                _resolve(members, self._call(members) if is_call else self._submit(members))
        atexit.unregister(self.finish)

    def _next_group(self) -> tuple[list[_Waiting], bool]:
        group: list[_Waiting] = []
        item = self._queue.get()
        while item is not None:
            group.append(item)
            if len(group) == LARGEST_GROUP:
                return group, False
            try:
                item = self._queue.get_nowait()
            except Empty:
                return group, False
        return group, True

    def _submit(self, group: Sequence[_Waiting]) -> list[Any]:
        try:
            return list(self._open_writer().submit_all([one.work for one in group]))  # type: ignore[misc]
        except Exception as error:  # the callers' to handle: they await the futures
            return [error, *(_again(error) for _ in group[1:])]

    def _call(self, group: Sequence[_Waiting]) -> list[Any]:
        results: list[Any] = []
        for one in group:
            try:
                results.append(one.work())  # type: ignore[operator]
            except Exception as error:  # the caller's to handle: it awaits the future
                results.append(error)
        return results


def _runs(group: list[_Waiting]) -> Iterable[tuple[bool, list[_Waiting]]]:
    """The group in parts that are works or calls throughout; most are of works alone."""
    if not any(map(callable, map(_work, group))):
        return ((False, group),)
    return [
        (is_call, list(part)) for is_call, part in groupby(group, lambda one: callable(one.work))
    ]


def _again(error: Exception) -> Exception:
    """The same error for another caller: each raises its own, with a traceback of its own."""
    twin = type(error).__new__(type(error))
    twin.__dict__.update(error.__dict__)
    twin.args = error.args
    twin.__cause__ = error.__cause__
    twin.__traceback__ = error.__traceback__
    return twin


def _resolve(group: Sequence[_Waiting], results: Sequence[Any]) -> None:
    for loop in set(map(_loop, group)):
        batch = [
            (one.future, result)
            for one, result in zip(group, results, strict=True)
            if one.loop is loop
        ]
        places = next(one.places for one in group if one.loop is loop)
        try:
            loop.call_soon_threadsafe(_hand_over, batch, places)
        except RuntimeError:
            # The loop has ended, and with it those who waited; their events are logged.
            continue


def _hand_over(batch: list[tuple[asyncio.Future[Any], Any]], places: Places) -> None:
    """On the loop's own thread; a cancelled caller wants nothing."""
    places.give_back(len(batch))
    for future, result in batch:
        if future.done():
            continue
        if isinstance(result, BaseException):
            future.set_exception(result)
        else:
            future.set_result(result)
