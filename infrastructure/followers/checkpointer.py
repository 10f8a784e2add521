"""The checkpointer: follows a live log and signs checkpoints of it, so that its past stands fast.

The log never waits for it, and it waits for no witness. What it signs is kept outside of the store
before it is published. While nothing is logged, a heartbeat says so: a fresh cosignature of the
checkpoint that is still the last one, so that a checkpoint that does not come says something.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from domain.audit_log import AuditLog
from domain.errors import ProofError, StoreError
from domain.horizon import Horizon
from infrastructure.checkpointing import Checkpointing, Signed
from infrastructure.followers.announcing import Announcer, Outlet
from infrastructure.followers.cosigner import Cosigner
from infrastructure.followers.follower import FollowerThread, Outage
from infrastructure.followers.standby import STANDBY_SECONDS
from infrastructure.log_tree import LogTree
from infrastructure.signing import OwnerKey
from infrastructure.store import LogStore
from infrastructure.witness_client import Asked
from projections.checkpoint import Note, base64_text
from projections.tiles import WIDTH


class Pace(NamedTuple):
    """How often a log is signed for, and how often it is said that nothing happened to it."""

    seconds: float = 10.0
    """How old an entry is at most before it is signed for."""
    entries: int = 10_000
    """How many entries are at most not signed for, as far as it keeps pace."""
    heartbeat_seconds: float = 60.0
    """How long nothing is heard of a log to which nothing happens."""


_LOOK_SECONDS = 0.25

_REST_AFTER_REFUSAL = 50
"""How long it rests where it was refused to sign, in times of what that took: no log that was
tampered with costs whoever logs a core."""

_NOT_SIGNED = Outage("is not signed until that is mended", "checkpoints are signed again")
_STORE_AWAY = Outage("is signed when the store can be read", "checkpoints are signed again")


class Checkpointer:
    """Signs for one log, in a thread of its own (`start`) or in the foreground (`thread.run`).

    Of several processes that write the log one signs, the one that has the lease; one that was
    told to by itself (`is_alone`) needs none. Each checkpoint is published at each outlet, and
    once more when witnesses have cosigned it.
    """

    def __init__(
        self,
        store: LogStore,
        log: AuditLog,
        key: OwnerKey,
        outlets: Sequence[Outlet] = (),
        pace: Pace | None = None,
        witnesses: Sequence[Asked] = (),
        *,
        is_alone: bool = False,
        keep_tiles: Callable[[LogTree], object] | None = None,
    ) -> None:
        self._store = store
        self._log = log
        self._identity = log.identity or ""
        self._heartbeats = key.heartbeat_key(self._identity)
        self._checkpointing = Checkpointing(store, log, key)
        self._announcers = [Announcer(log.name, one) for one in outlets]
        self._pace = pace or Pace()
        self._cosigner = (
            Cosigner(store, log, witnesses, self._pace.heartbeat_seconds) if witnesses else None
        )
        self._answers = 0
        """How many answers of witnesses were published."""
        self._lease = None if is_alone else store.lease(log.id, log.name, "checkpointer")
        self._keep = keep_tiles or (lambda tree: tree.keep(store))
        self._signed: Horizon | None = None
        self._signed_at = self._said_at = float("-inf")
        self._last: Signed | None = None
        self._not_before = float("-inf")
        self._kept = 0
        """How many leaves the kept tiles reach to."""
        self.thread = FollowerThread(
            "event-log-checkpointer", log.name, self._round, _outage, self._release
        )

    @property
    def last_error(self) -> str | None:
        """What last kept it from signing, being cosigned, or publishing, also when that is over."""
        errors = [self.thread.last_error, *(one.last_error for one in self._announcers)]
        if self._cosigner is not None:
            errors += [self._cosigner.thread.last_error, self._cosigner.last_error]
        return "; ".join(dict.fromkeys(one for one in errors if one is not None)) or None

    def start(self) -> None:
        """Sign in a thread of its own until `stop`."""
        self.thread.start()

    def stop(self) -> None:
        """End; what was committed is still signed for if that takes a moment."""
        if self._cosigner is not None:
            self._cosigner.thread.request_stop()
        self.thread.stop()

    def sign(self) -> None:
        """Sign for what is there now; raises `ProofError` or `StoreError`."""
        started = time.monotonic()
        try:
            signed = self._checkpointing.sign()
        except ProofError:
            # It takes a pass over the log or two to find that it is not what was signed.
            taken = time.monotonic() - started
            self._not_before = started + _REST_AFTER_REFUSAL * taken
            raise
        self._signed_at = time.monotonic()
        self._signed = signed.horizon
        self._last = signed
        self._is_to_be_said()
        if self._cosigner is not None:
            self._cosigner.offer(signed.note)
        if signed.checkpoint.size // WIDTH > self._kept // WIDTH:
            self._keep_tiles()

    def _round(self) -> float:
        if not self._is_ours():
            return STANDBY_SECONDS
        if time.monotonic() < self._not_before:
            return _LOOK_SECONDS
        end = self._store.reads.end(self._log.id).horizon
        if self._is_due(end):
            self.sign()
        if self._last is not None:
            self._say(self._last)
        if self.thread.is_stopping:
            self._keep_tiles()
        self.thread.say_over()
        return min(_LOOK_SECONDS, self._pace.seconds)

    def _is_ours(self) -> bool:
        """Whether this one signs; from then on its witnesses are asked, too."""
        if self._lease is not None and not self._lease.is_held and not self._lease.try_acquire():
            return False
        if self._cosigner is not None and not self._cosigner.thread.is_started:
            self._cosigner.thread.start()
        return True

    def _is_due(self, end: Horizon) -> bool:
        if self._signed is None or self.thread.is_stopping:
            return self._signed is None or end != self._signed
        is_old = time.monotonic() > self._signed_at + self._pace.seconds
        return (is_old and end != self._signed) or (
            end.position - self._signed.position >= self._pace.entries
        )

    def _keep_tiles(self) -> None:
        """Keep what was made since: once a tile is whole, since whoever logs waits meanwhile."""
        tree = self._checkpointing.tree
        if tree is not None and tree.size > self._kept:
            with suppress(StoreError):
                self._keep(tree)
                self._kept = tree.size

    def _is_to_be_said(self) -> None:
        self._said_at = time.monotonic()
        for one in self._announcers:
            one.is_due = True

    def _say(self, signed: Signed) -> None:
        """Publish the checkpoint where it is due, with a cosignature that says when it was last."""
        answers = 0 if self._cosigner is None else self._cosigner.answers
        is_silent = time.monotonic() > self._said_at + self._pace.heartbeat_seconds
        if is_silent or answers != self._answers:
            self._answers = answers
            self._is_to_be_said()
        due = [one for one in self._announcers if one.is_due]
        if due:
            said = self._message(signed)
            for one in due:
                one.announce(self._identity, said)

    def _message(self, signed: Signed) -> dict[str, Any]:
        origin, size, root = signed.checkpoint
        note, now = Note.parse(signed.note), int(time.time())
        cosigned = [] if self._cosigner is None else self._cosigner.lines(note.text)
        heartbeat = self._heartbeats.cosigned(note.text, now)
        # Two URLs may lead to one witness, and no line stands twice under a note.
        lines = dict.fromkeys([*note.signatures, *cosigned, heartbeat])
        whole = Note(note.text, list(lines))
        said = {"origin": origin, "size": size, "root": base64_text(root)}
        return said | {"signed_at": now, "note": str(whole)}

    def _release(self) -> None:
        if self._lease is not None:
            self._lease.release()
        if self._cosigner is not None and self._cosigner.thread.is_started:
            self._cosigner.thread.stop()
        for one in self._announcers:
            one.close()


def _outage(error: Exception) -> Outage:
    return _NOT_SIGNED if isinstance(error, ProofError) else _STORE_AWAY
