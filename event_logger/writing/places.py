"""How many calls of one event loop may wait to be committed; those after them stand in line."""

from __future__ import annotations

import asyncio
from collections import deque


class Places:
    """For the loop's own thread. What asyncio.Semaphore does, and a call that finds a place free
    takes it without a coroutine, which is most of what a call costs here."""

    __slots__ = ("_free", "_in_line", "_line")

    def __init__(self, free: int) -> None:
        self._free = free
        self._line: deque[asyncio.Future[None]] = deque()
        self._in_line = 0

    def take_at_once(self) -> bool:
        """Take a place if one is free and nobody is before this call; whether it did."""
        # Also those who were given a place and do not run yet are before it.
        if self._in_line or not self._free:
            return False
        self._free -= 1
        return True

    async def take(self) -> None:
        """Take a place when it is this call's turn; cancelled meanwhile, it has none."""
        turn = asyncio.get_running_loop().create_future()
        self._line.append(turn)
        self._in_line += 1
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():
                self.give_back(1)
            raise
        finally:
            self._in_line -= 1
            # Whoever asked while this was before it waits, though a place may be free.
            self._hand_out()

    def give_back(self, places: int) -> None:
        """Let the next in line have them, or whoever comes."""
        self._free += places
        self._hand_out()

    def _hand_out(self) -> None:
        while self._free and self._line:
            turn = self._line.popleft()
            if not turn.done():
                turn.set_result(None)
                self._free -= 1
