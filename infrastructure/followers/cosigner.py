"""The cosigner: has a live log's checkpoints cosigned by witnesses, and never holds signing up.

A witness that is away is said, once, and asked again after a while that grows. What one cosigned
before it cosigns anew while nothing is logged, with a new time: a heartbeat.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from domain.audit_log import AuditLog
from domain.errors import ProofError
from infrastructure.cosigned import cosigned
from infrastructure.followers.follower import FollowerThread, Outage
from infrastructure.proving import Proving
from infrastructure.store import LogStore
from infrastructure.witness_client import Asked
from projections.checkpoint import Note, Signature

_log = logging.getLogger("event_logger")

_LOOK_SECONDS = 0.05
_FIRST_RETRY_SECONDS, _LAST_RETRY_SECONDS = 0.5, 60.0

_NOT_ASKED = Outage("is cosigned when that is over", "witnesses are asked again")


@dataclass(slots=True)
class _Witness:
    asked: Asked
    offered: str = ""
    """What it was asked for last that it cosigned: that, or one signed since."""
    cosigned: tuple[str, list[Signature]] = ("", [])
    """The checkpoint that it cosigned last, and how: in one, since another thread reads it."""
    cosigned_at: float = float("-inf")
    is_away: bool = False
    retry_seconds: float = _FIRST_RETRY_SECONDS
    not_before: float = float("-inf")


class Cosigner:
    """Asks the witnesses of one log, in a thread of its own, for what it is offered."""

    def __init__(
        self,
        store: LogStore,
        log: AuditLog,
        witnesses: Sequence[Asked],
        heartbeat_seconds: float,
        folder: Path | None = None,
    ) -> None:
        self._proving = Proving(store, log)
        self._log = log
        self._witnesses = [_Witness(one) for one in witnesses]
        self._heartbeat_seconds = heartbeat_seconds
        self._folder = folder
        self._offered: bytes | None = None
        self.answers = 0
        """How often a witness has cosigned."""
        self.thread = FollowerThread(
            "event-log-cosigner", log.name, self._round, lambda error: _NOT_ASKED
        )
        self.last_error: str | None = None

    def offer(self, note: bytes) -> None:
        """Have this checkpoint cosigned, and no older one any more."""
        self._offered = note

    def lines(self, text: str) -> list[Signature]:
        """The cosignatures of a checkpoint that came so far."""
        given = [one.cosigned for one in self._witnesses]
        return [line for cosigned, lines in given if cosigned == text for line in lines]

    def _round(self) -> float:
        note = self._offered
        if note is not None:
            text = Note.parse(note).text
            for one in self._witnesses:
                if self.thread.is_stopping:
                    break
                if self._is_due(one, text):
                    self._ask(one, note)
        self.thread.say_over()
        return _LOOK_SECONDS

    def _is_due(self, one: _Witness, text: str) -> bool:
        now = time.monotonic()
        is_silent = now > one.cosigned_at + self._heartbeat_seconds
        return now > one.not_before and (one.offered != text or is_silent)

    def _ask(self, one: _Witness, note: bytes) -> None:
        found = cosigned(self._proving, note, [one.asked], self._folder)
        if found.missing:
            self._put_off(one, found.missing[0])
            return
        read, offered = Note.parse(found.note), Note.parse(note)
        own = offered.signatures[0].name
        one.cosigned = read.text, [line for line in read.signatures if line.name != own]
        one.offered, one.cosigned_at = offered.text, time.monotonic()
        one.retry_seconds, one.not_before = _FIRST_RETRY_SECONDS, float("-inf")
        self.answers += 1
        if one.is_away:
            one.is_away = False
            _log.info("the witness %s cosigns again; log %r", one.asked.url, self._log.name)

    def _put_off(self, one: _Witness, error: ProofError) -> None:
        self.last_error = str(error)
        one.not_before = time.monotonic() + one.retry_seconds
        one.retry_seconds = min(2 * one.retry_seconds, _LAST_RETRY_SECONDS)
        if not one.is_away:
            one.is_away = True
            _log.warning("%s; log %r goes on, and it is asked again", error, self._log.name)
