"""A server whose disk is full refuses, and goes on when there is room; nothing told is lost."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from event_logger import EventLogger, StoreError, open_log
from infrastructure.copying import copy_logs
from tests.postgres_server import PostgresServer
from tests.support import HOUR, log_amounts, url_of

LARGEST_FILE = 17 * 2**20
"""Bytes: a little more than a segment of the server's write-ahead log has."""

TEXT = 150_000


def fill_up(server: PostgresServer) -> None:
    server.stop()
    server.start(largest_file=LARGEST_FILE)


def make_room(server: PostgresServer) -> None:
    server.stop()
    server.start()


def text() -> str:
    """What no server compresses."""
    return os.urandom(TEXT).hex()


def log_until_full(logger: EventLogger) -> list[int]:
    """Orders that were given before the disk was full."""
    told = []
    for _ in range(3 * LARGEST_FILE // TEXT):
        try:
            told.append(int(logger.log_event(HOUR, "GAS_FEE_PAID", "ETHEREUM", note=text())))
        except StoreError:
            return told
    raise AssertionError("the disk was never full")


def test_live_calls_are_refused_while_the_disk_is_full_and_go_on_after(
    durable: PostgresServer,
) -> None:
    with EventLogger("live", store=durable.url(), redis=False) as logger:
        fill_up(durable)
        told = log_until_full(logger)
        with pytest.raises(StoreError):
            logger.log_event(HOUR, "GAS_FEE_PAID", "ETHEREUM", note=text())
        make_room(durable)
        told += log_amounts(logger, 1, 2)
    assert told == list(range(1, len(told) + 1))
    with open_log(durable.url()) as reader:
        assert [event["order"] for event in reader.events] == told


def test_a_backtest_keeps_what_it_could_not_commit(durable: PostgresServer) -> None:
    with EventLogger(store=durable.url(), commit_every=10) as logger:
        log_amounts(logger, 1)
        logger.flush()
        fill_up(durable)
        log_until_full(logger)
        make_room(durable)
        logger.flush()
        last = logger.global_order
    with open_log(durable.url()) as reader:
        assert reader.global_order == last


def test_a_copy_that_finds_the_disk_full_goes_on_when_there_is_room(
    durable: PostgresServer, tmp_path: Path
) -> None:
    source = url_of(tmp_path / "source.db")
    with EventLogger(store=source) as logger:
        for _ in range(2 * LARGEST_FILE // TEXT):
            logger.log_event(HOUR, "GAS_FEE_PAID", "ETHEREUM", note=text())
    EventLogger("live", store=durable.url(), log="first", redis=False).close()
    fill_up(durable)
    with pytest.raises(StoreError):
        copy_logs(source, durable.url())
    with open_log(durable.url(), "default") as reader:
        there = reader.global_order
        assert [event["order"] for event in reader.events] == list(range(1, there + 1))
    make_room(durable)
    (done,) = copy_logs(source, durable.url())
    assert done.copied == done.events - there
    assert there > 0
