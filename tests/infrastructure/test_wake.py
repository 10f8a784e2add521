"""A wait that ends when it is woken, and when its time is over, whatever signals come meanwhile."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from infrastructure.wake import Wake
from tests.support import PATIENCE


@contextmanager
def in_a_moment(handler: Callable[..., Any]) -> Iterator[None]:
    """A signal comes while the block waits."""
    former = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, former)


def waited(wake: Wake, timeout: float) -> float:
    started = time.monotonic()
    wake.wait(timeout)
    return time.monotonic() - started


@pytest.mark.parametrize("times", [1, 2, 1000])
def test_what_came_before_ends_the_next_wait_and_no_other(times: int) -> None:
    wake = Wake()
    for _ in range(times):
        wake.wake()
    assert waited(wake, PATIENCE) < PATIENCE / 2
    assert waited(wake, 0.05) >= 0.05


def test_a_wait_ends_by_itself_though_a_signal_handler_outlasts_it() -> None:
    with in_a_moment(lambda *_: time.sleep(0.3)):
        assert waited(Wake(), 0.1) < PATIENCE / 2


def test_a_signal_handler_ends_the_wait_of_its_own_thread() -> None:
    wake = Wake()
    with in_a_moment(lambda *_: wake.wake()):
        assert waited(wake, PATIENCE) < PATIENCE / 2


def test_another_thread_ends_the_wait() -> None:
    wake = Wake()
    threading.Timer(0.05, wake.wake).start()
    assert waited(wake, PATIENCE) < PATIENCE / 2
