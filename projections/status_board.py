"""The status board: how many events are in which status, and which are still open.

A board folded from later entries alone is a board of changes: its counts may be negative, and its
open events name those that no longer are. Added to the board of the entries before, it gives the
board of all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, Self

from domain.event_types import TELLING_TYPES
from domain.pairs import venues_in
from domain.statuses import (
    COMPLETED,
    CONFIRMED,
    FILLED,
    OPEN_STATUSES,
    PARTIALLY_FILLED,
    PENDING,
    STATUSES,
    SUBMITTED,
)
from projections.entries import LogEntry, LoggedEntry, TransitionEntry
from projections.event_dicts import AsTime, Record

Kind = tuple[str, str, str]
"""Venue, event type, status."""

Members = Callable[[int], Sequence[tuple[int, Record]]]
"""The events that share a transition: the event itself, of a wrapper its details too."""

Opened = Callable[[int], "OpenEvent | None"]
"""The open event of this order, as it was folded before."""

Submission = tuple[str, int | None]
"""When an event was submitted: by the clock of who said so, and by the store's time."""

Submitted = Callable[[TransitionEntry], "Submission | None"]
"""When the order on an exchange that has been filling in parts was submitted, if it was."""

QUANTILES = {"median": 0.5, "p95": 0.95}


_DONE = (CONFIRMED, FILLED)


class Only(NamedTuple):
    """The events that a board is asked for; None asks for all."""

    event_type: str | None = None
    venue: str | None = None
    status: str | None = None

    def holds(self, venue: str, event_type: str, status: str) -> bool:
        """Whether an event of this kind is among them; a transfer is at both its venues."""
        return (
            self.event_type in (None, event_type)
            and self.venue in (None, *venues_in(venue))
            and self.status in (None, status)
        )


class OpenEvent(NamedTuple):
    """An event that waits for the chain or the exchange.

    `since` is when its status began by the clock of who logged it, which is shown; `since_commit`
    the same by the store's time (µs since 1970; None: of before format 2), which ages are taken by.
    """

    order: int
    event_type: str
    venue: str
    status: str
    tx_hash: str | None
    since: str
    since_commit: int | None

    @property
    def began(self) -> int:
        """When its status began, in microseconds since 1970."""
        return _microseconds(self.since) if self.since_commit is None else self.since_commit


class LiveStatus:
    """Counts by status, venue and event type, the open events, the times to confirmation."""

    def __init__(self) -> None:
        self.counts: Counter[Kind] = Counter()
        self.open: dict[int, OpenEvent | None] = {}
        self.confirmations: list[tuple[int, int]] = []
        """(microseconds from submitted to confirmed or filled, position of that transition)."""

    def fold(self, events: Iterable[tuple[int, Record]]) -> Self:
        """Fold in further events of a backtest, completed when they were logged."""
        for _, record in events:
            self.counts[record["venue"], record["event_type"], COMPLETED] += 1
        return self

    def follow(
        self,
        entries: Iterable[LogEntry],
        members: Members,
        opened: Opened = lambda order: None,
        submitted: Submitted = lambda entry: None,
    ) -> Self:
        """Fold in what was committed next to a live log.

        `opened` and `submitted` are asked of what came before.
        """
        for entry in entries:
            if isinstance(entry, LoggedEntry):
                self._log(entry)
                continue
            before = self.open.get(entry.order) or opened(entry.order)
            self._move(entry, members(entry.order), before)
            self._time(entry, before, submitted)
        return self

    def _log(self, entry: LoggedEntry) -> None:
        record = entry.record
        venue, event_type = record["venue"], record["event_type"]
        status = record.get("status", PENDING)
        self.counts[venue, event_type, status] += 1
        if status in OPEN_STATUSES:
            self.open[entry.order] = OpenEvent(
                entry.order,
                event_type,
                venue,
                status,
                record.get("tx_hash"),
                record["recorded_at"],
                entry.committed_at,
            )

    def _move(
        self,
        entry: TransitionEntry,
        members: Sequence[tuple[int, Record]],
        before: OpenEvent | None,
    ) -> None:
        is_new_status = entry.status != entry.from_status
        since_commit = entry.committed_at
        if before is not None and not is_new_status:
            since_commit = before.since_commit
        for order, record in members:
            venue, event_type = record["venue"], record["event_type"]
            self.counts[venue, event_type, entry.from_status] -= 1
            self.counts[venue, event_type, entry.status] += 1
            self.open[order] = None
            if entry.status in OPEN_STATUSES:
                self.open[order] = OpenEvent(
                    order, event_type, venue, entry.status, entry.tx_hash, entry.since, since_commit
                )

    def _time(self, entry: TransitionEntry, before: OpenEvent | None, submitted: Submitted) -> None:
        if entry.status not in _DONE or entry.from_status not in (SUBMITTED, PARTIALLY_FILLED):
            return
        at: Submission | None = entry.from_since, before and before.since_commit
        if entry.from_status == PARTIALLY_FILLED:
            at = submitted(entry)
        if at is not None:
            self.confirmations.append((_took(entry, *at), entry.position))

    def as_dict(
        self,
        now: datetime,
        stuck_after: float | None = None,
        as_time: AsTime = str,
        only: Only | None = None,
    ) -> dict[str, Any]:
        """The board at `now` (UTC), `stuck_after` in seconds."""
        taken = sorted(microseconds for microseconds, _ in self.confirmations)
        quantiles = {name: quantile(taken, q) for name, q in QUANTILES.items()}
        open_events = [event for event in self.open.values() if event is not None]
        return board(self.counts, open_events, quantiles, now, stuck_after, as_time, only)


