"""Leases on a SQLite store: a role that one process at a time has, and that dies with it."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING
from uuid import UUID

from domain.errors import StoreError
from infrastructure.stores.sqlite.location import Location

if TYPE_CHECKING:
    from filelock import FileLock


def load_locks() -> None:
    """Import what leases lock by, before a signal handler may need it in the middle of that."""
    import filelock  # noqa: F401


class FileLease:
    """An operating system's lock on a file beside the store, `<store>.<log id>[.<role>].lease`.

    The system drops it when the process ends, however it ends; the empty file may stay.
    """

    def __init__(self, location: Location, log_id: UUID, log: str, role: str) -> None:
        self._location = location
        self._log = log
        suffix = f"{log_id}.{role}.lease" if role else f"{log_id}.lease"
        path = location.path
        self._path = path and path.with_name(f"{path.name}.{suffix}")
        self._lock: FileLock | None = None
        self._process = os.getpid()
        self.is_held = False

    def try_acquire(self) -> bool:
        """See `infrastructure.store.Lease`."""
        from filelock import FileLock, Timeout

        if self.is_held or self._path is None:
            return self.is_held
        if self._lock is None:
            self._lock = FileLock(self._path, mode=self._mode(), thread_local=False)
        try:
            self._lock.acquire(timeout=0)
            self._belong_to_the_store()
        except Timeout:
            return False
        except OSError as error:
            problem = f"cannot take a lease of log {self._log!r} ({error})"
            raise StoreError(self._location.url, problem) from error
        self.is_held = True
        return True

    def _mode(self) -> int:
        """What the store allows, as SQLite has it for the files beside: more or less is no use."""
        path = self._location.path
        try:
            return 0o600 | (0 if path is None else os.stat(path).st_mode & 0o666)
        except OSError:
            return 0o600

    def _belong_to_the_store(self) -> None:
        """What the administrator leaves behind must not keep the store's owner from writing."""
        if os.geteuid() != 0 or self._path is None:
            return
        # A store that was moved away is another matter, and `OpenedFiles.check` says it.
        with suppress(FileNotFoundError):
            store, lease = os.stat(self._location.path or self._path), os.stat(self._path)
            if (lease.st_uid, lease.st_gid) != (store.st_uid, store.st_gid):
                os.chown(self._path, store.st_uid, store.st_gid)

    def release(self) -> None:
        """See `infrastructure.store.Lease`; in a forked child the lease stays the parent's."""
        if self._lock is not None and self.is_held and self._process == os.getpid():
            self._lock.release()
        self.is_held = False


class MemoryLease:
    """A role in a log of a store in memory, among those that share that store."""

    def __init__(self, held: set[tuple[UUID, str]], log_id: UUID, role: str) -> None:
        self._held = held
        self._role = (log_id, role)
        self.is_held = False

    def try_acquire(self) -> bool:
        """See `infrastructure.store.Lease`."""
        if not self.is_held and self._role not in self._held:
            self._held.add(self._role)
            self.is_held = True
        return self.is_held

    def release(self) -> None:
        """See `infrastructure.store.Lease`."""
        if self.is_held:
            self._held.discard(self._role)
        self.is_held = False
