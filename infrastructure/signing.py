"""The key by which an owner signs checkpoints: its file, and what is derived from it for each log.

One secret serves an owner. Each log signs with a key of its own, HKDF-SHA-256 of the secret with
the log's origin as info, since what is trusted may name a public key once.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from domain.errors import KeyFileError
from infrastructure.cosigning import WitnessKey
from infrastructure.key_files import OWNER, made_secret, read_secret, require_cryptography
from projections.checkpoint import ED25519, Checkpoint, Note, Signature, VerifierKey

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

__all__ = ["OwnerKey", "new_key", "read_key", "require_cryptography"]


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
        return self.signed_text(str(checkpoint), identity)

    def signed_text(self, text: str, identity: str) -> Note:
        """A text, which ends its last line, as a note that the log of this identity signed."""
        key = self.verifier_key(identity)
        signed = self._derived(key.name).sign(text.encode())
        return Note(text, [Signature(key.name, key.key_id, signed)])

    def heartbeat_key(self, identity: str) -> WitnessKey:
        """The key by which the log of this identity says that a checkpoint is still its last.

        It cosigns and signs nothing, and is derived apart, so that neither is taken for the other.
        """
        name = f"{self.origin(identity)}/heartbeat"
        return WitnessKey(name, self._seed(name))

    def _derived(self, origin: str) -> Ed25519PrivateKey:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return Ed25519PrivateKey.from_private_bytes(self._seed(origin))

    def _seed(self, info: str) -> bytes:
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        return HKDF(SHA256(), 32, salt=None, info=info.encode()).derive(self._secret)


def new_key(path: str | os.PathLike[str], prefix: str) -> OwnerKey:
    """A new key in a new file that only its owner can read.

    Raises `KeyFileError`, for a file that is there and for a prefix that cannot be.
    """
    return OwnerKey(prefix, made_secret(path, OWNER, prefix, "example.com/desk1"))


def read_key(path: str | os.PathLike[str]) -> OwnerKey:
    """The key in a file; raises `KeyFileError`, also for a file that others can read."""
    form, prefix, secret = read_secret(path)
    if form != OWNER:
        raise KeyFileError(str(path), "is a witness' key, which cosigns and signs for no log")
    return OwnerKey(prefix, secret)
