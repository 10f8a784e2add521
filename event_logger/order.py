"""Orders that can be awaited, so that synchronous and asynchronous strategy code both run."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Self


class Order(int):
    """The global order of an event: an int that can also be awaited.

    Awaiting it gives the order itself at once and never yields to the event loop.
    """

    __slots__ = ()

    def __await__(self) -> Generator[Any, None, Self]:
        yield from ()
        return self


class Orders(list[Order]):
    """The orders of a bundle, the wrapper's first: a list that can also be awaited.

    Hashed by identity, so that `asyncio.gather` takes it.
    """

    def __await__(self) -> Generator[Any, None, Self]:
        yield from ()
        return self

    def __hash__(self) -> int:  # type: ignore[override]
        return id(self)
