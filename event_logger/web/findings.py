"""Findings: what the rules of an audit say of a log, and which rules ran."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from event_logger.web.asked import AS_OF, LOG, Asked, Param
from event_logger.web.view import Page, View

if TYPE_CHECKING:
    from projections.audit.report import AuditReport

_MOST = 300
_FEW = 8
"""Findings of a rule that are seen at once: what follows a first fault is mostly the same."""


def findings(asked: Asked) -> Page:
    """The audit by all rules; while it goes on, the page says so and asks again."""
    report = asked.site.audits.of(asked.reader, 2 * asked.patience, asked.as_of)
    title = f"Findings in {asked.reader.log_name}"
    about: dict[str, Any] = {"log": asked.reader.log_name, "horizon": str(asked.reader.horizon)}
    if report is None:
        waits = about | {"is_done": False}
        return Page("findings.html", title, waits, shows={"report": None}, status=202, refresh=2)
    told = report_data(report)
    severity = asked.text("severity")
    rows = [row for row in told["findings"] if severity in (None, row["severity"])]
    data = about | {"is_done": True} | told | {"findings": rows[:_MOST]}
    data |= {"findings_left_out": max(0, len(rows) - _MOST)}
    by_rule: dict[str, list[dict[str, Any]]] = {}
    for row in rows[:_MOST]:
        by_rule.setdefault(row["rule"], []).append(row)
    shows = {"report": report, "few": _FEW, "by_rule": list(by_rule.items())}
    return Page("findings.html", title, data, rows, shows)


def report_data(report: AuditReport) -> dict[str, Any]:
    """An audit as data: its findings, worst first, and how each rule ended."""
    return {
        "is_sound": report.is_sound,
        "audited_up_to": str(report.horizon),
        "counts": {str(severity): count for severity, count in report.counts.items()},
        "findings": [
            {
                "severity": str(one.severity),
                "rule": one.rule,
                "orders": list(one.orders),
                "message": one.message,
                "field": one.field,
                "expected": one.expected,
                "found": one.found,
                "tolerance": one.tolerance,
                "last_good": one.last_good,
                "first_bad": min(one.orders, default=None),
                "repaired_by": list(one.repaired_by),
                "fingerprint": one.fingerprint,
            }
            for one in report.findings
        ],
        "rules": [
            {
                "rule": one.rule,
                "version": one.version,
                "outcome": str(one.outcome),
                "looked_at": one.looked_at,
                "errors": one.errors,
                "warnings": one.warnings,
                "notes": one.notes,
                "left_out": one.left_out,
                "unjudged": one.unjudged_count,
                "why": one.why,
            }
            for one in report.results
        ],
    }


VIEWS = (
    View(
        "/findings",
        "The findings of an audit by all rules, with last good and first bad order.",
        (
            LOG,
            AS_OF,
            Param("severity", "Only these.", choices=("error", "warning", "note")),
        ),
        findings,
    ),
)
