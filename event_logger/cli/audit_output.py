"""What `audit` prints: tables for people, lines of JSON for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from event_logger.cli.output import counted, print_json, text_of
from event_logger.cli.tables import print_table
from event_logger.cli.terminal import say

if TYPE_CHECKING:
    from projections.audit.report import AuditReport, RuleResult
    from projections.audit.rule import Accepted, Finding, Unjudged

_MOST_ORDERS = 10
_LONGEST = 60
_FINDING = ("severity", "rule", "order", "expected", "found", "tolerance", "what is wrong")
_RESULT = ("rule", "result", "looked at", "errors", "warnings", "notes", "apart", "why")


def print_report(report: AuditReport, as_json: bool) -> None:
    """The findings, worst first, how each rule ended, and what that comes to."""
    if as_json:
        for line in _json_lines(report):
            print_json(line)
        return
    if report.findings:
        print_table(_FINDING, (row for one in report for row in _finding_rows(one)))
        say("")
    print_table(_RESULT, map(_result_row, report.results))
    say("")
    for one in report.disappeared:
        say(f"accepted by {one.by}, and there no more: {_named(one)}")
    for one in report.expired:
        say(f"accepted by {one.by} until {one.until}, which is over: {_named(one)}")
    say(_summary(report))


def print_audited(report: AuditReport) -> None:
    """An audit in a line, after its findings."""
    if report.findings:
        print_table(_FINDING, (row for one in report for row in _finding_rows(one)))
        say("")
    outcomes = Counter(str(one.outcome) for one in report.results)
    ended = ", ".join(f"{count} {outcome}" for outcome, count in outcomes.items())
    say(f"audit: {counted(len(report.results), 'rule')}, {ended}; {_verdict(report)}")


def _finding_rows(finding: Finding) -> Iterator[Sequence[str]]:
    first, *further = finding.orders or ("",)
    yield (
        str(finding.severity),
        finding.rule,
        str(first),
        _cut(finding.expected),
        _cut(finding.found),
        finding.tolerance or "",
        _message(finding),
    )
    for order in further[: _MOST_ORDERS - 1]:
        yield "", "", str(order), "", "", "", ""
    if len(further) >= _MOST_ORDERS:
        yield "", "", f"and {len(further) - _MOST_ORDERS + 1} more", "", "", "", ""


def _message(finding: Finding) -> str:
    message = finding.message
    if finding.last_good is not None:
        message += f"; still right at order {finding.last_good}"
    if finding.repaired_by:
        message += f" (corrected by {', '.join(map(str, finding.repaired_by))})"
    if finding.accepted is not None:
        until = finding.accepted.until
        ends = "" if until is None else f", until {until}"
        message += f" (accepted by {finding.accepted.by}: {finding.accepted.why}{ends})"
    return message


def _cut(value: object) -> str:
    text = "" if value is None else text_of(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _result_row(result: RuleResult) -> Sequence[str]:
    numbers = (result.looked_at, result.errors, result.warnings, result.notes)
    apart = [
        f"{count} {what}"
        for count, what in ((result.repaired, "repaired"), (result.accepted, "accepted"))
        if count
    ]
    return (
        result.rule,
        str(result.outcome),
        *(f"{number:,}" if number else "" for number in numbers),
        ", ".join(apart),
        "; ".join(_reasons(result)),
    )


def _reasons(result: RuleResult) -> Iterator[str]:
    if result.why is not None:
        yield result.why
    by_reason: dict[str, list[int]] = {}
    for one in result.unjudged:
        by_reason.setdefault(one.why, []).extend(one.orders)
    for why, orders in by_reason.items():
        yield f"{why} ({_span(orders)})" if orders else why
    beyond = result.unjudged_count - len(result.unjudged)
    if beyond:
        yield f"and {beyond:,} more that could not be judged"
    if result.left_out:
        yield f"{result.left_out:,} more findings are counted and not listed"


def _span(orders: Sequence[int]) -> str:
    first, last = min(orders), max(orders)
    if first == last:
        return f"order {first}"
    return f"orders {first} to {last}, {counted(len(set(orders)), 'event')}"


def _named(one: Accepted) -> str:
    where = f" at {', '.join(map(str, one.orders[:_MOST_ORDERS]))}" if one.orders else ""
    return f"{one.rule}{where}: {one.message} ({one.why})"


def _summary(report: AuditReport) -> str:
    counts = (counted(report.counts[severity], severity.value) for severity in _severities())
    found = ", ".join(counts)
    apart = [
        f"{number:,} {what}"
        for number, what in (
            (sum(one.repaired for one in report.results), "repaired"),
            (sum(one.accepted for one in report.results), "accepted before"),
        )
        if number
    ]
    also = f"; {', '.join(apart)}" if apart else ""
    return f"log {report.log!r} up to {report.horizon}: {_verdict(report)}, {found}{also}"


def _verdict(report: AuditReport) -> str:
    return "sound" if report.is_sound else "not sound"


def _severities() -> Iterable[Any]:
    from projections.audit.rule import Severity

    return Severity


def _json_lines(report: AuditReport) -> Iterator[dict[str, Any]]:
    for one in report:
        yield {
            "rule": one.rule,
            "severity": one.severity,
            "orders": one.orders,
            "message": one.message,
            "expected": one.expected,
            "found": one.found,
            "field": one.field,
            "tolerance": one.tolerance,
            "last_good": one.last_good,
            "fingerprint": one.fingerprint,
            "repaired_by": one.repaired_by,
            "accepted": None if one.accepted is None else _acceptance(one.accepted),
        }
    for result in report.results:
        yield {
            "rule": result.rule,
            "version": result.version,
            "outcome": result.outcome,
            "looked_at": result.looked_at,
            "errors": result.errors,
            "warnings": result.warnings,
            "notes": result.notes,
            "repaired": result.repaired,
            "accepted": result.accepted,
            "left_out": result.left_out,
            "unjudged": [_unjudged(one) for one in result.unjudged],
            "unjudged_count": result.unjudged_count,
            "why": result.why,
        }
    yield from ({"disappeared": _acceptance(one, whole=True)} for one in report.disappeared)
    yield from ({"expired": _acceptance(one, whole=True)} for one in report.expired)
    yield {
        "log": report.log,
        "identity": report.identity,
        "horizon": str(report.horizon),
        "is_sound": report.is_sound,
        **{f"{severity}s": report.counts[severity] for severity in _severities()},
    }


def _unjudged(one: Unjudged) -> dict[str, Any]:
    return one._asdict()


def _acceptance(one: Accepted, *, whole: bool = False) -> dict[str, Any]:
    said: dict[str, Any] = {"by": one.by, "why": one.why, "until": one.until}
    if whole:
        said |= {
            "fingerprint": one.fingerprint,
            "rule": one.rule,
            "orders": one.orders,
            "message": one.message,
        }
    return said
