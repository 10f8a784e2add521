"""Laying out a bundle: every detail checked, depth-first, before anything is numbered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from domain.bundle import Bundle, Piece, Record, Step
from domain.errors import (
    InvalidEventError,
    ReservedFieldError,
    UnsupportedValueError,
    shown,
)
from domain.logged_status import refuse_status_of_detail
from domain.values import encode

MAX_BUNDLE_DEPTH = 50
"""How deep bundles may nest inside bundles."""

ARGUMENTS = ("timestamp", "event_type", "venue", "token", "amount", "position_snapshot")
"""What `log_event` takes by name; the rest of a detail is its event data."""


class BundlePlanner:
    """Checks a bundle whole and lays it out; `record` makes the checked record of one event."""

    def __init__(self, record: Callable[..., Record], recorded_at: str, timestamp: Any) -> None:
        self._record = record
        self._recorded_at = recorded_at
        self._timestamp = timestamp
        self._records: list[Record] = []
        self._parents: list[int | None] = []
        self._details: list[list[int] | None] = []
        self._steps: list[list[Step]] = []

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
        self._details[place] = children
        for i, detail in enumerate(details):
            children.append(len(self._records))
            inner_path = f"{detail_path}[{i}]"
            inner = checked_detail(inner_path, detail)
            nested = inner.pop("detail_events", None)
            if nested is None:
                self._add(inner, place, inner_path)
            else:
                self.add_wrapper(inner, nested, place, inner_path, depth + 1)

    def captured(self) -> Bundle:
        """The bundle, apart from the caller's dicts.

        Raises `UnsupportedValueError`, its path naming the detail, for what JSON cannot hold.
        """
        return Bundle(tuple(map(self._piece, range(len(self._records)))))

    def _add(self, arguments: dict[str, Any], parent: int | None, path: str) -> int:
        place = len(self._records)
        data = dict(arguments)
        named = {name: data.pop(name, None) for name in ARGUMENTS}
        if named["timestamp"] is None:
            named["timestamp"] = self._timestamp
        try:
            steps = _take_steps(data, place)
            if parent is not None:
                refuse_status_of_detail("status", data.pop("status", None))
            record = self._record(self._recorded_at, **named, event_data=data)
        except InvalidEventError as error:
            raise (error.within(path) if path else error) from None
        if parent is not None:
            # One transaction: its status is that of the outermost wrapper.
            record.pop("status", None)
            if "status" in self._records[0]:
                record["status"] = self._records[0]["status"]
        self._records.append(record)
        self._parents.append(parent)
        self._details.append(None)
        self._steps.append(steps)
        return place

    def _piece(self, place: int) -> Piece:
        plain = dict(self._records[place])
        extra = plain.pop("extra", None)
        related = plain.pop("related_events", None)
        details = self._details[place]
        try:
            before = encode(plain)[:-1]
            after = b"}" if extra is None else b"," + encode({"extra": extra})[1:]
        except UnsupportedValueError as error:
            path = self._path(place)
            raise (error.within(path) if path else error) from None
        return Piece(
            before,
            after,
            plain.get("event_id"),
            plain.get("tx_hash"),
            plain.get("parent_event"),
            None if related is None else tuple(related),
            self._parents[place],
            None if details is None else tuple(details),
            tuple(map(int, self._steps[place])),
        )

    def _path(self, place: int) -> str:
        parent = self._parents[place]
        if parent is None:
            return ""
        siblings = self._details[parent] or []
        path = f"detail_events[{siblings.index(place)}]"
        outer = self._path(parent)
        return f"{outer}.{path}" if outer else path


def checked_detail(path: str, detail: Any) -> dict[str, Any]:
    """A detail of a bundle as a dict of its own; raises when it is none or lacks what it needs."""
    if not isinstance(detail, dict):
        raise InvalidEventError(path, detail, f"must be a dict, not {shown(detail)}")
    for name in detail:
        if not isinstance(name, str):
            raise InvalidEventError(path, name, f"has the key {shown(name)}; keys must be text")
    for name in ("event_type", "venue"):
        if detail.get(name) is None:
            raise InvalidEventError(f"{path}.{name}", None, "is missing; every detail needs one")
    if detail.get("parent_event") is not None:
        raise ReservedFieldError(
            f"{path}.parent_event",
            detail["parent_event"],
            "is filled in by the bundle; leave it out",
        )
    return dict(detail)


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
