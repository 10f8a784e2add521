"""A point in a log's order of commit: the log as it was known then."""

from __future__ import annotations

import re
from typing import NamedTuple, Self

_WRITTEN = re.compile(r"(\d+)(?:\+(\d+))?\Z", re.ASCII)


class Horizon(NamedTuple):
    """The last order and the number of the last transition that were committed by then.

    A log is two sequences without gaps, its events by order and its transitions by number, each
    transition being stored with the last order before it: together they have one order of commit.
    """

    order: int
    transition: int = 0

    @property
    def position(self) -> int:
        """The place of the entry that was committed last; the log's opening has place 0."""
        return self.order + self.transition

    def is_beyond(self, end: Horizon) -> bool:
        """Whether a log that ends there has not come so far: it was restored, or lost its tail."""
        return self.order > end.order or self.transition > end.transition

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """The horizon written as `1523+40`, or `1523` in a log without transitions."""
        written = _WRITTEN.match(text)
        return None if written is None else cls(int(written[1]), int(written[2] or 0))

    def __str__(self) -> str:
        return f"{self.order}+{self.transition}" if self.transition else str(self.order)


START = Horizon(0, 0)
"""Before the first entry: nothing but the opening."""
