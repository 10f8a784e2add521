"""The one writer of a backtest log: a lease that dies with the process that holds it."""

from __future__ import annotations

import os
from uuid import UUID

from filelock import FileLock, Timeout

from domain.errors import LogInUseError, ReadOnlyStoreError, StoreError
from infrastructure.stores import Store


class WriterLease:
    """An operating system's lock on a file beside the store, `<store>.<log id>.lease`.

    The system drops it when the process ends, however it ends; the empty file may stay.
    """

    def __init__(self, store: Store, log_id: UUID, log: str) -> None:
        self._store = store
        self._log = log
        path = store.path and store.path.with_name(f"{store.path.name}.{log_id}.lease")
        self._lock = FileLock(path, thread_local=False) if path else None
        self.is_held = False

    def acquire(self) -> None:
        """Take the lease; raises `LogInUseError` at once when another writer has it.

        Raises `ReadOnlyStoreError` for a store that cannot be written to.
        """
        if self._lock is not None and not self.is_held:
            self._refuse_read_only_file()
            try:
                self._lock.acquire(timeout=0)
            except Timeout:
                raise LogInUseError(self._log) from None
            except OSError as error:
                problem = f"cannot take the writer's lease of log {self._log!r} ({error})"
                raise StoreError(self._store.url, problem) from error
        self.is_held = True

    def release(self) -> None:
        """Give the lease back; giving back what is not held does nothing."""
        if self._lock is not None and self.is_held:
            self._lock.release()
        self.is_held = False

    def _refuse_read_only_file(self) -> None:
        # The lease is a file of its own: a store that is read-only in a writable folder would be
        # noticed only when the first batch is committed.
        path = self._store.path
        if path is not None and not os.access(path, os.W_OK):
            raise ReadOnlyStoreError(
                self._store.url, "is read-only; make the file and its folder writable"
            )
