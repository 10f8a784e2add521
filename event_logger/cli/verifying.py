"""What `verify` says of a proof, a checkpoint, or a store held against one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from domain.audit_log import AuditLog
from domain.errors import CorruptLogError, LogDiffersError, ProofError
from infrastructure.signing import require_cryptography
from infrastructure.store import LogStore
from projections.checkpoint import ED25519, Checkpoint, VerifierKey, base64_text
from projections.verification import (
    Shown,
    Trusted,
    checked_checkpoint,
    checked_consistency,
    checked_inclusion,
)


class Verified(NamedTuple):
    """What holds: as lines for people, and as one object for programs."""

    lines: list[str]
    said: dict[str, Any]


def of_proof(name: str, proof: bytes, note: bytes | None, vkey: str | None) -> Verified:
    """Of a proof's file, and, where it is given, the checkpoint that the caller holds."""
    keys = keys_of(vkey)
    if proof.startswith(b"old "):
        if note is None:
            raise ProofError(name, "is held against the older checkpoint: name it by --checkpoint")
        with _named(name):
            grown = checked_consistency(proof, note, keys)
        was, now = grown.old.checkpoint, grown.new.checkpoint
        line = (
            f"the log of {now.size:,} leaves holds all that the checkpoint of {was.size:,} stands"
            " for: nothing of it was changed, cut or reordered"
        )
        said = {"holds": "consistency", "old_size": was.size} | _said(grown.new)
        return Verified([line, *_lines(grown.new)], said)
    with _named(name):
        shown = checked_inclusion(proof, keys)
        if note is not None:
            _same(shown.by, checked_checkpoint(note, keys))
    leaf = shown.leaf
    said = {"holds": "inclusion", "kind": leaf.kind, "number": leaf.number}
    said |= {"position": shown.position, "topic": leaf.topic, "committed_at": leaf.committed_at}
    said |= {"state": leaf.state.decode()} | _said(shown.by)
    return Verified([*_leaf_lines(shown), *_lines(shown.by)], said)


def of_checkpoint(name: str, note: bytes, vkey: str | None) -> Verified:
    """Of a checkpoint alone."""
    with _named(name):
        trusted = checked_checkpoint(note, keys_of(vkey))
    return Verified(_lines(trusted), {"holds": "checkpoint"} | _said(trusted))


def of_store(store: LogStore, log: AuditLog, name: str, note: bytes, vkey: str | None) -> Verified:
    """Of a store whose log is held against a checkpoint."""
    from infrastructure.proving import Proving

    with _named(name):
        trusted = checked_checkpoint(note, keys_of(vkey))
    Proving(store, log).holds(note)
    size = trusted.checkpoint.size
    line = (
        f"log {log.name!r} has what the checkpoint says: its first {size:,} leaves are as they were"
    )
    return Verified([line, *_lines(trusted)], {"holds": "store"} | _said(trusted))


def said_of(error: LogDiffersError | CorruptLogError) -> dict[str, Any]:
    """What does not hold, as one object for programs."""
    if isinstance(error, LogDiffersError):
        (first, last), position = error.orders, error.position
    else:
        first, last, position = error.order, error.order, None
    where = {"first_order": first, "last_order": last, "position": position}
    return {"holds": None, "log": error.log} | where | {"message": str(error)}


def keys_of(vkey: str | None) -> list[VerifierKey]:
    """The key that was given; raises `ProofError` for one that signs no checkpoints of a log."""
    if vkey is None:
        return []
    require_cryptography("a signature")
    with _named("the key"):
        key = VerifierKey.parse(vkey)
        if key.kind != ED25519:
            raise ValueError("is a cosigner's, and signs for no log")
    return [key]


@contextmanager
def _named(name: str) -> Iterator[None]:
    try:
        yield
    except ProofError:
        raise
    except ValueError as error:
        raise ProofError(name, str(error)) from None


def _same(one: Trusted, held: Trusted) -> None:
    """Raises `ValueError` where a proof's checkpoint is not the one that is held."""
    if one.checkpoint != held.checkpoint:
        raise ValueError(
            f"is for the checkpoint of {one.checkpoint.size} leaves of {one.checkpoint.origin}, not"
            f" for the one that you hold, of {held.checkpoint.size} leaves"
        )


def _leaf_lines(shown: Shown) -> list[str]:
    leaf = shown.leaf
    what = {"opening": "the log's opening", "event": f"order {leaf.number}"}.get(
        leaf.kind, f"transition {leaf.number}"
    )
    return [f"{what} is in the log, at position {shown.position}:", leaf.state.decode()]


def _lines(trusted: Trusted) -> list[str]:
    origin, size, root = trusted.checkpoint
    by = ", ".join(trusted.signed_by)
    signed = f"signed by {by}" if by else "the signature was not checked: no key was given (--vkey)"
    return [f"checkpoint of {origin}: {size:,} leaves, root {base64_text(root)}", signed]


def _said(trusted: Trusted) -> dict[str, Any]:
    checkpoint: Checkpoint = trusted.checkpoint
    return {
        "origin": checkpoint.origin,
        "size": checkpoint.size,
        "root": base64_text(checkpoint.root),
        "signed_by": list(trusted.signed_by),
    }
