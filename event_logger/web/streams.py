"""The board as it changes: each log is followed once for all who look, and resumed from the store.

A message's id is the horizon that it ends at, so that whoever comes back with it is told what was
committed since, from the store.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, tzinfo
from functools import cached_property, partial
from typing import Any, NamedTuple

from domain.errors import EventLoggerError, HorizonError
from domain.horizon import Horizon
from event_logger.paging import LogPages
from event_logger.reader import LogReader
from event_logger.web.errors import PageError
from event_logger.web.exact import plain, strict_json
from event_logger.web.threads import in_thread
from event_logger.web.zones import zoned
from projections.entries import LogEntry, LoggedEntry

_log = logging.getLogger("event_logger")

MOST_STREAMS = 64
_LOOK_SECONDS = 0.05
_BEAT_SECONDS = 5.0
_TELL_SECONDS = 0.0002
"""What it takes to tell one viewer."""
_REST = 4.0
"""How many times as long as a look took of the processor nothing is looked at."""
_MOST_CHANGES = 50
_PAGE = 500
_WAITING = 16

Draw = Callable[[LogReader], str]
"""Draws the board as a part of a page."""


@dataclass(frozen=True)
class Message:
    """What a stream sends: what was committed after `before` up to `now`, or what is wrong."""

    kind: str
    data: dict[str, Any]
    before: Horizon | None = None
    now: Horizon | None = None

    @cached_property
    def encoded(self) -> bytes:
        """The message as a stream of events has it, made once for all who are told it."""
        lines = [f"event: {self.kind}", f"data: {strict_json(plain(self.data))}"]
        if self.now is not None:
            lines.insert(0, f"id: {self.now}")
        return "\n".join((*lines, "", "")).encode("utf-8", "backslashreplace")


class _Watched(NamedTuple):
    """What a feed is of: a log, how its board is drawn, and the zone that its times are told in."""

    open: Callable[[], LogReader]
    draw: Draw
    zone: tzinfo


class _Viewer:
    """One open stream; a viewer who does not keep up is let go, and resumes from the store."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.messages: asyncio.Queue[Message | None] = asyncio.Queue(_WAITING)

    def tell(self, message: Message | None) -> None:
        """Hand on a message, from any thread; None ends the stream."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._put, message)

    def _put(self, message: Message | None) -> None:
        if self.messages.full():
            while not self.messages.empty():
                self.messages.get_nowait()
            message = None
        self.messages.put_nowait(message)


class _Feed:
    """Follows one log, for all its viewers, while there are any."""

    def __init__(self, watched: _Watched, failed: _Failed) -> None:
        self._watched = watched
        self._failed = failed
        self.lock = threading.Lock()
        self.viewers: set[_Viewer] = set()
        self.horizon: Horizon | None = None
        self._stops = threading.Event()

    def run(self) -> None:
        """Tell all viewers what is committed, until the last one has gone."""
        reader: LogReader | None = None
        quiet, pause = 0.0, _LOOK_SECONDS
        while not self._stops.wait(pause):
            began = time.thread_time()
            try:
                if reader is None:
                    reader = self._watched.open()
                quiet = self._look(reader, quiet + pause)
                # A log that moves all the time is not looked at all the time: it has a logger.
                took = time.thread_time() - began + len(self.viewers) * _TELL_SECONDS
                pause = max(_LOOK_SECONDS, _REST * took)
            except EventLoggerError as error:
                self._failed(error)
                reader = None
                self._tell(Message("trouble", {"said": str(error)}))
                self._stops.wait(1.0)
            except Exception:
                # The thread of all viewers goes on, whatever one look ends with.
                _log.exception("a board could not be drawn")
                reader = None
                self._tell(Message("trouble", {"said": "the board could not be drawn"}))
                self._stops.wait(1.0)

    def _look(self, reader: LogReader, quiet: float) -> float:
        now = reader.horizon
        before = self.horizon
        if now == before and quiet < _BEAT_SECONDS:
            return quiet
        message = _change(reader, before or now, now, self._watched)
        with self.lock:
            self.horizon = now
            for one in self.viewers:
                one.tell(message)
        return 0.0

    def _tell(self, message: Message) -> None:
        with self.lock:
            for one in self.viewers:
                one.tell(message)

    def stop(self) -> None:
        """Follow no longer."""
        self._stops.set()


_Failed = Callable[[EventLoggerError], None]


class Streams:
    """All open streams; so many at most."""

    def __init__(self, failed: _Failed) -> None:
        self._failed = failed
        self._feeds: dict[object, _Feed] = {}
        self._lock = threading.Lock()
        self.count = 0
        self._is_stopping = False

    def stop(self) -> None:
        """End every stream; callable from a signal handler's loop callback."""
        self._is_stopping = True
        with self._lock:
            feeds = list(self._feeds.values())
        for feed in feeds:
            feed.stop()
            for one in list(feed.viewers):
                one.tell(None)

    def refuse_too_many(self) -> None:
        """Raises `PageError` where no further stream is opened."""
        if self.count >= MOST_STREAMS or self._is_stopping:
            raise PageError(503, f"{MOST_STREAMS} boards are open already; close one")

    async def messages(
        self,
        key: object,
        open_: Callable[[], LogReader],
        draw: Draw,
        after: str | None,
        zone: tzinfo = UTC,
    ) -> AsyncIterator[bytes]:
        """The messages of one stream, each committed entry in exactly one of them."""
        viewer, watched = _Viewer(asyncio.get_running_loop()), _Watched(open_, draw, zone)
        feed = self._feed(key, watched, viewer)
        try:
            message: Message | None = await in_thread(lambda: _since(watched, after))
            yield b"retry: 1000\n\n"
            seen = None if after is None else Horizon.parse(after)
            while message is not None and not self._is_stopping:
                if message.now is None or seen in (None, message.before):
                    yield message.encoded
                    seen = message.now or seen
                elif seen is not None and message.now.position > seen.position:
                    # Joined in between: some of it is known here.
                    message = await in_thread(partial(_since, watched, str(seen)))
                    continue
                message = await viewer.messages.get()
        finally:
            self._left(key, feed, viewer)

    def _feed(self, key: object, watched: _Watched, viewer: _Viewer) -> _Feed:
        with self._lock:
            feed = self._feeds.get(key)
            if feed is None:
                feed = self._feeds[key] = _Feed(watched, self._failed)
                threading.Thread(target=feed.run, name="event-log-board-page", daemon=True).start()
            with feed.lock:
                feed.viewers.add(viewer)
            self.count += 1
            return feed

    def _left(self, key: object, feed: _Feed, viewer: _Viewer) -> None:
        with self._lock:
            self.count -= 1
            with feed.lock:
                feed.viewers.discard(viewer)
                is_last = not feed.viewers
            if is_last:
                feed.stop()
                self._feeds.pop(key, None)


