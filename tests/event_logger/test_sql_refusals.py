"""What a query may not do: change anything, read or write anything but logs, or go on unheard."""

from __future__ import annotations

import signal
import sys
import threading
from pathlib import Path
from typing import Any, cast

import duckdb
import pytest

from domain.errors import QueryError
from event_logger import EventLogger
from infrastructure.sql import engine, statement
from tests.commands import run
from tests.support import HOUR, url_of


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    store = url_of(tmp_path_factory.mktemp("sql") / "runs.db")
    with EventLogger(store=store) as logger:
        logger.log_event(HOUR, "X", "V", "ETH", 1, rate=0.5)
    return store


TABLES = "there are events, transitions, bundles, balances and logs; the nearest is"
CHANGES = "a log is read here, and nothing is changed"


REFUSED = [
    ("COPY events TO 'x.csv'", f"is no SELECT but COPY: {CHANGES}"),
    ("COPY (SELECT 1) TO 'x.csv'", "is no SELECT but COPY"),
    ("EXPORT DATABASE 'x'", "is no SELECT but EXPORT"),
    ("ATTACH 'x.db'", "is no SELECT but ATTACH"),
    ("INSTALL httpfs", "is no SELECT but LOAD"),
    ("LOAD json", "is no SELECT but LOAD"),
    ("SET enable_external_access = true", "is no SELECT but SET"),
    ("RESET threads", "is no SELECT but SET"),
    ("PRAGMA database_list", "is no SELECT but PRAGMA"),
    ("CALL pragma_version()", "is no SELECT but CALL"),
    ("CREATE TABLE x AS SELECT 1", "is no SELECT but CREATE"),
    ("INSERT INTO events VALUES (1)", "is no SELECT but INSERT"),
    ("UPDATE events SET venue = 'x'", "is no SELECT but UPDATE"),
    ("DELETE FROM events", "is no SELECT but DELETE"),
    ("DROP TABLE events", "is no SELECT but DROP"),
    ("EXPLAIN ANALYZE SELECT 1", "is no SELECT but EXPLAIN"),
    ("PREPARE x AS SELECT 1", "is no SELECT but PREPARE"),
    ("SELECT 1; COPY events TO 'x.csv'", "holds 2 statements; give one SELECT"),
    ("", "holds 0 statements; give one SELECT"),
    ("SELECT * FROM read_csv('/etc/passwd')", "calls read_csv(), which leads out of the logs"),
    ("SELECT * FROM read_text('/etc/passwd')", "calls read_text()"),
    ("SELECT * FROM glob('/*')", "calls glob()"),
    ("SELECT (SELECT max(file) FROM glob('/*')) FROM events", "calls glob()"),
    ("WITH x AS (FROM read_blob('/etc/passwd')) FROM x", "calls read_blob()"),
    ("SELECT * FROM query('FROM events')", "calls query()"),
    ("SELECT * FROM duckdb_settings()", "calls duckdb_settings()"),
    ("SELECT * FROM '/etc/passwd'", f"names the table '/etc/passwd', and {TABLES}"),
    ("SELECT * FROM 'https://example.com/x.parquet'", "names the table 'https://example.com"),
    ("SELECT * FROM secret", f"names the table 'secret', and {TABLES}"),
    ("SELECT * FROM evnts", f"names the table 'evnts', and {TABLES} 'events'"),
    ("SELECT * FROM other.events", "names the table 'events', and"),
    ("SELECT order FROM events", 'the column is written "order", in quotes'),
    ("SELECT venue FROM", "cannot be read: Parser Error: syntax error at"),
]


def test_what_leads_out_of_the_logs_is_refused_before_it_is_heard() -> None:
    tables = ("events", "transitions", "bundles", "balances", "logs")
    with duckdb.connect() as connection:
        for query, problem in REFUSED:
            with pytest.raises(QueryError) as refused:
                statement.Statement(connection, query, tables)
            assert str(refused.value).startswith("the query "), query
            assert problem in str(refused.value), query


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("COPY events TO 'x.csv'", f"is no SELECT but COPY: {CHANGES}"),
        ("SELECT amuont FROM events", "names the column 'amuont', which is not there; the nearest"),
        ("SELECT getenv('HOME')", "cannot be answered: Catalog Error: Scalar Function with name"),
        ("SELECT CAST(venue AS INT) FROM events", "cannot be answered: Conversion Error"),
        ("SELECT timestamp - timestamp FROM events", "write date_diff('second', one, other)"),
        ("SELECT '\x1b' FROM x\x1b", "names the table"),
    ],
)
def test_a_refusal_is_one_sentence(store: str, query: str, problem: str) -> None:
    done = run("sql", query, "--store", store, code=1)
    assert done.stdout == ""
    assert done.stderr.startswith("event-logger: the query ")
    assert problem in done.stderr
    assert done.stderr.count("\n") == 1
    assert "\x1b" not in done.stderr


