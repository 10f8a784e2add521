"""A log copied to another store is that log: bytes, times, writers, ids, positions, certificate."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from domain.horizon import START
from event_logger import CopyError, EventLogger, LogInUseError, StoreError, open_log
from infrastructure.audit_logs import AuditLogs
from infrastructure.copied_entries import CopiedEntries
from infrastructure.copying import Copied, copy_logs
from infrastructure.rebuilding import rebuild
from tests.commands import run
from tests.postgres_server import PostgresServer
from tests.small_log import fill
from tests.support import HOUR, log_amounts, url_of

_schemas = count()
ALL = 2**62


def written(url: str, mode: str = "live", log: str = "default") -> str:
    with EventLogger(mode, store=url, log=log, redis=False, durability="relaxed") as logger:
        fill(logger)
    return url


@pytest.fixture
def source(tmp_path: Path) -> str:
    return written(url_of(tmp_path / "source.db"))


@pytest.fixture
def target(tmp_path: Path) -> str:
    """A file that is not there yet."""
    return url_of(tmp_path / "target.db")


@pytest.fixture
def on_server(postgres: PostgresServer) -> Iterator[str]:
    """A store of a server that is not there yet."""
    schema = f"copied_{next(_schemas)}"
    yield postgres.url(schema)
    postgres.run(f"DROP SCHEMA IF EXISTS {schema} CASCADE")


def copied(source: str, target: str, *names: str, **options: Any) -> Copied:
    (one,) = copy_logs(source, target, names, durability="relaxed", **options)
    return one


def held(url: str, log: str = "default") -> dict[str, Any]:
    """All that a store holds of a log, and what is made of it, but for the store's name."""
    with closing(AuditLogs(url, must_exist=True)) as logs:
        found, reads = logs.get(log), logs.store.reads
        opened = reads.opened(found.id)
        assert opened is not None
        return {
            "opened": (opened.name, opened.identity, opened.opened.topic, opened.opened.state),
            "stored": reads.stored(found.id, START),
            "entries": reads.stored_entries(found.id, START, ALL),
            "writers": reads.writers(found.id),
            "late": reads.late_details(found.id),
            "corrections": reads.corrections(found.id),
            "first": reads.order_of(found.id, "first"),
            "hashes": [reads.orders_with_hash(found.id, one) for one in ("0x9", "0xa", "0xc")],
        }


def certificate(url: str) -> dict[str, Any]:
    """The log's certificate, but for the store's name."""
    with open_log(url) as reader:
        made = reader.certify()
    del made["store"]
    return made


def log_more(url: str, *amounts: int) -> list[int]:
    with EventLogger("live", store=url, redis=False, durability="relaxed") as logger:
        return log_amounts(logger, *amounts)


@pytest.mark.parametrize("mode", ["live", "backtest"])
def test_a_copy_there_and_back_is_the_log(tmp_path: Path, on_server: str, mode: str) -> None:
    source, back = written(url_of(tmp_path / "a.db"), mode), url_of(tmp_path / "b.db")
    first = copied(source, on_server)
    assert (first.events, first.copied, first.is_copy) == (
        10,
        15 if mode == "live" else 10,
        True,
    )
    assert copied(on_server, back).root == first.root
    assert held(source) == held(on_server) == held(back)
    assert certificate(source) == certificate(on_server) == certificate(back)
    files: list[list[bytes]] = []
    for url in (source, on_server, back):
        with open_log(url) as reader:
            paths = [reader.export_to_csv(str(tmp_path / "log.csv"))]
            paths.append(reader.export_to_jsonl(str(tmp_path / "log.jsonl")))
            files.append([Path(one).read_bytes() for one in paths])
    assert files[0] == files[1] == files[2]
    with AuditLogs(on_server, durability="relaxed") as logs:
        assert not rebuild(logs.store, logs.get("default")).is_changed


def test_a_copy_goes_on_with_what_came_since(source: str, target: str) -> None:
    assert copied(source, target).copied == 15
    assert copied(source, target).copied == 0
    log_more(source, 1, 2, 3)
    assert copied(source, target).copied == 3
    assert held(source) == held(target)


