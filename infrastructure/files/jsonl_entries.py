"""Entries of a log in JSON lines, checked one after the other: what is stored is a sound log."""

from __future__ import annotations

from typing import Any

import orjson
from eventsourcing.persistence import StoredEvent

from domain.audit_log import AuditLog
from domain.bundle import check_parent
from domain.errors import InvalidEventError, shown
from domain.fields import FIELD_CHECKS, TIME_FIELDS, UPDATE_CHECKS
from domain.horizon import START, Horizon
from domain.intake import LinkedEntry
from domain.lifecycle import EventLifecycle, lifecycle_id
from domain.statuses import STATUSES
from domain.values import decode
from infrastructure.files.jsonl_format import (
    EVENT_KEYS,
    STATE_BEGINS,
    TRANSITION_KEYS,
    microseconds_of_text,
)
from infrastructure.reading import NO_RECORD
from infrastructure.stored import Commit, Source, Transition, Writes
from infrastructure.timestamps import timestamp_of

_NEEDED = ("timestamp", "event_type", "venue")
_STATE = b',"state":'


class UnsoundLineError(ValueError):
    """A line that is no entry of a sound log."""


class EntryReading:
    """Reads the lines after the header; keeps a little of each id and of each live event.

    `rows` is how many lines were read, `horizon` the log as it is with them, `bundles` how many
    outermost wrappers there are.
    """

    def __init__(self, log: AuditLog, source: Source) -> None:
        self._log = log
        self._writers = {number for number, _, _ in source.writers}
        self._at = source.opened_at
        self._ids: set[str] = set()
        self._details: dict[int, int] = {}
        self._lifecycles: dict[int, tuple[int, str]] = {}
        self.rows = 0
        self.bundles = 0
        self.horizon = START

    def read(self, line: bytes) -> Commit:
        """The entry of a line, as a commit; raises `ValueError` saying what is not sound."""
        self.rows += 1
        try:
            entry = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise UnsoundLineError(f"is no JSON ({error})") from None
        if not isinstance(entry, dict) or list(entry) not in (EVENT_KEYS, TRANSITION_KEYS):
            raise UnsoundLineError(f"is no entry of a log: {shown(entry)}")
        at, writer = self._committed(entry)
        state = _state(line, entry)
        try:
            writes = (
                self._transition(entry, state)
                if "transition" in entry
                else (self._event(entry["order"], state))
            )
        except (InvalidEventError, UnsoundLineError):
            raise
        except NO_RECORD as error:
            raise UnsoundLineError(f"its state is no record ({error})") from None
        return Commit(at, writer, writes)

    def finish(self) -> None:
        """Raises `ValueError` for a bundle that is not whole."""
        for detail, wrapper in self._details.items():
            raise UnsoundLineError(f"order {detail}, a detail of order {wrapper}, is missing")

    def _committed(self, entry: dict[str, Any]) -> tuple[int | None, int | None]:
        at = microseconds_of_text("committed_at", entry["committed_at"])
        writer = entry["writer"]
        if at is not None:
            if self._at is not None and at < self._at:
                raise UnsoundLineError(f"committed_at {entry['committed_at']} goes back")
            self._at = at
        if writer is not None and (type(writer) is not int or writer not in self._writers):
            raise UnsoundLineError(f"writer {shown(writer)} is none of the header's")
        return at, writer

    def _event(self, order: Any, state: bytes) -> Writes:
        if type(order) is not int or order != self.horizon.order + 1:
            raise UnsoundLineError(f"order {shown(order)} does not follow {self.horizon.order}")
        record = decode(state, _sound_time)
        _check_record(record)
        check_parent(order, record)
        late_parent = self._of_a_bundle(order, record)
        event_id = record.get("event_id")
        if event_id in self._ids:
            raise UnsoundLineError(f"event_id {shown(event_id)} is there twice")
        if event_id is not None:
            self._ids.add(event_id)
        entry = LinkedEntry(state, event_id, record.get("tx_hash"), late_parent, ())
        self.horizon = Horizon(order, self.horizon.transition)
        return Writes([AuditLog.EventLogged.of(self._log.id, order, entry)])

    def _of_a_bundle(self, order: int, record: dict[str, Any]) -> int | None:
        """The parent, where the event was logged after that one's transaction."""
        parent, wrapper = record.get("parent_event"), self._details.pop(order, None)
        if wrapper is not None and parent != wrapper:
            raise UnsoundLineError(
                f"order {order} is a detail of order {wrapper}, and names {parent}"
            )
        details = record.get("detail_orders")
        if details is not None:
            self.bundles += wrapper is None
            if any(one <= order or one in self._details for one in details):
                raise UnsoundLineError(
                    f"detail_orders {shown(details)} do not follow order {order}"
                )
            self._details |= dict.fromkeys(details, order)
        for related in record.get("related_events") or ():
            if related >= order:
                raise UnsoundLineError(f"related_events {related} names no earlier order")
        return parent if wrapper is None else None

    def _transition(self, entry: dict[str, Any], state: bytes) -> Writes:
        number, order = entry["transition"], entry["order"]
        if type(number) is not int or number != self.horizon.transition + 1:
            raise UnsoundLineError(
                f"transition {shown(number)} does not follow {self.horizon.transition}"
            )
        if self._log.mode != "live":
            raise UnsoundLineError("a backtest log has no transitions")
        if type(order) is not int or not 1 <= order <= self.horizon.order:
            raise UnsoundLineError(f"order {shown(order)} names no earlier order")
        step = decode(state, _sound_time)
        version, status = self._lifecycles.get(order, (0, step["from_status"]))
        _check_step(step, order, status, is_first=version == 0)
        self._lifecycles[order] = version + 1, step["status"]
        stored = StoredEvent(
            originator_id=lifecycle_id(self._log.id, order),
            originator_version=version,
            topic=(EventLifecycle.Updated if version else EventLifecycle.Started).TOPIC,
            state=state,
        )
        self.horizon = Horizon(self.horizon.order, number)
        return Writes((), [Transition(order, stored, 0, step["changes"].get("tx_hash"))])