def test_the_engine_is_locked_though_no_query_were_refused(
    store: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # The look at the query is one wall, the engine's own settings the other.
    monkeypatch.setattr(statement.Statement, "_refuse_others", lambda self, connection: None)
    monkeypatch.setattr(statement.Statement, "_refuse_functions", lambda self: None)
    monkeypatch.setattr(statement.Statement, "_named", lambda self: [])
    inside = tmp_path / "inside.csv"
    inside.write_text("a\n1\n")
    secret = [1]
    for query in (
        f"SELECT * FROM read_csv('{inside}')",
        f"SELECT * FROM read_text('{inside}')",
        f"SELECT * FROM glob('{tmp_path}/*')",
        f"SELECT * FROM '{inside}'",
        "SELECT * FROM secret",
        "SELECT * FROM read_parquet('https://example.com/x.parquet')",
        "SELECT * FROM sniff_csv('/etc/passwd')",
        "SELECT * FROM enable_logging()",
        "SELECT * FROM which_secret('s3://x', 's3')",
    ):
        with pytest.raises(QueryError):
            engine.answered(query, {})
    assert secret == [1]
    connection = _locked(monkeypatch)
    for change in (
        f"COPY (SELECT 1) TO '{tmp_path}/x.csv'",
        f"ATTACH '{tmp_path}/x.db'",
        f"EXPORT DATABASE '{tmp_path}/x'",
        "INSTALL httpfs",
        "SET enable_external_access = true",
        "SET lock_configuration = false",
        "SET python_enable_replacements = true",
    ):
        with pytest.raises(duckdb.Error):
            connection.execute(change)
    connection.close()
    assert [one.name for one in tmp_path.iterdir()] == ["inside.csv"]


def _locked(monkeypatch: pytest.MonkeyPatch) -> duckdb.DuckDBPyConnection:
    """The connection of an engine that has heard its query, kept open."""
    connections: list[duckdb.DuckDBPyConnection] = []
    monkeypatch.setattr(engine, "_interruptible", lambda one, answer: connections.append(one))
    monkeypatch.setattr(engine, "closing", _Kept)
    engine.answered("SELECT 1", {})
    (connection,) = connections
    return connection


class _Kept:
    """Gives the connection and lets it be."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def __enter__(self) -> duckdb.DuckDBPyConnection:
        return self._connection

    def __exit__(self, *exception: object) -> None:
        return None


def test_an_interruption_ends_a_long_query(store: str) -> None:
    def later(number: int, frame: Any) -> None:
        raise KeyboardInterrupt

    former = signal.signal(signal.SIGINT, later)
    main = threading.main_thread().ident or 0
    timer = threading.Timer(0.3, lambda: signal.pthread_kill(main, signal.SIGINT))
    timer.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            engine.answered(
                "SELECT count(*) FROM range(1000000000000) a, range(99) b WHERE a.range < b.range",
                {},
            )
    finally:
        timer.cancel()
        signal.signal(signal.SIGINT, former)


def test_an_interruption_ends_a_query_that_has_not_begun() -> None:
    heard = threading.Event()

    class Connection:
        interruptions = 0

        def interrupt(self) -> None:
            self.interruptions += 1
            if self.interruptions == 3:
                heard.set()

    def late() -> Any:
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        heard.wait(30)

    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            engine._interruptible(cast("duckdb.DuckDBPyConnection", Connection()), late)
    finally:
        signal.signal(signal.SIGINT, former)
    assert heard.is_set()


def test_options_that_make_no_sense_are_usage(store: str, tmp_path: Path) -> None:
    ask = ("sql", "SELECT 1 AS one", "--store", store)
    for options, code, problem in (
        (("--format", "parquet"), 2, "is needed for parquet"),
        (("-o", str(tmp_path / "x")), 2, "goes with csv, json and parquet"),
        (("--format", "xlsx"), 2, "'xlsx' is not one of"),
        (("--log", "a", "--log", "b", "--as-of", "1"), 2, "is of one log"),
        (("--log", "nothing"), 1, "nothing"),
        (
            ("--format", "csv", "-o", store.removeprefix("sqlite:///")),
            1,
            "the store that was asked",
        ),
    ):
        assert problem in run(*ask, *options, code=code).stderr, options
    path = tmp_path / "answer.csv"
    assert run(*ask, "--format", "csv", "-o", str(path)).stdout == f"{path}\n"
    run(
        "sql",
        "SELECT CAST('x' AS INT)",
        "--store",
        store,
        "--format",
        "csv",
        "-o",
        str(path),
        code=1,
    )
    assert path.read_text() == "one\n1\n"


def test_without_its_extra_it_says_what_to_install(
    store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)
    done = run("sql", "SELECT 1", "--store", store, code=1)
    assert done.stderr.startswith("event-logger: SQL needs more than is installed (")
    assert done.stderr.endswith("install it: pip install 'event-logger[analytics]'\n")