def test_a_copy_that_was_interrupted_anywhere_goes_on(
    source: str, on_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Batches of one bundle each; the copy dies after one, two, three of them, and begins again."""
    monkeypatch.setattr("infrastructure.commit_batch._ENTRIES", 1)
    real = CopiedEntries.batches

    def dying(after: int) -> Callable[..., Iterator[Any]]:
        def batches(self: CopiedEntries, *between: Any) -> Iterator[Any]:
            for number, batch in enumerate(real(self, *between)):
                if number == after:
                    raise KeyboardInterrupt
                yield batch

        return batches

    seen = set()
    for after in (0, 1, 3):
        monkeypatch.setattr(CopiedEntries, "batches", dying(after))
        with pytest.raises(KeyboardInterrupt):
            copied(source, on_server)
        with open_log(on_server) as reader:
            orders = [event["order"] for event in reader.events]
            assert orders == list(range(1, len(orders) + 1))
            assert len(orders) not in range(2, 7)
            seen.add(len(orders))
    monkeypatch.setattr(CopiedEntries, "batches", real)
    copied(source, on_server)
    assert len(seen) > 1
    assert held(source) == held(on_server)


def test_all_logs_are_copied_or_those_that_are_named(source: str, on_server: str) -> None:
    written(source, "backtest", "run é\x1b[31m\n'; DROP TABLE events; --")
    written(source, "backtest", "other")
    assert copied(source, on_server, "other", "other").log == "other"
    names = [one.log for one in copy_logs(source, on_server, durability="relaxed")]
    with closing(AuditLogs(on_server, must_exist=True)) as logs:
        assert logs.names() == sorted(names)
    for name in names:
        assert held(source, name) == held(on_server, name)


def test_a_log_that_goes_on_otherwise_is_not_continued(source: str, target: str) -> None:
    copied(source, target)
    log_more(target, 7)
    before = held(target)
    assert copied(source, target).copied == 0
    log_more(source, 8)
    with pytest.raises(CopyError, match=r"went on otherwise in .*: the entry at position 16 is"):
        copied(source, target)
    with pytest.raises(CopyError, match="went on otherwise"):
        copied(source, target, close_source=True)
    assert held(target) == before
    assert log_more(source, 9) == [12]


def test_another_log_of_the_same_name_is_not_touched(source: str, target: str) -> None:
    written(target)
    before = held(target)
    with pytest.raises(CopyError, match="log 'default' is another one in"):
        copied(source, target)
    assert held(target) == before


def test_a_damaged_source_is_copied_up_to_the_damage(
    source: str, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sqlite3

    from event_logger import CorruptLogError

    path = source.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE stored_events SET state=X'00' WHERE originator_version=9")
    monkeypatch.setattr("infrastructure.commit_batch._ENTRIES", 1)
    for _ in range(2):
        with pytest.raises(CorruptLogError, match="at order 9"):
            copied(source, target)
    with open_log(target) as reader:
        assert [event["order"] for event in reader.events] == list(range(1, 9))


def test_two_copies_at_once_and_a_writer_are_told(source: str, target: str, tmp_path: Path) -> None:
    copied(source, target)
    with AuditLogs(target, durability="relaxed") as logs:
        log = logs.get("default")
        lease = logs.store.lease(log.id, log.name, "copy")
        assert lease.try_acquire()
        with pytest.raises(CopyError, match="is being copied to"):
            copied(source, target)
        lease.release()
    run_of = written(url_of(tmp_path / "run.db"), "backtest")
    copied(run_of, url_of(tmp_path / "run-copy.db"))
    with EventLogger(store=url_of(tmp_path / "run-copy.db")) as logger:
        log_amounts(logger, 1)
        with pytest.raises(LogInUseError):
            copied(run_of, url_of(tmp_path / "run-copy.db"))
    with EventLogger(store=run_of) as logger:
        log_amounts(logger, 1)
        with pytest.raises(LogInUseError):
            copied(run_of, url_of(tmp_path / "closed.db"), close_source=True)


def test_a_log_of_format_1_is_copied_with_what_it_does_not_know(
    tmp_path: Path, on_server: str
) -> None:
    golden = Path("tests/infrastructure/stores/sqlite/golden/format_1.db")
    former = tmp_path / "former.db"
    former.write_bytes(golden.read_bytes())
    with pytest.raises(StoreError, match="run event-logger upgrade"):
        copy_logs(url_of(former), on_server, durability="relaxed")
    run("upgrade", "--store", url_of(former))
    logs = copy_logs(url_of(former), on_server, durability="relaxed")
    assert len(logs) == 6
    for one in logs:
        assert held(url_of(former), one.log) == held(on_server, one.log)


def test_the_command_says_what_it_did(source: str, tmp_path: Path) -> None:
    target = url_of(tmp_path / "copy.db")
    told = run("copy", "--from", source, "--to", target).stdout.splitlines()
    assert told[0] == "log 'default': 10 events, 5 transitions, the same in both; 15 copied now"
    assert told[2].startswith("a copy: it is not published or signed there until event-logger take")
    again = run("copy", "--from", f"{source}#default", "--to", target, "--json").stdout
    assert json.loads(again) == copied(source, target)._asdict()
    for arguments, sentence in (
        (("--from", source, "--to", source), "which is the same store"),
        (("--from", source, "--to", target, "--log", "defualt"), "the nearest is 'default'"),
        (("--from", url_of(tmp_path / "no.db"), "--to", target), "there is no file"),
        (("--from", source, "--to", url_of(tmp_path / "no" / "b.db")), "does not exist; create it"),
        (("--from", source, "--to", ":memory:"), "is memory"),
        (("--from", ":memory:", "--to", target), "is memory"),
        (("--from", source, "--to", "postgresql://ana:secret@db.example.com"), "no database"),
    ):
        done = run("copy", *arguments, code=1)
        assert sentence in done.stderr
        assert "secret" not in done.stderr
    assert not (tmp_path / "no.db").exists()
    run("copy", "--from", f"{source}#default", "--to", target, "--log", "other", code=2)


def test_what_is_copied_wrongly_is_found(
    source: str, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = CopiedEntries._commit

    def late(self: CopiedEntries, entry: Any) -> Any:
        one = real(self, entry)
        return one if entry.order != 9 else one._replace(committed_at=entry.committed_at + 1)

    monkeypatch.setattr(CopiedEntries, "_commit", late)
    with pytest.raises(CopyError, match="position 9"):
        copied(source, target)


def test_an_event_that_is_known_by_its_id_stays_known(source: str, on_server: str) -> None:
    copied(source, on_server)
    with EventLogger("live", store=on_server, redis=False, durability="relaxed") as logger:
        assert logger.log_event(HOUR, "STAKE_DEPOSIT", "LIDO", "ETH", 1, event_id="first") == 1
        assert logger.update_event(9, {"status": "submitted", "tx_hash": "0xd"}) == 9
        assert [event["order"] for event in logger.search(tx_hash="0xa")] == [1]
