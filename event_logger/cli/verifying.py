"""What `verify` says of a proof, a checkpoint, or a store held against one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from domain.audit_log import AuditLog
from domain.errors import CorruptLogError, LogDiffersError, ProofError
from infrastructure.files.certified_file import beginning_of, bytes_of
from infrastructure.files.paths import why_no_path
from infrastructure.files.policy_file import read_policy
from infrastructure.signing import require_cryptography
from infrastructure.store import LogStore
from projections.certified_export import FORM, SUFFIX, checked_export
from projections.checkpoint import ED25519, Checkpoint, VerifierKey, base64_text
from projections.policy import NONE, Policy, cosigned_at, moment_text
from projections.verification import (
    Shown,
    Trusted,
    checked_checkpoint,
    checked_consistency,
    checked_inclusion,
)

_LONGEST_KEY = 10_000


class Verified(NamedTuple):
    """What holds: as lines for people, and as one object for programs."""

    lines: list[str]
    said: dict[str, Any]


class Trust(NamedTuple):
    """The keys that are known, and, where one is given, the policy that names who must cosign."""

    keys: list[VerifierKey]
    policy: Policy | None = None

    def checked(self, note: bytes) -> Trusted:
        """The checkpoint of a note, which satisfies the policy."""
        trusted = checked_checkpoint(note, self.keys)
        self.require_quorum(trusted)
        return trusted

    def require_quorum(self, *notes: Trusted) -> None:
        """Raises `ValueError` where notes of one checkpoint lack cosigners that are needed."""
        if self.policy is not None:
            self.policy.refuse_without_quorum([key for one in notes for key in one.keys])


def of_proof(name: str, proof: bytes, note: bytes | None, trust: Trust) -> Verified:
    """Of a proof's file, and, where it is given, the checkpoint that the caller holds."""
    keys = trust.keys
    if proof.startswith(b"old "):
        if note is None:
            raise ProofError(name, "is held against the older checkpoint: name it by --checkpoint")
        with _named(name):
            grown = checked_consistency(proof, note, keys)
            trust.require_quorum(grown.old)
            trust.require_quorum(grown.new)
        was, now = grown.old.checkpoint, grown.new.checkpoint
        line = (
            f"the log of {now.size:,} leaves holds all that the checkpoint of {was.size:,} stands"
            " for: nothing of it was changed, cut or reordered"
        )
        said = {"holds": "consistency", "old_size": was.size} | _said(grown.new)
        return Verified([line, *_lines(grown.new, trust)], said)
    with _named(name):
        shown = checked_inclusion(proof, keys)
        # The checkpoint that is held may have cosignatures that came after the proof.
        held = [] if note is None else [checked_checkpoint(note, keys)]
        for one in held:
            _same(shown.by, one)
        trust.require_quorum(shown.by, *held)
    leaf = shown.leaf
    said = {"holds": "inclusion", "kind": leaf.kind, "number": leaf.number}
    said |= {"position": shown.position, "topic": leaf.topic, "committed_at": leaf.committed_at}
    said |= {"state": leaf.state.decode()} | _said(shown.by)
    return Verified([*_leaf_lines(shown), *_lines(shown.by, trust)], said)


def is_proof(path: Path) -> bool:
    """Whether a file begins as what `prove` writes; else it is an export that was certified.

    Raises `ProofError` for what is neither.
    """
    begins = beginning_of(path, 64)
    if begins.startswith((b"c2sp.org/tlog-proof@", b"old ")):
        return True
    if not begins.startswith(FORM.encode()) and not Path(f"{path}{SUFFIX}").exists():
        raise ProofError(str(path), f"is no proof, and no {path.name}{SUFFIX} stands beside it")
    return False


