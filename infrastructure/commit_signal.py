"""Wakes the followers of a store when this process has committed something to it."""

from __future__ import annotations

from weakref import ref

from infrastructure.wake import Wake


class CommitSignals:
    """The signals of all followers; one that its follower dropped is forgotten."""

    def __init__(self) -> None:
        # Replaced as a whole: commits read it while followers come and go.
        self._signals: tuple[ref[Wake], ...] = ()

    def new(self) -> Wake:
        """A signal for one more follower."""
        signal = Wake()
        self._signals = (*(one for one in self._signals if one() is not None), ref(signal))
        return signal

    def wake_all(self) -> None:
        """Let every follower know that something was committed."""
        for one in self._signals:
            signal = one()
            if signal is not None:
                signal.wake()
