"""Marks along a log's leaves: where two logs part is told by them, whether they do by the root.

A running digest goes over the hashes of all leaves; of it the first four bytes are kept after every
leaf, or after every second, fourth, eighth … of a long log. They are kept by who signed a
checkpoint, apart from the log.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Self

_LAYOUT = b"event-logger/marks/v1"
_BYTES = 4
MOST_MARKS = 65_536
"""Of how many leaves each is marked; a longer log is told to a few of them."""


class Marks:
    """The marks of the first `size` leaves of a log; appending goes on from there."""

    __slots__ = ("_digest", "_marks", "every", "size")

    def __init__(self) -> None:
        self.size = 0
        self.every = 1
        self._digest = sha256(_LAYOUT).digest()
        self._marks = bytearray()

    def append(self, leaf: bytes) -> None:
        """Take the next leaf, by its hash."""
        self.extend((leaf,))

    def extend(self, leaves: Sequence[bytes]) -> None:
        """Take the next leaves, by their hashes."""
        size, every, digest, marks = self.size, self.every, self._digest, self._marks
        for leaf in leaves:
            digest = sha256(digest + leaf).digest()
            size += 1
            if size % every == 0:
                marks += digest[:_BYTES]
        self.size, self._digest = size, digest
        while len(self._marks) > MOST_MARKS * _BYTES:
            self._thin()

    def last(self) -> bytes:
        """The mark of all leaves that were taken so far."""
        return self._digest[:_BYTES]

    def at(self, size: int) -> bytes | None:
        """The mark of so many leaves; None where there is none."""
        place, rest = divmod(size, self.every)
        mark = bytes(self._marks[(place - 1) * _BYTES : place * _BYTES])
        return mark if size and not rest and len(mark) == _BYTES else None

    def _thin(self) -> None:
        self.every *= 2
        kept = [
            self._marks[place : place + _BYTES]
            for place in range(_BYTES, len(self._marks) - _BYTES + 1, 2 * _BYTES)
        ]
        self._marks = bytearray(b"".join(kept))

    def __bytes__(self) -> bytes:
        head = b"%s %d %d\n" % (_LAYOUT, self.size, self.every)
        return head + self._digest + bytes(self._marks)

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """The marks in a file; raises `ValueError` for what are none."""
        head, _, rest = data.partition(b"\n")
        layout, *numbers = head.split(b" ")
        marks = cls()
        if layout != _LAYOUT or len(numbers) != 2 or len(rest) < 32:
            raise ValueError("are no marks of a log")
        marks.size, marks.every = map(int, numbers)
        marks._digest, marks._marks = rest[:32], bytearray(rest[32:])
        if marks.every < 1 or len(marks._marks) != marks.size // marks.every * _BYTES:
            raise ValueError("are not as many marks as they say")
        return marks
