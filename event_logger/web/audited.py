"""Audits of the logs that are looked at: one at a time, and kept until the log has gone on."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from domain.horizon import Horizon
from event_logger.paging import LogPages
from event_logger.reader import LogReader
from event_logger.web.background import Background

if TYPE_CHECKING:
    from projections.audit.report import AuditReport


class Verdict(NamedTuple):
    """What the last audit of a log said, at which horizon."""

    is_sound: bool
    errors: int
    warnings: int
    notes: int
    horizon: Horizon


class Audits:
    """Audits by log and horizon."""

    def __init__(self) -> None:
        self._works: Background[AuditReport] = Background()
        self._last: dict[tuple[str, str], Verdict] = {}

    def of(
        self, reader: LogReader, seconds: float = 2.0, as_of: Horizon | None = None
    ) -> AuditReport | None:
        """The audit of the log by all rules, waited for so long; None while it goes on.

        Of a log that goes on meanwhile, the one that was begun is told when it is done.
        """
        key = _key(reader)
        what = (key, as_of)
        moment = self._works.moment(what, reader.horizon)
        report = self._works.result((key, moment), reader.audit, seconds)
        if report is not None:
            self._works.told(what)
            self._last[key] = verdict_of(report)
        return report

    def last(self, reader: LogReader) -> Verdict | None:
        """What the last audit said, if there was one; none is begun."""
        return self._last.get(_key(reader))

    def close(self) -> None:
        """Begin none any more."""
        self._works.close()


def _key(reader: LogReader) -> tuple[str, str]:
    return LogPages(reader).identity, reader.log_name


def verdict_of(report: AuditReport) -> Verdict:
    """An audit in a few numbers."""
    by_name = {str(severity): count for severity, count in report.counts.items()}
    errors, warnings, notes = (by_name.get(name, 0) for name in ("error", "warning", "note"))
    return Verdict(report.is_sound, errors, warnings, notes, report.horizon)
