"""Whether records are events, seen at once of those that are like others before them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cache
from math import isfinite
from operator import itemgetter
from typing import Any

from domain import checks
from domain.checks import MAX_DECIMAL_EXPONENT, Checked
from domain.event_types import is_event_type_name
from domain.fields import RESERVED_FIELDS as RESERVED
from domain.fields import Event, marks_of, stored_fields
from domain.statuses import LOGGED_STATUSES
from domain.times import is_iso_utc

Record = dict[str, Any]
Test = Callable[[Any], bool]
Tests = tuple[Callable[[Record], tuple[str, ...]], Sequence[tuple[str, Test]]]
"""The texts that may not be blank, which are tested at once, and what else is tested."""

NEEDED = tuple(name for name in stored_fields() if not hasattr(Event, name) and name != "extra")
"""The fields that every record has."""

_MOST_SHAPES = 4096


def is_time(value: Any) -> bool:
    """Whether the value is text as the log writes times, and a time that there is."""
    if not is_iso_utc(value):
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


class SoundShapes:
    """Knows of each shape, which are the names and types of a record, what is left to be tested.

    A backtest has a few dozen shapes. What `is_sound` says no to may be sound all the same: the
    model in `domain.event_model` has the last word, and says what is wrong.
    """

    def __init__(self) -> None:
        self._shapes: dict[tuple[Any, ...], Tests | None] = {}
        self._timestamp = ""

    def is_sound(self, record: Record) -> bool:
        """Whether it surely is an event, with a status that one is logged with, if any."""
        shape = (*record, *map(type, record.values()))
        try:
            tests = self._shapes[shape]
        except KeyError:
            tests = self._learnt(shape, record)
        if tests is None:
            return False
        texts, others = tests
        if not all(map(str.strip, texts(record))):
            return False
        for name, test in others:
            if not test(record[name]):
                return False
        return self._is_at_a_time(record["timestamp"])

    def _is_at_a_time(self, timestamp: str) -> bool:
        # Mostly that of the event before.
        if timestamp != self._timestamp:
            if not is_time(timestamp):
                return False
            self._timestamp = timestamp
        return True

    def _learnt(self, shape: tuple[Any, ...], record: Record) -> Tests | None:
        if len(self._shapes) >= _MOST_SHAPES:
            self._shapes.clear()
        self._shapes[shape] = tests = _tests({name: type(one) for name, one in record.items()})
        return tests


def _tests(types: dict[str, type]) -> Tests | None:
    """What is to be tested of records whose fields have these types; None where one may not."""
    tests, texts = [], []
    for name, kind in types.items():
        known = _of_fields().get(name)
        if known is None:
            return None
        if kind is type(None) and name not in NEEDED and name != "extra":
            continue
        test = known.get(kind)
        if test is None:
            return None
        if test is _is_text:
            texts.append(name)
        elif test is not _anything and name != "timestamp":
            tests.append((name, test))
    if not all(name in types for name in NEEDED):
        return None
    # Of one name alone it would give the value, and not a tuple.
    return itemgetter("venue", *texts), tests


def _anything(value: Any) -> bool:
    return True


def _is_decimal(value: Decimal) -> bool:
    return value.is_finite() and abs(value.adjusted()) <= MAX_DECIMAL_EXPONENT


def _are_orders(value: list[Any]) -> bool:
    return all(type(one) is int and one >= 1 for one in value)


def _is_text(value: str) -> bool:
    return bool(value.strip())


_TESTS: dict[object, dict[type, Test]] = {
    checks.number: {float: isfinite, int: _anything, Decimal: _is_decimal},
    checks.whole_number: {int: lambda value: bool(value >= 0)},
    checks.order: {int: lambda value: bool(value >= 1)},
    checks.orders: {list: _are_orders},
    checks.text: {str: _is_text},
    checks.snapshot: {dict: _anything},
}
"""By a field's check, and the type of the value: whether the check takes it."""


@cache
def _of_fields() -> dict[str, dict[type, Test]]:
    found: dict[str, dict[type, Test]] = {
        "event_type": {str: is_event_type_name},
        "status": {str: LOGGED_STATUSES.__contains__},
        "extra": {dict: RESERVED.isdisjoint},
    }
    for name in stored_fields():
        for mark in marks_of(name):
            if isinstance(mark, Checked) and name not in found:
                is_of_time = mark.is_stored is is_iso_utc
                found[name] = {str: is_time} if is_of_time else _TESTS.get(mark.check, {})
    return found
