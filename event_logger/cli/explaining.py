"""What `show` tells people of a proof, a checkpoint or a certified export: what it claims."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

from domain.errors import ProofError
from domain.moments import EPOCH
from domain.times import iso_utc
from domain.values import decode
from event_logger.cli.output import print_json, text_of
from event_logger.cli.tables import print_table
from event_logger.cli.terminal import say
from infrastructure.files.certified_file import beginning_of
from infrastructure.reading import NO_RECORD
from infrastructure.signing import require_cryptography
from projections.certified_export import FORM, checked_export
from projections.checkpoint import MOST_BYTES, Note, Signature, base64_text
from projections.policy import moment_text
from projections.verification import (
    PROOF,
    Growth,
    Shown,
    Trusted,
    checked_checkpoint,
    checked_inclusion,
)

_LONGEST = 100 * MOST_BYTES
_COSIGNATURE_BYTES = 72


class Explained(NamedTuple):
    """A sentence, and what there is to it, by names."""

    sentence: str
    fields: dict[str, Any]


def explain(path: Path, as_json: bool) -> None:
    """Say what a file claims; raises `ProofError` where it is none, or shows nothing."""
    require_cryptography(str(path))
    data = beginning_of(path, _LONGEST)
    try:
        found = _explained(data)
    except ValueError as error:
        raise ProofError(str(path), str(error)) from None
    if as_json:
        print_json({"claims": found.sentence} | found.fields)
        return
    say(found.sentence)
    say("")
    print_table(("field", "value"), ((name, text_of(one)) for name, one in found.fields.items()))
    say("")
    say("whose these signatures are is told by event-logger verify, with a key or a policy")


def _explained(data: bytes) -> Explained:
    if data.startswith(PROOF.encode()):
        return _of_leaf(checked_inclusion(data, []))
    if data.startswith(b"old "):
        grown = Growth.parse(data)
        new = checked_checkpoint(grown.note, [])
        sentence = (
            f"the log of {new.checkpoint.size:,} leaves grew out of the one of {grown.size:,}, as"
            f" {len(grown.hashes)} hashes show to whoever holds the checkpoint of that"
        )
        return Explained(sentence, {"old_size": grown.size} | _fields(new))
    if data.startswith(FORM.encode()):
        export, by = checked_export(data, [])
        sentence = (
            f"a file of {export.size:,} bytes ({export.format}) holds the log at horizon"
            f" {export.horizon}"
        )
        said = {"sha256": export.sha256.hex(), "program": export.program}
        return Explained(sentence, said | _fields(by))
    by = checked_checkpoint(data, [])
    return Explained(f"a log has {by.checkpoint.size:,} leaves", _fields(by))


def _of_leaf(shown: Shown) -> Explained:
    leaf, size = shown.leaf, shown.by.checkpoint.size
    record = {"state": leaf.state.decode()}
    with suppress(*NO_RECORD):
        record = {name: one for name, one in decode(leaf.state, str).items() if one is not None}
    what = {"opening": "the log's opening", "event": f"order {leaf.number}"}.get(
        leaf.kind, f"transition {leaf.number}, a step of order {record.get('order')},"
    )
    at = None
    with suppress(OverflowError):
        at = leaf.committed_at and iso_utc(EPOCH + timedelta(microseconds=leaf.committed_at))
    writer = None if leaf.writer is None else leaf.writer.hex()
    fields = {"position": shown.position, "topic": leaf.topic}
    known = {
        "committed_at": at or "before format 2",
        "writer_sha256": writer or "before format 2",
    }
    sentence = f"{what} is at position {shown.position:,} of a log of {size:,} leaves"
    return Explained(sentence, fields | known | record | _fields(shown.by))


def _fields(by: Trusted) -> dict[str, Any]:
    origin, size, root = by.checkpoint
    fields = {"log": origin, "leaves": size, "root": base64_text(root)}
    return fields | dict(_signatures(by.note))


def _signatures(note: Note) -> Iterator[tuple[str, str]]:
    for number, one in enumerate(note.signatures, 1):
        yield f"signature {number}", f"{one.name}{_when(one)}"


def _when(one: Signature) -> str:
    if len(one.signed) != _COSIGNATURE_BYTES:
        return ""
    return f", a witness at {moment_text(int.from_bytes(one.signed[:8], 'big'))}"
