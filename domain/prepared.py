"""What is to be logged, checked and captured before anything is locked: its order comes later."""

from __future__ import annotations

from copy import deepcopy
from datetime import datetime
from typing import NamedTuple

from domain.bundle import BundlePlan


class PreparedEvent(NamedTuple):
    """An event checked and captured, and what else logging it needs."""

    at: datetime
    encoded: bytes
    parent: int | None
    related: list[int] | None
    event_id: str | None
    fingerprint: str | None


class PreparedBundle(NamedTuple):
    """A bundle checked and laid out; its orders are known when it is logged."""

    at: datetime
    plan: BundlePlan

    def captured(self) -> PreparedBundle:
        """The same bundle, apart from the caller's dicts.

        Raises `UnsupportedValueError` for what the log cannot hold.
        """
        self.plan.encoded(self.plan.records)
        return PreparedBundle(self.at, deepcopy(self.plan))


Prepared = PreparedEvent | PreparedBundle
