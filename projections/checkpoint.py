"""Checkpoints of a log: C2SP's signed notes (signed-note, tlog-checkpoint), read and written.

A checkpoint says in three lines which log it is of, how many leaves its tree has, and their root.
What is read is taken to the byte or not at all; `ValueError` says what is wrong with it. Whether
its signatures hold is told by `projections.verification`.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple, Self

from domain.errors import shown
from projections.merkle import HASH_BYTES

ED25519 = 1
"""The type byte of a key that signs notes: of a log's."""

COSIGNATURE = 4
"""The type byte of a key that cosigns checkpoints, with a time: of a witness'."""

MOST_BYTES, MOST_SIGNATURES = 1_000_000, 100
"""What a note is never larger than, and how many signatures it may have."""

_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_KEY = re.compile(r"([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)", re.ASCII)
_DASH = "\u2014 "


class Signature(NamedTuple):
    """A line under a note: whose key, by its name and id, and the bytes that it made."""

    name: str
    key_id: bytes
    signed: bytes

    def __str__(self) -> str:
        return f"{_DASH}{self.name} {base64_text(self.key_id + self.signed)}\n"


class Note(NamedTuple):
    """A text, which ends its last line, and the signatures under it."""

    text: str
    signatures: Sequence[Signature]

    def __str__(self) -> str:
        return f"{self.text}\n{''.join(map(str, self.signatures))}"

    @classmethod
    def parse(cls, note: bytes) -> Self:
        """The note, divided at its last empty line."""
        if len(note) > MOST_BYTES:
            raise ValueError(f"has {len(note):,} bytes, and no note has more than {MOST_BYTES:,}")
        try:
            whole = note.decode()
        except UnicodeDecodeError as error:
            raise ValueError(f"is no UTF-8 ({error.reason} at byte {error.start})") from None
        for character in whole:
            if character < " " and character != "\n":
                raise ValueError(f"holds the control character {character!r}")
        text, separator, signatures = whole.rpartition("\n\n")
        if not separator or not signatures.endswith("\n"):
            raise ValueError("is no signed note: signatures follow its last empty line")
        lines = signatures.removesuffix("\n").split("\n")
        if len(lines) > MOST_SIGNATURES:
            raise ValueError(f"has {len(lines)} signatures, and at most {MOST_SIGNATURES} are read")
        for line in lines:
            if lines.count(line) > 1:
                raise ValueError(f"has the same signature line twice, {shown(line)}")
        return cls(f"{text}\n", [_signature(line) for line in lines])


def _signature(line: str) -> Signature:
    name, separator, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not separator or not is_key_name(name):
        raise ValueError(f"has a line that is no signature, {shown(line)}")
    signed = from_base64(encoded, f"the signature of {shown(name)}")
    if len(signed) <= 4:
        raise ValueError(f"has a signature of {shown(name)} that is too short")
    return Signature(name, signed[:4], signed[4:])


class Checkpoint(NamedTuple):
    """How large a log's tree is, and its root."""

    origin: str
    size: int
    root: bytes

    def __str__(self) -> str:
        return f"{self.origin}\n{self.size}\n{base64_text(self.root)}\n"

    @classmethod
    def parse(cls, text: str, *, is_extended: bool = False) -> Self:
        """The checkpoint that is the text of a note.

        Ours have three lines and the name of a key for an origin. `is_extended` takes strangers',
        too: lines that say more may follow, and an origin may be any text.
        """
        lines = text.removesuffix("\n").split("\n")
        has_lines = all(lines) and len(lines) >= 3 if is_extended else len(lines) == 3
        if not has_lines or not text.endswith("\n"):
            raise ValueError(f"is no checkpoint: it has {len(lines)} lines and not three")
        origin, size, root = lines[:3]
        if not is_extended and not is_key_name(origin):
            raise ValueError(f"has the origin {shown(origin)}, which is no name of a key")
        return cls(origin, number_of(size, "size"), hash_of(root, "root"))


class VerifierKey(NamedTuple):
    """A public key under a name, as it is given away: `name+id+key`."""

    name: str
    kind: int
    public: bytes

    @property
    def key_id(self) -> bytes:
        """What the lines that it signed are found by."""
        return sha256(f"{self.name}\n".encode() + bytes([self.kind]) + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{base64_text(bytes([self.kind]) + self.public)}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The key that a line of text names; only Ed25519 keys of 32 bytes are known."""
        written = _KEY.fullmatch(text)
        if written is None or not is_key_name(written[1]):
            raise ValueError(f"{shown(text)} is no verifier key, such as example.com/desk1+…+…")
        name, key_id, encoded = written.groups()
        kind, *public = from_base64(encoded, "the key")
        key = cls(name, kind, bytes(public))
        if kind not in (ED25519, COSIGNATURE) or len(key.public) != 32:
            raise ValueError(f"the key of {shown(name)} is of type {kind}, which is not known here")
        if key.key_id.hex() != key_id:
            raise ValueError(
                f"the key of {shown(name)} has the id {key.key_id.hex()}, not {key_id}"
            )
        return key


def is_key_name(name: str) -> bool:
    """Whether a key, or a log, may be called so: no blanks, no plus, something that is text."""
    has_none_of = not any(
        one.isspace() or one == "+" or one < " " or "\ud800" <= one <= "\udfff" for one in name
    )
    return bool(name) and has_none_of


def number_of(text: str, what: str) -> int:
    """A decimal number below 2^63, without a sign and without zeros before it."""
    if _DECIMAL.fullmatch(text) is None or int(text) >= 2**63:
        raise ValueError(f"has the {what} {shown(text)}, which is no number as they are written")
    return int(text)


def hash_of(text: str, what: str) -> bytes:
    """A hash of 32 bytes from its base64."""
    found = from_base64(text, f"the {what}")
    if len(found) != HASH_BYTES:
        raise ValueError(f"has a {what} of {len(found)} bytes, not of {HASH_BYTES}")
    return found


def base64_text(data: bytes) -> str:
    """The bytes in standard base64."""
    return b64encode(data).decode()


def from_base64(text: str, what: str) -> bytes:
    """The bytes; only the one way to write them is taken."""
    try:
        data = b64decode(text.encode("ascii"), validate=True)
    except ValueError:
        data = b""
    if not data or base64_text(data) != text:
        raise ValueError(f"{what} is no base64 as it is written: {shown(text)}")
    return data
