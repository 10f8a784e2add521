"""Group commit: one thread writes whatever waits, everything that waits in one transaction."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from queue import Empty, SimpleQueue
from typing import Any, Protocol

from domain.errors import EventLoggerError
from domain.prepared import Prepared, PreparedBundle, PreparedEvent
from event_logger.writer import Logged

LARGEST_GROUP = 500
"""Calls per transaction: what comes after them waits no longer than these take."""


class GroupWriter(Protocol):
    """Writes groups; `event_logger.writer.LogWriter` is one."""

    def append_group(self, group: Sequence[Prepared]) -> list[Logged | EventLoggerError]:
        """Log each on its own, all in one transaction."""


Call = Callable[[], Any]
"""Other work that takes its turn among the events, such as an update."""


@dataclass(slots=True)
class Waiting:
    """One call that waits for its turn, and where its result goes."""

    work: Prepared | Call
    future: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop
    done: Callable[[], None]
    result: Any = None

    def resolve(self) -> None:
        """Hand the result over, on the loop's own thread; a cancelled caller wants none."""
        self.done()
        if self.future.done():
            return
        if isinstance(self.result, BaseException):
            self.future.set_exception(self.result)
        else:
            self.future.set_result(self.result)


class GroupCommit:
    """The thread that owns a logger's writes; it starts with the first call."""

    def __init__(self, open_writer: Callable[[], GroupWriter]) -> None:
        self._open_writer = open_writer
        self._queue: SimpleQueue[Waiting | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def submit(
        self, work: Prepared | Call, done: Callable[[], None] = lambda: None
    ) -> asyncio.Future[Any]:
        """Give the work its turn; the future is done when it is durable.

        `done` is called on the loop when the work is, also if its caller was cancelled meanwhile.
        """
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        self._queue.put(Waiting(work, future, loop, done))
        if self._thread is None:
            # A daemon: a program that never closes its logger still exits.
            self._thread = threading.Thread(
                target=self._run, name="event-log-group-commit", daemon=True
            )
            self._thread.start()
        return future

    def end(self) -> None:
        """Let the thread end after what was submitted before."""
        self._queue.put(None)

    def _run(self) -> None:
        ended = False
        while not ended:
            group, ended = self._next_group()
            for is_call, members in groupby(group, lambda one: callable(one.work)):
                work = list(members)
                if is_call:
                    for one in work:
                        one.result = _outcome(one.work)  # type: ignore[arg-type]
                else:
                    self._append(work)
            _resolve(group)

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

    def _append(self, waiting: list[Waiting]) -> None:
        prepared = [
            one.work for one in waiting if isinstance(one.work, PreparedEvent | PreparedBundle)
        ]
        outcomes = _outcome(lambda: self._open_writer().append_group(prepared))
        if isinstance(outcomes, BaseException):
            outcomes = [outcomes] * len(waiting)
        for one, outcome in zip(waiting, outcomes, strict=True):
            one.result = outcome


def _outcome(call: Call) -> Any:
    try:
        return call()
    except Exception as error:  # the caller's to handle: it awaits the future
        return error


def _resolve(group: list[Waiting]) -> None:
    by_loop: dict[asyncio.AbstractEventLoop, list[Waiting]] = {}
    for one in group:
        by_loop.setdefault(one.loop, []).append(one)
    for loop, waiting in by_loop.items():
        try:
            loop.call_soon_threadsafe(_resolve_all, waiting)
        except RuntimeError:
            # The loop has ended, and with it those who waited; their events are logged.
            continue


def _resolve_all(waiting: list[Waiting]) -> None:
    for one in waiting:
        one.resolve()
