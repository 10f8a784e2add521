"""The status board of a live log, kept in the store: as quick to read however long the log."""

from __future__ import annotations

import time
from collections import Counter
from datetime import UTC, datetime
from typing import Any

from domain.audit_log import AuditLog
from domain.errors import CorruptLogError
from domain.horizon import START, Horizon
from domain.statuses import OPEN_STATUSES, STATUSES
from infrastructure.commit_signal import CommitSignals
from infrastructure.followers.follower import FollowerThread, Outage
from infrastructure.reading import LogReading
from infrastructure.store import LogStore
from infrastructure.stored import BoardRows
from infrastructure.timestamps import timestamp_of
from projections.entries import LogEntry, TransitionEntry
from projections.status_board import LiveStatus, Only, OpenEvent, Submission, board

PAGE = 500
"""Entries folded in per transaction: writers of the log wait while it lasts."""

FOLLOW_SECONDS = 0.25

_SHARE_OF_LOOKING = 0.01
"""How much of a follower's time goes at most into seeing whether the board adds up: it takes the
longer the more events are open."""

_BEHIND = Outage("has a status board that waits", "the status board goes on")


class StatusBoard:
    """One log's board. Each entry is folded in exactly once, whoever keeps the board.

    One that does not add up is folded anew: by the next follower in the store, until then in memory
    by whoever reads it.

    Entries are folded outside of the transaction that stores what they change; it stores nothing if
    another follower has stored in between. So a follower knows where the board is by what it has
    stored last, and looks at all of it only now and then.
    """

    def __init__(self, store: LogStore, log: AuditLog) -> None:
        self._store = store
        self._log = log
        self._reading = LogReading(store, log)
        self._folded: Horizon | None = None
        self._look_again_at = 0.0

    def follower(self, commits: CommitSignals) -> FollowerThread:
        """Keeps the board up to date in a thread of its own."""

        def follow() -> float:
            self._follow()
            thread.say_over()
            return FOLLOW_SECONDS

        thread = FollowerThread("event-log-board", self._log.name, follow, lambda error: _BEHIND)
        return thread

    def catch_up(self) -> None:
        """Fold in all that was committed by now.

        Raises `StoreError`; what was folded in before stays.
        """
        began = time.monotonic()
        rows = self._store.board.read(self._log.id)
        position = self._checked(rows.horizon)
        if not _adds_up(rows):
            self._store.board.clear(self._log.id)
            position = START
        looked = time.monotonic()
        self._look_again_at = looked + (looked - began) / _SHARE_OF_LOOKING
        self._fold_after(position)

    def _follow(self) -> None:
        """`catch_up`, without a look at the whole board where there was one not long ago."""
        if self._folded is None or time.monotonic() >= self._look_again_at:
            self.catch_up()
        else:
            self._fold_after(self._checked(self._folded))

    def _fold_after(self, position: Horizon) -> None:
        self._folded = None
        while entries := self._entries(position):
            upto = entries[-1].horizon
            opened = self._opened_before(entries)
            changes = LiveStatus().follow(entries, self._members, opened, self._submitted)
            if not self._store.board.fold(self._log.id, changes, position, upto):
                position = self._checked(self._store.board.read(self._log.id).horizon)
                continue
            position = upto
            if len(entries) < PAGE:
                # What came meanwhile is the next round's: while others log, there always is some,
                # and each fold is a transaction.
                break
        self._folded = position

    def read(
        self,
        stuck_after: float | None = None,
        now: datetime | None = None,
        only: Only | None = None,
    ) -> dict[str, Any]:
        """The board as of now, `stuck_after` in seconds, of `only` these; writes nothing.

        What no follower has folded in yet is folded in memory.
        """
        while True:
            rows = self._store.board.read(self._log.id)
            position = self._checked(rows.horizon)
            if not _adds_up(rows):
                return self.rebuilt().as_dict(self._now(now), stuck_after, timestamp_of, only)
            newer = self._newer(position, rows.open)
            horizon, quantiles = self._store.board.quantiles(self._log.id, newer.confirmations)
            if horizon == rows.horizon:
                break
        counts = rows.counts
        counts.update(newer.counts)
        waiting = [event for event in (rows.open | newer.open).values() if event is not None]
        return board(counts, waiting, quantiles, self._now(now), stuck_after, timestamp_of, only)

    def rebuilt(self) -> LiveStatus:
        """The board folded from nothing but the events, in memory."""
        return self._newer(START, {})

    def _newer(self, position: Horizon, opened: dict[int, OpenEvent]) -> LiveStatus:
        changes = LiveStatus()
        while True:
            entries = self._entries(position)
            if not entries:
                return changes
            changes.follow(entries, self._members, opened.get, self._submitted)
            position = entries[-1].horizon

    def _entries(self, position: Horizon) -> list[LogEntry]:
        return self._reading.entries(position, PAGE)

    def _opened_before(self, entries: list[LogEntry]) -> Any:
        orders = {entry.order for entry in entries if isinstance(entry, TransitionEntry)}
        if not orders:
            return lambda order: None
        return self._store.board.open_rows(self._log.id, sorted(orders)).get

    def _members(self, order: int) -> list[tuple[int, dict[str, Any]]]:
        return self._reading.bundle_records(order)

    def _submitted(self, entry: TransitionEntry) -> Submission | None:
        return self._reading.submission(entry)

    def _checked(self, position: Horizon) -> Horizon:
        """The position, unless the log ends before it: the store was restored, or lost its tail."""
        if position == START:
            return position
        end = self._store.reads.end(self._log.id).horizon
        if position.is_beyond(end):
            raise CorruptLogError(
                self._log.name,
                end.order,
                f"its status board was folded up to {position}, and the log ends at {end}: the"
                " store was restored or has lost its tail; fold it anew",
            )
        return position

    def _now(self, given: datetime | None) -> datetime:
        """Now where no time is given, but never before the log's last commit."""
        if given is not None:
            return given
        last = self._store.reads.end(self._log.id).committed_at or 0
        return datetime.fromtimestamp(max(time.time(), last / 1e6), UTC)


def _adds_up(rows: BoardRows) -> bool:
    """Whether the board counts each event up to its horizon once, and has a row of each open one.

    One whose tables were emptied, cut or lost does not; it is folded anew.
    """
    if not rows.is_sound or not all(map(_is_counted, rows.counts.items())):
        return False
    counted = {kind: n for kind, n in rows.counts.items() if n and kind[2] in OPEN_STATUSES}
    waiting = Counter((one.venue, one.event_type, one.status) for one in rows.open.values())
    upto = rows.horizon.order
    return (
        rows.counts.total() == upto
        and counted == waiting
        and all(_is_open_row(one, upto) for one in rows.open.values())
    )


def _is_counted(row: tuple[Any, Any]) -> bool:
    kind, events = row
    are_texts = all(isinstance(text, str) for text in kind)
    return are_texts and kind[2] in STATUSES and type(events) is int and events >= 0


def _is_open_row(one: OpenEvent, upto: int) -> bool:
    try:
        began = one.began
    except (TypeError, ValueError):
        return False
    is_text = isinstance(one.since, str) and isinstance(one.tx_hash, str | None)
    return is_text and type(began) is int and type(one.order) is int and 0 < one.order <= upto
