"""Logs copied from one store to another, whole: the same bytes, times, writers, ids and positions.

A copy goes on where it was interrupted, in short transactions that each leave a whole beginning of
the log, and is held against its source entry by entry. Until it is taken over it is a copy
(`infrastructure.standing`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from typing import NamedTuple

from domain.audit_log import AuditLog
from domain.errors import (
    CopyError,
    NotAnAuditStoreError,
    OlderStoreError,
    StoreError,
    StoreNotFoundError,
    UnknownLogError,
)
from domain.horizon import Horizon
from infrastructure.audit_logs import AuditLogs
from infrastructure.copied_log import CopiedLog
from infrastructure.store import LogStore
from infrastructure.stores import lasting_url, open_store

Progress = Callable[[str, int, int], None]
"""Called with what is done, and (done, total) entries."""


class Copied(NamedTuple):
    """What the target holds of one log of the source.

    `copied` counts the entries that this copy brought, `root` is that of both trees up to the
    horizon. `is_copy` says that nobody has said that the log goes on in the target.
    """

    log: str
    events: int
    transitions: int
    copied: int
    root: str
    is_copy: bool


def copy_logs(
    source: str,
    target: str,
    names: Sequence[str] = (),
    *,
    close_source: bool = False,
    durability: str = "full",
    progress: Progress | None = None,
) -> list[Copied]:
    """Copy logs of a store (all, unless named) into another, or go on with a copy that is there.

    With `close_source` each ends in the source with an event that says where it went on, and goes
    on in the target. `durability` is the target's, as `open_store` has it. Raises `UnknownLogError`
    for a name that the source does not hold, `CopyError`, `CorruptLogError`, `LogInUseError` or
    `StoreError`; what was copied until then is a whole beginning of its log.
    """
    with closing(AuditLogs(source, must_exist=True)) as there:
        if there.store.is_volatile:
            raise StoreError(source, "is memory, which another program does not see; name a store")
        logs = [there.get(name) for name in dict.fromkeys(names or there.names())]
        if not logs:
            raise UnknownLogError("default", [])
        _refuse_before(there.store, target, logs)
    # For writing where it is to be closed, now that it is known to be there.
    with (
        closing(AuditLogs(source, must_exist=not close_source)) as there,
        closing(AuditLogs(target, durability=durability)) as here,
    ):
        here.store.refuse_writing()
        _refuse_same(there.store, here.store, logs[0])
        where = lasting_url(target) if close_source else None
        copies = (CopiedLog(there.store, here.store, there.get(log.name)) for log in logs)
        return [_copied(one, where, progress) for one in copies]


def _copied(copy: CopiedLog, closes_for: str | None, progress: Progress | None) -> Copied:
    try:
        copy.hold(closes=closes_for is not None)
        before = _brought(copy, closes_for, progress)
    finally:
        copy.let_go()
    end: Horizon = copy.compared
    return Copied(
        copy.log.name,
        end.order,
        end.transition,
        end.position - min(before, end.position),
        copy.root.hex(),
        copy.is_copy,
    )


def _brought(copy: CopiedLog, closes_for: str | None, progress: Progress | None) -> int:
    """Bring what the target lacks; gives the position up to which it had it."""

    def told(what: str) -> Callable[[int, int], None] | None:
        return None if progress is None else lambda done, total: progress(what, done, total)

    before = copy.begin(told("Comparing"))
    copy.go_on(told("Copying"))
    copy.verify(told("Comparing"))
    if closes_for is not None:
        copy.close(closes_for)
        copy.go_on(None)
        copy.verify(None)
        copy.take_over()
    copy.finish()
    return before


def _refuse_before(source: LogStore, target: str, logs: Sequence[AuditLog]) -> None:
    """Raises what can be known before the target is made, or changed."""
    # One that is no store yet, or of a former format, is made so by opening it for writing.
    with (
        suppress(StoreNotFoundError, NotAnAuditStoreError, OlderStoreError),
        open_store(target, must_exist=True) as found,
    ):
        if found.is_volatile:
            raise StoreError(target, "is memory, which ends with this copy; name a file or server")
        _refuse_same(source, found, logs[0])
        for log in logs:
            there = found.reads.opened(log.id)
            if there is not None and there.identity != log.identity:
                raise CopyError(
                    log.name,
                    f"is another one in {found.url} (identity {there.identity}, not"
                    f" {log.identity}), and is continued by nothing but itself; copy to another"
                    " store",
                )


def _refuse_same(source: LogStore, target: LogStore, log: AuditLog) -> None:
    if source.place() == target.place():
        problem = f"is to be copied from {source.url} to {target.url}, which is the same store"
        raise CopyError(log.name, problem)
