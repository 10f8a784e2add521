"""The checkpointer: follows a live log and signs checkpoints of it, so that its past stands fast.

The log never waits for it. What it signs is kept outside of the store before it is published. While
nothing is logged, a heartbeat says so: a fresh cosignature of the checkpoint that is still the last
one, so that a checkpoint that does not come says something.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from domain.audit_log import AuditLog
from domain.errors import ProofError, RedisError, StoreError
from domain.horizon import Horizon
from infrastructure.checkpointing import Checkpointing, Signed
from infrastructure.followers.follower import FollowerThread, Outage
from infrastructure.followers.standby import STANDBY_SECONDS
from infrastructure.signing import OwnerKey
from infrastructure.store import LogStore
from projections.checkpoint import Note, base64_text
from projections.tiles import WIDTH

if TYPE_CHECKING:
    from infrastructure.redis.checkpoints import CheckpointChannel

EVERY_SECONDS = 10.0
"""How old an entry is at most before it is signed for."""

EVERY_ENTRIES = 10_000
"""How many entries are at most not signed for, as far as it keeps pace."""

HEARTBEAT_SECONDS = 60.0
"""How long nothing is heard of a log to which nothing happens."""

_LOOK_SECONDS = 0.25

_NOT_SIGNED = Outage("is not signed until that is mended", "checkpoints are signed again")
_REDIS_AWAY = Outage(
    "is signed all the same, and its checkpoints are published when Redis is back",
    "checkpoints are published again",
)
_STORE_AWAY = Outage("is signed when the store can be read", "checkpoints are signed again")


class Checkpointer:
    """Signs for one log, in a thread of its own (`thread.start`).

    Of several processes that write the log one signs, the one that has the lease.
    """

    def __init__(
        self,
        store: LogStore,
        log: AuditLog,
        key: OwnerKey,
        channel: CheckpointChannel | None = None,
        every_seconds: float = EVERY_SECONDS,
    ) -> None:
        self._store = store
        self._log = log
        self._identity = log.identity or ""
        self._heartbeats = key.heartbeat_key(self._identity)
        self._checkpointing = Checkpointing(store, log, key)
        self._channel = channel
        self._every_seconds = every_seconds
        self._lease = store.lease(log.id, log.name, "checkpointer")
        self._signed: Horizon | None = None
        self._signed_at = self._said_at = float("-inf")
        self._last: Signed | None = None
        self._is_said = True
        self._kept = 0
        """How many leaves the kept tiles reach to."""
        self.thread = FollowerThread(
            "event-log-checkpointer", log.name, self._round, _outage, self._release
        )

    @property
    def last_error(self) -> str | None:
        """What last kept it from signing or publishing, also when that is over."""
        return self.thread.last_error

    def start(self) -> None:
        """Sign in a thread of its own until `stop`."""
        self.thread.start()

    def stop(self) -> None:
        """End; what was committed is still signed for if that takes a moment."""
        self.thread.stop()

    def _round(self) -> float:
        if not self._lease.is_held and not self._lease.try_acquire():
            return STANDBY_SECONDS
        end = self._store.reads.end(self._log.id).horizon
        if self._is_due(end):
            self._sign()
        if self._last is not None and (not self._is_said or self._is_silent()):
            self._say(self._last)
        if self.thread.is_stopping:
            self._keep_tiles()
        self.thread.say_over()
        return min(_LOOK_SECONDS, self._every_seconds)

    def _is_due(self, end: Horizon) -> bool:
        if self._signed is None or self.thread.is_stopping:
            return self._signed is None or end != self._signed
        is_old = time.monotonic() > self._signed_at + self._every_seconds
        return (is_old and end != self._signed) or (
            end.position - self._signed.position >= EVERY_ENTRIES
        )

    def _sign(self) -> None:
        signed = self._checkpointing.sign()
        self._signed_at = time.monotonic()
        self._signed = signed.horizon
        self._last, self._is_said = signed, False
        if signed.checkpoint.size // WIDTH > self._kept // WIDTH:
            self._keep_tiles()

    def _keep_tiles(self) -> None:
        """Keep what was made since: once a tile is whole, since whoever logs waits meanwhile."""
        tree = self._checkpointing.tree
        if tree is not None and tree.size > self._kept:
            with suppress(StoreError):
                tree.keep(self._store)
                self._kept = tree.size

    def _is_silent(self) -> bool:
        return time.monotonic() > self._said_at + HEARTBEAT_SECONDS

    def _say(self, signed: Signed) -> None:
        """Publish the checkpoint, with a cosignature that says when it was the last one."""
        if self._channel is None:
            self._is_said, self._said_at = True, time.monotonic()
            return
        self._channel.publish(self._identity, self._message(signed))
        self._is_said, self._said_at = True, time.monotonic()

    def _message(self, signed: Signed) -> dict[str, Any]:
        origin, size, root = signed.checkpoint
        note, now = Note.parse(signed.note), int(time.time())
        heartbeat = self._heartbeats.cosigned(note.text, now)
        whole = Note(note.text, [*note.signatures, heartbeat])
        said = {"origin": origin, "size": size, "root": base64_text(root)}
        return said | {"signed_at": now, "note": str(whole)}

    def _release(self) -> None:
        self._lease.release()
        if self._channel is not None:
            with suppress(RedisError):
                self._channel.close()


def _outage(error: Exception) -> Outage:
    if isinstance(error, RedisError):
        return _REDIS_AWAY
    return _NOT_SIGNED if isinstance(error, ProofError) else _STORE_AWAY
