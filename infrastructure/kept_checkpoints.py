"""The last checkpoint of each log that this machine signed or saw, kept outside of any store.

So a store that was restored, cut or forked is noticed by the next signature, which is refused: a
log must never sign two checkpoints that contradict each other. One process at a time signs for a
log, and what it signs is on the disk before anybody is given it.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

from domain.errors import ProofError

FOLDER_VARIABLE = "EVENT_LOGGER_CHECKPOINTS"


def checkpoints_folder() -> Path:
    """Where they are kept: `EVENT_LOGGER_CHECKPOINTS`, else in the user's state folder."""
    named = os.environ.get(FOLDER_VARIABLE)
    if named:
        return Path(named)
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "event-logger" / "checkpoints"


def file_name(origin: str) -> str:
    """What the files of an origin are called; of one that is too long for that, by its hash."""
    quoted = quote(origin, safe="")
    return quoted if len(quoted) <= 200 else sha256(origin.encode()).hexdigest()


class KeptCheckpoint:
    """The last checkpoint of one origin, while it is held; `note` is None where there is none."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.note = path.read_bytes() if path.exists() else None

    def put(self, note: bytes) -> None:
        """Keep this one in its place; it is on the disk when this returns."""
        self._put(self.path, note)

    def put_aside(self, kind: str, note: bytes) -> None:
        """Keep a note beside the last checkpoint, as what speaks against it."""
        self._put(self.path.with_suffix(f".{kind}"), note)

    def _put(self, path: Path, note: bytes) -> None:
        beside = self.path.with_suffix(".new")
        with beside.open("wb") as file:
            file.write(note)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


@contextmanager
def held_checkpoint(origin: str, folder: Path | None = None) -> Iterator[KeptCheckpoint]:
    """The last checkpoint of an origin, held until the block ends; others wait.

    Raises `ProofError` where the folder cannot be used.
    """
    way_out = f"name one by {FOLDER_VARIABLE}" if folder is None else "name another"
    folder = folder or checkpoints_folder()
    name = file_name(origin)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / f"{name}.lock").open("w")
    except OSError as error:
        raise ProofError(*_unusable(folder, error, way_out)) from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield KeptCheckpoint(folder / f"{name}.checkpoint")
        except OSError as error:
            raise ProofError(*_unusable(folder, error, way_out)) from error


def _unusable(folder: Path, error: OSError, way_out: str) -> tuple[str, str]:
    reason = error.strerror or str(error)
    return f"the folder {folder}", f"cannot keep checkpoints ({reason}); {way_out}"
