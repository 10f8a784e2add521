"""A log through JSON lines into a log again: the same, histories, times, writers and all."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing, suppress
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.horizon import START, Horizon
from event_logger import (
    AsyncEventLogger,
    CorruptLogError,
    EventLogFileError,
    EventLogger,
    EventLoggerError,
    LogReader,
    open_log,
)
from infrastructure.files.importing import import_file
from tests.infrastructure.files.test_csv_round_trip import event, extras
from tests.support import HOUR

UPDATES: list[dict[str, Any]] = [
    {"status": "submitted", "tx_hash": "0xa", "nonce": 2**70},
    {"status": "submitted", "tx_hash": "0xb", "gas_cost_eth": Decimal("0.00210")},
    {"status": "confirmed", "confirmation_blocks": 2, "by": "desk", "reason": "seen"},
    {"status": "reorged"},
    {"status": "confirmed", "completion_timestamp": HOUR + pd.Timedelta("1ns")},
    {"position_snapshot": {"wallet": {"ETH": Decimal("1.50"), "nan": float("nan")}}},
    {"status": "finalized"},
    {"status": "dropped"},
]


def log_at_random(folder: Path, mode: str, data: st.DataObject) -> str:
    """A log of several openings, with bundles, late details and updates; its store."""
    store = f"sqlite:///{folder / 'old.db'}"
    options: dict[str, Any] = {"store": store, "log": "run", "redis": False}
    options["metadata"] = {"v": Decimal("1.10"), "started": HOUR, "imported_from": "x.csv"}
    for opening in range(data.draw(st.integers(1, 2))):
        with EventLogger(mode, **options, actor=f"desk {opening}") as logger:
            for number in range(data.draw(st.integers(1, 3))):
                order = logger.log_event(**event(data.draw), event_id=f"{opening}-{number}")
                details = [event(data.draw) for _ in range(data.draw(st.integers(0, 2)))]
                inner = event(data.draw) | {"detail_events": details, "tx_hash": "0xw"}
                given = [inner, *details]
                wrapper, *_ = logger.log_atomic_transaction(HOUR, "B", given, data.draw(extras))
                logger.log_event(HOUR, "LATE", "V", parent_event=wrapper, related_events=[order])
                if mode == "backtest":
                    continue
                for update in data.draw(st.lists(st.sampled_from(UPDATES), max_size=5)):
                    with suppress(EventLoggerError):
                        logger.update_event(data.draw(st.sampled_from([order, wrapper])), update)
    return store


def entries(reader: LogReader) -> list[Any]:
    """Every entry as it is stored."""
    return reader._logs.store.reads.stored_entries(reader._log.id, START, 10**6)


def read(reader: LogReader) -> list[Any]:
    """What can be read of a log."""
    orders = range(1, reader.global_order + 1)
    board = reader.live_status()
    for row in board["open"]:
        del row["age_seconds"]
    return [
        reader.get_all_events(),
        [reader.history(order) for order in orders],
        list(reader.bundle_trees()),
        reader.get_summary_stats(),
        board,
        [event["order"] for event in reader.search(tx_hash="0xa")],
        [event["order"] for event in reader.search(event_id="0-0")],
    ]


@settings(max_examples=15, deadline=None)
@given(data=st.data())
@pytest.mark.parametrize("mode", ["live", "backtest"])
def test_a_log_comes_back_as_it_was(mode: str, data: st.DataObject) -> None:
    with TemporaryDirectory() as name:
        folder, store = Path(name), f"sqlite:///{name}/new.db"
        old_store = log_at_random(folder, mode, data)
        first, second = folder / "first.jsonl", folder / "second.jsonl"
        with open_log(old_store, "run") as old:
            assert old.export_to_jsonl(str(first)) == str(first)
            report = import_file(first, store, "copy")
            assert (report.events, report.bundles) == (
                old.global_order,
                sum(tree["event"]["parent_event"] is None for tree in old.bundle_trees()),
            )
            with open_log(store, "copy") as new:
                assert repr(read(new)) == repr(read(old))
                there = [one._replace(horizon=None) for one in entries(old)]
                assert [one._replace(horizon=None) for one in entries(new)] == there
                assert [one.horizon for one in entries(new)] == [x.horizon for x in entries(old)]
                writers = [one._logs.store.reads.writers(one._log.id) for one in (old, new)]
                assert writers[1].pop(len(writers[0]) + 1)
                assert writers[0] == writers[1]
                new.export_to_jsonl(str(second))
        header, *lines = first.read_bytes().splitlines()
        assert second.read_bytes().splitlines()[1:] == lines
        with EventLogger(mode, store=store, log="copy", redis=False) as logger:
            said = logger.metadata["imported_from"]
            head = orjson.loads(header)
            assert (said["log"], said["identity"]) == ("run", head["identity"])
            assert (said["horizon"], said["file"]) == (head["horizon"], "first.jsonl")
            assert said["imported_from"] == "x.csv"
            assert logger.metadata["v"] == Decimal("1.10")
            assert logger.metadata["started"] == HOUR
            assert logger._log.identity != head["identity"]
            last = len(logger.events)
            assert logger.log_event(pd.Timestamp("2099-01-01", tz="UTC"), "X", "V") == last + 1
            if mode == "live":
                logger.update_event(last + 1, {"status": "submitted", "tx_hash": "0xz"})
                assert [s["status"] for s in logger.history(last + 1)] == ["pending", "submitted"]


@pytest.fixture
def lines(tmp_path: Path) -> list[bytes]:
    """A live log of two events, a bundle of two details, and three transitions."""
    with EventLogger("live", store=f"sqlite:///{tmp_path / 'old.db'}", redis=False) as logger:
        logger.log_event(HOUR, "A", "V", "ETH", Decimal("1.50"), event_id="a")
        logger.update_event(1, {"status": "submitted", "tx_hash": "0x1"})
        logger.update_event(1, {"status": "confirmed"})
        logger.log_event(HOUR, "A", "V", event_id="b", related_events=[1])
        detail = {"event_type": "D", "venue": "V"}
        logger.log_atomic_transaction(HOUR, "B", [detail, detail])
        logger.update_event(3, {"status": "failed"})
        path = Path(logger.export_to_jsonl(str(tmp_path / "old.jsonl")))
    return path.read_bytes().splitlines(keepends=True)


HEADER, A, MOVE, MOVE_2, B, WRAPPER, DETAIL, DETAIL_2, LAST = range(9)
FIRST = b'{"writer":1,"introduction":{},"ended_at":null},'
FUTURE = b'"committed_at":"2099-01-01T00:00:00Z"'


def test_what_a_line_holds(lines: list[bytes]) -> None:
    head, *rest = map(orjson.loads, lines)
    assert list(head) == [
        *("format", "log", "mode", "metadata", "identity", "horizon", "opened", "writers"),
    ]
    assert (head["format"], head["log"], head["mode"]) == (
        *("event-logger/jsonl/v1", "default", "live"),
    )
    assert (head["horizon"], [one["writer"] for one in head["writers"]]) == ("5+3", [1])
    assert [next(iter(one)) for one in rest] == [
        *("order", "transition", "transition", *["order"] * 4, "transition"),
    ]
    assert rest[0]["state"]["amount"] == {"$decimal": "1.50"}
    assert rest[1]["state"]["status"] == "submitted"


@pytest.mark.parametrize(
    ("row", "old", "new", "sentence"),
    [
        (HEADER, b"jsonl/v1", b"jsonl/v9", "row 0: its format is 'event-logger/jsonl/v9', and"),
        (HEADER, b'"format"', b'"former"', "row 0: is no header of JSON lines"),
        (HEADER, b'"live"', b'"dead"', "row 0: is no header of JSON lines"),
        (HEADER, b'"5+3"', b'"five"', "row 0: is no header of JSON lines"),
        (HEADER, b'"5+3"', b'"5+4"', "row 8: the file ends at 5+3, and its header says 5+4"),
        (HEADER, b'"5+3"', b'"4+3"', "row 8: the file ends at 5+3, and its header says 4+3"),
        (HEADER, b'"writer":1', b'"writer":2', "row 1: writer 1 is none of the header's"),
        (HEADER, b'"writer":1', b'"writer":1073741824', "row 0: is no header of JSON lines"),
        (HEADER, b'"writer":1', b'"writer":18446744073709551615', "row 0: is no header of JSON"),
        (HEADER, b'"writers":[', b'"writers":[' + FIRST, "row 0: is no header of JSON"),
        (HEADER, b'"live"', b'"backtest"', "row 2: a backtest log has no transitions"),
        (HEADER, b'"metadata":{', b'"metadata":7,"m":{', "row 0: is no header of JSON lines"),
        (A, b'"writer":1', b'"writer":{"a":1}', "row 1: writer {'a': 1} is none of the header's"),
        (A, b'"writer":1', b'"writer":[1]', "row 1: writer [1] is none of the header's"),
        (A, b'"writer":1', b'"writer":true', "row 1: writer True is none of the header's"),
        (A, b'"writer":1', b'"writer":1.0', "row 1: writer 1.0 is none of the header's"),
        (A, b"{", b"", "row 1: is no JSON"),
        (A, b'"order":1,', b"", "row 1: is no entry of a log"),
        (A, b'"order":1,', b'"order":2,', "row 1: order 2 does not follow 0"),
        (A, b'"venue":"V"', b'"venue":""', "row 1: venue must be text that is not blank"),
        (A, b'"venue":"V",', b"", "row 1: its state is no record ('venue')"),
        (A, b'"1.50"', b'"much"', "row 1: its state is no record"),
        (A, b'"1.50"', b'"NaN"', "row 1: amount must be a finite number"),
        (A, b'"token"', b'"tokens"', "row 1: 'tokens' is no field"),
        (A, b'-05-12T', b'-15-12T', "row 1: its state is no record"),
        (A, b'{"recorded_at"', b'{"recorded"', "row 1: its state is no record"),
        (A, b'"committed_at":"', b'"committed_at":"x', "row 1: committed_at 'x2"),
        (A, b'"committed_at":"2', b'"committed_at":"1', "row 1: committed_at 1"),
        (A, b'"order":1', b'"order":true', "row 1: order True does not follow 0"),
        (MOVE, b'"transition":1', b'"transition":2', "row 2: transition 2 does not follow 0"),
        (MOVE, b'"order":1', b'"order":9', "row 2: order 9 names no earlier order"),
        (MOVE, b'"status":"sub', b'"status":"sup', "row 2: its status is 'supmitted'"),
        (MOVE, b',"status":"submitted"', b"", "row 2: its state is no record ('status')"),
        (MOVE, b'"logged":{}', b'"logged":{"x":1}', "row 2: its state is no record ('x')"),
        (MOVE_2, b'"from_status":"sub', b'"from_status":"pend', "row 3: its status is 'pendmi"),
        (MOVE_2, b'"submitted"', b'"reorged"', "row 3: it begins at 'reorged', and order 1"),
        (B, b'"event_id":"b"', b'"event_id":"a"', "row 4: event_id 'a' is there twice"),
        (B, b"[1]", b"[2]", "row 4: related_events 2 names no earlier order"),
        (WRAPPER, b"[4,5]", b"[4,5,6]", "row 8: order 6, a detail of order 3, is missing"),
        (WRAPPER, b"[4,5]", b"[3,4,5]", "row 5: detail_orders [3, 4, 5] do not follow order 3"),
        (DETAIL, b'"parent_event":3', b'"parent_event":2', "row 6: order 4 is a detail of order 3"),
        (DETAIL, b'"parent_event":3', b'"parent_event":7', "row 6: its state is no record"),
    ],
)  # fmt: skip
def test_an_unsound_line_refuses_the_file_and_makes_no_store(
    tmp_path: Path, lines: list[bytes], row: int, old: bytes, new: bytes, sentence: str
) -> None:
    assert old in lines[row]
    lines[row] = lines[row].replace(old, new, 1)
    path = tmp_path / "bad.jsonl"
    path.write_bytes(b"".join(lines) if lines[HEADER].startswith(b"{") else b"{")
    with pytest.raises(EventLogFileError) as refused:
        import_file(path, f"sqlite:///{tmp_path / 'new.db'}", "copy")
    assert sentence in str(refused.value)
    assert not list(tmp_path.glob("new.db*"))


@pytest.mark.parametrize("place", range(1, 9))
def test_a_line_that_is_missing_or_there_twice_is_found(
    tmp_path: Path, lines: list[bytes], place: int
) -> None:
    path = tmp_path / "bad.jsonl"
    for changed in (lines[:place] + lines[place + 1 :], [*lines[: place + 1], *lines[place:]]):
        path.write_bytes(b"".join(changed))
        with pytest.raises(EventLogFileError):
            import_file(path, f"sqlite:///{tmp_path / 'new.db'}", "copy")
    assert not list(tmp_path.glob("new.db*"))


def test_a_file_that_was_written_anew_is_read_all_the_same(
    tmp_path: Path, lines: list[bytes]
) -> None:
    path, store = tmp_path / "anew.jsonl", f"sqlite:///{tmp_path / 'new.db'}"
    anew = [json.dumps(json.loads(line), ensure_ascii=True) for line in lines]
    path.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(anew).encode())
    import_file(path, store, "copy")
    with open_log(store, "copy") as copy, open_log(f"sqlite:///{tmp_path / 'old.db'}") as old:
        assert copy.get_all_events() == old.get_all_events()
        assert copy.global_order == 5


def test_an_export_of_a_damaged_log_leaves_the_former_file(
    tmp_path: Path, lines: list[bytes]
) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text("former")
    damages = [
        "DELETE FROM stored_events WHERE originator_version=2",
        "UPDATE stored_events SET state='{' WHERE originator_version=2",
        "DELETE FROM transitions WHERE number=2",
        "UPDATE stored_events SET state=x'7b7d' WHERE number=2",
        "UPDATE stored_events SET topic='x' WHERE number=2",
    ]
    original = (tmp_path / "old.db").read_bytes()
    for place, damage in enumerate(damages):
        store = tmp_path / f"{place}.db"
        store.write_bytes(original)
        with closing(sqlite3.connect(store)) as connection, connection:
            connection.execute(damage)
        with open_log(f"sqlite:///{store}") as reader:
            with pytest.raises(CorruptLogError, match="is damaged at order"):
                reader.export_to_jsonl(str(path))
        assert path.read_text() == "former"


def test_what_is_logged_meanwhile_is_not_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    with EventLogger("live", store=f"sqlite:///{tmp_path / 'old.db'}", redis=False) as logger:
        for _ in range(500):
            logger.log_event(HOUR, "A", "V")

        def meanwhile(done: int, total: int) -> None:
            logger.log_event(HOUR, "A", "V")
            logger.update_event(1, {"status": "submitted", "tx_hash": f"0x{done}"})

        logger.export_to_jsonl(str(path), progress=meanwhile)
        assert len(logger.events) == 503
    head, *rest = map(orjson.loads, path.read_bytes().splitlines())
    assert Horizon.parse(head["horizon"]) == Horizon(500, 0)
    assert [one["order"] for one in rest] == list(range(1, 501))


def test_the_asynchronous_logger_exports_likewise(tmp_path: Path) -> None:
    async def exported() -> str:
        async with AsyncEventLogger() as logger:
            await logger.log_event(HOUR, "A", "V")
            return await logger.export_to_jsonl(str(tmp_path / "log.jsonl"))

    assert len(Path(asyncio.run(exported())).read_bytes().splitlines()) == 2
