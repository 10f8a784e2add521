"""Audits of a log: what is asked for, checked, and the audit itself."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from domain.audit_log import AuditLog
from domain.checks import number
from domain.errors import CertificateError, InvalidAmountError, LogConfigurationError, shown
from domain.times import checked_duration, iso_utc
from event_logger.search import checked_moment

if TYPE_CHECKING:
    from event_logger.reader import LogReader
    from infrastructure.store import LogStore
    from projections.audit.report import AuditReport
    from projections.audit.rule import Accepted, AuditOptions, Rule


class AuditAsked(TypedDict, total=False):
    """What an audit is asked for beside its rules.

    `tolerance` replaces every rule's own, as a fraction of the larger figure; 0 lifts them all.
    `late_after` and `unsettled_after` (a timedelta, seconds, or text such as "10m") say from when
    on something was logged late, or waits. `closed_until` is a time: what was logged later with a
    timestamp before it is said. `closed` is a certificate, its file or itself, that closes the
    period up to its own end. `baseline` is the file of what was accepted before.

    `against` are statements of venues or receipts of chains, each with the TOML file that maps its
    columns; beside them only the rules run that are named. `evidence` is the period that they
    cover; None: from the first line of each to its last.
    """

    tolerance: Any
    late_after: Any
    unsettled_after: Any
    closed_until: Any
    closed: str | os.PathLike[str] | Mapping[str, Any] | None
    against: Sequence[tuple[str | os.PathLike[str], str | os.PathLike[str]]]
    evidence: tuple[Any, Any] | None
    baseline: str | os.PathLike[str] | None


def audit(
    reader: LogReader,
    rules: Sequence[str | type[Rule]] | str | None = None,
    **asked: Unpack[AuditAsked],
) -> AuditReport:
    """Run the rules (by name; None: all) over one pass of the log; see `AuditAsked`.

    The report iterates over the findings, worst first; `results` says how each rule ended and
    `is_sound` whether all is well. A rule that raises has not run, which is said, and stops no
    other. Raises `UnknownRuleError`, `AuditFileError`, `LogConfigurationError` or `StoreError`.
    """
    from infrastructure.audit_rules import rules_named

    reader._last_order()
    statements = asked.get("against") or ()
    kinds = rules_named(() if rules is None and statements else rules)
    if statements:
        kinds += (_against(statements, asked.get("evidence")),)
    return audit_of(reader._logs.store, reader._log, kinds, asked)


def audit_of(
    store: LogStore, log: AuditLog, rules: Sequence[type[Rule]], asked: AuditAsked
) -> AuditReport:
    """The audit of a log by these rules; raises as `audit` does."""
    from infrastructure.auditing import audit, identity_of
    from projections.audit.baseline import current_and_expired

    options = _options(asked, log, identity_of(store, log))
    known = _accepted_before(store, log, asked.get("baseline"))
    accepted, expired = current_and_expired(list(known.values()), datetime.now(UTC).date())
    return audit(store, log, rules, options, accepted=accepted, expired=expired)


def _against(
    statements: Sequence[tuple[str | os.PathLike[str], str | os.PathLike[str]]], evidence: Any
) -> type[Rule]:
    """The rule of these statements; raises `AuditFileError`, and for no period as others do."""
    from infrastructure.files.statement import read_statement
    from infrastructure.files.statement_map import read_map
    from projections.audit.against import against
    from projections.audit.moments import microseconds
    from projections.audit.statement import Period

    period = None
    if evidence is not None:
        first, last = (
            microseconds(iso_utc(checked_moment("evidence", moment))) or 0 for moment in evidence
        )
        if first > last:
            raise LogConfigurationError(
                "evidence", evidence, f"ends before it begins: {evidence[0]} to {evidence[1]}"
            )
        period = Period(first, last)
    return against([read_statement(path, read_map(map_), period) for path, map_ in statements])


def _accepted_before(
    store: LogStore, log: AuditLog, baseline: str | os.PathLike[str] | None
) -> Mapping[str, Accepted]:
    if baseline is None:
        return {}
    from infrastructure.auditing import identity_of
    from infrastructure.files.baseline import read_baseline

    return read_baseline(baseline, log.name, identity_of(store, log))


def _options(asked: AuditAsked, log: AuditLog, identity: str) -> AuditOptions:
    from projections.audit.rule import AuditOptions

    for name in asked.keys() - AuditAsked.__annotations__.keys():
        raise TypeError(f"an audit takes no {name!r}")
    given: dict[str, Any] = {}
    if (tolerance := asked.get("tolerance")) is not None:
        given["tolerance"] = checked_tolerance(tolerance)
    if (late_after := asked.get("late_after")) is not None:
        given["late_after"] = timedelta(seconds=checked_duration("late_after", late_after))
    if (unsettled_after := asked.get("unsettled_after")) is not None:
        seconds = checked_duration("unsettled_after", unsettled_after)
        given["unsettled_after"] = timedelta(seconds=seconds)
    if (closed := asked.get("closed")) is not None:
        given["closed_until"] = _end_of_certificate(closed, log, identity)
    if (closed_until := asked.get("closed_until")) is not None:
        moment = checked_moment("closed_until", closed_until)
        given["closed_until"] = iso_utc(moment)
    return AuditOptions(**given)


def _end_of_certificate(
    closed: str | os.PathLike[str] | Mapping[str, Any], log: AuditLog, identity: str
) -> str:
    """When the last entry that a certificate covers was committed; raises `CertificateError`."""
    from infrastructure.certificate_checks import read_certificate

    name, certificate = read_certificate(closed)
    if certificate.said["identity"] != identity:
        raise CertificateError(
            name,
            f"is of another log: of {shown(certificate.said['log'])} of the identity"
            f" {certificate.said['identity']}, and log {shown(log.name)} has {identity}",
        )
    until = certificate.said["committed_at"]
    if until is None:
        raise CertificateError(
            name, "does not say when the last entry was committed: give closed_until instead"
        )
    return iso_utc(checked_moment("committed_at", until))


def checked_tolerance(value: Any) -> Decimal:
    """A fraction of zero or more; raises `LogConfigurationError`."""
    try:
        found = Decimal(
            str(number("tolerance", Decimal(value) if isinstance(value, str) else value))
        )
    except (InvalidAmountError, ArithmeticError):
        found = Decimal(-1)
    if found < 0:
        raise LogConfigurationError(
            "tolerance", value, f"must be a fraction of 0 or more, such as 1e-9, not {shown(value)}"
        )
    return found
