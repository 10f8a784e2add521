"""Standing by a notifier in another process, which may hang and keep its lease for ever."""

from __future__ import annotations

from domain.audit_log import AuditLog
from domain.horizon import START, Horizon
from infrastructure.store import LogStore

STANDBY_SECONDS = 0.5
"""How often one that stands by looks whether it is its turn."""

HANGING_LOOKS = 20
"""How often the notifier is seen where it was, with entries before it, until it counts as hanging:
10 s. Looks are counted, not seconds: this process may have been stopped as well."""


class Standby:
    """Looks from time to time how far the follower that has the lease has come."""

    def __init__(self, store: LogStore, log: AuditLog, follower: str) -> None:
        self._store = store
        self._log = log
        self._follower = follower
        self._seen: Horizon | None = None
        self._looks = 0

    def forget(self) -> None:
        """Begin to look anew."""
        self._seen, self._looks = None, 0

    def sees_it_hang(self) -> bool:
        """Whether it stands still though entries wait; one look. Raises `StoreError`."""
        position = self._store.followers.position(self._follower, self._log.id) or START
        end = self._store.reads.end(self._log.id).horizon
        if position != self._seen or position == end:
            self._seen, self._looks = position, 0
        self._looks += 1
        return self._looks > HANGING_LOOKS
