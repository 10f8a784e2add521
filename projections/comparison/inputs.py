"""What was run differently, as the logs themselves say it: mode and metadata."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from projections.comparison.run import Run
from projections.comparison.values import EQUAL, Judge

_NOT_AN_INPUT = frozenset(("imported_from",))
"""What metadata says of where a log was before, and not of what was run."""


class Input(NamedTuple):
    """One thing that was run with, in both; None where a run does not have it."""

    what: str
    a: Any
    b: Any


def inputs(a: Run, b: Run) -> tuple[list[Input], list[Input]]:
    """What differs between the inputs of two runs, and what is the same in both."""
    one, two = dict(_flat("", a.metadata)), dict(_flat("", b.metadata))
    if a.mode and b.mode:
        one, two = {"mode": a.mode, **one}, {"mode": b.mode, **two}
    judge = Judge()
    differing: list[Input] = []
    same: list[Input] = []
    for name in dict.fromkeys((*one, *two)):
        found = Input(name, one.get(name), two.get(name))
        is_same = name in one and name in two and judge.verdict(found.a, found.b) == EQUAL
        (same if is_same else differing).append(found)
    return differing, same


def _flat(above: str, metadata: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The metadata's values by dotted names; a name with a dot of its own keeps it."""
    waiting = [(above, metadata)]
    while waiting:
        prefix, one = waiting.pop(0)
        for name, value in one.items():
            if not prefix and name in _NOT_AN_INPUT:
                continue
            path = f"{prefix}.{name}" if prefix else f"metadata.{name}"
            if isinstance(value, dict) and value:
                waiting.append((path, value))
            else:
                yield path, value


def cause_of(differing: list[Input], a: Run, b: Run) -> str:
    """One sentence: the input that may be the cause of what differs, or why none is named."""
    silent = [one.name for one in (a, b) if not one.metadata and one.told_in_text]
    if silent:
        return f"{' and '.join(silent)} does not say how it was run: no cause is named"
    if not differing:
        return "nothing that they say of themselves: look at code and data"
    if len(differing) == 1:
        return f"{differing[0].what} alone was run differently, and may be the cause"
    return f"{len(differing)} inputs differ: no single cause is named"
