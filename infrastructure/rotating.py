"""An owner's key gives way to another: the log says so, and only the new one signs from then on."""

from __future__ import annotations

from pathlib import Path

from domain.audit_log import AuditLog
from domain.errors import KeyFileError
from infrastructure.audit_logs import AuditLogs
from infrastructure.checkpointing import Checkpointing
from infrastructure.log_events import of_the_log
from infrastructure.signing import OwnerKey
from infrastructure.stored import Writes

KEY_ROTATED = "KEY_ROTATED"


def rotated(
    logs: AuditLogs, log: AuditLog, old: OwnerKey, new: OwnerKey, folder: Path | None = None
) -> bytes:
    """A checkpoint that both keys signed, of the log that says that the one gave way to the other.

    Whoever trusts the old key finds the new one's line in the log, under it. Raises `KeyFileError`
    for a key that cannot follow, `ProofError` where the log does not continue what was signed,
    `LogInUseError` or `StoreError`; nothing is then rotated.
    """
    identity = log.identity or ""
    before, after = old.verifier_key(identity), new.verifier_key(identity)
    if before.name != after.name:
        problem = f"has the prefix {new.prefix}, and the log is called by {old.prefix}: keep that"
        raise KeyFileError("that is to follow", problem)
    if before.public == after.public:
        raise KeyFileError("that is to follow", "is the one that it is to follow: make another")
    checkpointing = Checkpointing(logs.store, log, old, folder)
    # Before anything is logged: a log that is not what was signed is not to say more.
    checkpointing.sign()
    logs.lease(log)
    said = {
        "purpose": "Another key signs from here on",
        "former_key": str(before),
        "key": str(after),
    }
    logs.store.appends.append(
        log.id,
        logs.writer(log),
        lambda at_end: Writes(of_the_log(log, at_end, KEY_ROTATED, said)),
    )
    note = checkpointing.hand_over(new)
    if checkpointing.tree is not None:
        checkpointing.tree.keep(logs.store)
    return note
