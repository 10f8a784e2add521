"""A witness: cosigns the checkpoints of logs that it knows, each only if it continues the last.

Of each log the last checkpoint is kept, cosigned, in a folder. Comparing a request with it and
keeping the new one is one step, also between processes, and on the disk before anything is
answered: a witness that is killed at any moment knows all that it ever cosigned.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import orjson

from domain.errors import ProofError, shown
from infrastructure.cosigning import WitnessKey
from infrastructure.http_server import Request, Response
from infrastructure.kept_checkpoints import KeptCheckpoint, held_checkpoint
from projections.checkpoint import Checkpoint, Note
from projections.policy import Policy, cosigned_at
from projections.witnessing import (
    ABSENCE,
    FORK,
    ROLLBACK,
    Alarm,
    Refused,
    Submitted,
    refused,
    submitted,
)

_log = logging.getLogger("event_logger")

MOST_BYTES = 600_000
"""What a request's body is never larger than: a proof, and a note with a hundred signatures."""

_SIZE_TYPE = "text/x.tlog.size"
_MOST_REMEMBERED = 10_000

_WITH_EVIDENCE = (FORK, ROLLBACK)
_UNSAID = "-unsaid"


class Witness:
    """Answers the requests of tlog-witness.

    `alarm` is called, by whichever thread, with each thing that is alarming, once. Raises
    `ProofError` for a policy that names no log, or one that has the witness' own key, and for a
    folder that cannot be used.
    """

    def __init__(
        self, key: WitnessKey, policy: Policy, folder: Path, alarm: Callable[[Alarm], object]
    ) -> None:
        for log in policy.logs:
            if log.key.public == key.public.public:
                raise ProofError(
                    "the policy",
                    f"has the witness' own key for the log {shown(log.name)}: no log is its own"
                    " witness",
                )
        if not policy.logs:
            raise ProofError("the policy", "names no log, and a witness cosigns for those it knows")
        self._key = key
        self._logs = policy.logs
        self._folder = folder
        self._alarm = alarm
        self._raised: set[Alarm] = set()
        self._lock = threading.Lock()
        self._hashes = {sha256(log.name.encode()).hexdigest(): log.name for log in policy.logs}
        now = time.monotonic()
        self._heard = {log.name: now for log in policy.logs}
        for origin in self._heard:
            with held_checkpoint(origin, folder) as last:
                _checkpoint_of(last, origin)

    def answer(self, request: Request) -> Response:
        """The answer to a request by HTTP."""
        if request.path == "/add-checkpoint":
            return self.add_checkpoint(request.body) if request.method == "POST" else _OTHER_METHOD
        origin_hash, _, rest = request.path.removeprefix("/").partition("/")
        if rest == "checkpoint" and origin_hash in self._hashes:
            return self.last(origin_hash) if request.method == "GET" else _OTHER_METHOD
        return _said(404, "there is nothing here: POST /add-checkpoint")

    def add_checkpoint(self, body: bytes) -> Response:
        """A cosignature of the checkpoint in the body, once it is kept; or why there is none."""
        given = submitted(body, self._logs)
        if isinstance(given, Refused):
            return _said(given.status, given.sentence)
        origin = given.checkpoint.origin
        try:
            with held_checkpoint(origin, self._folder) as last:
                verdict = refused(given, _checkpoint_of(last, origin))
                if verdict is None:
                    return self._kept(last, given)
                if verdict.alarm is not None and verdict.alarm not in self._raised:
                    _keep_evidence(last, verdict.alarm, given.growth.note)
        except ProofError as error:
            _log.error("nothing is cosigned for %s: %s", origin, error)
            return _said(500, "the witness cannot keep what it would cosign")
        self._raise(verdict.alarm)
        if verdict.size is not None:
            return Response(verdict.status, f"{verdict.size}\n".encode(), _SIZE_TYPE)
        return _said(verdict.status, verdict.sentence)

    def _kept(self, last: KeptCheckpoint, given: Submitted) -> Response:
        # A clock that went back must not say that a smaller tree was the largest at a later time.
        before = None if last.note is None else cosigned_at(Note.parse(last.note), self._key.public)
        line = self._key.cosigned(given.note.text, max(before or 1, int(time.time())))
        last.put(given.cosigned(line))
        self._heard[given.checkpoint.origin] = time.monotonic()
        return Response(200, str(line).encode())

    def last(self, origin_hash: str) -> Response:
        """The checkpoint of a log that was cosigned last, found by the SHA-256 of the origin."""
        with held_checkpoint(self._hashes[origin_hash], self._folder) as last:
            if last.note is None:
                return _said(404, "no checkpoint of this log was cosigned yet")
            return Response(200, last.note)

    def look_for_absent(self, seconds: float) -> None:
        """Raise an alarm, once, for each log of which no checkpoint came for so long."""
        now = time.monotonic()
        for origin, heard in self._heard.items():
            absent = Alarm(ABSENCE, origin, None, f"no checkpoint came for {seconds:g} seconds")
            if now - heard > seconds:
                self._raise(absent)
            else:
                with self._lock:
                    self._raised.discard(absent)

    def _raise(self, alarm: Alarm | None) -> None:
        if alarm is None:
            return
        with self._lock:
            if alarm in self._raised:
                return
            if len(self._raised) >= _MOST_REMEMBERED:
                self._raised.clear()
            self._raised.add(alarm)
        self._alarm(alarm)
        if alarm.kind in _WITH_EVIDENCE:
            self._forget_unsaid(alarm)

    def tell_unsaid(self) -> None:
        """Raise the alarms that were kept and, as far as is known, never said.

        A witness that was killed between the two, or could not say it, says it at its next start.
        """
        for origin in self._heard:
            for kind in _WITH_EVIDENCE:
                with held_checkpoint(origin, self._folder) as last:
                    kept = last.aside(f"{kind}{_UNSAID}")
                if kept is not None:
                    self._raise(_alarm_in(kept, kind, origin))

    def _forget_unsaid(self, alarm: Alarm) -> None:
        kind = f"{alarm.kind}{_UNSAID}"
        try:
            with held_checkpoint(alarm.origin, self._folder) as last:
                kept = last.aside(kind)
                # Another of its kind, which came meanwhile, is still to be said.
                if kept is not None and _alarm_in(kept, alarm.kind, alarm.origin) == alarm:
                    last.forget_aside(kind)
        except ProofError as error:
            _log.warning("it is said once more at the next start: %s", error)


