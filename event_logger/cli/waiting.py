"""Commands that go on until they are told to stop, or wait for what is not there yet."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import NoReturn, TypeVar

from domain.errors import EventLoggerError
from event_logger.cli.terminal import say_error

T = TypeVar("T")

_LOOK_AGAIN_SECONDS = 0.5


@contextmanager
def until_told_to_stop() -> Iterator[list[int]]:
    """SIGINT and SIGTERM end the block, also where a script's background has SIGINT ignored.

    Gives the list of the signals that came: should the interruption be swallowed where it is
    raised, they still tell.
    """
    told: list[int] = []

    def stop(number: int, _: object) -> NoReturn:
        told.append(number)
        raise KeyboardInterrupt

    with suppress(KeyboardInterrupt):
        former = [(one, signal.signal(one, stop)) for one in (signal.SIGINT, signal.SIGTERM)]
        try:
            yield told
        finally:
            for one, handler in former:
                signal.signal(one, handler)


def waited_for(
    open_: Callable[[], T], missing: tuple[type[EventLoggerError], ...], *, wait: bool
) -> T:
    """What `open_` gives, waited for while it raises one of these errors; says so once."""
    has_said = False
    while True:
        try:
            return open_()
        except missing as error:
            if not wait:
                raise
            if not has_said:
                say_error(f"{error}; waiting")
            has_said = True
        time.sleep(_LOOK_AGAIN_SECONDS)
