"""Tiles make proofs quick, are checked, and are made anew when they are lost or wrong."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import orjson
import pytest

from domain.audit_log import AuditLog
from event_logger import EventLogger
from infrastructure.audit_logs import AuditLogs
from infrastructure.leaves import Leaves
from infrastructure.log_tree import LogTree
from infrastructure.stores import upgrade_store
from projections.checkpoint import Checkpoint, Note
from projections.leaf import EVENT, OPENING, TRANSITION, entry_hash
from projections.merkle import root_of
from tests.commands import run
from tests.infrastructure.stores.sqlite.former import format_1, format_1_store
from tests.proofs.desk import Desk
from tests.support import HOUR, url_of

EVENTS = 700


def fill(logger: EventLogger) -> None:
    """Log so many events, and a transition of every fiftieth."""
    entry = logger._log.intake.event(HOUR, "STAKE_DEPOSIT", "LIDO", "ETH", 1, None, {})
    for _ in range(EVENTS // 50):
        logger.writer.submit_all([entry] * 50)
        logger.update_event(logger.global_order, {"status": "submitted", "tx_hash": "0xa"})


LEAVES = 1 + EVENTS + EVENTS // 50


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("long")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EVENT_LOGGER_CHECKPOINTS", str(folder / "kept"))
        Desk(folder).make(fill)
    return folder


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Of every look at a log's leaves, how many were read."""
    counts: list[int] = []
    looks: list[str] = []

    def count(name: str) -> None:
        given = getattr(Leaves, name)

        def counted(self: Leaves, *arguments: object) -> Iterator[list[object]]:
            is_outer = not looks
            looks.append(name)
            counts.extend([0] * is_outer)
            for page in given(self, *arguments):
                counts[-1] += len(page) * is_outer
                yield page
            looks.remove(name)

        monkeypatch.setattr(Leaves, name, counted)

    count("pages")
    count("hashes")
    return counts


def test_they_are_kept_beside_the_log(desk: Desk) -> None:
    found = desk.rows("SELECT level, tile, length(hashes)/32 FROM tiles ORDER BY 1, 2")
    assert found == [(0, 0, 256), (0, 1, 256), (0, 2, LEAVES - 512), (1, 0, 2)]


def test_a_proof_reads_the_entries_of_a_tile_and_those_after_the_last_whole_one(
    desk: Desk, read: list[int]
) -> None:
    for order in (0, 1, 255, 256, 300, 699, 700):
        proof = desk.prove(str(order), "--checkpoint", desk.held)
        assert sum(read) <= LEAVES - 512 + 256
        desk.verify(proof, "--checkpoint", desk.held)
        read.clear()
    proof = desk.prove("50", "--transition", "1", "--checkpoint", desk.held)
    desk.verify(proof, "--checkpoint", desk.held)


def test_signing_reads_what_is_new(desk: Desk, read: list[int]) -> None:
    desk.log(fill)
    later = desk.checkpoint("later")
    assert sum(read) == 2 * LEAVES - 1 - 512
    proof = desk.prove("--since", desk.held, "--checkpoint", later)
    desk.verify(proof, "--checkpoint", desk.held)
    desk.verify("--checkpoint", later, "--store", desk.url)
    assert len(desk.rows("SELECT 1 FROM tiles WHERE level=0")) == 6


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM tiles",
        "DROP TABLE tiles",
        "DELETE FROM tiles WHERE level=0 AND tile=0",
        "DELETE FROM tiles WHERE level=1",
        "UPDATE tiles SET hashes=zeroblob(8192) WHERE level=0 AND tile=1",
        "UPDATE tiles SET hashes=zeroblob(64) WHERE level=1",
        "UPDATE tiles SET hashes=zeroblob(31)",
        "UPDATE tiles SET hashes='text'",
        "UPDATE tiles SET tile=1000000 WHERE level=0 AND tile=2",
        "INSERT INTO tiles SELECT log_id, 0, 77, hashes FROM tiles WHERE level=0 AND tile=0",
    ],
)
def test_tiles_that_are_lost_or_wrong_are_not_believed_and_are_made_anew(
    desk: Desk, damage: str
) -> None:
    before = desk.rows("SELECT level, tile, hashes FROM tiles ORDER BY 1, 2")
    proof = Path(desk.prove("300", "--checkpoint", desk.held)).read_bytes()
    desk.run_sql(damage)
    assert Path(desk.prove("300", "--checkpoint", desk.held)).read_bytes() == proof
    desk.verify("--checkpoint", desk.held, "--store", desk.url)
    desk.prove("10", "--checkpoint", desk.held)
    again = desk.checkpoint("again")
    assert Path(again).read_bytes() == Path(desk.held).read_bytes()
    if "77" not in damage and "1000000" not in damage:
        assert desk.rows("SELECT level, tile, hashes FROM tiles ORDER BY 1, 2") == before


@pytest.mark.parametrize(
    "damage", ["DELETE FROM tiles WHERE level=0 AND tile=0", "UPDATE tiles SET hashes=zeroblob(64)"]
)
def test_rebuild_makes_tiles_anew_that_are_not_what_the_entries_give(
    desk: Desk, damage: str
) -> None:
    before = desk.rows("SELECT level, tile, hashes FROM tiles ORDER BY 1, 2")
    assert "nothing changed" in desk.run("rebuild").stdout
    desk.run_sql(damage)
    done = desk.run("rebuild").stdout
    assert "tiles: were not what the entries give, made anew of" in done
    if "zeroblob" not in damage:
        assert desk.rows("SELECT level, tile, hashes FROM tiles ORDER BY 1, 2") == before
    assert "nothing changed" in desk.run("rebuild").stdout


