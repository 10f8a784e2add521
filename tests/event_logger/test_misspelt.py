"""A search that finds nothing because a type, venue or status is misspelt says so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from event_logger import EventLogger, InvalidEventError
from tests.commands import run
from tests.support import HOUR, url_of


@pytest.fixture
def store(tmp_path: Path) -> str:
    return url_of(tmp_path / "runs.db")


@pytest.fixture
def logger(store: str) -> Iterator[EventLogger]:
    with EventLogger(store=store) as logger:
        logger.log_event(HOUR, "STAKE_DEPOSIT", "LIDO", "ETH", 1)
        logger.log_venue_transfer(HOUR, "WALLET", "BINANCE", "USDT", 5)
        logger.log_event(HOUR, "VENUE_TRANSFER", "BYBIT→OKX", "USDT", 5)
        logger.flush()
        yield logger


@pytest.mark.parametrize(
    ("criteria", "said"),
    [
        ({"event_type": "STAKE_DEPOSITS"}, ["event_type 'STAKE_DEPOSITS'", "'STAKE_DEPOSIT'"]),
        ({"venue": "lido"}, ["venue 'lido'", "'LIDO'"]),
        ({"venue": "BINANCES"}, ["venue 'BINANCES'", "'BINANCE'"]),
        ({"status": "complete"}, ["status 'complete'", "'completed'"]),
        ({"token": "USTD"}, ["token 'USTD'", "'USDT'"]),
        ({"token": "eth"}, ["token 'eth'", "'ETH'"]),
        ({"event_type": "GAS", "venue": "LIDOO"}, ["event_type 'GAS'", "venue 'LIDOO'", "'LIDO'"]),
    ],
)
def test_what_the_log_does_not_hold_is_said_with_the_nearest(
    logger: EventLogger, caplog: pytest.LogCaptureFixture, criteria: Any, said: list[str]
) -> None:
    assert list(logger.search(**criteria)) == []
    assert all(part in caplog.text for part in said)


@pytest.mark.parametrize(
    "criteria",
    [
        {"event_type": "STAKE_DEPOSIT", "venue": "BINANCE"},
        {"event_type": "STAKE_DEPOSIT"},
        {"token": "USDT", "event_type": "STAKE_DEPOSIT"},
        {"text": "XYZ"},
        {"event_type": "NONE_SUCH", "limit": 0},
    ],
)
def test_what_it_holds_is_not(
    logger: EventLogger, caplog: pytest.LogCaptureFixture, criteria: Any
) -> None:
    list(logger.search(**criteria))
    assert caplog.text == ""


@pytest.mark.parametrize(
    ("venue", "orders"), [("WALLET", [2]), ("BINANCE", [2]), ("BYBIT", [3]), ("OKX", [3])]
)
def test_a_venue_is_either_side_of_a_transfer(
    logger: EventLogger, venue: str, orders: list[int]
) -> None:
    assert [event["order"] for event in logger.search(venue=venue)] == orders


@pytest.mark.parametrize(
    "criteria",
    [
        {"orders": (-1, 5)},
        {"orders": (0, None)},
        {"parent": 0},
        {"parent": -3},
        {"venue": ""},
        {"event_type": "  "},
        {"since": ""},
    ],
)
def test_what_no_event_can_meet_is_refused(logger: EventLogger, criteria: Any) -> None:
    with pytest.raises(InvalidEventError):
        logger.search(**criteria)


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda one: one.get_events_by_type("STAKE_DEPOSITS"), "'STAKE_DEPOSITS'; the nearest is"),
        (lambda one: one.get_events_by_venue("LIDDO"), "holds no venue 'LIDDO'; the nearest is"),
        (lambda one: one.as_of(1).get_events_by_venue("BINANCE"), "venue 'BINANCE'; the nearest"),
        (lambda one: one.as_of(0).get_events_by_type("X"), "holds no event_type 'X'"),
    ],
)
def test_a_type_or_venue_that_the_log_does_not_hold_is_said_once(
    logger: EventLogger, caplog: pytest.LogCaptureFixture, ask: Any, said: str
) -> None:
    assert ask(logger) == []
    assert said in caplog.text
    assert caplog.text.count("log 'default' holds no") == 1


def test_a_strategy_that_asks_at_each_step_is_told_once(
    logger: EventLogger, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        assert logger.get_events_by_type("RISK_ALERT") == []
    assert logger.get_events_by_venue("BINANCE") == []
    assert caplog.text.count("holds no") == 1
    logger.log_event(HOUR, "RISK_ALERT", "LIDO")
    assert len(logger.get_events_by_type("RISK_ALERT")) == 1


def test_the_command_says_it_on_stderr(logger: EventLogger, store: str) -> None:
    done = run("events", "--store", store, "--venue", "LIDDO")
    assert "log 'default' holds no venue 'LIDDO'; the nearest is 'LIDO'" in done.stderr


BOARD = [
    ("--type", "STAKE_DEPOSITS", "event_type 'STAKE_DEPOSITS'; the nearest is 'STAKE_DEPOSIT'"),
    ("--venue", "binance", "venue 'binance'; the nearest is 'BINANCE'"),
    ("--venue", "OKEX", "venue 'OKEX'; the nearest is 'OKX'"),
    ("--status", "Pending", "status 'Pending'; the nearest is 'pending'"),
]


@pytest.mark.parametrize(("option", "value", "said"), BOARD)
def test_a_board_of_what_the_log_does_not_hold_says_so(
    tmp_path: Path, option: str, value: str, said: str
) -> None:
    # A monitor that asks for a venue that is misspelt would be told for ever that nothing is stuck.
    store = url_of(tmp_path / "live.db")
    with EventLogger("live", store=store, redis=False) as logger:
        logger.log_event(HOUR, "STAKE_DEPOSIT", "LIDO", "ETH", 1)
        logger.log_venue_transfer(HOUR, "OKX", "BINANCE", "USDT", 5)
    for how in ((), ("--stuck", "0s"), ("--json",), ("--as-of", "2")):
        done = run("status", "--store", store, option, value, *how)
        assert done.stderr == f"event-logger: log 'default' holds no {said}\n"
    stuck = run("status", "--store", store, "--venue", "OKX", "--stuck", "0s", code=1)
    assert stuck.stderr == ""
    assert "is not blank" in run("status", "--store", store, option, " ", code=1).stderr


def test_a_board_says_it_once(logger: EventLogger, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(3):
        assert logger.live_status(venue="LIDOO")["counts"] == {}
    assert caplog.text.count("the nearest is 'LIDO'") == 1
