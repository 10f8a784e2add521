"""An audit of one log: every rule sees it once, read through the store's port, a page at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

from domain.audit_log import AuditLog
from domain.corrections import changes_of
from domain.errors import CorruptLogError, UnknownLogError
from domain.horizon import Horizon
from infrastructure.audited_log import StoredLog
from infrastructure.listing import seldom_cycle_search
from infrastructure.store import LogStore
from projections.audit import RULES, Finding, Rule
from projections.audit.judging import Correction, Judging
from projections.audit.report import AuditReport, worst_first
from projections.audit.rule import Accepted, AuditOptions
from projections.audit.running import AtWork, run_rules
from projections.audit.seeing import Seeing

DEFAULTS = AuditOptions()


def audited(
    store: LogStore,
    log: AuditLog,
    rules: Sequence[type[Rule]] = RULES,
    options: AuditOptions = DEFAULTS,
    end: Horizon | None = None,
) -> Iterator[Finding]:
    """What is wrong with the log as it is committed now, or was at `end`, as the log is read.

    What is committed meanwhile may be seen or not; an audit of a log that is written to is one of
    its end as it was at the beginning. Raises `StoreError` where the store cannot be read at all,
    and whatever a rule raises.
    """
    seen = StoredLog(store, log, options, end)
    at_work = [rule(seen) for rule in rules]
    seeing = Seeing(((rule, rule) for rule in at_work), seen.mode)
    for event, entry in seen.walk():
        for _, see in () if event is None else seeing.of_event(event):
            yield from see(event)
        for _, see in () if entry is None else seeing.entries:
            yield from see(entry)
    for rule in at_work:
        yield from rule.end()


def audit(
    store: LogStore,
    log: AuditLog,
    rules: Sequence[type[Rule]] = RULES,
    options: AuditOptions = DEFAULTS,
    *,
    accepted: Mapping[str, Accepted] | None = None,
    expired: Sequence[Accepted] = (),
    end: Horizon | None = None,
) -> AuditReport:
    """The report of an audit; `accepted` are findings accepted before, by fingerprint.

    Those of `expired` were, and count again.

    A rule that raises has not run, which is its result, and stops no other. Raises `StoreError`
    where the store cannot be read at all.
    """
    identity = identity_of(store, log)
    seen = StoredLog(store, log, options, end)
    judge = Judging(identity, corrections_of(seen), accepted or {})
    at_work = [AtWork(rule, seen, judge) for rule in rules]
    with seldom_cycle_search():
        run_rules(at_work, seen)
    audited_rules = {one.kind.NAME for one in at_work}
    return AuditReport(
        log=log.name,
        identity=identity,
        horizon=seen.end,
        findings=tuple(sorted((each for one in at_work for each in one.held), key=worst_first)),
        results=tuple(one.result() for one in at_work),
        expired=tuple(expired),
        disappeared=tuple(
            one
            for known_by, one in (accepted or {}).items()
            if known_by not in judge.met and one.rule in audited_rules
        ),
    )


def identity_of(store: LogStore, log: AuditLog) -> str:
    """The identity of a log that is there; raises `UnknownLogError`."""
    opened = store.reads.opened(log.id)
    if opened is None:
        raise UnknownLogError(log.name, [one.name for one in store.reads.logs()])
    return opened.identity


def corrections_of(log: StoredLog) -> dict[int, list[Correction]]:
    """What was corrected up to the log's end, by the order that was wrong."""
    found: dict[int, list[Correction]] = {}
    for corrected, order in log.corrections():
        with suppress(CorruptLogError):
            correction = Correction(order, changes_of(log.record(order)))
            found.setdefault(corrected, []).append(correction)
    return found
