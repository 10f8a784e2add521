"""Questions to logs in SQL: which tables there are, of which logs, and what is answered."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

from event_logger import EventLogger, open_log
from infrastructure.columns import layout, tables
from tests.commands import run
from tests.small_log import fill
from tests.support import HOUR, url_of

SNAPSHOT = {"wallet": {"ETH": Decimal("1.10")}, "cex_accounts": {"binance": {"USDT": 2.5}}}
NANOSECOND = pd.Timestamp("2024-05-12 14:00:00.000000001", tz="UTC")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A live log, a backtest, and one with values that are hard to tell."""
    store = url_of(tmp_path_factory.mktemp("sql") / "runs.db")
    for mode in ("live", "backtest"):
        with EventLogger(
            mode, store=store, log=mode, redis=False, metadata={"leverage": 3}
        ) as logger:
            fill(logger)
    with EventLogger(store=store, log="odd", hourly_timestamps=False) as logger:
        logger.log_event(NANOSECOND, "X", "V", "ETH", Decimal("1.10"), position_snapshot=SNAPSHOT)
        quoted: dict[str, Any] = {"wei": 2**70, 'a"b': "q"}
        logger.log_event(NANOSECOND, "X", "V", "ETH", 2**70, **quoted)
    return store


def asked(query: str, store: str, *options: str) -> list[dict[str, Any]]:
    done = run("sql", query, "--store", store, "--format", "json", *options)
    return [json.loads(line, parse_float=Decimal) for line in done.stdout.splitlines()]


def test_a_log_is_asked_or_several_or_all_of_a_store(store: str) -> None:
    query = "SELECT log, count(*) AS events FROM events GROUP BY log ORDER BY log"
    counts = {"backtest": 10, "live": 10, "odd": 2}
    for options, logs in (
        ((), ["backtest", "live", "odd"]),
        (("--log", "live"), ["live"]),
        (("--log", "live", "--log", "odd"), ["live", "odd"]),
    ):
        assert asked(query, store, *options) == [
            {"log": log, "events": counts[log]} for log in logs
        ]
    assert asked(query, f"{store}#odd") == [{"log": "odd", "events": 2}]


def test_the_tables_tell_what_reading_tells(store: str) -> None:
    with open_log(store, "live") as reader:
        events, steps = reader.get_all_events(), reader.history(1)[1:]
        committed = reader.committed(1)[1:]
        horizon = str(reader.horizon)
    found = asked('SELECT "order", status, tx_hash, venue FROM events ORDER BY 1', f"{store}#live")
    names = ("order", "status", "tx_hash", "venue")
    assert found == [{name: event[name] for name in names} for event in events]
    transitions = asked(
        'SELECT number, status, tx_hash, committed_at FROM transitions WHERE "order" = 1',
        f"{store}#live",
    )
    assert [row["status"] for row in transitions] == [step["status"] for step in steps]
    assert [row["number"] for row in transitions] == [one["transition"] for one in committed]
    assert [pd.Timestamp(row["committed_at"]) for row in transitions] == [
        one["committed_at"] for one in committed
    ]
    bundles = asked(
        'SELECT "order", parent_event, bundle_name, detail_orders, last_order FROM bundles',
        f"{store}#live",
    )
    assert [tuple(row.values()) for row in bundles] == [
        (2, None, "ENTRY", [3, 4, 7], 7),
        (4, 2, None, [5, 6], 6),
    ]
    (log,) = asked(
        "SELECT mode, events, horizon, metadata->>'leverage' AS x FROM logs", f"{store}#live"
    )
    assert log == {"mode": "live", "events": 10, "horizon": horizon, "x": "3"}


def test_balances_are_rows_of_the_snapshots(store: str) -> None:
    found = asked("SELECT * FROM balances", store)
    assert [(row["log"], row["account"], row["asset"], row["amount_text"]) for row in found] == [
        ("odd", "WALLET", "ETH", "1.10"),
        ("odd", "binance", "USDT", "2.5"),
    ]
    assert found[0]["timestamp"] == "2024-05-12T14:00:00.000000001Z"


