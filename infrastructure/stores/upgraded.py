"""What upgrading a store, or copying it, came to."""

from __future__ import annotations

from typing import NamedTuple


class Upgraded(NamedTuple):
    """The store that now has the present format, which one it had, and what it holds."""

    url: str
    from_format: int
    to_format: int
    logs: int
    events: int


class BackedUp(NamedTuple):
    """The new file, and what it holds."""

    url: str
    logs: int
    events: int
