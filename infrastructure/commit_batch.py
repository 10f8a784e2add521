"""So many commits of another log as are stored in one transaction."""

from __future__ import annotations

from domain.audit_log import AuditLog
from infrastructure.stored import Commit, Transition, Writes

_ENTRIES, _BYTES = 1000, 4 * 2**20
"""What of one commit, or of several, is held at a time."""


class CommitBatch:
    """Commits, those of one writer at one time together, up to a number of entries and bytes."""

    def __init__(self) -> None:
        self.commits: list[Commit] = []
        self._events: list[AuditLog.EventLogged] = []
        self._transitions: list[Transition] = []
        self._entries = self._size = 0

    def add(self, one: Commit, size: int) -> None:
        """Take one entry, as a commit of its own, that takes so many bytes."""
        if not self.commits or self.commits[-1][:2] != one[:2]:
            self._events, self._transitions = [], []
            commit = Commit(one.committed_at, one.writer, Writes(self._events, self._transitions))
            self.commits.append(commit)
        after = len(self._events)
        self._transitions += [moved._replace(after=after) for moved in one.writes.transitions]
        self._events += one.writes.events
        self._entries, self._size = self._entries + 1, self._size + size

    @property
    def is_full(self) -> bool:
        """Whether it is to be stored before more is taken."""
        return self._entries >= _ENTRIES or self._size >= _BYTES
