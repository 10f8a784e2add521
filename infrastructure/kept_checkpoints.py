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
from projections.marks import Marks

FOLDER_VARIABLE = "EVENT_LOGGER_CHECKPOINTS"
_CHECKPOINT, _MARKS = ".checkpoint", ".marks"


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
        _replace(self.path, note)
        self.note = note

    def marks(self) -> Marks | None:
        """The marks that were kept with it; None where there are none, or none that can be read."""
        return _marks(self.path)

    def put_marks(self, marks: Marks) -> None:
        """Keep the marks of the leaves that the checkpoint stands for."""
        _replace(self.path.with_suffix(_MARKS), bytes(marks))


def kept_marks(origin: str, folder: Path | None = None) -> Marks | None:
    """The marks that were kept with the last checkpoint of an origin; nothing is held or made."""
    return _marks((folder or checkpoints_folder()) / f"{quote(origin, safe='')}{_CHECKPOINT}")


def _marks(path: Path) -> Marks | None:
    try:
        return Marks.parse(path.with_suffix(_MARKS).read_bytes())
    except (OSError, ValueError):
        return None


def _replace(path: Path, data: bytes) -> None:
    beside = path.with_suffix(f"{path.suffix}.new")
    with beside.open("wb") as file:
        file.write(data)
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
            yield KeptCheckpoint(folder / f"{name}{_CHECKPOINT}")
        except OSError as error:
            raise ProofError(*_unusable(folder, error)) from error


def _unusable(folder: Path, error: OSError) -> tuple[str, str]:
    reason = error.strerror or str(error)
    return (
        f"the folder {folder}",
        f"cannot keep checkpoints ({reason}); name one by {FOLDER_VARIABLE}",
    )
