"""Which events are wanted: by type, venue, token and time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from domain.errors import shown

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class EventFilter:
    """All that is given must hold; `since` is included, `until` is not."""

    event_type: str | None = None
    venue: str | None = None
    token: str | None = None
    since: pd.Timestamp | None = None
    until: pd.Timestamp | None = None

    def __call__(self, event: dict[str, Any]) -> bool:
        """Whether the event is wanted."""
        return (
            (self.event_type is None or event["event_type"] == self.event_type)
            and (self.venue is None or event["venue"] == self.venue)
            and (self.token is None or event["token"] == self.token)
            and (self.since is None or event["timestamp"] >= self.since)
            and (self.until is None or event["timestamp"] < self.until)
        )


def checked_moment(text: str) -> pd.Timestamp:
    """The time of ISO 8601 text, UTC when it names no zone; raises `ValueError` for other text."""
    import pandas as pd

    try:
        moment = pd.Timestamp(text)
    except ValueError:
        raise ValueError(f"{shown(text)} is no time; write 2024-05-12T14:00:00Z") from None
    return moment.tz_localize("UTC") if moment.tzinfo is None else moment.tz_convert("UTC")
