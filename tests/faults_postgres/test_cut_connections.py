"""Connections that break, wherever they do: what a call says of its event is true."""

from __future__ import annotations

import random
import threading
from itertools import count

import pytest

from domain.errors import StoreError
from event_logger import EventLogger, open_log
from tests.faults_postgres.proxy import Proxy, never
from tests.faults_postgres.written import check, first_of, start_writers, told_by
from tests.postgres_server import PostgresServer
from tests.support import HOUR, log_amounts

PLACES = 8


def nth(place: int, where: str, from_client: bool) -> object:
    """Cuts once, at one piece of one direction."""
    pieces = count()

    def cut(is_from_client: bool, piece: bytes) -> str:
        if is_from_client is not from_client:
            return ""
        return where if next(pieces) == place else ""

    return cut


@pytest.mark.parametrize("from_client", [True, False])
@pytest.mark.parametrize("where", ["before", "after"])
def test_a_live_call_is_stored_once_wherever_its_connection_breaks(
    proxy: Proxy, durable: PostgresServer, where: str, from_client: bool
) -> None:
    told: dict[str, int] = {}
    for place in range(PLACES):
        with EventLogger("live", store=proxy.url(), redis=False) as logger:
            # The first call introduces the writer, the second goes in one round trip.
            for call in range(2):
                name = f"{place}.{call}"
                proxy.cut = nth(place, where, from_client)  # type: ignore[assignment]
                told[name] = logger.log_event(
                    HOUR, "STAKE_DEPOSIT", "LIDO", "ETH", place, name=name
                )
                details = [{"event_type": "STAKE_DEPOSIT", "venue": "LIDO"}] * 2
                told[f"{name}.b"] = logger.log_atomic_transaction(HOUR, f"{name}.b", details)[0]
            order = told[f"{place}.1"]
            logger.update_event(order, {"status": "submitted", "tx_hash": "0x1"})
            proxy.cut = never
            assert [one["status"] for one in logger.history(order)] == ["pending", "submitted"]
    assert proxy.cuts > PLACES
    assert check(durable.url(), told) == PLACES * 2 * 4


@pytest.mark.parametrize("from_client", [True, False])
@pytest.mark.parametrize("where", ["before", "after"])
def test_a_batch_is_stored_once_wherever_its_connection_breaks(
    proxy: Proxy, durable: PostgresServer, where: str, from_client: bool
) -> None:
    logged = 0
    for place in range(PLACES):
        with EventLogger(store=proxy.url(), log="backtest") as logger:
            for _ in range(2):
                proxy.cut = nth(place, where, from_client)  # type: ignore[assignment]
                assert log_amounts(logger, *range(300)) == list(range(logged + 1, logged + 301))
                logger.flush()
                logged += 300
            proxy.cut = never
    with open_log(durable.url(), "backtest") as reader:
        assert [event["amount"] for event in reader.events] == [*range(300)] * (2 * PLACES)


def test_writers_whose_connections_break_again_and_again(
    proxy: Proxy, durable: PostgresServer
) -> None:
    seed = random.randrange(2**32)
    chance = random.Random(seed)
    lock = threading.Lock()

    def cut(from_client: bool, piece: bytes) -> str:
        with lock:
            return chance.choice(["before", "after"]) if chance.random() < 0.04 else ""

    EventLogger("live", store=durable.url(), redis=False).close()
    writers = start_writers(proxy.url(), 3, 150)
    told = first_of(writers)
    proxy.cut = cut
    told |= told_by(writers)
    assert len(told) == 450, seed
    assert proxy.cuts > 5, seed
    assert check(durable.url(), told) == 3 * (120 + 30 * 3), seed


def test_a_server_that_cannot_be_asked_is_said_and_nothing_is_doubled(
    proxy: Proxy, durable: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from infrastructure.stores.postgres import appends, doubts

    for module in (appends, doubts):
        monkeypatch.setattr(module, "WAIT_SECONDS", 0.5)
    with EventLogger("live", store=proxy.url(), redis=False) as logger:
        log_amounts(logger, 1, 2)
        with EventLogger("live", store=durable.url(), redis=False) as direct:
            proxy.cut = lambda from_client, piece: "before"
            proxy.cut_all()
            with pytest.raises(StoreError, match=r"cannot be reached .*; nothing of this is"):
                log_amounts(logger, 3)
            assert log_amounts(direct, 4) == [3]
        proxy.cut = never
        assert log_amounts(logger, 5) == [4]
    with open_log(durable.url()) as reader:
        assert [event["amount"] for event in reader.events] == [1, 2, 4, 5]


@pytest.mark.parametrize("mode", ["live", "backtest"])
def test_a_commit_whose_answer_is_lost_for_good_is_said_to_be_in_doubt(
    proxy: Proxy, durable: PostgresServer, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    from infrastructure.stores.postgres import doubts

    monkeypatch.setattr(doubts, "WAIT_SECONDS", 0.5)
    with EventLogger(mode, store=proxy.url(), redis=False) as logger:
        log_amounts(logger, 1, 2)
        logger.flush()
        committed = threading.Event()

        def cut(from_client: bool, piece: bytes) -> str:
            if from_client and b"PRICE" in piece:
                committed.set()
            return "before" if committed.is_set() and not from_client else ""

        proxy.cut = cut
        with pytest.raises(StoreError, match="whether it is stored is seen when") as refused:
            logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE", "ETH", 3)
            logger.flush()
        assert "\n" not in str(refused.value)
        proxy.cut = never
        log_amounts(logger, 4)
    with open_log(durable.url()) as reader:
        assert [event["amount"] for event in reader.events] == [1, 2, 3, 4]
