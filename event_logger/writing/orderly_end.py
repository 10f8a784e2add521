"""An orderly end at SIGTERM: what service managers send to a program that is to stop.

The library installs no handler unasked. `end_orderly_at_signals` does, for the whole program.
"""

from __future__ import annotations

import _thread
import logging
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType
from weakref import WeakKeyDictionary

from domain.errors import LogConfigurationError

_log = logging.getLogger("event_logger")

GRACE_SECONDS = 5.0
"""How long the main thread has to end what it is at before the loggers are closed under it."""

_LOOK_SECONDS = 0.02

_open: WeakKeyDictionary[object, Callable[[], None]] = WeakKeyDictionary()
_is_ending = False


def closed_at_the_end(logger: object, close: Callable[[], None]) -> None:
    """Have the logger, as long as it is there, closed by `close` when the program is told to end.

    `close` must not hold on to the logger.
    """
    _open[logger] = close


def end_orderly_at_signals(*numbers: int) -> None:
    """End the program in an orderly way at these signals; none named: at SIGTERM.

    The first one raises `SystemExit(128 + number)` in the main thread, wherever that is, so that
    `with` and `finally` blocks run; in asynchronous code `asyncio.run` cancels the tasks, whose
    blocks run too. What no block closes is closed once the main thread has ended, or after five
    seconds: what was logged is stored then, and threads that still log get `LoggerClosedError`.
    Further signals change nothing. The handlers that were there before are replaced.

    Raises `LogConfigurationError` outside of the main thread, where Python takes no handlers, and
    for a number that is no signal, or one that cannot be handled.
    """
    wanted = numbers or (signal.SIGTERM,)
    if threading.current_thread() is not threading.main_thread():
        raise LogConfigurationError(
            "end_orderly_at_signals",
            wanted,
            "must be called in the main thread, the only one in which Python handles signals",
        )
    for number in wanted:
        try:
            signal.signal(number, _end)
        except (ValueError, OSError, TypeError, AttributeError) as error:
            raise LogConfigurationError(
                "end_orderly_at_signals",
                number,
                f"got {number!r}, which is no signal that can be handled; name signal.SIGTERM,"
                " signal.SIGINT or signal.SIGHUP",
            ) from error


def _end(number: int, frame: FrameType | None) -> None:
    global _is_ending
    if _is_ending:
        return
    _is_ending = True
    # Not a threading.Thread: starting one takes a lock of that module's, which the interrupted
    # code may be holding.
    _thread.start_new_thread(_close_what_is_left, ())
    raise SystemExit(128 + number)


def _close_what_is_left() -> None:
    main, deadline = threading.main_thread(), time.monotonic() + GRACE_SECONDS
    while main.is_alive() and time.monotonic() < deadline:
        time.sleep(_LOOK_SECONDS)
    for close in _still_open():
        try:
            close()
        except Exception as error:  # said, and the others are still closed
            _log.error("a logger could not be closed as the program ends: %s", error)


def _still_open() -> list[Callable[[], None]]:
    while True:
        try:
            return list(_open.values())
        except RuntimeError:
            # Another thread opened or dropped a logger meanwhile.
            continue
