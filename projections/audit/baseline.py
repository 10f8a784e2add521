"""A baseline: the findings of one log that were accepted before, by whom, why and until when.

The document is JSON: `format`, `log` and `identity` say which log, `accepted` lists what was
accepted, each with `fingerprint`, `by`, `why`, `until` (a date, or null), and for people `rule`,
`orders` and `message`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import asdict
from datetime import date
from typing import Any

from domain.checks import is_identity, is_valid_unicode
from domain.errors import shown
from projections.audit.report import AuditReport
from projections.audit.rule import Accepted, Severity

FORMAT = "event-logger/baseline/v1"
_FORMATS = re.compile(r"event-logger/baseline/v(\d+)\Z", re.ASCII)
_TEXTS = ("fingerprint", "by", "why")
_HASH = re.compile(r"[0-9a-f]{64}\Z", re.ASCII)


def parse(content: bytes, log: str, identity: str) -> dict[str, Accepted]:
    """What a baseline of the log of this identity accepts, by fingerprint.

    Raises `ValueError`, whose sentence goes on from the file's name.
    """
    try:
        said = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"is cut off, or is no JSON ({error})") from None
    if not isinstance(said, dict) or not isinstance(said.get("format"), str):
        raise ValueError("is no baseline: it names no format")
    version = _FORMATS.match(said["format"])
    if version is None:
        raise ValueError(f"is no baseline: its format is {shown(said['format'])}")
    if said["format"] != FORMAT:
        raise ValueError(f"has the newer format {said['format']}: upgrade event-logger to read it")
    other = said.get("identity")
    if other != identity:
        raise ValueError(
            f"is of another log: of {shown(said.get('log'))} of the identity"
            f" {other if is_identity(other) else shown(other)}, and log {shown(log)} has {identity}"
        )
    accepted = said.get("accepted")
    if not isinstance(accepted, list):
        raise ValueError("is cut off: it has no list of what is accepted")
    found = [_accepted(one, place) for place, one in enumerate(accepted, 1)]
    return {one.fingerprint: one for one in found}


def _accepted(said: Any, place: int) -> Accepted:
    if not isinstance(said, dict):
        raise ValueError(f"has no finding at place {place}, but {shown(said)}")
    for name in _TEXTS:
        if not isinstance(said.get(name), str) or not said[name].strip():
            raise ValueError(f"says no {name} of what is accepted at place {place}")
    for name in (*_TEXTS, "rule", "message"):
        if not is_valid_unicode(str(said.get(name))):
            raise ValueError(
                f"has {shown(said[name])} for the {name} of what is accepted at place {place},"
                " which is no valid text"
            )
    if not _HASH.match(said["fingerprint"]):
        raise ValueError(f"has {shown(said['fingerprint'])} for a fingerprint at place {place}")
    orders = said.get("orders", [])
    return Accepted(
        said["fingerprint"],
        said["by"],
        said["why"],
        checked_date(said.get("until"), f"at place {place}"),
        str(said.get("rule", "")),
        tuple(orders) if isinstance(orders, list) else (),
        str(said.get("message", "")),
    )


def checked_date(until: Any, where: str = "") -> str | None:
    """The date as ISO 8601 has it; raises `ValueError` for what is none."""
    if until is None:
        return None
    try:
        if isinstance(until, str):
            return date.fromisoformat(until).isoformat()
    except ValueError:
        pass
    raise ValueError(f"has {shown(until)} for a date {where}".rstrip() + "; write 2026-12-31")


def current_and_expired(
    accepted: Iterable[Accepted], today: date
) -> tuple[dict[str, Accepted], tuple[Accepted, ...]]:
    """What holds on this day, by fingerprint, and what does not any more."""
    ended = tuple(
        one for one in accepted if one.until is not None and date.fromisoformat(one.until) < today
    )
    known = {one.fingerprint for one in ended}
    return {one.fingerprint: one for one in accepted if one.fingerprint not in known}, ended


def accepting(report: AuditReport, by: str, why: str, until: str | None) -> str:
    """The baseline that accepts every error and warning of the report that stands.

    What was accepted before and is there still stays as it was accepted.
    """
    accepted = {
        one.fingerprint: one.accepted
        or Accepted(one.fingerprint, by, why, until, one.rule, one.orders, one.message)
        for one in report
        if not one.repaired_by and one.severity is not Severity.NOTE
    }
    document = {
        "format": FORMAT,
        "log": report.log,
        "identity": report.identity,
        "accepted": [asdict(one) for one in accepted.values()],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
