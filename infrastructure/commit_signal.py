"""Wakes the followers of a store when this process has committed something to it."""

from __future__ import annotations

import queue
from contextlib import suppress
from weakref import ref


class CommitSignal:
    """One follower's signal; a commit that comes while it is busy is not missed."""

    def __init__(self) -> None:
        # Not a threading.Event: a signal handler that logs while its own thread is setting one,
        # which holds a lock, waits forever.
        self._wakes: queue.SimpleQueue[None] = queue.SimpleQueue()

    def wait(self, timeout: float) -> None:
        """Return once something was committed since the last wait, or after `timeout` seconds."""
        with suppress(queue.Empty):
            self._wakes.get(timeout=timeout)
            while True:
                self._wakes.get_nowait()

    def wake(self) -> None:
        """End the wait, or the next one; callable from any thread and from a signal handler."""
        if self._wakes.empty():
            self._wakes.put(None)


class CommitSignals:
    """The signals of all followers; one that its follower dropped is forgotten."""

    def __init__(self) -> None:
        # Replaced as a whole: commits read it while followers come and go.
        self._signals: tuple[ref[CommitSignal], ...] = ()

    def new(self) -> CommitSignal:
        """A signal for one more follower."""
        signal = CommitSignal()
        self._signals = (*(one for one in self._signals if one() is not None), ref(signal))
        return signal

    def wake_all(self) -> None:
        """Let every follower know that something was committed."""
        for one in self._signals:
            signal = one()
            if signal is not None:
                signal.wake()