def known_horizon(reader: LogReader, after: str | None) -> Horizon:
    """The horizon that was seen last; None: the present one.

    Raises `HorizonError` for one that the log has not come to.
    """
    now = reader.horizon
    seen = now if after is None else Horizon.parse(after)
    if seen is None or seen.is_beyond(now):
        raise HorizonError(after, f"is no horizon of this log, which ends at {now}")
    return seen


def _since(watched: _Watched, after: str | None) -> Message:
    """The board, and what was committed since it was last seen; or what is wrong."""
    try:
        reader = watched.open()
        return _change(reader, known_horizon(reader, after), reader.horizon, watched)
    except EventLoggerError as error:
        return Message("trouble", {"said": str(error)})


def _change(reader: LogReader, before: Horizon, now: Horizon, watched: _Watched) -> Message:
    """What was committed between two horizons, and the board by then; the last changes of many."""
    count = now.position - before.position
    entries: list[LogEntry] = []
    if 0 < count <= _PAGE:
        entries = LogPages(reader).entries(before, count)
    data = {
        "horizon": str(now),
        "count": count,
        "changes": [_told(entry, watched.zone) for entry in entries[-_MOST_CHANGES:]],
        "board": watched.draw(reader),
    }
    return Message("change", data, before, now)


def _told(entry: LogEntry, zone: tzinfo) -> dict[str, Any]:
    if isinstance(entry, LoggedEntry):
        record = entry.record
        return {
            "order": entry.order,
            "status": record.get("status", "pending"),
            "what": f"{record['event_type']} at {record['venue']}",
            "at": zoned(record["recorded_at"], zone),
        }
    return {
        "order": entry.order,
        "status": entry.status,
        "what": f"was {entry.from_status}",
        "at": zoned(entry.recorded_at, zone),
    }
