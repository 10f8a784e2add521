"""Leases: a role that one process at a time has in a log, and that dies with that process."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from uuid import UUID

from domain.errors import LogInUseError, ReadOnlyStoreError, StoreError
from infrastructure.stores import Store

if TYPE_CHECKING:
    from filelock import FileLock


class Lease:
    """An operating system's lock on a file beside the store, `<store>.<log id>[.<role>].lease`.

    The system drops it when the process ends, however it ends; the empty file may stay. A store in
    memory is one process's own, and so is its lease.
    """

    def __init__(self, store: Store, log_id: UUID, log: str, role: str = "") -> None:
        self._store = store
        self._log = log
        suffix = f"{log_id}.{role}.lease" if role else f"{log_id}.lease"
        self._path = store.path and store.path.with_name(f"{store.path.name}.{suffix}")
        self._lock: FileLock | None = None
        self.is_held = False

    def try_acquire(self) -> bool:
        """Take the lease unless another has it; whether it is held now.

        Raises `StoreError` when the file beside the store cannot be made.
        """
        from filelock import FileLock, Timeout

        if self._path is not None and not self.is_held:
            if self._lock is None:
                self._lock = FileLock(self._path, thread_local=False)
            try:
                self._lock.acquire(timeout=0)
            except Timeout:
                return False
            except OSError as error:
                problem = f"cannot take a lease of log {self._log!r} ({error})"
                raise StoreError(self._store.url, problem) from error
        self.is_held = True
        return True

    def release(self) -> None:
        """Give the lease back; giving back what is not held does nothing."""
        if self._lock is not None and self.is_held:
            self._lock.release()
        self.is_held = False


class WriterLease(Lease):
    """The right to append to a backtest log."""

    def acquire(self) -> None:
        """Take the lease; raises `LogInUseError` at once when another writer has it.

        Raises `ReadOnlyStoreError` for a store that cannot be written to.
        """
        if not self.is_held:
            self._refuse_read_only_file()
        if not self.try_acquire():
            raise LogInUseError(self._log)

    def _refuse_read_only_file(self) -> None:
        # The lease is a file of its own: a store that is read-only in a writable folder would be
        # noticed only when the first batch is committed.
        path = self._store.path
        if path is not None and not os.access(path, os.W_OK):
            raise ReadOnlyStoreError(
                self._store.url, "is read-only; make the file and its folder writable"
            )
