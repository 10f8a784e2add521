"""What the tests of Redis share: two logs, and messages of their events."""

from __future__ import annotations

from projections.messages import LOGGED_CHANNEL, Message

OURS = "11111111-2222-4333-8444-555555555555"
THEIRS = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"


def messages(first: int, last: int, history: str = "") -> list[Message]:
    """Those of the events first … last of a log without transitions."""
    more = f',"history":"{history}"' if history else ""
    return [
        Message(f"{order + 1}-0", LOGGED_CHANNEL, f'{{"order":{order}{more}}}')
        for order in range(first, last + 1)
    ]
