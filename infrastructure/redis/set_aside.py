"""The streams that were set aside: what a listener to one log has not read of them yet."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from infrastructure.redis.stream_entry import StreamEntry, entries_of

LAST_POSSIBLE = f"{2**64 - 1}-{2**64 - 1}"
PAGE = 500


class SetAside:
    """The streams that were set aside from one name, and which of them a listener knows.

    The server keeps no order among them. Those that are new since the last look were set aside
    since then; of one log, the one whose entries come first was the first.
    """

    def __init__(self, client: Any, stream: str) -> None:
        self._client = client
        self._pattern = re.sub(r"([\[\]*?\\^-])", r"\\\1", stream) + ":*"
        self._known: set[bytes | str] = set()

    def look(self) -> None:
        """Know the streams that there are now: what was in them is not listened to."""
        self._known = self._names()

    def rest(
        self,
        anchor: StreamEntry | None,
        after: str,
        present: StreamEntry | None,
        is_own: Callable[[StreamEntry], bool],
    ) -> list[StreamEntry]:
        """What was set aside and not read yet, in order.

        That is what follows the id `after` in the stream that holds the `anchor`, and where logs
        have taken turns since the last look, every stream since then in which one speaks that
        `is_own`. The stream that begins with `present` is left to be read under its own name.
        """
        names = self._names()
        former: list[StreamEntry] = []
        later: list[list[StreamEntry]] = []
        for name in names:
            if self._holds(name, anchor):
                former = self._entries_after(name, after)
            elif name not in self._known and not self._holds(name, present):
                begin = entries_of(self._client.xrange(name, count=PAGE))
                if any(map(is_own, begin)):
                    later.append(self._entries_after(name, "0-0"))
        later.sort(key=lambda entries: _numbers(next(filter(is_own, entries)).id))
        # Only now: what fails before is asked for again.
        self._known = names
        return [*former, *(one for entries in later for one in entries)]

    def _names(self) -> set[bytes | str]:
        return set(self._client.scan_iter(self._pattern, count=1000, _type="stream"))

    def _holds(self, name: Any, entry: StreamEntry | None) -> bool:
        return entry is not None and (
            entries_of(self._client.xrange(name, entry.id, entry.id)) == [entry]
        )

    def _entries_after(self, stream: Any, after: str) -> list[StreamEntry]:
        found: list[StreamEntry] = []
        while after != LAST_POSSIBLE:
            page = entries_of(self._client.xrange(stream, f"({after}", count=PAGE))
            if not page:
                break
            found += page
            after = page[-1].id
        return found


def _numbers(id: str) -> tuple[int, int]:
    position, n = id.split("-")
    return int(position), int(n)
