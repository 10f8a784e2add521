"""A baseline's file: read for an audit, and written from one."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

from domain.checks import is_valid_unicode
from domain.errors import AuditFileError, LogConfigurationError, shown
from infrastructure.files.paths import why_no_path
from infrastructure.files.replaced_file import replaced_file
from projections.audit.baseline import accepting, checked_date, parse
from projections.audit.report import AuditReport
from projections.audit.rule import Accepted

PathOf = str | os.PathLike[str]


def read_baseline(path: PathOf, log: str, identity: str) -> dict[str, Accepted]:
    """What the file accepts of the log of this identity, by fingerprint.

    Raises `AuditFileError` for a file that cannot be read, is none, is cut off, of another log or
    of a newer format.
    """
    try:
        return parse(read_bytes(path), log, identity)
    except ValueError as error:
        if isinstance(error, AuditFileError):
            raise
        raise AuditFileError(str(path), str(error)) from None


def read_bytes(path: PathOf) -> bytes:
    """All that is in a file; raises `AuditFileError`."""
    problem = why_no_path(path)
    if problem is not None:
        raise AuditFileError(shown(path), problem)
    try:
        return Path(path).read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise AuditFileError(str(path), f"cannot be read ({reason})") from error


def write_baseline(
    path: PathOf, report: AuditReport, by: str, why: str, until: str | None = None
) -> int:
    """Write the baseline that accepts what the report found; returns how much that is.

    A file that is there is replaced only where it is a baseline of the same log. Raises
    `LogConfigurationError` for a blank name or reason, or a day that is none or over, and
    `AuditFileError` where the report could not hold all that was found.
    """
    for option, said in (("by", by), ("why", why)):
        if not isinstance(said, str) or not said.strip() or not is_valid_unicode(said):
            raise LogConfigurationError(
                option, said, f"must be text that is not blank, not {shown(said)}"
            )
    try:
        last = checked_date(until)
    except ValueError:
        problem = f"must be a date such as 2026-12-31, not {shown(until)}"
        raise LogConfigurationError("until", until, problem) from None
    if last is not None and date.fromisoformat(last) < date.today():
        raise LogConfigurationError("until", until, f"must not be over, as {last} is")
    for result in report.results:
        if result.why is not None:
            raise AuditFileError(
                str(path),
                f"was not written: the rule {result.rule} was stopped ({result.why}), and what it"
                " would have found nobody saw",
            )
        if result.left_out:
            raise AuditFileError(
                str(path),
                f"was not written: the rule {result.rule} found {result.left_out} more than a"
                " report holds, and what nobody saw is not accepted",
            )
    if Path(path).exists():
        read_baseline(path, report.log, report.identity)
    document = accepting(report, by, why, last)
    with replaced_file(path) as file:
        file.write(document.encode())
    return document.count('"fingerprint": ')
