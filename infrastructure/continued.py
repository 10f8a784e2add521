"""A log that goes on under a new identity, since its store was restored, cut or forked.

What was signed under the old one stands for what was lost as well, so that nothing is signed under
it any more: LOG_CONTINUED says where the log broke off, and from then on it is another log to all
that know it by its identity.
"""

from __future__ import annotations

from typing import Any, NamedTuple
from uuid import uuid4

import orjson

from domain.audit_log import AuditLog
from domain.closing import LOG_VENUE
from domain.errors import CorruptLogError, LogDiffersError, LogInUseError
from infrastructure.audit_logs import AuditLogs
from infrastructure.codec import identity_in
from infrastructure.followers.notifier import FOLLOWER
from infrastructure.held_against import HeldAgainst
from infrastructure.kept_checkpoints import Seen, kept_marks, last_seen
from infrastructure.log_events import of_the_log
from infrastructure.reading import NO_RECORD, LogReading
from infrastructure.store import AtTheEnd, LogStore
from infrastructure.stored import Writes
from projections.checkpoint import base64_text

LOG_CONTINUED = "LOG_CONTINUED"
_ROLE = "continued"


def continued_after_restore(logs: AuditLogs, log: AuditLog) -> AuditLog:
    """The log, under a new identity if it does not go on from what this machine signed of it.

    Else it is the log as it is. Raises `LogInUseError`, `ReadOnlyStoreError` or another
    `StoreError`; the log then is what it was.
    """
    role = logs.store.lease(log.id, log.name, _ROLE)
    logs.store.refuse_writing()
    if not role.try_acquire():
        raise LogInUseError(log.name)
    try:
        # Another process may have done it meanwhile.
        log = logs.get(log.name)
        seen = last_seen(log.identity or "")
        broken = None if seen is None else _broken(logs.store, log, seen)
        if seen is None or broken is None:
            return log
        logs.lease(log)
        return _continued(logs, log, seen, broken)
    finally:
        role.release()


def _broken(store: LogStore, log: AuditLog, seen: Seen) -> LogDiffersError | None:
    """Where the log does not have what the checkpoint stands for."""
    marks = kept_marks(seen.checkpoint.origin, seen.path.parent)
    try:
        HeldAgainst(store, log, seen.checkpoint, marks).check()
    except LogDiffersError as error:
        return error
    return None


def _continued(logs: AuditLogs, log: AuditLog, seen: Seen, broken: LogDiffersError) -> AuditLog:
    store, (origin, size, root) = logs.store, seen.checkpoint
    identity = str(uuid4())
    before = store.reads.end(log.id).horizon
    said = {
        "purpose": "Go on after a restore, under a new identity",
        "identity": identity,
        "former_identity": log.identity,
        "former_origin": origin,
        "former_size": size,
        "former_root": base64_text(root),
        "leaves": before.position + 1,
        "lost_leaves": max(0, size - before.position - 1),
        "differs_from_order": broken.orders[0],
        "lost": broken.problem,
    }

    def decide(at_end: AtTheEnd) -> Writes:
        return Writes(of_the_log(log, at_end, LOG_CONTINUED, said), identity=identity)

    store.appends.append(log.id, logs.writer(log), decide)
    published = store.followers.position(FOLLOWER, log.id)
    if published is not None and published.is_beyond(before):
        # What is kept was published before it was lost; what follows was not.
        store.followers.forget_position(FOLLOWER, log.id)
        store.followers.store_position(FOLLOWER, log.id, before)
    if store.board.read(log.id).horizon.is_beyond(before):
        store.board.clear(log.id)
    return logs.get(log.name)


class Former(NamedTuple):
    """An identity that the log had, and the order of the LOG_CONTINUED that ended it."""

    identity: str
    until: int


def former_identities(store: LogStore, log: AuditLog) -> list[Former]:
    """The identities that the log had before its present one, oldest first.

    A log that was never continued is not scanned. Raises `CorruptLogError` where its entries give
    it another identity than the store does.
    """
    opened = store.reads.opened(log.id)
    identity = None if opened is None else identity_in(opened.opened.state)
    if identity == log.identity:
        return []
    found: list[Former] = []
    end = store.reads.end(log.id).horizon
    for order, state in LogReading(store, log).rows_with(b'"LOG_CONTINUED"', 1, end.order):
        said = _said(state)
        if identity is not None and said.get("former_identity") == identity:
            found.append(Former(identity, order))
            identity = said.get("identity")
    if identity != log.identity:
        problem = f"the store calls it {log.identity}, and its entries say {identity}"
        raise CorruptLogError(log.name, 0, problem)
    return found


def refuse_other_identity(store: LogStore, log: AuditLog) -> None:
    """Raises `CorruptLogError` where the store calls the log by what its entries do not say."""
    former_identities(store, log)


def has_had_identity(store: LogStore, log: AuditLog, identity: object) -> bool:
    """Whether it is the log's, or one that the log had before; raises as `former_identities`."""
    if identity == log.identity:
        return True
    return any(one.identity == identity for one in former_identities(store, log))


def _said(state: bytes) -> dict[str, Any]:
    try:
        record = orjson.loads(state)
        if (record["event_type"], record["venue"]) != (LOG_CONTINUED, LOG_VENUE):
            return {}
        extra: dict[str, Any] = record["extra"]
        return extra if isinstance(extra, dict) else {}
    except NO_RECORD:
        return {}
