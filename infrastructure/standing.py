"""What a store knows of a log that another store holds, too: whether it is a copy, or the log.

Beside the log, as two positions of followers: `COPY` as long as the log was only brought here and
nobody said that it goes on here, and `CONTINUED`, up to where it was said. A copy is neither
published nor signed, so that one log never speaks from two stores.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from domain.horizon import START

if TYPE_CHECKING:
    from infrastructure.store import LogStore

COPY = "copy"
CONTINUED = "continued"


def is_copy(store: LogStore, log_id: UUID) -> bool:
    """Whether the log is a copy that was not taken over."""
    return store.followers.position(COPY, log_id) is not None


def mark_copy(store: LogStore, log_id: UUID) -> None:
    """Note that what the log holds from now on was brought from another store."""
    if not is_copy(store, log_id):
        store.followers.store_position(COPY, log_id, START)


def take_over(store: LogStore, log_id: UUID) -> None:
    """Let the log go on in this store: it is written to, published and signed here."""
    store.followers.store_position(CONTINUED, log_id, store.reads.end(log_id).horizon)
    store.followers.forget_position(COPY, log_id)
