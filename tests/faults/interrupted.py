"""Runs something and acts at one of the places where CPython looks for signals.

It looks for them when a call returns and at a backward jump. A call that the interpreter makes by
itself (a `with` block's `__enter__`, an iteration's `__next__`) is no such place.
"""

from __future__ import annotations

import dis
import gc
import random
import sys
from collections.abc import Callable, Hashable
from types import FrameType
from typing import Any

Act = Callable[[], None]


class RaisedByHandlerError(Exception):
    """What a signal handler may raise beside KeyboardInterrupt, such as a timeout of its own."""


class _Watch:
    """Counts the places that this thread comes by, and acts at one of them."""

    def __init__(self, act: Act | None, at: int) -> None:
        self.places: list[Hashable] = []
        self._act = act
        self._at = at
        self._last: dict[FrameType, int] = {}

    def profile(self, frame: FrameType, event: str, _: Any) -> None:
        if frame.f_code is _RUN:
            return
        if event == "c_return":
            self._here(frame)
        elif event == "return":
            self._last.pop(frame, None)
            if frame.f_back is not None and _is_calling(frame.f_back):
                self._here(frame.f_back)

    def trace(self, frame: FrameType, event: str, _: Any) -> Any:
        if event == "line":
            before, now = self._last.get(frame, -1), frame.f_lasti
            self._last[frame] = now
            if now < before and frame.f_code is not _RUN:
                self._here(frame)
        return self.trace

    def _here(self, frame: FrameType) -> None:
        self.places.append((frame.f_code, frame.f_lasti))
        if len(self.places) == self._at and self._act is not None:
            self._act()


def run(work: Callable[[], Any], act: Act | None = None, at: int = 0) -> list[Hashable]:
    """Do the work and act at the place of this number, from 1 on; returns the places.

    A KeyboardInterrupt or `RaisedByHandlerError` of `act` ends the work and goes no further.
    """
    watch = _Watch(act, at)
    gc.disable()
    try:
        sys.settrace(watch.trace)
        sys.setprofile(watch.profile)
        work()
    except (KeyboardInterrupt, RaisedByHandlerError):
        pass
    finally:
        sys.setprofile(None)
        sys.settrace(None)
        gc.enable()
    return watch.places


_RUN = run.__code__


def one_of_each(places: list[Hashable], seed: int) -> list[int]:
    """The numbers of places: of those at the same instruction, which loops come by often, one."""
    chance = random.Random(seed)
    numbers: dict[Hashable, list[int]] = {}
    for number, place in enumerate(places, 1):
        numbers.setdefault(place, []).append(number)
    return sorted(chance.choice(same) for same in numbers.values())


_calls: dict[tuple[Any, int], bool] = {}


def _is_calling(frame: FrameType) -> bool:
    at = (frame.f_code, frame.f_lasti)
    if at not in _calls:
        opcode = frame.f_code.co_code[frame.f_lasti]
        _calls[at] = dis.opname[opcode].startswith("CALL")
    return _calls[at]
