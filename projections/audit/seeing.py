"""Which rules are shown what: found once for each type of event, and not for each event."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, TypeVar

from projections.audit.rule import AuditedEvent, Finding, Rule

See = Callable[[Any], Iterable[Finding]]
T = TypeVar("T")


class Seeing(Generic[T]):
    """Which of the rules are shown an event, and which are shown an entry.

    Each rule comes with what stands for it, and what sees with that.
    """

    def __init__(self, rules: Iterable[tuple[T, Rule]], mode: str) -> None:
        rules = list(rules)
        self.entries: list[tuple[T, See]] = [
            (one, rule.entry)
            for one, rule in rules
            if mode in rule.ENTRIES_IN and type(rule).entry is not Rule.entry
        ]
        seeing = [
            (one, rule)
            for one, rule in rules
            if mode in rule.EVENTS_IN and type(rule).event is not Rule.event
        ]
        types = {name for _, rule in seeing for name in rule.TYPES or ()}
        self._of_type = tuple(
            {
                name: [(one, rule.event) for one, rule in seeing if _is_shown(rule, name, is_alike)]
                for name in (*types, None)
            }
            for is_alike in (False, True)
        )
        self._others = [of_type[None] for of_type in self._of_type]

    def of_event(self, event: AuditedEvent) -> Sequence[tuple[T, See]]:
        """Those that are shown an event of this type."""
        record = event.record
        event_type = None if record is None else record.get("event_type")
        is_alike = event.is_alike
        if type(event_type) is not str:
            return self._others[is_alike]
        return self._of_type[is_alike].get(event_type, self._others[is_alike])


def _is_shown(rule: Rule, event_type: str | None, is_alike: bool) -> bool:
    is_of_type = rule.TYPES is None or event_type in rule.TYPES
    return is_of_type or (rule.IS_OF_SNAPSHOTS and not is_alike)
