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
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from domain.audit_log import AuditLog
from domain.errors import EventLoggerError, LogBehindError, ProofError
from infrastructure.store import LogStore

if TYPE_CHECKING:
    from projections.checkpoint import Checkpoint
    from projections.marks import Marks

FOLDER_VARIABLE = "EVENT_LOGGER_CHECKPOINTS"
KEY_VARIABLE = "EVENT_LOGGER_KEY"
_CHECKPOINT, _MARKS = ".checkpoint", ".marks"


def checkpoints_folder() -> Path:
    """Where they are kept: `EVENT_LOGGER_CHECKPOINTS`, else in the user's state folder.

    Raises `ProofError` where there is neither.
    """
    named = os.environ.get(FOLDER_VARIABLE)
    if named:
        return Path(named)
    try:
        state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    except RuntimeError as error:
        problem = f"is not known ({error}); name a folder for checkpoints by {FOLDER_VARIABLE}"
        raise ProofError("the user's state folder", problem) from None
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
        _replace(self.path, note)
        self.note = note

    def put_aside(self, kind: str, note: bytes) -> None:
        """Keep a note beside the last checkpoint, as what speaks against it."""
        _replace(self.path.with_suffix(f".{kind}"), note)

    def aside(self, kind: str) -> bytes | None:
        """What was kept beside it; None where nothing is."""
        try:
            return self.path.with_suffix(f".{kind}").read_bytes()
        except FileNotFoundError:
            return None

    def forget_aside(self, kind: str) -> None:
        """Let go of what was kept beside it."""
        self.path.with_suffix(f".{kind}").unlink(missing_ok=True)

    def marks(self) -> Marks | None:
        """The marks that were kept with it; None where there are none, or none that can be read."""
        return _marks(self.path)

    def put_marks(self, marks: Marks) -> None:
        """Keep the marks of the leaves that the checkpoint stands for."""
        _replace(self.path.with_suffix(_MARKS), bytes(marks))


class Seen(NamedTuple):
    """A checkpoint that this machine signed, and where it is kept."""

    path: Path
    checkpoint: Checkpoint


def last_seen(identity: str, folder: Path | None = None) -> Seen | None:
    """The last checkpoint of the log of this identity; of several owners' the largest.

    None where there is none that can be read: whoever signs says what is wrong with it.
    """
    found: list[Seen] = []
    try:
        folder = folder or checkpoints_folder()
        patterns = (f"*%2F{quote(identity)}", "?" * 64)
        paths = [path for one in patterns for path in folder.glob(f"{one}{_CHECKPOINT}")]
    except (ProofError, OSError):
        # Nothing of this user's was ever kept there.
        return None
    if not paths:
        return None
    from projections.checkpoint import Checkpoint, Note

    for path in paths:
        try:
            checkpoint = Checkpoint.parse(Note.parse(path.read_bytes()).text)
        except (OSError, ValueError):
            continue
        if checkpoint.origin.rpartition("/")[2] == identity:
            found.append(Seen(path, checkpoint))
    return max(found, key=lambda seen: seen.checkpoint.size, default=None)


def why_unreadable(identity: str, folder: Path) -> str | None:
    """What is wrong with a checkpoint that is kept of the log of this identity; None if nothing."""
    from projections.checkpoint import Checkpoint, Note

    for path in folder.glob(f"*%2F{quote(identity)}{_CHECKPOINT}"):
        try:
            Checkpoint.parse(Note.parse(path.read_bytes()).text)
        except (OSError, ValueError) as error:
            reason = (isinstance(error, OSError) and error.strerror) or str(error)
            return f"the checkpoint that was signed here last cannot be read: {path} ({reason})"
    return None


def refuse_behind(store: LogStore, log: AuditLog) -> None:
    """Raises `LogBehindError` where the log ends before what this machine signed of it."""
    seen = last_seen(log.identity or "")
    if seen is None:
        return
    leaves = store.reads.end(log.id).horizon.position + 1
    if leaves < seen.checkpoint.size:
        raise LogBehindError(log.name, leaves, seen.checkpoint.size, str(seen.path))


def kept_marks(origin: str, folder: Path | None = None) -> Marks | None:
    """The marks that were kept with the last checkpoint of an origin; nothing is held or made."""
    return _marks((folder or checkpoints_folder()) / f"{file_name(origin)}{_CHECKPOINT}")


def _marks(path: Path) -> Marks | None:
    from projections.marks import Marks

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
def held_checkpoint(
    origin: str, folder: Path | None = None, purpose: str = ""
) -> Iterator[KeptCheckpoint]:
    """The last checkpoint of an origin, held until the block ends; others wait.

    For a purpose of its own it is held apart, so that whoever signs waits for none of it; the
    checkpoint then is not to be put. Raises `ProofError` where the folder cannot be used.
    """
    way_out = f"name one by {FOLDER_VARIABLE}" if folder is None else "name another"
    folder = folder or checkpoints_folder()
    name = file_name(origin)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / f"{name}{purpose and f'.{purpose}'}.lock").open("w")
    except OSError as error:
        raise ProofError(*_unusable(folder, error, way_out)) from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield KeptCheckpoint(folder / f"{name}{_CHECKPOINT}")
        except EventLoggerError:
            # A store that fails is an OSError as well.
            raise
        except OSError as error:
            raise ProofError(*_unusable(folder, error, way_out)) from error


def _unusable(folder: Path, error: OSError, way_out: str) -> tuple[str, str]:
    reason = error.strerror or str(error)
    return f"the folder {folder}", f"cannot keep checkpoints ({reason}); {way_out}"
