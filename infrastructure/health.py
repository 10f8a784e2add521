"""How a log is: how far its followers have come, whether Redis answers, and what waits."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from domain.audit_log import AuditLog
from domain.errors import EventLoggerError, LogBehindError, ProofError
from domain.horizon import Horizon
from domain.times import iso_utc
from infrastructure.followers.notifier import FOLLOWER
from infrastructure.kept_checkpoints import (
    KEY_VARIABLE,
    checkpoints_folder,
    last_seen,
    why_unreadable,
)
from infrastructure.store import LogStore

if TYPE_CHECKING:
    from infrastructure.redis.connection import RedisSource

BEHIND_SECONDS = 10.0
"""What a follower has not come to counts as waiting from this age on."""


def health_of(
    store: LogStore, log: AuditLog, redis: RedisSource = False, behind_after: float = BEHIND_SECONDS
) -> dict[str, Any]:
    """The store, each follower with its lag, and Redis, as a dict that JSON can hold.

    A follower's `entries` are the events and transitions that it has not come to, `seconds` the age
    of the first of them by the store's time. `redis` is asked whether it answers unless it is
    False. `waiting` says in sentences what waits: a follower that is behind for longer than
    `behind_after` seconds, or beyond the log's end, and a Redis that does not answer. Raises
    `StoreError`.
    """
    end = store.reads.end(log.id)
    waiting: list[str] = []
    followers = [
        _follower(store, log, name, position, end.horizon, behind_after, waiting)
        for name, position in _positions(store, log)
    ]
    answer = None if redis is False or redis is None else _answer_of(redis)
    if answer is not None and answer["error"]:
        waiting.append(answer["error"])
    return {
        "store": store.url,
        "log": log.name,
        "mode": log.mode,
        "events": end.horizon.order,
        "transitions": end.horizon.transition,
        "last_commit": _iso(end.committed_at),
        "followers": followers,
        "redis": answer,
        "checkpoints": _checkpoints(store, log, waiting),
        "waiting": waiting,
    }


def _checkpoints(store: LogStore, log: AuditLog, waiting: list[str]) -> dict[str, Any]:
    """Where this machine keeps the last checkpoints, and what it signed of this log last.

    One that cannot be read waits for somebody, and so does a log that ends before it.
    """
    said: dict[str, Any] = {
        "signs": bool(os.environ.get(KEY_VARIABLE)),
        "origin": None,
        "size": None,
    }
    try:
        folder = checkpoints_folder()
    except ProofError as error:
        return said | {"folder": None, "error": str(error)}
    unreadable = why_unreadable(log.identity or "", folder)
    if unreadable is not None:
        waiting.append(unreadable)
    seen = last_seen(log.identity or "", folder)
    if seen is not None:
        # What was logged since the end was read may be signed by now: it is read again.
        leaves = store.reads.end(log.id).horizon.position + 1
        if seen.checkpoint.size > leaves:
            behind = LogBehindError(log.name, leaves, seen.checkpoint.size, str(seen.path))
            waiting.append(str(behind))
        said |= {"origin": seen.checkpoint.origin, "size": seen.checkpoint.size}
    return said | {"folder": str(folder), "error": None}


def _positions(store: LogStore, log: AuditLog) -> list[tuple[str, Horizon]]:
    if log.mode != "live":
        return []
    found = [("board", store.board.read(log.id).horizon)]
    published = store.followers.position(FOLLOWER, log.id)
    # A log that was never published has nobody who has not published it.
    return found if published is None else [*found, (FOLLOWER, published)]


def _follower(
    store: LogStore,
    log: AuditLog,
    name: str,
    position: Horizon,
    end: Horizon,
    behind_after: float,
    waiting: list[str],
) -> dict[str, Any]:
    entries = end.position - position.position
    seconds: float | None = None
    if position.is_beyond(end):
        waiting.append(
            f"{name} stands at {position}, and log {log.name!r} ends at {end}: the store was"
            " restored or has lost its tail"
        )
    elif entries:
        first = store.reads.entries(log.id, position, 1)
        committed_at = first[0].committed_at if first else None
        if committed_at is not None:
            seconds = max(0.0, time.time() - committed_at / 1e6)
        if seconds is None or seconds > behind_after:
            age = "" if seconds is None else f", the oldest for {seconds:.0f} s"
            waiting.append(f"{name} has {entries} entries of log {log.name!r} before it{age}")
    return {"name": name, "position": str(position), "entries": max(0, entries), "seconds": seconds}


def _answer_of(redis: RedisSource) -> dict[str, Any]:
    """Whether a Redis answers."""
    from infrastructure.redis.connection import connect, redis_errors

    client = connect(redis)
    try:
        with redis_errors():
            client.ping()
    except EventLoggerError as error:
        return {"answers": False, "error": str(error)}
    return {"answers": True, "error": None}


def _iso(microseconds: int | None) -> str | None:
    if microseconds is None:
        return None
    return iso_utc(datetime.fromtimestamp(microseconds / 1e6, UTC))
