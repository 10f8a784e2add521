"""The checkpoint of a log with the cosignatures of its witnesses."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from domain.errors import ProofError
from infrastructure.kept_checkpoints import KeptCheckpoint, held_checkpoint
from infrastructure.proving import Proving
from infrastructure.witness_client import Asked, cosignatures
from projections.checkpoint import Checkpoint, Note, number_of


class Cosigned(NamedTuple):
    """A signed checkpoint with what its witnesses added, and why others added nothing."""

    note: bytes
    missing: list[ProofError]


def cosigned(
    proving: Proving, note: bytes, witnesses: Sequence[Asked], folder: Path | None = None
) -> Cosigned:
    """The checkpoint that was signed last, cosigned; that is this note, or one signed since.

    Asked again for one that it has cosigned before, a witness gives a new cosignature with a new
    time: a heartbeat. One process at a time asks for a log, so that its checkpoints come to a
    witness in their order; signing goes on meanwhile.
    """
    origin = Checkpoint.parse(Note.parse(note).text).origin
    with held_checkpoint(origin, folder, "witnesses") as last:
        note = last.note or note
        read = Note.parse(note)
        size = Checkpoint.parse(read.text).size
        lines, missing = list(read.signatures), []
        for asked in witnesses:
            known = _Known(last, asked.url)
            try:
                lines += cosignatures(
                    asked, read, size, known.size(size), lambda old: proving.grown(old, note)
                )
                known.put(size)
            except ProofError as error:
                missing.append(error)
    distinct = list(dict.fromkeys(lines))
    return Cosigned(str(Note(read.text, distinct)).encode(), missing)


class _Known:
    """The size that a witness cosigned last, as far as is known here; it tells when it is not."""

    def __init__(self, last: KeptCheckpoint, url: str) -> None:
        self._last = last
        self._kind = f"{sha256(url.encode()).hexdigest()[:16]}.size"

    def size(self, most: int) -> int:
        with suppress(OSError, ValueError):
            text = self._last.path.with_suffix(f".{self._kind}").read_text("ascii")
            return min(number_of(text.removesuffix("\n"), "size"), most)
        return 0

    def put(self, size: int) -> None:
        self._last.put_aside(self._kind, f"{size}\n".encode())
