"""Work in the background: once, one at a time, so much at most, and kept for who asks next."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import CorruptLogError
from event_logger import EventLogger, open_log
from event_logger.comparing import compare
from event_logger.paging import LogPages
from event_logger.reader import LogReader
from event_logger.web import background, board, compared, folding
from event_logger.web.audited import Audits
from event_logger.web.background import Background
from event_logger.web.errors import PageError
from event_logger.web.folding import Folds
from infrastructure.reading import Records
from projections.timelines import Timelines
from tests.redis_server import eventually
from tests.support import HOUR, PATIENCE, url_of
from tests.web.client import asking, data_of


def test_a_piece_of_work_is_done_once_and_kept() -> None:
    works: Background[int] = Background()
    done: list[int] = []

    def do() -> int:
        done.append(1)
        return 7

    assert [works.result("a", do, PATIENCE) for _ in range(3)] == [7, 7, 7]
    assert (len(done), works.known("a"), works.known("b")) == (1, 7, None)


def test_what_is_not_done_yet_is_none_and_goes_on() -> None:
    works: Background[int] = Background()
    may_end = threading.Event()
    assert works.result("a", lambda: 7 if may_end.wait(PATIENCE) else 0, 0.0) is None
    may_end.set()
    assert works.result("a", lambda: 8, PATIENCE) == 7


def test_what_failed_is_said_and_tried_again() -> None:
    works: Background[int] = Background()

    def fail() -> int:
        raise CorruptLogError("x", 3, "it is damaged")

    with pytest.raises(CorruptLogError):
        works.result("a", fail, PATIENCE)
    assert works.result("a", lambda: 7, PATIENCE) == 7


def test_so_much_waits_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "_MOST_WAITING", 2)
    works: Background[bool] = Background()
    may_end = threading.Event()
    for key in ("a", "b"):
        assert works.result(key, lambda: may_end.wait(PATIENCE), 0.0) is None
    with pytest.raises(PageError, match="2 others are being worked on") as refused:
        works.result("c", lambda: True, 0.0)
    assert refused.value.status == 503
    may_end.set()
    assert works.result("b", lambda: True, PATIENCE)
    assert works.result("c", lambda: True, PATIENCE)


def test_figures_go_on_with_a_log_and_are_folded_anew_after_a_transition(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folding, "_FOLD_AGAIN_SECONDS", 0.0)
    store = url_of(tmp_path / "live.db")
    folds = Folds()
    with EventLogger("live", store=store, redis=False) as logger, open_log(store) as reader:
        logger.log_event(HOUR, "SPOT_TRADE", "DEX", "ETH", 1, execution_cost_usd=5, tx_hash="0x1")
        assert folds.of(reader, None, PATIENCE).timelines.order == 1
        logger.log_event(HOUR, "X", "V")
        folded = folds.of(reader, None, PATIENCE)
        assert (folded.timelines.order, folded.is_complete) == (2, True)
        assert [one.kind for one in folded.timelines.figures()] == ["execution cost"]
        logger.update_event(1, {"status": "failed"})
        again = folds.of(reader, None, PATIENCE)
        assert (again.timelines.order, again.timelines.figures()) == (2, [])
        # What was handed out stays as it was.
        assert [one.kind for one in folded.timelines.figures()] == ["execution cost"]


def test_of_many_horizons_the_last_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folding, "_KEPT", 2)
    store = url_of(tmp_path / "run.db")
    with EventLogger(store=store) as logger:
        for _ in range(5):
            logger.log_event(HOUR, "X", "V")
    folds = Folds()
    with open_log(store) as reader:
        for order in range(1, 6):
            then = reader.as_of(order)
            assert folds.of(then, then.horizon, PATIENCE).timelines.types.total() == order
    assert len(folds._folds) == 2


def test_the_last_audit_is_known_until_there_is_another(tmp_path: Path) -> None:
    store = url_of(tmp_path / "run.db")
    audits = Audits()
    with EventLogger(store=store) as logger, open_log(store) as reader:
        logger.log_event(HOUR, "X", "V")
        logger.flush()
        assert audits.last(reader) is None
        report = audits.of(reader, PATIENCE)
        assert report is not None
        verdict = audits.last(reader)
        assert verdict is not None
        assert (verdict.is_sound, verdict.horizon.order) == (report.is_sound, 1)


def counted_reading(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The first order of each page of records that is read from now on."""
    read: list[int] = []
    records = LogPages.records

    def counted(pages: LogPages, first: int, last: int) -> Records:
        read.append(first)
        return records(pages, first, last)

    monkeypatch.setattr(LogPages, "records", counted)
    return read