def _keep_evidence(last: KeptCheckpoint, alarm: Alarm, note: bytes) -> None:
    """Keep what speaks against a log, and that it is to be said; a full disk hides nothing."""
    try:
        last.put_aside(f"{alarm.kind}{_UNSAID}", orjson.dumps(alarm._asdict()))
        last.put_aside(alarm.kind, note)
    except OSError as error:
        _log.error("what speaks against %s was not kept: %s", alarm.origin, error.strerror or error)


def _alarm_in(kept: bytes, kind: str, origin: str) -> Alarm:
    """The alarm that was kept to be said; of what is none by now, that there was one."""
    try:
        said = Alarm(**orjson.loads(kept))
        if (said.kind, said.origin) == (kind, origin):
            return said
    except (ValueError, TypeError):
        pass
    return Alarm(kind, origin, None, "it was found before, and what was kept of it is damaged")


def _checkpoint_of(last: KeptCheckpoint, origin: str) -> Checkpoint | None:
    """The checkpoint that was cosigned last; raises `ProofError` where what is kept is none."""
    if last.note is None:
        return None
    try:
        checkpoint = Checkpoint.parse(Note.parse(last.note).text, is_extended=True)
        if checkpoint.origin != origin:
            raise ValueError(f"is of {checkpoint.origin}")
    except ValueError as error:
        problem = f"{error}; nothing is cosigned for {shown(origin)} until that is set right"
        raise ProofError(str(last.path), problem) from None
    return checkpoint


def _said(status: int, sentence: str) -> Response:
    return Response(status, f"{sentence}\n".encode("ascii", "backslashreplace"))


_OTHER_METHOD = _said(405, "only POST /add-checkpoint and GET /<hash of the origin>/checkpoint are")
