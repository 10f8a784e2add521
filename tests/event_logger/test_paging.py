"""Pages of a log: whatever their size, the filter and the way, each event is on exactly one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from event_logger import EventLogger, LogReader, UnknownOrderError, open_log, paging
from event_logger.paging import Asked, LogPages
from event_logger.search import Criteria
from tests.support import HOUR, url_of

LAST = 40


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LogReader]:
    """Forty events, every third one a stake; 4 is a bundle of 5 and 6, 10 of 11."""
    store = url_of(tmp_path_factory.mktemp("paging") / "log.db")
    with EventLogger(store=store) as logger:
        while logger.global_order < LAST:
            order = logger.global_order + 1
            if order in (4, 10):
                details = [{"event_type": "SWAP", "venue": "X"}] * (2 if order == 4 else 1)
                logger.log_atomic_transaction(HOUR, "B", details)
            else:
                kind = "STAKE_DEPOSIT" if order % 3 == 0 else "PRICE_UPDATE"
                snapshot = {"wallet": {"ETH": order}} if order in (1, 7) else None
                logger.log_event(HOUR, kind, "LIDO", "ETH", order, snapshot, event_id=f"id-{order}")
    with open_log(store) as reader:
        yield reader


def walked(pages: LogPages, criteria: Criteria, start: int, most: int, back: bool) -> list[int]:
    """The orders of all pages that are reached from here, in the order of the log."""
    orders: list[int] = []
    at: int | None = start
    while at is not None:
        found = pages.found(criteria, Asked(at, most, back))
        page = [event["order"] for event in found.events]
        assert len(page) <= most
        assert all(found.first <= order <= found.last for order in page)
        orders = [*page, *orders] if back else [*orders, *page]
        at = found.earlier if back else found.later
    return orders


CRITERIA: list[Criteria] = [
    {},
    {"event_type": "STAKE_DEPOSIT"},
    {"parent": 4},
    {"event_id": "id-9"},
    {"orders": (5, 20)},
    {"orders": (5, 20), "event_type": "STAKE_DEPOSIT"},
    {"venue": "NOWHERE"},
]


@given(
    criteria=st.sampled_from(CRITERIA),
    start=st.integers(1, LAST + 2),
    most=st.integers(1, 12),
    back=st.booleans(),
    stretch=st.integers(1, 9),
)
def test_each_event_is_on_exactly_one_page(
    reader: LogReader, criteria: Criteria, start: int, most: int, back: bool, stretch: int
) -> None:
    wanted = [event["order"] for event in reader.search(**criteria)]
    wanted = [order for order in wanted if (order <= start if back else order >= start)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paging, "_STRETCH", stretch)
        assert walked(LogPages(reader), criteria, start, most, back) == wanted


@given(start=st.integers(1, LAST), most=st.integers(1, 8), back=st.booleans())
def test_a_page_leads_back_to_what_was_before_it(
    reader: LogReader, start: int, most: int, back: bool
) -> None:
    pages = LogPages(reader)
    found = pages.found({}, Asked(start, most, back))
    other = found.later if back else found.earlier
    assert other == ((found.last + 1) if back else found.first - 1 or None) or (
        other is None and (found.last == LAST if back else found.first == 1)
    )


def test_when_the_time_is_over_it_is_said_and_the_rest_is_found_from_there(
    reader: LogReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "_STRETCH", 5)
    found = LogPages(reader).found({"event_type": "SWAP", "token": "X"}, Asked(1, 3, False, -1.0))
    assert (found.events, found.is_complete) == ([], False)
    assert (found.first, found.last, found.later) == (1, 5, 6)
    back = LogPages(reader).found({"token": "X"}, Asked(LAST, 3, True, -1.0))
    assert (back.first, back.last, back.earlier) == (LAST - 4, LAST, LAST - 5)


def test_a_page_reads_no_more_than_it_shows(
    reader: LogReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = reader._logs.store.reads
    asked: list[tuple[int, int]] = []
    events = type(reads).events

    def counted(self: object, log: object, first: int, last: int, limit: int) -> object:
        asked.append((first, last))
        return events(self, log, first, last, limit)  # type: ignore[arg-type]

    monkeypatch.setattr(type(reads), "events", counted)
    LogPages(reader).found({}, Asked(17, 5))
    assert asked == [(17, 21)]


def test_bundles_are_found_by_their_outermost_wrappers(reader: LogReader) -> None:
    found = LogPages(reader).bundles(Asked(1, 10))
    assert [event["order"] for event in found.events] == [4, 10]
    assert [e["order"] for e in LogPages(reader).bundles(Asked(LAST, 1, True)).events] == [10]


@pytest.mark.parametrize(
    ("order", "within", "before"), [(8, 500, 7), (7, 500, 1), (1, 500, None), (40, 10, None)]
)
def test_the_snapshot_before_is_the_nearest(
    reader: LogReader, order: int, within: int, before: int | None
) -> None:
    found = LogPages(reader).snapshot_before(order, within)
    assert (None if found is None else found["order"]) == before


def test_a_raw_record_is_what_is_stored(reader: LogReader) -> None:
    assert '"event_id":"id-9"' in LogPages(reader).raw(9)
    with pytest.raises(UnknownOrderError):
        LogPages(reader).raw(LAST + 1)