def test_what_a_transition_changes_is_folded_in_from_the_event_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a log that is folded five events at a time
    monkeypatch.setattr(folding, "_PAGE", 5)
    store = url_of(tmp_path / "live.db")
    folds = Folds()
    with EventLogger("live", store=store, redis=False) as logger, open_log(store) as reader:
        for n in range(40):
            logger.log_event(HOUR, "SPOT_TRADE", "DEX", "ETH", 1, execution_cost_usd=10**n)
        assert folds.of(reader, None, PATIENCE).is_complete
        read = counted_reading(monkeypatch)
        # when an event near the end fails, only what comes from there on is read again
        logger.update_event(38, {"status": "failed"})
        (cost,) = folds.of(reader, None, PATIENCE).timelines.figures()
        assert (read, int(cost.points[-1].value)) == ([36], int("1" * 40) - 10**37)
        # and when the first one does, all of it is
        logger.update_event(1, {"status": "failed"})
        (cost,) = folds.of(reader, None, PATIENCE).timelines.figures()
        assert (read[1], int(cost.points[-1].value)) == (1, int("1" * 40) - 10**37 - 1)


def test_deep_changes_wait_a_while_and_nothing_complete_is_taken_away_for_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folding, "_PAGE", 5)
    monkeypatch.setattr(folding, "_DEEP", 10)
    store = url_of(tmp_path / "live.db")
    folds = Folds()
    with EventLogger("live", store=store, redis=False) as logger, open_log(store) as reader:
        for _ in range(30):
            logger.log_event(HOUR, "SPOT_TRADE", "DEX", "ETH", 1, execution_cost_usd=1)
        folds.of(reader, None, PATIENCE)
        for order, cost in ((1, 29), (2, 29), (28, 29)):
            logger.update_event(order, {"status": "failed"})
            folded = folds.of(reader, None, PATIENCE)
            (figure,) = folded.timelines.figures()
            assert (folded.is_complete, int(figure.points[-1].value)) == (True, cost)
        monkeypatch.setattr(folding, "_FOLD_AGAIN_SECONDS", 0.0)
        (figure,) = folds.of(reader, None, PATIENCE).timelines.figures()
        assert figure.points[-1].value == 27


def test_a_backtest_as_of_then_begins_where_it_was_folded_already(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folding, "_PAGE", 5)
    store = url_of(tmp_path / "run.db")
    with EventLogger(store=store) as logger:
        for _ in range(40):
            logger.log_event(HOUR, "X", "V")
    folds = Folds()
    with open_log(store) as reader:
        folds.of(reader, None, PATIENCE)
        read = counted_reading(monkeypatch)
        then = reader.as_of(33)
        assert folds.of(then, then.horizon, PATIENCE).timelines.types.total() == 33
        assert read == [31]


@given(st.lists(st.integers(1, 3000), min_size=1, max_size=80))
def test_marks_are_bounded_rising_and_the_denser_the_nearer_the_end(steps: list[int]) -> None:
    marks: list[Timelines] = []
    order = 0
    for step in steps:
        order += step
        one = Timelines()
        one.order = order
        marks = folding._thinned([*marks, one])
    orders = [one.order for one in marks]
    assert orders == sorted(set(orders))
    assert (orders[0], orders[-1], len(orders)) == (
        steps[0], sum(steps), min(len(steps), folding._MOST_MARKS),
    )  # fmt: skip


def test_the_board_as_of_then_is_folded_while_the_page_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_end, read = threading.Event(), board.read_board
    monkeypatch.setattr(
        board, "read_board", lambda *asked: read(*asked) if may_end.wait(PATIENCE) else {}
    )
    store = url_of(tmp_path / "live.db")
    with EventLogger("live", store=store, log="desk", redis=False) as logger:
        logger.log_stake(HOUR, "LIDO", eth_in=1, lst_out=1, oracle_price=1)
        logger.update_event(1, {"status": "submitted", "tx_hash": "0x1"})
    with asking(store, patience=0.0) as client:
        waits = client.get("/board?as_of=1")
        assert (waits.status_code, waits.headers["refresh"]) == (202, "2")
        assert "folded from the log" in waits.text
        may_end.set()
        told = data_of(client.get("/board.json?as_of=1"))
        assert (told["is_done"], told["counts"]) == (True, {"pending": "1"})
        assert "pending" in client.get("/board?as_of=1").text
        assert "0x1" in client.get("/board").text


@pytest.mark.parametrize("address", ["/compare?left=a&right=a&right_as_of=1", "/findings?log=a"])
def test_of_a_log_that_goes_on_what_was_begun_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    begun: list[object] = []
    may_end = threading.Event()

    def slowed(made: Callable[..., Any]) -> Callable[..., Any]:
        def slow(*asked: Any, **named: Any) -> Any:
            begun.append(asked)
            may_end.wait(PATIENCE)
            return made(*asked, **named)

        return slow

    monkeypatch.setattr(compared, "comparison_of", slowed(compare))
    monkeypatch.setattr(LogReader, "audit", slowed(LogReader.audit))
    store = url_of(tmp_path / "live.db")
    with (
        EventLogger("live", store=store, log="a", redis=False) as logger,
        asking(store, patience=0.0) as client,
    ):
        for _ in range(3):
            logger.log_event(HOUR, "X", "V")
            assert client.get(address).status_code == 202
        may_end.set()
        eventually(lambda: client.get(address).status_code == 200)
    assert len(begun) == 1
