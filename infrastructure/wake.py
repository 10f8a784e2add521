"""A wait that another thread, or a signal handler, can end."""

from __future__ import annotations

import threading
from contextlib import suppress


class Wake:
    """A wait that `wake` ends; what comes while nobody waits ends the next one.

    A lock that is held while there is nothing to wake for. Not a `threading.Event`: a signal
    handler that sets one while its own thread is setting it, or is about to wait, waits forever.
    Nor a `queue.SimpleQueue`: its `get` waits forever when a signal handler outlasts the timeout
    (CPython 3.11, tried), which a lock's `acquire` does not.
    """

    __slots__ = ("__weakref__", "_lock")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lock.acquire()

    def wait(self, timeout: float) -> None:
        """Return once it was woken since the last wait, or after `timeout` seconds."""
        self._lock.acquire(timeout=timeout)

    def wake(self) -> None:
        """End the wait, or the next one; callable from any thread and from a signal handler."""
        # Not held: it was woken already.
        with suppress(RuntimeError):
            self._lock.release()