def _state(line: bytes, entry: dict[str, Any]) -> bytes:
    """The state's own bytes, or the same again where the file was written anew by other hands."""
    line = line.rstrip()
    start = line.find(_STATE)
    state = line[start + len(_STATE) : -1] if start > 0 else orjson.dumps(entry["state"])
    if not state.startswith(STATE_BEGINS):
        raise UnsoundLineError(f"its state is no record: {shown(entry['state'])}")
    return state


def _sound_time(iso: str) -> str:
    timestamp_of(iso)
    return iso


def _check_record(record: dict[str, Any]) -> None:
    for name in _NEEDED:
        record[name]
    for name, value in record.items():
        if name in TIME_FIELDS:
            _sound_time(value)
        elif name == "extra":
            dict.keys(value)
        elif name == "status":
            _check_status(value)
        elif name in FIELD_CHECKS:
            FIELD_CHECKS[name](name, value)
        else:
            raise UnsoundLineError(f"{shown(name)} is no field")


def _check_step(step: dict[str, Any], order: int, status: str, *, is_first: bool) -> None:
    if step["order"] != order:
        raise UnsoundLineError(f"it is of order {shown(step['order'])}")
    for one in (step["from_status"], step["status"]):
        _check_status(one)
    if step["from_status"] != status:
        raise UnsoundLineError(
            f"it begins at {step['from_status']!r}, and order {order} is {status!r}"
        )
    for time in (step["recorded_at"], step["from_since"]):
        _sound_time(time)
    # Looked at for the KeyError: each transition has it.
    step["log"]
    _check_changes(step["changes"])
    if is_first:
        step["has_event_id"]
        logged = dict(step["logged"])
        if step.get("is_order") is True and "amount" in logged:
            FIELD_CHECKS["amount"]("amount", logged.pop("amount"))
        _check_changes(logged)
    if step["tx_hash"] is not None:
        FIELD_CHECKS["tx_hash"]("tx_hash", step["tx_hash"])


def _check_changes(values: dict[str, Any]) -> None:
    for name, value in values.items():
        if value is None:
            continue
        if name in TIME_FIELDS:
            _sound_time(value)
        else:
            UPDATE_CHECKS[name](name, value)


def _check_status(status: Any) -> None:
    if status not in STATUSES:
        raise UnsoundLineError(f"its status is {shown(status)}")
