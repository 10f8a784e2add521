"""The rules that an audit has: those of the house, and those that other packages bring."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from domain.errors import AuditRuleError, LogConfigurationError, UnknownRuleError, shown
from projections.audit import RULES, Rule
from projections.audit.rule import AuditedLog

GROUP = "event_logger.audit_rules"
"""The entry point group by which another package names its rules, each a class that is a `Rule`."""


def all_rules() -> tuple[type[Rule], ...]:
    """Every rule; one of another package that cannot be used says so when it is to run."""
    rules = list(RULES)
    for entry_point in sorted(entry_points(group=GROUP), key=lambda one: one.name):
        try:
            rules.append(_loaded(entry_point, [rule.NAME for rule in rules]))
        except AuditRuleError as error:
            rules.append(_broken(error))
    return tuple(rules)


def rules_named(
    wanted: Sequence[str | type[Rule]] | str | None,
) -> tuple[type[Rule], ...]:
    """The rules of these names (None: all), each once; a rule itself stands for itself.

    Raises `UnknownRuleError`, which names the nearest, and `AuditRuleError`.
    """
    if wanted is None:
        return all_rules()
    if isinstance(wanted, str | type):
        wanted = [wanted]
    if not isinstance(wanted, Iterable):
        problem = f"must be names of rules, or rules, not {shown(wanted)}"
        raise LogConfigurationError("rules", wanted, problem)
    there = {rule.NAME: rule for rule in all_rules()}
    found: dict[str, type[Rule]] = {}
    for one in wanted:
        rule = there.get(one) if isinstance(one, str) else one
        if not isinstance(rule, type) or not hasattr(rule, "NAME"):
            raise UnknownRuleError(one if isinstance(one, str) else shown(one), list(there))
        if issubclass(rule, BrokenRule):
            raise rule.ERROR
        found[rule.NAME] = rule
    return tuple(found.values())


class BrokenRule(Rule):
    """Stands for a rule that cannot be used, and says why as its result."""

    ERROR: AuditRuleError

    def __init__(self, log: AuditedLog) -> None:
        raise self.ERROR


def _broken(error: AuditRuleError) -> type[Rule]:
    return type("Broken", (BrokenRule,), {"NAME": error.rule, "CHECKS": str(error), "ERROR": error})


def _loaded(entry_point: EntryPoint, taken: Sequence[str]) -> type[Rule]:
    """The rule that an entry point names; raises `AuditRuleError`."""
    package = "a package" if entry_point.dist is None else entry_point.dist.name
    try:
        rule: Any = entry_point.load()
    except Exception as error:
        problem = f"{entry_point.value} cannot be imported ({type(error).__name__}: {error})"
        raise AuditRuleError(entry_point.name, package, problem) from error
    wrong = _problem(rule, taken)
    if wrong is not None:
        raise AuditRuleError(entry_point.name, package, f"{entry_point.value} {wrong}")
    found: type[Rule] = rule
    return found


def _problem(rule: Any, taken: Sequence[str]) -> str | None:
    if not (isinstance(rule, type) and issubclass(rule, Rule)):
        return "is no class that is a projections.audit.Rule"
    for name in ("NAME", "CHECKS"):
        said = getattr(rule, name, None)
        if not isinstance(said, str) or not said.strip():
            return f"has no {name}"
    if rule.NAME in taken:
        return f"is called {rule.NAME!r}, as another rule is"
    return None
