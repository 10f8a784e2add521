"""`logger.events`: a lazy, read-only sequence that reads what is asked for and no more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from event_logger import EventLogger
from infrastructure.stores.sqlite.reads import SQLiteReads
from tests.support import log_amounts, url_of

COUNT = 3000


@pytest.fixture(scope="module")
def logger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EventLogger]:
    path = tmp_path_factory.mktemp("events") / "runs.db"
    with EventLogger(store=url_of(path)) as logger:
        log_amounts(logger, *range(1, COUNT + 1))
        yield logger


@pytest.fixture
def rows_read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows each reading statement gave."""
    reads: list[int] = []
    read = SQLiteReads.events

    def counted(self: SQLiteReads, *arguments: Any) -> list[tuple[int, bytes]]:
        rows = read(self, *arguments)
        reads.append(len(rows))
        return rows

    monkeypatch.setattr(SQLiteReads, "events", counted)
    return reads


def amounts(events: Sequence[dict[str, Any]]) -> list[int]:
    return [event["amount"] for event in events]


@pytest.mark.parametrize("index", [0, 1, 999, 1000, 2999, -1, -2, -COUNT])
def test_an_index_reads_one_row(logger: EventLogger, rows_read: list[int], index: int) -> None:
    assert logger.events[index]["amount"] == list(range(1, COUNT + 1))[index]
    assert rows_read == [1]


@pytest.mark.parametrize("index", [COUNT, -COUNT - 1, 10**30])
def test_an_index_past_the_end_is_an_error(logger: EventLogger, index: int) -> None:
    with pytest.raises(IndexError, match=rf"there are {COUNT} events, and none at index {index}$"):
        logger.events[index]


@pytest.mark.parametrize("index", ["0", 1.0, None])
def test_an_index_that_is_no_int_is_an_error(logger: EventLogger, index: Any) -> None:
    with pytest.raises(TypeError):
        logger.events[index]


def test_the_length_reads_no_event(logger: EventLogger, rows_read: list[int]) -> None:
    assert len(logger.events) == COUNT
    assert bool(logger.events)
    assert rows_read == []


@pytest.mark.parametrize(
    ("piece", "rows"),
    [
        (slice(2990, None), 10),
        (slice(-10, None), 10),
        (slice(1500, 1510), 10),
        (slice(2000, 1000, -100), 10),
        (slice(None, None, 1000), 3),
        (slice(10, 10), 0),
        (slice(5000, 6000), 0),
        (slice(-5000, 2), 2),
    ],
)
def test_a_slice_reads_its_own_events(
    logger: EventLogger, rows_read: list[int], piece: slice, rows: int
) -> None:
    assert amounts(logger.events[piece]) == list(range(1, COUNT + 1))[piece]
    assert sum(rows_read) == rows


bounds = st.none() | st.integers(-40, 40)


@given(first=st.tuples(bounds, bounds), step=st.sampled_from([None, 1, -1, 2, -3]), again=bounds)
def test_slices_and_slices_of_slices_are_those_of_a_list(
    logger: EventLogger, first: tuple[int | None, int | None], step: int | None, again: int | None
) -> None:
    whole = list(range(1, 31))
    events = logger.events[:30]
    piece = slice(*first, step)
    assert amounts(events[piece]) == whole[piece]
    assert amounts(events[piece][again::2]) == whole[piece][again::2]


def test_iterating_reads_a_page_at_a_time(logger: EventLogger, rows_read: list[int]) -> None:
    events = iter(logger.events)
    assert next(events)["amount"] == 1
    assert rows_read == [100]
    assert [event["amount"] for event in events] == list(range(2, COUNT + 1))
    assert rows_read[:3] == [100, 1000, 1000]


def test_a_sequence_equals_a_list_of_the_same_events(logger: EventLogger) -> None:
    events = logger.events[:5]
    assert events == list(events)
    assert list(events) == events
    assert events == logger.events[0:5]
    assert events != logger.events[1:6]
    assert events != list(events)[:4]
    assert events != "events"


def test_a_sequence_has_what_sequences_have(logger: EventLogger) -> None:
    events = logger.events[:5]
    third = events[2]
    assert third in events
    assert events.index(third) == 2
    assert events.count(third) == 1
    assert amounts(list(reversed(events))) == [5, 4, 3, 2, 1]
    assert repr(events) == "<5 events, orders 1 to 5>"
    assert repr(logger.events[:0]) == "<0 events>"
    with pytest.raises(TypeError):
        hash(events)


def test_a_sequence_cannot_be_written_to(logger: EventLogger) -> None:
    for name in ("append", "clear", "pop", "__setitem__", "__delitem__"):
        assert not hasattr(logger.events, name)


def test_changing_an_event_that_was_read_changes_nothing(logger: EventLogger) -> None:
    logger.events[0]["amount"] = -1
    assert logger.events[0]["amount"] == 1


def test_a_sequence_stands_for_the_moment_it_was_asked_for() -> None:
    with EventLogger() as logger:
        log_amounts(logger, 1, 2)
        before = logger.events
        log_amounts(logger, 3)
        assert amounts(before) == [1, 2]
        assert amounts(logger.events) == [1, 2, 3]


def test_an_empty_log_is_an_empty_sequence() -> None:
    with EventLogger() as logger:
        assert logger.events == []
        assert not logger.events
        assert list(logger.events[::-1]) == []
        with pytest.raises(IndexError):
            logger.events[0]


@pytest.mark.parametrize("reading", ["bundle_tree", "history"])
def test_what_is_said_of_one_event_reads_a_bounded_number_of_rows(
    logger: EventLogger, rows_read: list[int], reading: str
) -> None:
    getattr(logger, reading)(1500)
    assert sum(rows_read) <= 1002