def of_export(path: Path, note: bytes | None, trust: Trust) -> Verified:
    """Of a file that was exported, by the note beside it; either may be named."""
    file = path
    if beginning_of(path, len(FORM)) == FORM.encode():
        if path.suffix != SUFFIX:
            raise ProofError(str(path), f"certifies a file, and is not called FILE{SUFFIX}")
        file = path.with_suffix("")
    sidecar = Path(f"{file}{SUFFIX}")
    with _named(str(sidecar)):
        export, by = checked_export(beginning_of(sidecar), trust.keys)
        held = [] if note is None else [checked_checkpoint(note, trust.keys)]
        for one in held:
            _same(by, one)
        trust.require_quorum(by, *held)
    found = bytes_of(file)
    with _named(str(file)):
        if found.size != export.size:
            raise ValueError(
                f"has {found.size:,} bytes, and {export.size:,} were certified: it was cut or"
                " changed, or is another file"
            )
        if found.sha256 != export.sha256:
            raise ValueError("is not the file that was certified: its bytes are others")
    origin = by.checkpoint.origin
    line = (
        f"{file} is, to the byte, what was exported of {origin} at horizon {export.horizon}:"
        f" {export.format}, {export.size:,} bytes, by {export.program}"
    )
    said = {"holds": "export", "format": export.format, "bytes": export.size}
    said |= {"sha256": export.sha256.hex(), "horizon": str(export.horizon)}
    return Verified([line, *_lines(by, trust)], said | {"program": export.program} | _said(by))


def of_checkpoint(name: str, note: bytes, trust: Trust) -> Verified:
    """Of a checkpoint alone."""
    with _named(name):
        trusted = trust.checked(note)
    return Verified(_lines(trusted, trust), {"holds": "checkpoint"} | _said(trusted))


def of_store(store: LogStore, log: AuditLog, name: str, note: bytes, trust: Trust) -> Verified:
    """Of a store whose log is held against a checkpoint."""
    from infrastructure.proving import Proving

    with _named(name):
        trusted = trust.checked(note)
    Proving(store, log).holds(note)
    size = trusted.checkpoint.size
    line = (
        f"log {log.name!r} has what the checkpoint says: its first {size:,} leaves are as they were"
    )
    return Verified([line, *_lines(trusted, trust)], {"holds": "store"} | _said(trusted))


def said_of(error: LogDiffersError | CorruptLogError) -> dict[str, Any]:
    """What does not hold, as one object for programs."""
    if isinstance(error, LogDiffersError):
        (first, last), position = error.orders, error.position
    else:
        first, last, position = error.order, error.order, None
    where = {"first_order": first, "last_order": last, "position": position}
    return {"holds": None, "log": error.log} | where | {"message": str(error)}


def trust_of(vkey: str | None, policy_file: Path | None) -> Trust:
    """Whom the options name; raises `ProofError` for a key or policy that cannot be."""
    key = None if vkey is None else _log_key(vkey)
    if policy_file is None:
        return Trust([] if key is None else [key])
    require_cryptography("a signature")
    with _named(str(policy_file)):
        policy = read_policy(policy_file)
        if key is not None:
            policy = policy.with_log(key)
        if not policy.logs:
            raise ValueError("names no log: give the log's public line by --vkey")
    return Trust(policy.keys, policy)


def _log_key(given: str) -> VerifierKey:
    require_cryptography("a signature")
    name, line = "--vkey", given
    if why_no_path(given) is None and Path(given).is_file():
        name = given
        try:
            line = beginning_of(Path(given), _LONGEST_KEY).decode().removesuffix("\n")
        except UnicodeDecodeError:
            line = ""
    with _named(name):
        key = VerifierKey.parse(line)
        if key.kind != ED25519:
            raise ValueError("is a cosigner's, and signs for no log")
    return key


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


def _lines(trusted: Trusted, trust: Trust) -> list[str]:
    origin, size, root = trusted.checkpoint
    by = ", ".join(key.name for key in trusted.keys if key.kind == ED25519)
    signed = f"signed by {by}" if by else "the signature was not checked: no key was given (--vkey)"
    lines = [f"checkpoint of {origin}: {size:,} leaves, root {base64_text(root)}", signed]
    lines += [f"cosigned by {name} at {at}" for name, at in _cosigned(trusted).items()]
    if trust.policy is not None and trust.policy.quorum != NONE:
        lines.append(f"the quorum {trust.policy.quorum} of the policy is reached")
    return lines


def _said(trusted: Trusted) -> dict[str, Any]:
    checkpoint: Checkpoint = trusted.checkpoint
    return {
        "origin": checkpoint.origin,
        "size": checkpoint.size,
        "root": base64_text(checkpoint.root),
        "signed_by": list(trusted.signed_by),
        "cosigned_at": _cosigned(trusted),
    }


def _cosigned(trusted: Trusted) -> dict[str, str]:
    """When each known witness cosigned last; a time beyond the calendar stands as seconds."""
    times = {key.name: cosigned_at(trusted.note, key) for key in trusted.keys}
    return {name: moment_text(at) for name, at in times.items() if at is not None}
