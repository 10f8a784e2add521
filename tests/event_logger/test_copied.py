"""A logger is neither copied nor pickled: its store is open once."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from event_logger import AsyncEventLogger, EventLogger, NotCopyableError, open_log
from tests.support import HOUR, log_amounts, url_of

WAYS: list[Callable[[Any], object]] = [copy.copy, copy.deepcopy, pickle.dumps]


@pytest.mark.parametrize("way", WAYS)
def test_a_logger_refuses_with_one_sentence_and_goes_on(way: Callable[[Any], object]) -> None:
    with EventLogger(log="run") as logger:
        log_amounts(logger, 1)
        with pytest.raises(NotCopyableError, match="the EventLogger of log 'run' holds an open"):
            way(logger)
        assert log_amounts(logger, 2) == [2]


@pytest.mark.parametrize("way", WAYS[1:])
def test_so_does_what_reads_or_logs_through_it(way: Callable[[Any], object]) -> None:
    with EventLogger(log="run") as logger:
        log_amounts(logger, 1)
        then = logger.as_of(1)
        for held in ([logger], logger.events, logger.bundle(HOUR, "B"), then, then.events):
            with pytest.raises(NotCopyableError):
                way(held)


@pytest.mark.parametrize("way", WAYS)
def test_so_do_a_reader_and_an_asynchronous_logger(
    way: Callable[[Any], object], tmp_path: Path
) -> None:
    url = url_of(tmp_path / "a.db")
    EventLogger(store=url).close()
    with open_log(url) as reader, pytest.raises(NotCopyableError, match="the LogReader of log"):
        way(reader)
    with pytest.raises(NotCopyableError, match="the AsyncEventLogger of log 'default'"):
        way(AsyncEventLogger())
