"""Every record is an event, validated by its model whole."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import ValidationError

from domain.event_model import event_model
from domain.statuses import STATUSES
from projections.audit.rule import AuditedEvent, Finding, Rule


class Schema(Rule):
    """Every record is an `Event`, and every status is one that there is."""

    NAME = "schema"
    CHECKS = "every record is an event as domain/fields.py defines it"
    WHY = "what is read is what was logged: no field is missing, misshapen or made up"

    def event(self, event: AuditedEvent) -> Iterator[Finding]:
        """It is a record, and an event."""
        self.looked_at += 1
        order, record = event.order, event.record
        if record is None:
            yield self.error([order], f"the bytes of order {order} are no record")
            return
        fields = dict(record)
        status = fields.pop("status", None)
        if status is not None and status not in STATUSES:
            yield self.error([order], f"the status of order {order} is none", found=status)
        try:
            event_model().model_validate(fields)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            yield self.error(
                [order],
                f"order {order} is no event: {where}: {first['msg']}",
                found=first.get("input"),
            )
