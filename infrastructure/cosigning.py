"""The key by which a witness cosigns checkpoints: its file, and its cosignatures.

A cosignature (C2SP's tlog-cosignature, cosignature/v1) says that at its time the checkpoint was the
largest of its log that the witness had seen, and that all of them were consistent.
"""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING

from domain.errors import KeyFileError
from infrastructure.key_files import WITNESS, made_secret, read_secret
from projections.checkpoint import COSIGNATURE, Signature, VerifierKey

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


class WitnessKey:
    """A witness' key, under the name that its cosignatures bear."""

    def __init__(self, name: str, secret: bytes) -> None:
        self.name = name
        self._secret = secret

    @cached_property
    def public(self) -> VerifierKey:
        """The public key, to be given away."""
        return VerifierKey(self.name, COSIGNATURE, self._private.public_key().public_bytes_raw())

    def cosigned(self, text: str, time: int) -> Signature:
        """The cosignature of a checkpoint's text; `time` is in seconds since 1970."""
        signed = self._private.sign(f"cosignature/v1\ntime {time}\n{text}".encode())
        return Signature(self.name, self.public.key_id, time.to_bytes(8, "big") + signed)

    @cached_property
    def _private(self) -> Ed25519PrivateKey:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return Ed25519PrivateKey.from_private_bytes(self._secret)


def new_witness_key(path: str | os.PathLike[str], name: str) -> WitnessKey:
    """A new key in a new file that only its owner can read.

    Raises `KeyFileError`, for a file that is there and for a name that cannot be.
    """
    return WitnessKey(name, made_secret(path, WITNESS, name, "witness.example.com/w1"))


def read_witness_key(path: str | os.PathLike[str]) -> WitnessKey:
    """The key in a file; raises `KeyFileError`, also for the key of a log's owner."""
    form, name, secret = read_secret(path)
    if form != WITNESS:
        raise KeyFileError(
            str(path),
            "signs for logs, and no log is its own witness: make a key that cosigns, by"
            " event-logger key new FILE --witness NAME",
        )
    return WitnessKey(name, secret)
