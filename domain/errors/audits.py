"""What is wrong with what an audit was asked for: its rules, and the files beside the log."""

from __future__ import annotations

from domain.errors.base import EventLoggerError, nearest, shown


class UnknownRuleError(EventLoggerError, LookupError):
    """An audit has no rule of this name."""

    def __init__(self, rule: str, names: list[str]) -> None:
        self.rule = rule
        self.names = names
        near = nearest(rule, names)
        meant = "" if near is None else f"; the nearest is {shown(near)}"
        super().__init__(f"there is no audit rule {shown(rule)}{meant}; --list names them all")


class AuditRuleError(EventLoggerError, TypeError):
    """A rule of another package cannot be used; `rule` is its entry point's name."""

    def __init__(self, rule: str, package: str, problem: str) -> None:
        self.rule = rule
        self.package = package
        self.problem = problem
        super().__init__(f"the audit rule {shown(rule)} of {package} cannot be used: {problem}")


class AuditFileError(EventLoggerError, ValueError):
    """A baseline, a statement or a map of columns cannot be used; `path` is the file."""

    def __init__(self, path: str, problem: str) -> None:
        self.path = path
        self.problem = problem
        super().__init__(f"{path} {problem}")
