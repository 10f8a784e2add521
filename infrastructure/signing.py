"""The key by which an owner signs checkpoints: its file, and what is derived from it for each log.

One secret serves an owner. Each log signs with a key of its own, HKDF-SHA-256 of the secret with
the log's origin as info, since what is trusted may name a public key once. The secret is in its
file, and nowhere else: not in any text, error or log.
"""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from domain.errors import KeyFileError, ProofError, shown
from projections.checkpoint import (
    ED25519,
    Checkpoint,
    Note,
    Signature,
    VerifierKey,
    base64_text,
    from_base64,
    is_key_name,
)

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_FORMAT = "event-logger/key/v1"
_SECRET_BYTES = 32


class OwnerKey:
    """An owner's key; `prefix` is what the origins of its logs begin with."""

    def __init__(self, prefix: str, secret: bytes) -> None:
        self.prefix = prefix
        self._secret = secret

    def origin(self, identity: str) -> str:
        """What checkpoints call the log of this identity."""
        return f"{self.prefix}/{identity}"

    def verifier_key(self, identity: str) -> VerifierKey:
        """The public key of the log of this identity, to be given away."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        origin = self.origin(identity)
        public = self._derived(origin).public_key()
        return VerifierKey(origin, ED25519, public.public_bytes(Encoding.Raw, PublicFormat.Raw))

    def signed(self, checkpoint: Checkpoint, identity: str) -> Note:
        """The checkpoint of the log of this identity as a signed note."""
        text, key = str(checkpoint), self.verifier_key(identity)
        signed = self._derived(checkpoint.origin).sign(text.encode())
        return Note(text, [Signature(key.name, key.key_id, signed)])

    def _derived(self, origin: str) -> Ed25519PrivateKey:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        seed = HKDF(SHA256(), 32, salt=None, info=origin.encode()).derive(self._secret)
        return Ed25519PrivateKey.from_private_bytes(seed)


def new_key(path: str | os.PathLike[str], prefix: str) -> OwnerKey:
    """A new key in a new file that only its owner can read.

    Raises `KeyFileError`, for a file that is there and for a prefix that cannot be.
    """
    name = str(path)
    if not is_key_name(prefix) or "://" in prefix or prefix != prefix.strip("/"):
        problem = f"cannot have the prefix {shown(prefix)}: write it as example.com/desk1"
        raise KeyFileError(name, problem)
    require_cryptography(name)
    secret = secrets.token_bytes(_SECRET_BYTES)
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(file, "w", encoding="utf-8") as opened:
            opened.write(f"{_FORMAT}\n{prefix}\n{base64_text(secret)}\n")
            opened.flush()
            os.fsync(file)
    except FileExistsError:
        raise KeyFileError(name, "is there already, and no key is written over") from None
    except (OSError, ValueError) as error:
        raise KeyFileError(name, f"was not made: {_reason(error)}") from error
    return OwnerKey(prefix, secret)


def read_key(path: str | os.PathLike[str]) -> OwnerKey:
    """The key in a file; raises `KeyFileError`, also for a file that others can read."""
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
        form, prefix, encoded = data.decode().removesuffix("\n").split("\n")
        secret = from_base64(encoded, "")
    except ValueError:
        form, prefix, secret = "", "", b""
    if form != _FORMAT or len(secret) != _SECRET_BYTES or not is_key_name(prefix):
        raise KeyFileError(name, f"is no key of the format {_FORMAT}")
    return OwnerKey(prefix, secret)


def require_cryptography(what: str) -> None:
    """Raises `ProofError` where the library that signs is not there."""
    try:
        import cryptography  # noqa: F401
    except ImportError:
        problem = "needs the library cryptography: install event-logger[proofs]"
        raise ProofError(what, problem) from None


def _reason(error: Exception) -> str:
    return (isinstance(error, OSError) and error.strerror) or str(error)
