"""`export --certified`: a file is exported as of one moment, and bound to a checkpoint of it."""

from __future__ import annotations

from pathlib import Path

from domain.errors import ExportError
from domain.horizon import START
from event_logger.cli.signed import given_key, log_of
from event_logger.log_as_of import LogAsOf
from event_logger.reader import LogReader


class Certifying:
    """One export; the checkpoint is signed before anything is written, or nothing is."""

    def __init__(self, store: str, log: str | None, key: Path | None, target: str | None) -> None:
        if target is not None and Path(target).exists() and not Path(target).is_file():
            raise ExportError(target, "it is no file beside which a certificate could stand")
        self._owner = given_key(key)
        self._store = store
        self._log = log
        self._horizon = START
        self._identity = ""
        self._checkpoint = b""

    def begun(self, reader: LogReader) -> LogReader:
        """The log as it is to be exported: what is logged meanwhile is not in it."""
        from infrastructure.proving import Proving

        still = reader if isinstance(reader, LogAsOf) else reader.as_of(reader.horizon)
        self._horizon = still.horizon
        with log_of(self._store, self._log) as (store, log):
            self._identity = log.identity or ""
            self._checkpoint = Proving(store, log).signed(self._owner)
        return still

    def ended(self, path: str, form: str) -> str:
        """Certify what was written; returns the path of the note beside it."""
        from infrastructure.files.certified_file import certify_file

        return certify_file(
            path, str(form), self._horizon, self._checkpoint, self._owner, self._identity
        )
