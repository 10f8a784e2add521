"""Every record is an event, validated by its model whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pydantic import ValidationError

from domain.event_model import event_model
from domain.fields import RESERVED_FIELDS, TIME_FIELDS
from domain.sound_shapes import NEEDED, SoundShapes
from domain.statuses import LOGGED_STATUSES
from projections.audit.moments import microseconds
from projections.audit.rule import NOTHING, AuditedEvent, AuditedLog, Finding, Rule
from projections.event_dicts import Record


class Schema(Rule):
    """Every record is an `Event`, and its status is one that an event may be logged with."""

    NAME = "schema"
    CHECKS = "every record is an event as domain/fields.py defines it"
    WHY = "what is read is what was logged: no field is missing, misshapen or made up"

    def __init__(self, log: AuditedLog) -> None:
        super().__init__(log)
        self._shapes = SoundShapes()

    def event(self, event: AuditedEvent) -> Iterable[Finding]:
        """It is a record, and an event; the first thing that is wrong with it is said."""
        self.looked_at += 1
        record = event.record
        if record is not None and self._shapes.is_sound(record):
            return NOTHING
        return self._judged(event.order, record)

    def _judged(self, order: int, record: Record | None) -> Iterator[Finding]:
        if record is None:
            yield self.error([order], f"the bytes of order {order} are no record")
            return
        fields = dict(record)
        status = fields.pop("status", None)
        if status is not None and status not in LOGGED_STATUSES:
            message = f"the status of order {order} is none that an event is logged with"
            yield self.error([order], message, LOGGED_STATUSES, status, field="status")
        try:
            event_model().model_validate(fields)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            yield self.error(
                [order],
                f"order {order} is no event: {where}: {first['msg']}",
                found=first.get("input"),
                field=where,
            )
            return
        for name, problem in _further(fields):
            yield self.error(
                [order],
                f"order {order} is no event: {name} {problem}",
                found=fields.get(name),
                field=name,
            )
            return


def _further(fields: Record) -> Iterator[tuple[str, str]]:
    """What the model takes for granted of what passed the checks when it was logged."""
    for name in NEEDED:
        if fields[name] is None:
            yield name, "is missing"
    for name in TIME_FIELDS:
        if fields.get(name) is not None and microseconds(fields[name]) is None:
            yield name, "is no time"
    for name in RESERVED_FIELDS.intersection(fields.get("extra") or ()):
        yield name, "is filled in by the log, and stands among the extras"
