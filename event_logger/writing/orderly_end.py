"""An orderly end at SIGTERM: what service managers send to a program that is to stop.

The library installs no handler unasked. `end_orderly_at_signals` does, for the whole program.
"""

from __future__ import annotations

import _thread
import logging
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any
from weakref import WeakKeyDictionary

from domain.errors import LogConfigurationError

_log = logging.getLogger("event_logger")

GRACE_SECONDS = 5.0
"""How long the main thread has to end what it is at before the loggers are closed under it."""

_LOOK_SECONDS = 0.02

_open: WeakKeyDictionary[object, Callable[[], None]] = WeakKeyDictionary()
_is_ending = _is_swallowed = _is_hooked = False


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
    global _is_hooked
    if not _is_hooked:
        sys.unraisablehook = _raise_again_what_is_swallowed(sys.unraisablehook)
        _is_hooked = True
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
    global _is_ending, _is_swallowed
    if _is_ending and not _is_swallowed:
        return
    if not _is_ending:
        # Not a threading.Thread: starting one takes a lock of that module's, which the interrupted
        # code may be holding.
        _thread.start_new_thread(_close_what_is_left, ())
    _is_ending, _is_swallowed = True, False
    asyncio = sys.modules.get("asyncio")
    loop = None if asyncio is None else asyncio._get_running_loop()
    if loop is None:
        _exit(number)
    else:
        # As a callback of its own: raised in between, it would take the place of one that the loop
        # has taken out, and whose task then waits for ever, however often it is cancelled.
        loop.call_soon_threadsafe(_exit, number)


def _exit(number: int) -> None:
    raise SystemExit(128 + number)


def _raise_again_what_is_swallowed(former: Callable[[Any], object]) -> Callable[[Any], object]:
    """A hook for what cannot be raised: an exit in a finalizer or a callback of the collector."""

    def hook(unraisable: Any) -> None:
        global _is_swallowed
        error = unraisable.exc_value
        is_ours = isinstance(error, SystemExit) and isinstance(error.code, int)
        if not (_is_ending and is_ours):
            former(unraisable)
            return
        _is_swallowed = True
        # By a thread, in a moment: at once, it would be raised in here, and swallowed again.
        _thread.start_new_thread(_interrupt_main, (signal.Signals(error.code - 128),))

    return hook


def _interrupt_main(number: signal.Signals) -> None:
    time.sleep(_LOOK_SECONDS)
    _thread.interrupt_main(number)


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
