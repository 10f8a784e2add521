"""The logs of one store, which is opened once for all who read them."""

from __future__ import annotations

from typing import Self

from event_logger.opening import chosen
from event_logger.reader import LogReader
from infrastructure.audit_logs import AuditLogs
from infrastructure.store import LogStore


class StoreReaders:
    """Readers of a store's logs, for reading alone; any number of threads may ask for them.

    The store is there already, and never written. Raises `StoreNotFoundError` or another
    `StoreError`.
    """

    def __init__(self, store: str) -> None:
        self._logs = AuditLogs(store, must_exist=True)

    @property
    def url(self) -> str:
        """The store, without what would be a password."""
        return self._logs.store.url

    def names(self) -> list[str]:
        """The names of the store's logs, sorted."""
        return self._logs.names()

    def reader(self, log: str | None) -> LogReader:
        """The log of this name; None: the one that the store holds, or `default`.

        It reads for as long as this is open, and closing it closes nothing. Raises
        `UnknownLogError`, or `LogConfigurationError` where there are several.
        """
        return LogReader(_Lent(self._logs), self._logs.get(chosen(self._logs, log)))

    def close(self) -> None:
        """Let go of the store; closing twice does nothing."""
        self._logs.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


class _Lent:
    """A store that somebody else lets go of."""

    def __init__(self, logs: AuditLogs) -> None:
        # Held, too: logs that are dropped are closed.
        self._logs = logs

    @property
    def store(self) -> LogStore:
        """The store."""
        return self._logs.store

    def close(self) -> None:
        """Nothing is let go of."""
