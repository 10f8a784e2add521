"""What becomes of a logger that nobody closed: garbage collected, or there when the program ends.

Garbage is collected wherever memory is asked for: in the middle of another logger's transaction, or
in the logger's own follower. Closing there could wait for a lock that this very thread holds, and
would lose what is pending when the wait is over. So a thread of its own closes, and is waited for
no longer than a moment.
"""

from __future__ import annotations

import _thread
import atexit
import logging
import threading
import time

from domain.errors import EventLoggerError, StoreError, shown
from event_logger.writing.writer import Writer

_log = logging.getLogger("event_logger")

_MOMENT_SECONDS = 0.25

_RETRY_SECONDS = 0.2

_LAST_SECONDS = 60.0
"""How long the end of the program waits for those that still close."""

_closing: set[_Closing] = set()


class _Closing:
    """One writer that is being closed; `done` is held until it is.

    A store that fails, or that another process does not let go of, is tried again for as long as
    the program runs: what is pending was logged, and nobody else can store it.
    """

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._is_last = self._has_said = False
        self.done = _thread.allocate_lock()
        self.done.acquire()

    def run(self) -> None:
        try:
            while not self._is_closed():
                time.sleep(_RETRY_SECONDS)
        finally:
            _closing.discard(self)
            self.done.release()

    def _is_closed(self) -> bool:
        if self._is_last:
            _close_at_last(self._writer)
            return True
        try:
            self._writer.close()
        except StoreError as error:
            if not self._has_said:
                self._has_said = True
                _log.warning("%s; a logger that nobody closed is closed when that is over", error)
            return False
        except EventLoggerError as error:
            _say_what_is_lost(self._writer, error)
        return True

    def try_once_more(self) -> None:
        """The program ends: a failure is the last one."""
        self._is_last = True


def _close_at_last(writer: Writer) -> None:
    try:
        writer.close()
    except EventLoggerError as error:
        _say_what_is_lost(writer, error)


def _say_what_is_lost(writer: Writer, error: EventLoggerError) -> None:
    pending = writer.pending
    _log.error(
        "%s; nobody closed the logger of log %s, and %s",
        error,
        shown(writer.usage.log),
        _told(pending),
    )


def _told(pending: int) -> str:
    if pending == 1:
        return "1 event that it held is not stored"
    return f"{pending:,} events that it held are not stored" if pending else "it held nothing"


def let_go(writer: Writer) -> None:
    """Close the writer, whose logger is gone; callable anywhere."""
    if writer.usage.is_in_fork:
        return
    if not threading.main_thread().is_alive():
        # The program ends, and no thread is in the middle of anything that this one could hold.
        _close_at_last(writer)
        return
    closing = _Closing(writer)
    _closing.add(closing)
    # Not a threading.Thread: starting one takes a lock of that module's, which this thread may be
    # holding.
    _thread.start_new_thread(closing.run, ())
    closing.done.acquire(timeout=_MOMENT_SECONDS)


@atexit.register
def _finish() -> None:
    deadline = time.monotonic() + _LAST_SECONDS
    for closing in list(_closing):
        closing.try_once_more()
        closing.done.acquire(timeout=max(0.0, deadline - time.monotonic()))
