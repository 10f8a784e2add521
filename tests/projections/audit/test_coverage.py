"""Coverage: what is moved is observed afterwards, within a day."""

from __future__ import annotations

import pytest

from tests.audit.planting import LIVE, Event
from tests.projections.audit.tables import Found, found, logged, trade


def sent(hours: float, target: str = "binance") -> Event:
    return logged(
        hours,
        "VENUE_TRANSFER",
        f"WALLET→{target}",
        "USDT",
        5,
        from_venue="WALLET",
        to_venue=target,
    )


def seen(hours: float, *venues: str, wallet: bool = True, **perps: object) -> Event:
    accounts = {venue: {"USDT": 5} for venue in venues}
    snapshot: dict[str, object] = {"cex_accounts": accounts}
    if wallet:
        snapshot["wallet"] = {"USDT": 1}
    if perps:
        snapshot["perp_positions"] = perps
    return logged(hours, "PNL_SNAPSHOT", "STRATEGY", "USDT", 1, position_snapshot=snapshot)


def compared(hours: float, venue: str) -> Event:
    return logged(hours, "HOURLY_RECONCILIATION", venue, "USDT", 5)


TABLE: list[tuple[str, list[Event], Found]] = [
    ("seen at once", [sent(1), seen(1, "binance")], []),
    ("seen within a day", [sent(1), seen(24.5, "binance")], []),
    ("seen too late", [sent(1), seen(2), seen(26, "binance")], [("error", (1,))]),
    ("never seen", [sent(1), seen(2), seen(40)], [("error", (1,))]),
    ("reconciled", [sent(1), seen(2), compared(3, "BINANCE"), seen(40)], []),
    ("the run ends before a day has passed", [sent(1), seen(2)], [("warning", (1,))]),
    ("nothing shows any balance", [sent(1), sent(40)], []),
    (
        "the wallet is not seen",
        [seen(0), sent(1), seen(2, "binance", wallet=False), compared(40, "OKX")],
        [("error", (2,))],
    ),
    (
        "who never shows the wallet leaves nothing out",
        [sent(1), seen(2, "binance", wallet=False), compared(40, "OKX")],
        [],
    ),
    (
        "never seen, by however many that look elsewhere",
        [sent(1), *(seen(2 + place / 10, "okx") for place in range(20))],
        [("error", (1,))],
    ),
    (
        "a run that ends without a look",
        [seen(0, "binance"), sent(1)],
        [
            ("warning", (2,)),
            ("warning", (2,)),
        ],
    ),
    ("only the last movement counts", [sent(1), sent(40), seen(41, "binance")], []),
    (
        "after the last movement it is not seen",
        [
            sent(1),
            seen(2, "binance"),
            sent(3),
            seen(4, wallet=True) | {"position_snapshot": {"wallet": {}}},
            compared(40, "OKX"),
        ],
        [("error", (3,))],
    ),
    (
        "what is not named any more is empty, and seen",
        [sent(1), seen(2, "binance"), sent(3), seen(4), compared(40, "OKX")],
        [],
    ),
    (
        "a position is seen where positions are shown",
        [trade(1, "SHORT", 2), seen(2, "binance", binance={"ETHUSDT-PERP": {"size": -2}})],
        [],
    ),
    (
        "and not where others are",
        [
            trade(0, "SHORT", 2, "OKX"),
            seen(0, okx={"ETHUSDT-PERP": {"size": -2}}),
            trade(1, "SHORT", 2),
            *(seen(hour, okx={"ETHUSDT-PERP": {"size": -2}}) for hour in (2, 40)),
        ],
        [("error", (3,))],
    ),
]


@pytest.mark.parametrize(("case", "events", "expected"), TABLE, ids=[row[0] for row in TABLE])
def test_what_is_moved_is_observed(case: str, events: list[Event], expected: Found) -> None:
    assert found("coverage", events) == expected


def test_a_live_log_may_yet_look() -> None:
    assert found("coverage", [seen(0, "binance"), sent(1)], LIVE) == []
