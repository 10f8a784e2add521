"""A failed import leaves nothing, and one beside a live writer holds nothing up while it parses."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from domain.errors import EventLogFileError, ExportError, LogConfigurationError, StoreError
from event_logger import EventLogger, NotAnAuditStoreError, open_log
from infrastructure.audit_logs import AuditLogs
from infrastructure.files import importing
from infrastructure.files.importing import import_file
from tests.commands import run
from tests.faults.commits import Room
from tests.support import HOUR

CSV = "timestamp,event_type,venue\n2024-05-12T12:00:00Z,X,V\n"


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    path = tmp_path / "log.csv"
    path.write_text(CSV)
    return path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where stores go, beside nothing else."""
    folder = tmp_path / "stores"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("timestamp,event_type,venue\nsoon,X,V\n", "row 1: timestamp 'soon' is no time"),
        (CSV + "2024-05-12T12:00:00Z,x,V\n", "row 2: event_type must be UPPER_SNAKE_CASE"),
        (CSV + "2024-05-12T12:00:00Z,X\n", "row 2: has 2 cells under 3 columns"),
        ("", "row 0: the header has no column 'timestamp'"),
        ("{}\n", "row 0: is no header of JSON lines"),
        ("{", "row 0: is no header of JSON lines"),
        ("\ufeff{}", "row 0: is no header of JSON lines"),
        (None, "row 0: cannot be read"),
    ],
)
def test_an_unsound_file_makes_no_store_and_no_log(
    folder: Path, tmp_path: Path, content: str | None, sentence: str
) -> None:
    path = tmp_path / "bad"
    if content is None:
        path.mkdir()
    else:
        path.write_text(content)
    with pytest.raises(EventLogFileError) as refused:
        import_file(path, "sqlite:///new.db", "copy")
    assert sentence in str(refused.value)
    assert list(folder.iterdir()) == []
    with EventLogger(store="sqlite:///old.db", log="there") as logger:
        logger.log_event(HOUR, "A", "V")
    assert run("import", str(path), "--store", "sqlite:///old.db", code=1).stdout == ""
    with AuditLogs("sqlite:///old.db") as logs:
        assert logs.names() == ["there"]


@pytest.mark.parametrize("log", ["", " ", "\ud800"])
def test_a_name_that_cannot_be_makes_no_store(folder: Path, csv: Path, log: str) -> None:
    with pytest.raises(LogConfigurationError):
        import_file(csv, "sqlite:///new.db", log)
    assert list(folder.iterdir()) == []