def test_rebuild_leaves_tiles_that_tell_where_a_signed_log_was_changed(desk: Desk) -> None:
    before = desk.rows("SELECT level, tile, hashes FROM tiles ORDER BY 1, 2")
    desk.run_sql("UPDATE stored_events SET committed_at=7 WHERE originator_version=100")
    desk.run("rebuild")
    assert desk.rows("SELECT level, tile, hashes FROM tiles ORDER BY 1, 2") == before


def test_a_row_that_is_not_what_its_tile_says_is_not_proven(desk: Desk) -> None:
    desk.run_sql("UPDATE stored_events SET committed_at=7 WHERE originator_version=100")
    done = desk.run("prove", "120", "--checkpoint", desk.held, code=1)
    assert "it differs from order 100 (position 101) on" in done.stderr
    desk.verify(desk.prove("400", "--checkpoint", desk.held))
    done = desk.verify("--checkpoint", desk.held, "--store", desk.url, code=1)
    assert "it differs from order 100 (position 101) on" in done.stderr


def test_without_tiles_and_without_writing_it_is_proven_too(desk: Desk, read: list[int]) -> None:
    desk.run_sql("DROP TABLE tiles")
    desk.path.chmod(0o444)
    proof = desk.prove("300", "--checkpoint", desk.held)
    assert max(read) == LEAVES - 1
    read.clear()
    for path in desk.path.parent.glob("runs.db*"):
        path.chmod(0o644)
    desk.prove("300", "--checkpoint", desk.held)
    read.clear()
    # Whoever may write has kept them.
    desk.prove("300", "--checkpoint", desk.held)
    assert max(read) < LEAVES - 1
    desk.verify(proof, "--checkpoint", desk.held)


def raw_leaves(path: Path, log_id: str) -> list[bytes]:
    """The leaves of a log of format 1, as its rows have them, read with SQLite alone."""
    leaves = []
    numbers = 0
    with closing(sqlite3.connect(path)) as connection:
        (name,) = connection.execute(
            "SELECT name FROM audit_logs WHERE log_id=?", (log_id,)
        ).fetchone()
        for originator, version, topic, state in connection.execute(
            "SELECT originator_id, originator_version, topic, state FROM stored_events"
            " ORDER BY rowid"
        ):
            if originator == log_id:
                kind = OPENING if topic == AuditLog.Opened.TOPIC else EVENT
                leaves.append(entry_hash(kind, version, topic, state, None, None))
            elif topic.startswith("event-lifecycle") and orjson.loads(state)["log"] == name:
                numbers += 1
                leaves.append(entry_hash(TRANSITION, numbers, topic, state, None, None))
    return leaves


@pytest.mark.parametrize("log", [log["name"] for log in format_1()["logs"]])
def test_no_root_is_changed_when_a_store_of_format_1_is_brought_to_the_present_one(
    tmp_path: Path, log: str
) -> None:
    path = format_1_store(tmp_path)
    (log_id,) = [one["id"].replace("-", "") for one in format_1()["logs"] if one["name"] == log]
    before = raw_leaves(path, log_id)
    upgrade_store(url_of(path))
    with AuditLogs(url_of(path), must_exist=True) as logs:
        found = logs.get(log)
        tree = LogTree(logs.store, found)
        grown = tree.grow(logs.horizon(found).position + 1)
        assert [leaf for page in grown for leaf in page] == before
        assert tree.root(tree.size) == root_of(before)


GOLDEN_ROOTS = {
    "default": "10 e439193c014c9a3535d99064c6bac869418289d732dff6c52ca2be1c53275589",
    "leer ∅": "1 996f06c4562730a9276484707a2b3289e722340bff0a6e7da63936708aab9db1",
    "live 実取引": "49 ca1295f990e419bff820eb44f178da97715513fbb81f36f260bd9a8608d53cbc",
    "rückblick 2024/ETH→wstETH": "24 "
    "c14cb9a7c211ff4dc680c115be271b7f8076b193c78cb162c73ae5975b7bc3bd",
    "Ζεύς #2 'a' \"b\"": "19 e19239a86079e7351410e32d9ab90b8490bd15b499b81213153c2d834bc52964",
    "空 live": "1 a03256b3d99cdf5a6a5b970563c552a797861ea3bc3ac8bbe90d978da3125ecc",
}


def test_the_roots_of_the_store_of_format_1_are_those_that_they_always_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVENT_LOGGER_CHECKPOINTS", str(tmp_path / "kept"))
    path, key = format_1_store(tmp_path), str(tmp_path / "key")
    upgrade_store(url_of(path))
    run("key", "new", key, "--prefix", "example.com/desk1")
    roots = {}
    for log in format_1()["logs"]:
        note = run("checkpoint", "--store", url_of(path), "--key", key, "--log", log["name"])
        read = Checkpoint.parse(Note.parse(note.stdout.encode()).text)
        roots[log["name"]] = f"{read.size} {read.root.hex()}"
    assert roots == GOLDEN_ROOTS
