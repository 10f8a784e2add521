"""Where in which bundle an event stands: the names of its wrappers, and its step in each."""

from __future__ import annotations

from typing import Any

from projections.comparison.run import Run
from projections.event_dicts import Record

Path = tuple[tuple[str, int], ...]
"""(name of the wrapper, step in it) from the outermost inwards; a step counts from 1."""

LATE = 0
"""The step of a detail that was logged after its wrapper's transaction."""

_KEPT = 10_000
_DEEPEST = 100


class Places:
    """Follows a run's bundles, events coming by rising order."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._wrappers: dict[int, tuple[Path, str, dict[int, int]]] = {}

    def path(self, order: int, record: Record) -> Path:
        """The event's place; () where it is in no bundle."""
        parent = record.get("parent_event")
        path: Path = ()
        if parent is not None:
            above, name, steps = self._wrapper(parent)
            path = (*above, (name, steps.get(order, LATE)))
        if record.get("detail_orders"):
            self._keep(order, record, path)
        return path

    def _keep(self, order: int, record: Record, path: Path) -> tuple[Path, str, dict[int, int]]:
        if len(self._wrappers) >= _KEPT:
            # The first are the oldest; a late detail's wrapper is read again.
            for old in list(self._wrappers)[: _KEPT // 2]:
                del self._wrappers[old]
        steps = {one: step for step, one in enumerate(record.get("detail_orders") or (), 1)}
        kept = self._wrappers[order] = path[:_DEEPEST], name_of(record), steps
        return kept

    def _wrapper(self, order: int) -> tuple[Path, str, dict[int, int]]:
        """A wrapper as it was kept, or read again, with those that it stands in."""
        above: list[tuple[int, Record]] = []
        known = None
        while (known := self._wrappers.get(order)) is None:
            record = self._run.at([order])[order]
            above.append((order, record))
            parent = record.get("parent_event")
            if parent is None:
                break
            order = parent
        for one, record in reversed(above):
            path: Path = ()
            if known is not None:
                outer, name, steps = known
                path = (*outer, (name, steps.get(one, LATE)))
            known = self._keep(one, record, path)
        if known is None:
            raise ValueError(f"order {order} is no wrapper")
        return known


def name_of(record: Record) -> str:
    """How a bundle is called: by its name, or what its wrapper is."""
    extra: dict[str, Any] = record.get("extra") or {}
    name = extra.get("bundle_name")
    return name if isinstance(name, str) else str(record["event_type"])
