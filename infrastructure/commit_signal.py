"""Wakes the followers of a store when this process has committed something to it."""

from __future__ import annotations

import threading
from weakref import WeakSet


class CommitSignal:
    """One follower's signal; a commit that comes while it is busy is not missed."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def wait(self, timeout: float) -> None:
        """Return once something was committed since the last wait, or after `timeout` seconds."""
        self._event.wait(timeout)
        self._event.clear()

    def wake(self) -> None:
        """End the wait, or the next one; callable from any thread."""
        self._event.set()


class CommitSignals:
    """The signals of all followers; one that its follower dropped is forgotten."""

    def __init__(self) -> None:
        self._signals: WeakSet[CommitSignal] = WeakSet()

    def new(self) -> CommitSignal:
        """A signal for one more follower."""
        signal = CommitSignal()
        self._signals = WeakSet([*self._signals, signal])
        return signal

    def wake_all(self) -> None:
        """Tell every follower that something was committed."""
        for signal in self._signals:
            signal.wake()
