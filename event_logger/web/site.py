"""The store that is served, and what is kept of it between two requests."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from domain.errors import EventLoggerError, StoreError
from event_logger.reader import LogReader
from event_logger.store_readers import StoreReaders
from event_logger.web.audited import Audits
from event_logger.web.background import Background
from event_logger.web.folding import Folds

if TYPE_CHECKING:
    from projections.comparison.report import Comparison


class Site:
    """One store, opened for reading when it is first asked for, and anew after it failed.

    `log` is the log that is meant where none is named; None: the one that the store holds.
    """

    def __init__(self, store: str, log: str | None = None) -> None:
        self._store = store
        self._log = log
        self._lock = threading.Lock()
        self._readers: StoreReaders | None = None
        self.folds = Folds()
        self.audits = Audits()
        self.comparisons: Background[Comparison] = Background()
        self.boards: Background[dict[str, Any]] = Background()

    def readers(self) -> StoreReaders:
        """The store's readers; raises `StoreError`."""
        with self._lock:
            if self._readers is None:
                self._readers = StoreReaders(self._store)
            return self._readers

    def reader(self, log: str | None) -> LogReader:
        """A reader of this log, as it is now; None: of the one that is served by itself."""
        return self.readers().reader(self._log if log is None else log)

    def note(self, error: EventLoggerError) -> None:
        """After a failure of the store the next request opens it again."""
        if isinstance(error, StoreError):
            with self._lock:
                # Whoever still reads has it; it is closed when the last one is done.
                self._readers = None

    def close(self) -> None:
        """Let go of the store, and of what goes on in the background."""
        self.folds.close()
        self.audits.close()
        self.comparisons.close()
        self.boards.close()
        with self._lock:
            readers, self._readers = self._readers, None
        if readers is not None:
            readers.close()
