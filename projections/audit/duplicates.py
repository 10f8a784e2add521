"""What is in the log twice and happened once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from domain.effects import MOVING_TYPES, UNDONE
from domain.errors import EventLoggerError
from domain.fields import NOT_CONTENT
from domain.values import canonical
from projections.audit.rule import NOTHING, AuditedEvent, AuditedLog, Finding, Rule
from projections.audit.senders import CONFIRMED, is_own, sender_of
from projections.event_dicts import Record

_LINKS = frozenset(("parent_event", "detail_orders"))
_NOT_COMPARED = (NOT_CONTENT | _LINKS) - {"timestamp", "position_snapshot"}


class Duplicates(Rule):
    """A nonce is confirmed once, a transaction is one event or bundle, nothing is logged twice.

    What happens twice in one hour of a backtest reads alike, but not the snapshots after it.
    """

    NAME = "duplicates"
    CHECKS = (
        "no sender confirms a nonce twice on a chain, no transaction of the log's own accounts is"
        " two, and nothing is logged twice without an event_id (a warning where it moves nothing,"
        " or where a backtest keeps no snapshots)"
    )
    WHY = "what is there twice counts twice in every figure"

    def __init__(self, log: AuditedLog) -> None:
        super().__init__(log)
        self._looks = log.keys()
        self._contents = log.keys()
        self._nonces = log.keys()
        self._hashes = log.keys()

    def event(self, event: AuditedEvent) -> Iterable[Finding]:
        """It is the first of its kind; a bundle is looked at as the one thing that it is."""
        record, now = event.record, event.now
        if event.root != event.order or record is None:
            return NOTHING
        self.looked_at += 1
        found = self._logged_before(event.order, record)
        of_the_chain: Iterable[Finding] = NOTHING
        if now is not None and ("tx_hash" in now or "nonce" in now):
            of_the_chain = tuple(self._sent_before(event.order, now))
        # The same transaction all over again: noted for what follows, and one fault.
        return of_the_chain if found is None else [found]

    def _logged_before(self, order: int, record: Record) -> Finding | None:
        """A warning of what moves nothing: a monitor may well say twice what it sees."""
        if record.get("event_id") is not None:
            return None
        event_type = record.get("event_type")
        look = (
            f"{record.get('timestamp')} {event_type} {record.get('venue')} {record.get('token')}"
            f" {record.get('amount')} {record.get('purpose')}"
        )
        alike = self._looks.first(look, order)
        if alike is None:
            return None
        content = self._content(order, record)
        if content is None:
            return None
        first = self._content(alike, None)
        if first is not None:
            self._contents.first(first, alike)
        earlier = self._contents.first(content, order)
        if earlier is None:
            return None
        is_moving = event_type in MOVING_TYPES or event_type == "ATOMIC_TRANSACTION"
        is_certain = self.log.mode == "live" or record.get("position_snapshot") is not None
        return (self.error if is_moving and is_certain else self.warning)(
            [earlier, order],
            f"order {order} says what order {earlier} says, in every field; neither has an"
            " event_id that would tell them apart",
            found=event_type,
        )

    def _sent_before(self, order: int, now: Record) -> Iterator[Finding]:
        tx_hash, nonce = now.get("tx_hash"), now.get("nonce")
        if (tx_hash is None and nonce is None) or not is_own(now):
            return
        status = now.get("status", "completed")
        earlier = None
        if nonce is not None and status in CONFIRMED:
            account = sender_of(now)
            earlier = self._nonces.first(f"{account.sender} {account.chain} {nonce}", order)
            if earlier is not None:
                yield self.error(
                    [earlier, order],
                    f"nonce {nonce} of {account} is confirmed by order {earlier} and by order"
                    f" {order}",
                    found=nonce,
                    field="nonce",
                )
        if tx_hash is not None and status not in UNDONE:
            same = self._hashes.first(str(tx_hash), order)
            if same is not None and earlier is None:
                yield self.error(
                    [same, order],
                    f"orders {same} and {order} are one transaction, and are not one bundle",
                    found=tx_hash,
                    field="tx_hash",
                )

    def _content(self, order: int, record: Record | None) -> str | None:
        """All that the event and its details say but when they were made; None where damaged."""
        try:
            record = self.log.record(order) if record is None else record
            members = [(order, record)]
            if record.get("detail_orders"):
                members = list(self.log.members(order))
            return " ".join(canonical(_compared(one, order)).decode() for _, one in members)
        except (EventLoggerError, TypeError, ValueError, KeyError):
            return None


def _compared(record: Record, root: int) -> dict[str, Any]:
    compared = {name: one for name, one in record.items() if name not in _NOT_COMPARED}
    related = compared.get("related_events")
    if isinstance(related, list):
        # Inside a bundle by the place there: a second bundle has orders of its own.
        compared["related_events"] = [
            one if type(one) is not int or one < root else {"place": one - root} for one in related
        ]
    return compared