def board(
    counts: dict[Kind, int],
    open_events: Iterable[OpenEvent],
    confirmation_microseconds: dict[str, float | None],
    now: datetime,
    stuck_after: float | None,
    as_time: AsTime,
    only: Only | None = None,
) -> dict[str, Any]:
    """The board under the names that `live_status` promises, of the events that `only` asks for.

    What only tells something is never stuck: nothing would ever confirm it. The times to
    confirmation are those of the whole log.
    """
    wanted = only or Only()
    by_status: Counter[str] = Counter()
    by_venue: dict[str, Counter[str]] = {}
    by_type: dict[str, Counter[str]] = {}
    for (venue, event_type, status), count in sorted(counts.items()):
        if count and wanted.holds(venue, event_type, status):
            by_status[status] += count
            by_venue.setdefault(venue, Counter())[status] += count
            by_type.setdefault(event_type, Counter())[status] += count
    waiting = [
        _row(event, now, as_time)
        for event in sorted(open_events, key=lambda e: (e.began, e.order))
        if wanted.holds(event.venue, event.event_type, event.status)
    ]
    return {
        "counts": _in_order(by_status),
        "by_venue": {name: _in_order(statuses) for name, statuses in by_venue.items()},
        "by_type": {name: _in_order(statuses) for name, statuses in by_type.items()},
        "open": waiting,
        "stuck": []
        if stuck_after is None
        else [
            row
            for row in waiting
            if row["age_seconds"] > stuck_after and row["event_type"] not in TELLING_TYPES
        ],
        "confirmation_seconds": {
            name: None if microseconds is None else microseconds / 1e6
            for name, microseconds in confirmation_microseconds.items()
        },
    }


def _in_order(statuses: Counter[str]) -> dict[str, int]:
    return {status: statuses[status] for status in STATUSES if status in statuses}


def quantile(ordered: Sequence[int], q: float) -> float | None:
    """The q-quantile of rising values, linear between neighbours as numpy's; None of none."""
    if not ordered:
        return None
    at = (len(ordered) - 1) * q
    lower = int(at)
    upper = min(lower + 1, len(ordered) - 1)
    return ordered[lower] + (ordered[upper] - ordered[lower]) * (at - lower)


def _row(event: OpenEvent, now: datetime, as_time: AsTime) -> dict[str, Any]:
    return {
        "order": event.order,
        "event_type": event.event_type,
        "venue": event.venue,
        "status": event.status,
        "tx_hash": event.tx_hash,
        "since": as_time(event.since),
        "age_seconds": max(0, microseconds_of(now) - event.began) / 1e6,
    }


def _took(entry: TransitionEntry, since: str, since_commit: int | None) -> int:
    """Microseconds since it was submitted: a difference of the store's times, where it has them."""
    if since_commit is not None and entry.committed_at:
        return entry.committed_at - since_commit
    return max(0, _microseconds(entry.recorded_at) - _microseconds(since))


def microseconds_of(moment: datetime) -> int:
    """The moment in microseconds since 1970 (UTC), exactly."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _microseconds(iso: str) -> int:
    return microseconds_of(datetime.fromisoformat(iso))


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
