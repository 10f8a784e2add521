"""While a perpetual position is open, every interval of funding is paid once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from domain.accounts import SIZE, perp_account
from domain.effects import UNDONE, movements
from domain.event_values import EventValues
from projections.audit.funding_intervals import known_interval
from projections.audit.funding_position import Key, Position
from projections.audit.funding_schedule import Fault, Payment, What
from projections.audit.moments import HOUR, iso, microseconds
from projections.audit.positions import positions_shown, size_shown
from projections.audit.rule import NOTHING, AuditedEvent, AuditedLog, Finding, Rule
from projections.event_dicts import Record

_TOLD_BY = frozenset(("TRADE_EXECUTED", "FUNDING_PAYMENT"))
_FAULTS = 1000
_TOO_MANY = (What.DOUBLED, What.NOT_OPEN)
ZERO = Decimal(0)


class Funding(Rule):
    """Every interval of an open position's venue and instrument has exactly one payment."""

    NAME = "funding"
    CHECKS = (
        "while a perpetual position is open, each interval of funding has one payment: none is"
        " missing, doubled, or off its time"
    )
    WHY = "funding is the income of a hedge: a payment that is left out is money that is left out"
    TOLERANCE = "15 minutes from the full hour"

    def __init__(self, log: AuditedLog) -> None:
        super().__init__(log)
        self._positions: dict[Key, Position] = {}
        self._last: Record = {}
        self._shown: Record = {}
        """The last event, and the last that brought a snapshot."""
        self._faults: list[tuple[Key, Fault]] = []
        """Held back until it is clear whether what is missing here was paid elsewhere."""

    def event(self, event: AuditedEvent) -> Iterable[Finding]:
        """A trade opens or closes a position; a payment belongs to one."""
        now = event.now
        if now is None:
            return NOTHING
        event_type = now.get("event_type")
        if event_type in _TOLD_BY and now.get("status") not in UNDONE:
            at = microseconds(now.get("timestamp"))
            if at is not None and event_type == "TRADE_EXECUTED":
                self._trade(event, now, at)
            elif at is not None:
                self._payment(event.order, now, at)
        if "position_snapshot" in now:
            self._shown = now
        self._last = now
        return NOTHING if len(self._faults) <= _FAULTS else self._said()

    def end(self) -> Iterator[Finding]:
        """What was due until the log ends, and was not paid."""
        for key, position in self._positions.items():
            self._faults += ((key, fault) for fault in position.rest(self._until()))
            if position.is_untold:
                self.could_not(
                    position.orders,
                    f"the interval of {perp_account(*key)} cannot be told from so few payments",
                )
        yield from self._said()

    def _until(self) -> int:
        """A payment may be logged somewhat later, which in a backtest it never is."""
        ends = microseconds(self._last.get("timestamp")) or 0
        return ends if self.log.mode == "backtest" else ends - HOUR

    def _payment(self, order: int, now: Record, at: int) -> None:
        self.looked_at += 1
        key = self._key(order, now, at)
        if key is not None:
            position = self._position(key, order, at)
            position.pay(Payment.at(at, order), at)
            self._faults += ((key, fault) for fault in position.judged(at))

    def _trade(self, event: AuditedEvent, now: Record, at: int) -> None:
        instrument = EventValues(now).given_text("instrument")
        venue = now.get("venue")
        if instrument is None or not isinstance(venue, str):
            return
        change = sum((one.amount for one in movements(now) if one.asset == SIZE), ZERO)
        if change:
            key = (venue.lower(), instrument)
            position = self._position(key, event.order, at)
            shown = positions_shown(now) if self.log.mode == "backtest" else None
            after = None if shown is None else size_shown(shown, key)[0]
            position.trade(event.order, change, after, at, at + _took(event))
            self._faults += ((key, fault) for fault in position.judged(at))

    def _position(self, key: Key, order: int, at: int) -> Position:
        """What was held before the log's first trade is what the snapshot before it shows."""
        position = self._positions.get(key)
        if position is None:
            shown = positions_shown(self._shown)
            size = ZERO if shown is None else size_shown(shown, key)[0]
            position = self._positions[key] = Position(key, size, order, at)
        return position

    def _key(self, order: int, now: Record, at: int) -> Key | None:
        """Whose payment it is; the typed method names no instrument where a venue has one."""
        venue = str(now.get("venue")).lower()
        instrument = EventValues(now).given_text("instrument")
        if instrument is not None:
            return venue, instrument
        known = [key for key in self._positions if key[0] == venue and key[1]]
        open_ = [key for key in known if self._positions[key].is_open(at)]
        if len(open_) > 1 or (not open_ and len(known) > 1):
            for key in open_:
                self._positions[key].give_up()
            self.could_not([order], f"it names no instrument, and {venue} has several")
            return None
        return next(iter(open_ or known), (venue, ""))

    def _said(self) -> Iterator[Finding]:
        faults, self._faults = self._faults, []
        missing = {
            fault.due[0]: (key, fault)
            for key, fault in faults
            if fault.what is What.MISSING and len(fault.due) == 1
        }
        elsewhere: list[Fault] = []
        for key, fault in faults:
            one = missing.get(fault.found or 0) if fault.what in _TOO_MANY else None
            if one is not None and one[0] != key and one[1] not in elsewhere:
                elsewhere += (one[1], fault)
                yield self._elsewhere(one[0], key, fault)
        for key, fault in faults:
            if fault not in elsewhere:
                yield self._finding(key, self._positions[key], fault)

    def _elsewhere(self, due: Key, paid: Key, fault: Fault) -> Finding:
        """A payment that one position lacks and another has too many of."""
        return self.error(
            fault.orders,
            f"{perp_account(*paid)} has the funding of {iso((fault.found or 0) * HOUR)} that"
            f" {perp_account(*due)} lacks",
            expected=perp_account(*due),
            found=perp_account(*paid),
            field="venue",
        )

    def _finding(self, key: Key, position: Position, fault: Fault) -> Finding:
        account = perp_account(*key).rstrip(".")
        due = [iso(hour * HOUR) for hour in fault.due]
        found = None if fault.found is None else iso(fault.found * HOUR)
        further: dict[str, Any] = {"field": account}
        if fault.what is What.CHANGED:
            interval = known_interval(*key, (fault.found or 0) * HOUR)
            message = f"{account} pays every {position.interval} h from order {fault.orders[0]} on"
            if interval is None:
                return self.note(fault.orders, message, **further)
            return self.warning(
                fault.orders, f"{message}, where {interval} h is known of it", **further
            )
        if fault.what is What.MISSING:
            message = f"{account}: {_counted(len(due))} between orders {fault.orders[0]} and" + (
                f" {fault.orders[1]}" if len(fault.orders) > 1 else " the end of the log"
            )
            # Who logs no trades may hold nothing by then; who logs no funding, none of it.
            is_certain = position.is_known and self.looked_at > 0
            make = self.error if is_certain else self.warning
            return make(fault.orders, message, due[:10], None, last_good=fault.orders[0], **further)
        message = {
            What.DOUBLED: f"{account}: the funding of {found} is paid twice",
            What.OFF_TIME: f"{account}: order {fault.orders[0]} is paid off its time",
            What.NOT_OPEN: f"{account}: order {fault.orders[0]} is paid while nothing is open",
        }[fault.what]
        return self.error(
            fault.orders, message, due[0] if due else None, found, tolerance="15 min", **further
        )


def _counted(missing: int) -> str:
    return "a payment is missing" if missing == 1 else f"{missing} payments are missing"


def _took(event: AuditedEvent) -> int:
    """How long after its logging the trade was last heard of, in microseconds."""
    if not event.transitions:
        return 0
    logged = microseconds((event.record or {}).get("recorded_at"))
    heard = microseconds((event.transitions[-1].record or {}).get("recorded_at"))
    return max(0, heard - logged) if logged is not None and heard is not None else 0
