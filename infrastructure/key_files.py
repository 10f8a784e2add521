"""Files of keys: a form, a name and a secret, a line each, which only their owner can read.

The secret is in its file, and nowhere else: not in any text, error or log.
"""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from domain.errors import KeyFileError, ProofError, shown
from projections.checkpoint import base64_text, from_base64, is_key_name

OWNER = "event-logger/key/v1"
"""The form of an owner's key, which signs for logs."""

WITNESS = "event-logger/witness-key/v1"
"""The form of a witness' key, which cosigns."""

FORMS = (OWNER, WITNESS)

_SECRET_BYTES = 32


def made_secret(path: str | os.PathLike[str], form: str, name: str, example: str) -> bytes:
    """The secret of a new key under a name, in a new file that only its owner can read.

    Raises `KeyFileError`, for a file that is there and for a name that cannot be.
    """
    file_name = str(path)
    if not is_key_name(name) or "://" in name or name != name.strip("/"):
        problem = f"cannot have the name or prefix {shown(name)}: write it as {example}"
        raise KeyFileError(file_name, problem)
    require_cryptography(file_name)
    secret = secrets.token_bytes(_SECRET_BYTES)
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(file, "w", encoding="utf-8") as opened:
            opened.write(f"{form}\n{name}\n{base64_text(secret)}\n")
            opened.flush()
            os.fsync(file)
    except FileExistsError:
        raise KeyFileError(file_name, "is there already, and no key is written over") from None
    except (OSError, ValueError) as error:
        raise KeyFileError(file_name, f"was not made: {_reason(error)}") from error
    return secret


def read_secret(path: str | os.PathLike[str]) -> tuple[str, str, bytes]:
    """Form, name and secret of the key in a file.

    Raises `KeyFileError`, also for a file that others can read.
    """
    name = str(path)
    require_cryptography(name)
    try:
        with Path(path).open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            data = file.read(10_000)
    except (OSError, ValueError) as error:
        raise KeyFileError(name, f"cannot be read: {_reason(error)}") from error
    if stat.S_IMODE(mode) & 0o077:
        raise KeyFileError(name, "can be read by others than its owner; run chmod 600 on it")
    try:
        form, key_name, encoded = data.decode().removesuffix("\n").split("\n")
        secret = from_base64(encoded, "")
    except ValueError:
        form, key_name, secret = "", "", b""
    if form not in FORMS or len(secret) != _SECRET_BYTES or not is_key_name(key_name):
        raise KeyFileError(name, f"is no key of the format {OWNER} or {WITNESS}")
    return form, key_name, secret


def is_secret(path: Path) -> bool:
    """Whether a file that can be read begins as one of a secret key does."""
    try:
        with path.open("rb") as file:
            return file.read(100).startswith(tuple(form.encode() for form in FORMS))
    except OSError:
        return False


def require_cryptography(what: str) -> None:
    """Raises `ProofError` where the library that signs is not there."""
    try:
        import cryptography  # noqa: F401
    except ImportError:
        problem = "needs the library cryptography: pip install 'event-logger[proofs]'"
        raise ProofError(what, problem) from None


def _reason(error: Exception) -> str:
    return (isinstance(error, OSError) and error.strerror) or str(error)
