"""An exported file and the note beside it, which binds its bytes to a checkpoint of the log."""

from __future__ import annotations

from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from domain.errors import ProofError
from domain.horizon import Horizon
from infrastructure.files.replaced_file import replaced_file
from infrastructure.signing import OwnerKey
from projections.certified_export import SUFFIX, CertifiedExport
from projections.checkpoint import MOST_BYTES

_CHUNK = 1024 * 1024


class Bytes(NamedTuple):
    """How many bytes a file has, and their SHA-256."""

    size: int
    sha256: bytes


def certify_file(
    path: str, form: str, horizon: Horizon, checkpoint: bytes, key: OwnerKey, identity: str
) -> str:
    """Write the note beside a file that was exported at a horizon; returns its path.

    `checkpoint` is the signed note of one that has all of that horizon.
    """
    found = bytes_of(Path(path))
    program = f"event-logger {version('event-logger')}"
    export = CertifiedExport(form, found.size, found.sha256, horizon, program, checkpoint)
    note = str(key.signed_text(str(export), identity))
    with replaced_file(f"{path}{SUFFIX}") as file:
        file.write(note.encode())
    return f"{path}{SUFFIX}"


def bytes_of(path: Path) -> Bytes:
    """Of a file of any size; raises `ProofError` where it cannot be read."""
    size, digest = 0, sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                size += len(chunk)
                digest.update(chunk)
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    return Bytes(size, digest.digest())


def beginning_of(path: Path, most: int = MOST_BYTES + 1) -> bytes:
    """The first bytes of a file; raises `ProofError` where it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(most)
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> ProofError:
    reason = (isinstance(error, OSError) and error.strerror) or str(error)
    return ProofError(str(path), f"cannot be read ({reason})")
