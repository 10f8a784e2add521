"""What happens to a log itself, as an event of it like any other: its timestamp is the store's."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.audit_log import AuditLog, numbered
from domain.closing import LOG_VENUE
from domain.event_types import OF_THE_LOG, refuse_of_the_log
from domain.identity import cells_of
from domain.intake import Intake, LoggingRules
from domain.values import decode
from infrastructure.store import AtTheEnd

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAY_NAME_ONE = re.compile("|".join(sorted(OF_THE_LOG)).encode())


def of_the_log(
    log: AuditLog, at_end: AtTheEnd, event_type: str, said: dict[str, Any]
) -> list[AuditLog.EventLogged]:
    """The event that says it, to be stored where the log ends."""
    rules = LoggingRules(
        hourly_timestamps=False, is_live=log.mode == "live", takes_words_of_the_log=True
    )
    timestamp = _EPOCH + timedelta(microseconds=at_end.time())
    given = {"transaction_type": event_type} | said
    entry = Intake(rules).event(timestamp, event_type, LOG_VENUE, None, None, None, given)
    return numbered(log.id, at_end.end.horizon.order + 1, cells_of(entry))


def refuse_words_of_the_log(events: Iterable[AuditLog.EventLogged]) -> None:
    """Raises `InvalidEventTypeError` where one of a caller's events says what only the log does.

    For those that an aggregate holds: what came in by its commands was refused there already.
    """
    for event in events:
        if _MAY_NAME_ONE.search(event.record):
            refuse_of_the_log(decode(event.record, str).get("event_type"))
