"""A store that a reader reads from, whoever opened it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from infrastructure.store import LogStore


class OpenStore(Protocol):
    """Whoever opened a store: it is read from until that lets go of it."""

    @property
    def store(self) -> LogStore:
        """The store."""

    def close(self) -> None:
        """Let go of it; closing twice does nothing."""
