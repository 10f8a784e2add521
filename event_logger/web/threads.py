"""Work in threads that nobody waits for at the end: what hangs ends with the process."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")


async def in_thread(work: Callable[[], T]) -> T:
    """What the work gives, or raises; cancelled, it is not waited for, and goes on by itself.

    A thread of its own, not of a pool: a few that hang would keep all others out of the pool, and
    the interpreter from ending.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def tell(settle: Callable[[Any], None], what: Any) -> None:
        def settled() -> None:
            if not future.done():
                settle(what)

        # The loop may be over by now.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(settled)

    def run() -> None:
        try:
            result = work()
        except Exception as error:
            tell(future.set_exception, error)
        else:
            tell(future.set_result, result)

    threading.Thread(target=run, name="event-log-request", daemon=True).start()
    return await future
