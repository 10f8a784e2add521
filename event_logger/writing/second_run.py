"""A backtest script that is run twice goes on with the log of its first run: that is said once."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from domain.audit_log import AuditLog
from domain.errors import EventLoggerError, shown
from domain.event_types import OF_THE_LOG
from domain.identity import cells_of, settle, state_of
from domain.intake import PlainEntry, Update
from domain.values import decode
from infrastructure.appending import Work

_log = logging.getLogger("event_logger")


def warn_if_older(log: AuditLog, cells: Sequence[Any], work: Work) -> None:
    """Warn when what is to be logged first is older than the last event that the log holds.

    `cells` is the buffer, whose first cell is the last stored order. What the log has under its
    event_id already is nothing new, and neither is what is refused.
    """
    last = int(cells[0])
    if last == 0 or isinstance(work, Update) or log.earlier is None:
        return
    first = state_of(cells_of(work)[0], last + 1)
    try:
        (stored,) = log.earlier.states(last, last)
        if decode(stored, str).get("event_type") in OF_THE_LOG:
            return
        before, given = _timestamp(stored), _timestamp(first)
        if given >= before or (not isinstance(work, PlainEntry) and settle(work, last + 1, log)):
            return
    except EventLoggerError:
        # Whoever takes the work meets it again, and says so.
        return
    _log.warning(
        "log %s holds %d event%s up to %s, and goes on with one of %s: if this is another run,"
        " give it a log of its own (if_exists='new'), or have it refused (if_exists='refuse')",
        shown(log.name),
        last,
        "" if last == 1 else "s",
        f"{before}Z",
        f"{given}Z",
    )


def _timestamp(state: bytes) -> str:
    # Without the Z texts of ISO 8601 rise as their times do, fractions of a second or not.
    return str(decode(state, str).get("timestamp", "")).removesuffix("Z")
