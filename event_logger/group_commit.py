"""Group commit: one thread writes whatever waits, everything that waits in one transaction."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from itertools import groupby
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple, Protocol

from domain.errors import EventLoggerError, LoggerClosedError
from domain.prepared import Prepared
from event_logger.writer import Logged

LARGEST_GROUP = 500
"""Calls per transaction: what comes after them waits no longer than these take."""

WAITING_CALLS = 10_000
"""How many calls of a loop may wait to be committed; those after them wait to be taken on."""


class GroupWriter(Protocol):
    """Writes groups; `event_logger.writer.LogWriter` is one."""

    def append_group(self, group: Sequence[Prepared]) -> list[Logged | EventLoggerError]:
        """Log each on its own, all in one transaction."""


Call = Callable[[], Any]
"""Other work that takes its turn among the events, such as an update."""


class Callers:
    """The calls of one event loop: how many more may wait, and who waits to be taken on.

    A semaphore, but one that takes back the places of a whole group in one step.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._places = WAITING_CALLS
        self._in_line: deque[asyncio.Future[None]] = deque()

    def take_place(self) -> bool:
        """Take a place if one is free; nobody is in line then."""
        if not self._places:
            return False
        self._places -= 1
        return True

    async def wait_for_place(self) -> None:
        """Take a place when it is this caller's turn."""
        turn: asyncio.Future[None] = self.loop.create_future()
        self._in_line.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():
                # It had its place already when the cancellation came.
                self.give_back(1)
            elif turn in self._in_line:
                self._in_line.remove(turn)
            raise

    def give_back(self, places: int) -> None:
        """Let as many of those in line have their turn."""
        self._places += places
        while self._places and self._in_line:
            turn = self._in_line.popleft()
            if not turn.done():
                self._places -= 1
                turn.set_result(None)

    def resolve(self, group: list[Waiting], results: list[Any]) -> None:
        """Hand the results over, on the loop's own thread; a cancelled caller wants none."""
        for (_, future, _), result in zip(group, results, strict=True):
            if future.done():
                continue
            if isinstance(result, BaseException):
                future.set_exception(result)
            else:
                future.set_result(result)
        self.give_back(len(group))


class Waiting(NamedTuple):
    """One call that waits for its turn, and where its result goes."""

    work: Prepared | Call
    future: asyncio.Future[Any]
    callers: Callers


class GroupCommit:
    """The thread that owns a logger's writes; it starts with the first call.

    The calls of one loop are written in the order in which they were made.
    """

    def __init__(self, log: str, open_writer: Callable[[], GroupWriter]) -> None:
        self._log = log
        self._open_writer = open_writer
        self._queue: SimpleQueue[Waiting | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._callers: Callers | None = None
        self._callers_by_loop: dict[asyncio.AbstractEventLoop, Callers] = {}
        self.has_ended = False

    async def run(self, work: Prepared | Call) -> Any:
        """Give the work its turn and return what it came to, which is then durable.

        Cancelled before it was taken on, it is not done; afterwards it is, once. Raises
        `LoggerClosedError` when the thread was ended first.
        """
        loop = asyncio.get_running_loop()
        callers = self._callers
        if callers is None or callers.loop is not loop:
            callers = self._callers_of(loop)
        if not callers.take_place():
            await callers.wait_for_place()
        future = loop.create_future()
        try:
            self._put(Waiting(work, future, callers))
        except BaseException:
            callers.give_back(1)
            raise
        return await future

    def end(self) -> None:
        """Take nothing more on, and let the thread end after what was."""
        with self._lock:
            self.has_ended = True
            self._queue.put(None)

    def _put(self, waiting: Waiting) -> None:
        with self._lock:
            if self.has_ended:
                raise LoggerClosedError(self._log)
            if self._thread is None:
                # A daemon: a program that never closes its logger still exits.
                thread = threading.Thread(
                    target=self._write, name="event-log-group-commit", daemon=True
                )
                thread.start()
                self._thread = thread
            self._queue.put(waiting)

    def _callers_of(self, loop: asyncio.AbstractEventLoop) -> Callers:
        with self._lock:
            there = self._callers_by_loop
            if loop not in there:
                there = {one: callers for one, callers in there.items() if not one.is_closed()}
                there[loop] = Callers(loop)
                self._callers_by_loop = there
            self._callers = there[loop]
            return there[loop]

    def _write(self) -> None:
        while self._write_next():
            pass

    def _write_next(self) -> bool:
        group, is_last = self._next_group()
        for is_call, members in groupby(group, lambda one: callable(one.work)):
            together = list(members)
            if is_call:
                for one in together:
                    _resolve([one], [_outcome(one.work)])  # type: ignore[arg-type]
            else:
                _resolve(together, self._append([one.work for one in together]))
        return not is_last

    def _next_group(self) -> tuple[list[Waiting], bool]:
        group: list[Waiting] = []
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

    def _append(self, group: list[Any]) -> list[Any]:
        outcome = _outcome(lambda: self._open_writer().append_group(group))
        if isinstance(outcome, BaseException):
            return [outcome, *(_again(outcome) for _ in group[1:])]
        return list(outcome)


def _outcome(call: Call) -> Any:
    try:
        return call()
    except Exception as error:  # the caller's to handle: it awaits the future
        return error


def _again(error: BaseException) -> BaseException:
    """The same error for another caller: each raises its own, with a traceback of its own."""
    twin = type(error).__new__(type(error))
    twin.__dict__.update(error.__dict__)
    twin.args = error.args
    twin.__cause__ = error.__cause__
    twin.__traceback__ = error.__traceback__
    return twin


def _resolve(group: list[Waiting], results: list[Any]) -> None:
    by_loop: dict[Callers, tuple[list[Waiting], list[Any]]] = {}
    for one, result in zip(group, results, strict=True):
        waiting, theirs = by_loop.setdefault(one.callers, ([], []))
        waiting.append(one)
        theirs.append(result)
    for callers, batch in by_loop.items():
        try:
            callers.loop.call_soon_threadsafe(callers.resolve, *batch)
        except RuntimeError:
            # The loop has ended, and with it those who waited; their events are logged.
            continue
