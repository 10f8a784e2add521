"""The board as it changes: in one message each, resumed from the store, ended when told to."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from domain.errors import StoreError
from event_logger import EventLogger
from event_logger.store_readers import StoreReaders
from event_logger.web import streams
from event_logger.web.errors import PageError
from event_logger.web.streams import Streams
from tests.redis_server import eventually
from tests.support import HOUR, PATIENCE, url_of


@pytest.fixture
def logger(tmp_path: Path) -> Any:
    with EventLogger("live", store=url_of(tmp_path / "live.db"), log="desk", redis=False) as logger:
        logger.log_stake(HOUR, "LIDO", 1, 1, 1)
        yield logger


def told(message: bytes) -> tuple[str, dict[str, Any]]:
    lines = message.decode().splitlines()
    fields = dict(line.split(": ", 1) for line in lines if line)
    return fields.get("id", ""), json.loads(fields.get("data", "{}"))


async def next_change(messages: AsyncIterator[bytes]) -> tuple[str, dict[str, Any]]:
    """The next message that tells of something new."""
    while True:
        told_id, data = told(await asyncio.wait_for(anext(messages), PATIENCE))
        if data.get("changes"):
            return told_id, data


def streamed(tmp_path: Path, look: Callable[[Streams, Callable[[str | None], Any]], Any]) -> None:
    """Run `look` with the streams of the store's log, and what opens one after a horizon."""
    failures: list[Exception] = []
    all_streams = Streams(failures.append)
    with StoreReaders(url_of(tmp_path / "live.db")) as readers:

        def opened(after: str | None) -> AsyncIterator[bytes]:
            return all_streams.messages(
                "desk", lambda: readers.reader("desk"), lambda reader: "<board>", after
            )

        asyncio.run(look(all_streams, opened))
    assert failures == []


def test_what_is_committed_is_told_once_to_everybody_who_looks(
    tmp_path: Path, logger: EventLogger
) -> None:
    async def look(all_streams: Streams, opened: Callable[[str | None], Any]) -> None:
        viewers = [opened(None) for _ in range(3)]
        for one in viewers:
            assert await anext(one) == b"retry: 1000\n\n"
            assert told(await anext(one))[1]["board"] == "<board>"
        assert all_streams.count == 3
        await asyncio.to_thread(logger.update_event, 1, {"status": "submitted", "tx_hash": "0x1"})
        for one in viewers:
            told_id, data = await next_change(one)
            assert (told_id, data["count"]) == ("1+1", "1")
            assert [(c["order"], c["status"]) for c in data["changes"]] == [("1", "submitted")]
        for one in viewers:
            await one.aclose()
        assert all_streams.count == 0

    streamed(tmp_path, look)
    eventually(lambda: not any(t.name == "event-log-board-page" for t in threading.enumerate()))


def test_a_stream_goes_on_from_the_horizon_that_was_seen_last(
    tmp_path: Path, logger: EventLogger
) -> None:
    logger.update_event(1, {"status": "submitted", "tx_hash": "0x1"})
    logger.log_price_update(HOUR, "BINANCE", "ETH", 1)

    async def look(all_streams: Streams, opened: Callable[[str | None], Any]) -> None:
        one = opened("1")
        told_id, data = await next_change(one)
        assert (told_id, data["count"]) == ("2+1", "2")
        assert [change["order"] for change in data["changes"]] == ["1", "2"]
        await one.aclose()
        for nonsense in ("9", "x"):
            lost = opened(nonsense)
            await anext(lost)
            assert "is no horizon of this log" in told(await anext(lost))[1]["said"]
            await lost.aclose()

    streamed(tmp_path, look)


def test_of_very_much_the_last_is_told_and_all_is_counted(
    tmp_path: Path, logger: EventLogger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "_MOST_CHANGES", 3)
    for price in range(10):
        logger.log_price_update(HOUR, "BINANCE", "ETH", price)

    async def look(all_streams: Streams, opened: Callable[[str | None], Any]) -> None:
        one = opened("0")
        _, data = await next_change(one)
        assert data["count"] == "11"
        assert [change["order"] for change in data["changes"]] == ["9", "10", "11"]
        await one.aclose()

    streamed(tmp_path, look)


def test_open_streams_end_when_the_server_is_told_to_stop(
    tmp_path: Path, logger: EventLogger
) -> None:
    async def look(all_streams: Streams, opened: Callable[[str | None], Any]) -> None:
        one = opened(None)
        await anext(one)
        await anext(one)
        rest = asyncio.ensure_future(asyncio.wait_for(_rest(one), PATIENCE))
        await asyncio.sleep(0)
        all_streams.stop()
        await rest
        assert all_streams.count == 0
        with pytest.raises(PageError):
            all_streams.refuse_too_many()

    streamed(tmp_path, look)


async def _rest(messages: AsyncIterator[bytes]) -> None:
    async for _ in messages:
        continue


def test_there_are_so_many_streams_at_most(
    tmp_path: Path, logger: EventLogger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "MOST_STREAMS", 1)

    async def look(all_streams: Streams, opened: Callable[[str | None], Any]) -> None:
        one = opened(None)
        await anext(one)
        with pytest.raises(PageError, match="1 boards are open already"):
            all_streams.refuse_too_many()
        await one.aclose()
        all_streams.refuse_too_many()

    streamed(tmp_path, look)


def test_a_store_that_goes_away_is_told_and_what_was_missed_comes_when_it_is_back(
    tmp_path: Path, logger: EventLogger
) -> None:
    logger.log_price_update(HOUR, "BINANCE", "ETH", 1)
    is_away = True
    failures: list[Exception] = []

    async def look() -> None:
        all_streams = Streams(failures.append)
        with StoreReaders(url_of(tmp_path / "live.db")) as readers:

            def opened() -> Any:
                if is_away:
                    raise StoreError("sqlite:///live.db", "is away")
                return readers.reader("desk")

            one: Any = all_streams.messages("desk", opened, lambda reader: "", "1")
            await anext(one)
            assert "is away" in told(await anext(one))[1]["said"]
            nonlocal_away()
            told_id, data = await next_change(one)
            assert (told_id, [c["order"] for c in data["changes"]]) == ("2", ["2"])
            await one.aclose()

    def nonlocal_away() -> None:
        nonlocal is_away
        is_away = False

    asyncio.run(look())
    assert all(isinstance(one, StoreError) for one in failures)
