"""What somebody still waits for, and what ended without a name on the chain or the exchange."""

from __future__ import annotations

from array import array
from collections.abc import Iterator

from domain.event_types import TELLING_TYPES
from domain.statuses import OPEN_STATUSES
from projections.audit.moments import in_microseconds, iso, microseconds, told
from projections.audit.rule import AuditedEvent, AuditedLog, Finding, Rule
from projections.entries import LogEntry, LoggedEntry
from projections.event_dicts import Record

_DONE = frozenset(("confirmed", "finalized", "filled", "completed"))
_NAMES = ("tx_hash", "exchange_order_id", "event_id")


class Settlement(Rule):
    """Live events do not wait for ever, and what is done can be looked up where it was done."""

    NAME = "settlement"
    EVENTS_IN = ENTRIES_IN = frozenset(("live",))
    CHECKS = (
        "live events that wait longer than a limit, and what is done without a tx_hash or an"
        " exchange_order_id (warnings)"
    )
    WHY = "what waits may never have happened; what has no name cannot be found on the chain"
    TOLERANCE = "the limit that was asked for, one hour unless said otherwise"

    def __init__(self, log: AuditedLog) -> None:
        super().__init__(log)
        self._limit = in_microseconds(log.options.unsettled_after)
        # Numbers side by side, since a log in which nothing is ever updated waits for all of it.
        self._waiting, self._since = array("q"), array("q")
        self._last = 0

    def event(self, event: AuditedEvent) -> Iterator[Finding]:
        """It waits, or is done."""
        now = event.now
        if self.log.mode != "live" or event.root != event.order or now is None:
            return
        if now.get("event_type") in TELLING_TYPES:
            return
        self.looked_at += 1
        status = now.get("status")
        if status in OPEN_STATUSES:
            since = microseconds(_since(event, str(status)))
            if since is not None:
                self._waiting.append(event.order)
                self._since.append(since)
        elif status in _DONE and not any(now.get(name) for name in _NAMES):
            yield self.warning(
                [event.order],
                f"order {event.order} is {status}, and has neither a tx_hash nor an"
                " exchange_order_id",
                field="tx_hash",
            )

    def entry(self, entry: LogEntry) -> Iterator[Finding]:
        """Time goes on."""
        if self._waiting:
            at = entry.committed_at
            if at is None and isinstance(entry, LoggedEntry):
                at = microseconds(entry.record.get("recorded_at"))
            self._last = max(self._last, at or 0)
        yield from ()

    def end(self) -> Iterator[Finding]:
        """What has waited for too long by the last commit."""
        for order, since in zip(self._waiting, self._since, strict=True):
            if self._last - since > self._limit:
                yield self.warning(
                    [order],
                    f"order {order} had waited for {told(self._last - since)} when the log was"
                    " committed to last",
                    expected="confirmed, filled or failed",
                    found=f"open since {iso(since)}",
                    field="status",
                    tolerance=told(self._limit),
                )


def _since(event: AuditedEvent, status: str) -> object:
    """When the event took this status."""
    record: Record = event.record or {}
    since: object = record.get("recorded_at")
    before: object = record.get("status", "pending")
    for transition in event.transitions:
        step = transition.record or {}
        if step.get("status") != before:
            since, before = step.get("recorded_at"), step.get("status")
    return since if before == status else record.get("recorded_at")
