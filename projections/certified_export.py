r"""What certifies an exported file: a signed note beside it, which binds its bytes to a checkpoint.

Its text is seven lines, an empty line, and the checkpoint's signed note; the log's key has signed
it. As of every signed note the signatures are those after the last empty line:

    event-logger/export/v1
    format csv
    bytes 1523
    sha256 <base64>
    horizon 10+5
    leaf event-logger/leaf/v1
    program event-logger 0.1.0

    <origin>
    <leaves>
    <root>

    — <origin> <signature of the checkpoint>

    — <origin> <signature of all before>

The first line is no log's origin, so that no such note is ever taken for a checkpoint.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple, Self

from domain.errors import shown
from domain.horizon import Horizon
from projections.checkpoint import (
    ED25519,
    Note,
    VerifierKey,
    base64_text,
    hash_of,
    number_of,
)
from projections.leaf import LAYOUT
from projections.verification import Trusted, checked_checkpoint, signers

FORM = "event-logger/export/v1"
SUFFIX = ".certified"
"""What is added to the file's name."""

_FIELDS = ("format", "bytes", "sha256", "horizon", "leaf", "program")
_WORD = re.compile(r"[a-z0-9]{1,20}", re.ASCII)


class CertifiedExport(NamedTuple):
    """What is said of a file: how it is written, its bytes, and what of the log it holds."""

    format: str
    size: int
    sha256: bytes
    horizon: Horizon
    program: str
    checkpoint: bytes

    def __str__(self) -> str:
        values = (
            self.format,
            self.size,
            base64_text(self.sha256),
            self.horizon,
            LAYOUT,
            self.program,
        )
        lines = [f"{name} {value}" for name, value in zip(_FIELDS, values, strict=True)]
        return "\n".join([FORM, *lines, "", self.checkpoint.decode()])

    @classmethod
    def parse(cls, text: str) -> Self:
        """What a note's text says; `ValueError` for one that is written in any other way."""
        head, _, note = text.partition("\n\n")
        form, *lines = head.split("\n")
        if form != FORM:
            raise ValueError(f"is no {FORM}, but begins with {shown(form)}")
        if [line.partition(" ")[0] for line in lines] != list(_FIELDS):
            raise ValueError(f"has other lines than {', '.join(_FIELDS)}")
        form, size, digest, horizon, leaf, program = (line.partition(" ")[2] for line in lines)
        if leaf != LAYOUT:
            raise ValueError(f"is over leaves of {shown(leaf)}, and only {LAYOUT} is known here")
        at = Horizon.parse(horizon) if len(horizon) < 50 else None
        if at is None or str(at) != horizon or max(at) >= 2**63:
            raise ValueError(f"has the horizon {shown(horizon)}, which is none")
        if _WORD.fullmatch(form) is None or not program:
            raise ValueError("names no format, or no program")
        return cls(
            form,
            number_of(size, "number of bytes"),
            hash_of(digest, "sha256"),
            at,
            program,
            note.encode(),
        )


def checked_export(sidecar: bytes, keys: Sequence[VerifierKey]) -> tuple[CertifiedExport, Trusted]:
    """What the note beside a file says of it, and the checkpoint that it is bound to.

    Without keys no signature is checked. Raises `ValueError` where something does not hold.
    """
    note = Note.parse(sidecar)
    export = CertifiedExport.parse(note.text)
    trusted = checked_checkpoint(export.checkpoint, keys)
    origin, size, _ = trusted.checkpoint
    signed = [key for key in signers(note, keys) if (key.kind, key.name) == (ED25519, origin)]
    if keys and not signed:
        raise ValueError(f"is not signed by a known key of the log {origin}")
    if export.horizon.position >= size:
        raise ValueError(
            f"is at horizon {export.horizon}, and its checkpoint has {size} leaves alone"
        )
    return export, trusted
