"""Atomic bundles: a wrapper and its details, flattened depth-first into contiguous orders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from domain.checks import text
from domain.errors import InvalidEventError, UnsupportedValueError, shown
from domain.recording import DETAIL_ARGUMENTS, LoggingRules, Record, checked_detail
from domain.values import encode

MAX_BUNDLE_DEPTH = 50
"""How deep bundles may nest inside bundles."""


class Step(int):
    """A step of a bundle being built: stands for its order, which exists after the block.

    Its value is the step's place in the bundle, depth-first, the wrapper being 0.
    """


def atomic_wrapper(
    timestamp: Any,
    bundle_name: Any,
    net_result: Any,
    position_snapshot: Any,
    event_data: dict[str, Any],
) -> dict[str, Any]:
    """The arguments of an atomic transaction's wrapper; raises for a name that is no text."""
    return {
        "transaction_type": "ATOMIC_BUNDLE",
        "purpose": f"Atomic transaction: {bundle_name}",
        "timestamp": timestamp,
        "event_type": "ATOMIC_TRANSACTION",
        "venue": "INSTADAPP",
        "token": "COMPOSITE",
        "amount": 1,
        "position_snapshot": position_snapshot,
        "bundle_name": text("bundle_name", bundle_name),
        "net_result": net_result,
        **event_data,
    }


@dataclass
class BundlePlan:
    """The records of a bundle in depth-first order, their links as places in the bundle.

    `parents[i]` is the place of the record's wrapper (None for the outermost); `details[i]` the
    places of its direct details (None for a record that wraps nothing).
    """

    records: list[Record]
    parents: list[int | None]
    details: list[list[int] | None]
    steps: list[list[Step]]

    def numbered(self, first_order: int) -> list[Record]:
        """The records with their links as orders, the wrapper having `first_order`."""
        numbered = []
        for record, parent, details, steps in zip(
            self.records, self.parents, self.details, self.steps, strict=True
        ):
            links: Record = {}
            if steps or "related_events" in record:
                links["related_events"] = record.get("related_events", []) + [
                    first_order + step for step in steps
                ]
            if parent is not None:
                links["parent_event"] = first_order + parent
            if details is not None:
                links["detail_orders"] = [first_order + place for place in details]
            extra = record.get("extra")
            plain = {name: value for name, value in record.items() if name != "extra"} | links
            numbered.append(plain if extra is None else plain | {"extra": extra})
        return numbered

    def content(self) -> list[Record]:
        """The records with the same links wherever in a log the bundle may come to stand.

        Negative, so that no link inside the bundle is taken for an order that a caller named.
        """
        return self.numbered(-len(self.records))

    def encoded(self, numbered: list[Record]) -> list[bytes]:
        """The numbered records as JSON.

        Raises `UnsupportedValueError`, its path naming the detail.
        """
        encoded = []
        for place, record in enumerate(numbered):
            try:
                encoded.append(encode(record))
            except UnsupportedValueError as error:
                path = self._path(place)
                raise (error.within(path) if path else error) from None
        return encoded

    def _path(self, place: int) -> str:
        parent = self.parents[place]
        if parent is None:
            return ""
        siblings = self.details[parent] or []
        path = f"detail_events[{siblings.index(place)}]"
        outer = self._path(parent)
        return f"{outer}.{path}" if outer else path


class BundlePlanner:
    """Checks a bundle whole and lays it out; nothing is logged by planning."""

    def __init__(self, rules: LoggingRules, recorded_at: str, timestamp: Any) -> None:
        self._rules = rules
        self._recorded_at = recorded_at
        self._timestamp = timestamp
        self.plan = BundlePlan([], [], [], [])

    def add_wrapper(
        self,
        arguments: dict[str, Any],
        details: Sequence[Any],
        parent: int | None = None,
        path: str = "",
        depth: int = 0,
    ) -> None:
        """Add a wrapper and, depth-first, its details.

        Raises `InvalidEventError`, its path naming the detail, such as `detail_events[2].venue`.
        """
        detail_path = f"{path}.detail_events" if path else "detail_events"
        if not isinstance(details, list | tuple):
            raise InvalidEventError(detail_path, details, f"must be a list, not {shown(details)}")
        if depth > MAX_BUNDLE_DEPTH:
            raise InvalidEventError(
                detail_path, details, f"nests deeper than {MAX_BUNDLE_DEPTH} bundles; flatten it"
            )
        place = self._add(arguments, parent, path)
        children: list[int] = []
        self.plan.details[place] = children
        for i, detail in enumerate(details):
            children.append(len(self.plan.records))
            inner_path = f"{detail_path}[{i}]"
            inner = checked_detail(inner_path, detail)
            nested = inner.pop("detail_events", None)
            if nested is None:
                self._add(inner, place, inner_path)
            else:
                self.add_wrapper(inner, nested, place, inner_path, depth + 1)

    def _add(self, arguments: dict[str, Any], parent: int | None, path: str) -> int:
        place = len(self.plan.records)
        data = dict(arguments)
        named = {name: data.pop(name, None) for name in DETAIL_ARGUMENTS}
        if named["timestamp"] is None:
            named["timestamp"] = self._timestamp
        try:
            steps = _take_steps(data, place)
            record = self._rules.record(self._recorded_at, **named, event_data=data)
        except InvalidEventError as error:
            raise (error.within(path) if path else error) from None
        self.plan.records.append(record)
        self.plan.parents.append(parent)
        self.plan.details.append(None)
        self.plan.steps.append(steps)
        return place


def _take_steps(data: dict[str, Any], place: int) -> list[Step]:
    related = data.get("related_events")
    if not isinstance(related, list | tuple):
        return []
    steps = [item for item in related if isinstance(item, Step)]
    if steps:
        for step in steps:
            if step >= place:
                raise InvalidEventError(
                    "related_events", step, "names a step that comes later; name earlier steps"
                )
        rest = [item for item in related if not isinstance(item, Step)]
        data["related_events"] = rest or None
    return steps