def test_a_full_disk_leaves_no_store(
    folder: Path, csv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    csv.write_text(CSV + f"2024-05-12T12:00:00Z,X,{'V' * 500}\n" * 5000)
    Room(monkeypatch).pages = 100
    with pytest.raises(StoreError, match=r"^store sqlite:///new\.db: .*full"):
        import_file(csv, "sqlite:///new.db", "copy")
    assert list(folder.iterdir()) == []


def test_an_interrupted_import_leaves_no_store(
    folder: Path, csv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(AuditLogs, "save_new", interrupted)
    with pytest.raises(KeyboardInterrupt):
        import_file(csv, "sqlite:///new.db", "copy")
    assert list(folder.iterdir()) == []


def test_a_new_store_is_there_whole(folder: Path, csv: Path) -> None:
    import_file(csv, "sqlite:///new.db", "copy")
    assert [path.name for path in folder.iterdir()] == ["new.db"]
    with open_log("sqlite:///new.db", "copy") as reader:
        assert reader.global_order == 1
    with EventLogger(store="sqlite:///new.db", log="copy") as logger:
        assert logger.log_event(HOUR, "A", "V") == 2


def test_a_store_that_another_makes_meanwhile_stays_its_own(
    folder: Path, csv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = AuditLogs.save_new

    def meanwhile(*arguments: object) -> None:
        save(*arguments)  # type: ignore[arg-type]
        with EventLogger(store="sqlite:///new.db", log="other") as logger:
            logger.log_event(HOUR, "A", "V")

    monkeypatch.setattr(AuditLogs, "save_new", meanwhile)
    with pytest.raises(StoreError, match="was made by another process meanwhile; do it again"):
        import_file(csv, "sqlite:///new.db", "copy")
    monkeypatch.undo()
    assert not list(folder.glob(".*"))
    import_file(csv, f"sqlite:///{folder}/new.db", "copy")
    with AuditLogs(f"sqlite:///{folder}/new.db") as logs:
        assert logs.names() == ["copy", "other"]


def test_an_empty_file_becomes_the_store(folder: Path, csv: Path) -> None:
    (folder / "new.db").touch()
    import_file(csv, "sqlite:///new.db", "copy")
    with open_log("sqlite:///new.db", "copy") as reader:
        assert reader.global_order == 1


def test_what_is_no_store_is_refused_untouched(folder: Path, csv: Path) -> None:
    (folder / "new.db").write_text("not a database, " * 100)
    with pytest.raises(NotAnAuditStoreError):
        import_file(csv, "sqlite:///new.db", "copy")
    assert (folder / "new.db").read_text() == "not a database, " * 100


def test_a_log_that_is_there_is_refused_before_the_file_is_read(folder: Path, csv: Path) -> None:
    import_file(csv, "sqlite:///new.db", "copy")
    csv.write_text("nonsense")
    with pytest.raises(LogConfigurationError, match="'copy' is there already; import into another"):
        import_file(csv, "sqlite:///new.db", "copy")


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_nobody_waits_while_an_import_parses(folder: Path, csv: Path, form: str) -> None:
    store = "sqlite:///live.db"
    with EventLogger("live", store=store, log="live", redis=False) as logger:
        for _ in range(3):
            logger.log_event(HOUR, "A", "V")
        path = csv if form == "csv" else Path(logger.export_to_jsonl(str(folder / "l.jsonl")))
        orders: list[int] = []

        def meanwhile(done: int) -> None:
            # The logger's followers hold it for a moment; this very thread would for ever.
            connection = sqlite3.connect(folder / "live.db", timeout=20, isolation_level=None)
            connection.execute("BEGIN IMMEDIATE")
            connection.close()
            orders.append(logger.log_event(HOUR, "A", "V"))

        importing.import_file(path, store, "copy", meanwhile)
        assert orders == [4]


def test_the_command_line_exports_json_lines_and_imports_them(folder: Path) -> None:
    with EventLogger("live", store="sqlite:///live.db", redis=False) as logger:
        logger.log_atomic_transaction(HOUR, "B", [{"event_type": "A", "venue": "V"}])
        logger.update_event(1, {"status": "submitted", "tx_hash": "0x1"})
    store = ("--store", "sqlite:///live.db")
    assert run("export", *store, "--format", "jsonl", "-o", "a.jsonl").stdout == "a.jsonl\n"
    done = run("import", "a.jsonl", *store, "--log", "copy")
    assert done.stdout == "2 events, 1 bundle: log 'copy' of sqlite:///live.db\n"
    assert (
        run("export", *store, "--format", "jsonl", "-o", "-").stdout == Path("a.jsonl").read_text()
    )
    named = run("export", *store, "--format", "jsonl").stdout.strip()
    assert Path(named).read_bytes() == Path("a.jsonl").read_bytes()
    assert named.endswith(".jsonl")
    shown = [run("show", "2", *store, "--log", log, "--json").stdout for log in ("default", "copy")]
    assert shown[0] == shown[1]


def test_the_command_line_refuses_what_it_cannot_write(folder: Path, csv: Path) -> None:
    import_file(csv, "sqlite:///new.db", "default")
    export = ("export", "--store", "sqlite:///new.db")
    assert "--excel" in run(*export, "--format", "jsonl", "--excel", code=2).stderr
    assert "csv" in run(*export, "--format", "xml", code=2).stderr
    for form in ("csv", "jsonl"):
        for target in ("nowhere/x", ".", "/dev/full", "x" * 300):
            done = run(*export, "--format", form, "-o", target, code=1)
            assert len(done.stderr.splitlines()) == 1
            assert f"event-logger: {target} was not written: " in done.stderr


@pytest.mark.parametrize("form", ["csv", "jsonl"])
@pytest.mark.parametrize("name", ["log.db", "./log.db", "link", "log.db-wal", "log.db-shm"])
def test_an_export_never_takes_the_place_of_its_store(folder: Path, form: str, name: str) -> None:
    (folder / "link").symlink_to("log.db")
    with EventLogger(store="sqlite:///log.db") as logger:
        logger.log_event(HOUR, "A", "V")
        logger.flush()
        export = logger.export_to_csv if form == "csv" else logger.export_to_jsonl
        with pytest.raises(ExportError, match="it is the store of this log; name another file"):
            export(name)
        assert logger.log_event(HOUR, "A", "V") == 2
    with open_log("sqlite:///log.db") as reader:
        assert reader.global_order == 2


def test_a_name_that_no_file_has_is_refused() -> None:
    with EventLogger() as logger:
        for export in (logger.export_to_csv, logger.export_to_jsonl):
            with pytest.raises(ExportError, match="no file's name holds a NUL character"):
                export("a\0b")


def test_nothing_waits_in_a_live_log_that_was_imported_and_is_not_written_to(folder: Path) -> None:
    with EventLogger("live", store="sqlite:///live.db", redis=False) as logger:
        logger.log_event(HOUR, "STAKE_DEPOSIT", "LIDO", "ETH", 1)
        logger.update_event(1, {"status": "submitted", "tx_hash": "0xa"})
        logger.export_to_jsonl("live.jsonl")
    run("import", "live.jsonl", "--store", "sqlite:///archive.db")
    with open_log("sqlite:///archive.db") as reader:
        assert reader.health(behind_after=0)["waiting"] == []
        assert [one["status"] for one in reader.live_status()["open"]] == ["submitted"]