def test_what_was_known_then_is_asked(store: str) -> None:
    query = "SELECT count(*) AS n, max(status) AS status FROM events"
    then = ("--log", "live", "--as-of", "3")
    assert asked(query, store, *then) == [{"n": 7, "status": "pending"}]
    assert asked("SELECT count(*) AS n FROM transitions", store, *then) == [{"n": 0}]
    done = run("sql", query, "--store", store, "--as-of", "3", code=1)
    assert "the store holds 3 logs" in done.stderr


def test_numbers_and_times_are_told_to_the_last_digit(store: str, tmp_path: Path) -> None:
    query = (
        'SELECT amount, amount_text, wei, "a""b", timestamp, sum("order") OVER () AS s,'
        " INTERVAL 90 SECOND AS took, [1.50, NULL] AS list FROM events"
    )
    told = asked(query, f"{store}#odd")
    assert told[0] == {
        "amount": Decimal("1.1"), "amount_text": "1.10", "wei": None, 'a"b': None,
        "timestamp": "2024-05-12T14:00:00.000000001Z", "s": 3, "took": "PT90S",
        "list": [Decimal("1.5"), None],
    }  # fmt: skip
    assert (told[1]["amount"], told[1]["wei"]) == (None, 2**70)
    done = run("sql", query, "--store", f"{store}#odd", "--format", "csv")
    assert done.stdout == (
        'amount,amount_text,wei,"a""b",timestamp,s,took,list\n'
        '1.1,1.10,,,2024-05-12T14:00:00.000000001Z,3,PT90S,"[1.5,null]"\n'
        ",1180591620717411303424,1180591620717411303424,q,2024-05-12T14:00:00.000000001Z,3,PT90S,"
        '"[1.5,null]"\n'
    )
    path = tmp_path / "answer.parquet"
    done = run("sql", query, "--store", f"{store}#odd", "--format", "parquet", "-o", str(path))
    assert done.stdout == f"{path}\n"
    rows = pq.ParquetFile(path).read().to_pylist()
    assert (rows[0]["timestamp"], rows[1]["wei"], rows[0]["s"]) == (NANOSECOND, 2**70, 3)
    assert rows[0]["took"] == "PT90S"


def test_a_table_is_for_people(store: str) -> None:
    done = run("sql", "SELECT log, token, amount FROM events WHERE log = 'odd'", "--store", store)
    assert done.stdout == "log  token  amount\nodd  ETH    1.1\nodd  ETH\n"


def test_only_what_the_query_names_is_read(store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[list[str]] = []

    class Noted(layout.Layout):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            made.append([column.name for column in self.columns])

    monkeypatch.setattr(tables, "Layout", Noted)
    asked("SELECT Venue, sum(amount) FROM events GROUP BY 1", store)
    asked("SELECT 1", store)
    asked("SELECT log FROM logs", store)
    assert made == [["venue", "amount"]]
    for whole in (
        "SELECT * FROM events",
        "SELECT e FROM events e",
        "FROM events",
        "DESCRIBE events",
    ):
        asked(whole, store)
    assert [len(names) > 30 for names in made[1:]] == [True] * 4


def test_several_logs_have_one_type_a_column(store: str) -> None:
    kinds = {row["column_name"]: row["column_type"] for row in asked("DESCRIBE events", store)}
    assert (kinds["amount"], kinds["wei"]) == ("DECIMAL(38,18)", "DECIMAL(38,0)")
    assert kinds["timestamp"] == "TIMESTAMPTZ_NS"
    (row,) = asked("SELECT sum(amount) AS s FROM events WHERE log <> 'odd'", store)
    assert row == {"s": 20}


def test_an_empty_log_is_asked(tmp_path: Path) -> None:
    store = url_of(tmp_path / "empty.db")
    EventLogger(store=store).close()
    with EventLogger("live", store=store, log="live", redis=False):
        pass
    for table in ("events", "transitions", "bundles", "balances"):
        assert asked(f"SELECT count(*) AS n FROM {table}", store) == [{"n": 0}]


def test_text_of_a_log_reaches_a_terminal_escaped(tmp_path: Path) -> None:
    store = url_of(tmp_path / "log.db")
    with EventLogger(store=store) as logger:
        logger.log_event(HOUR, "X", "\x1b[31mV\u202e", note="a\nb")
    for form in ("table", "json"):
        done = run("sql", "SELECT venue, note FROM events", "--store", store, "--format", form)
        assert "\x1b" not in done.stdout, form
        assert done.stdout.count("\n") == (2 if form == "table" else 1)
