"""What happens to a log itself, as an event of it like any other: its timestamp is the store's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from domain.audit_log import AuditLog, numbered
from domain.closing import LOG_VENUE
from domain.identity import cells_of
from domain.intake import Intake, LoggingRules
from infrastructure.store import AtTheEnd

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def of_the_log(
    log: AuditLog, at_end: AtTheEnd, event_type: str, said: dict[str, Any]
) -> list[AuditLog.EventLogged]:
    """The event that says it, to be stored where the log ends."""
    rules = LoggingRules(hourly_timestamps=False, is_live=log.mode == "live")
    timestamp = _EPOCH + timedelta(microseconds=at_end.time())
    given = {"transaction_type": event_type} | said
    entry = Intake(rules).event(timestamp, event_type, LOG_VENUE, None, None, None, given)
    return numbered(log.id, at_end.end.horizon.order + 1, cells_of(entry))
