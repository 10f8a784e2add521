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


class KeptCheckpoint:
    """The last checkpoint of one origin, while it is held; `note` is None where there is none."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.note = path.read_bytes() if path.exists() else None

    def put(self, note: bytes) -> None:
        """Keep this one in its place; it is on the disk when this returns."""
        beside = self.path.with_suffix(".new")
        with beside.open("wb") as file:
            file.write(note)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self.path)
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


@contextmanager
def held_checkpoint(origin: str, folder: Path | None = None) -> Iterator[KeptCheckpoint]:
    """The last checkpoint of an origin, held until the block ends; others wait.

    Raises `ProofError` where the folder cannot be used.
    """
    folder = folder or checkpoints_folder()
    name = quote(origin, safe="")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / f"{name}.lock").open("w")
    except OSError as error:
        raise ProofError(*_unusable(folder, error)) from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield KeptCheckpoint(folder / f"{name}.checkpoint")
        except OSError as error:
            raise ProofError(*_unusable(folder, error)) from error


def _unusable(folder: Path, error: OSError) -> tuple[str, str]:
    reason = error.strerror or str(error)
    return (
        f"the folder {folder}",
        f"cannot keep checkpoints ({reason}); name one by {FOLDER_VARIABLE}",
    )
