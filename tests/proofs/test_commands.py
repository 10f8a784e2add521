"""`key`, `checkpoint`, `prove`, `verify`: what was changed since is refused, and never signed."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from event_logger import EventLogger
from infrastructure.signing import read_key
from tests.commands import run
from tests.proofs.desk import Desk, more


def test_a_key_is_its_owners_alone(desk: Desk) -> None:
    path = Path(desk.key)
    assert path.stat().st_mode & 0o777 == 0o600
    secret = path.read_text().splitlines()[2]
    assert run("key", "show", desk.key).stdout == "example.com/desk1\n"
    for command in (("key", "show", desk.key), ("checkpoint", "--key", desk.key)):
        done = desk.run(*command)
        assert secret not in done.stdout + done.stderr
    assert secret not in repr(vars(read_key(desk.key))["prefix"])
    before = path.read_bytes()
    done = run("key", "new", desk.key, "--prefix", "example.com/desk2", code=1)
    assert "is there already" in done.stderr
    assert path.read_bytes() == before
    path.chmod(0o640)
    assert "can be read by others" in desk.run("checkpoint", "--key", desk.key, code=1).stderr


@pytest.mark.parametrize(
    "prefix", ["", "a b", "a+b", "https://example.com", "/desk", "desk/", "a\n"]
)
def test_a_prefix_that_cannot_be(tmp_path: Path, prefix: str) -> None:
    done = run("key", "new", str(tmp_path / "key"), "--prefix", prefix, code=1)
    assert "write it as example.com/desk1" in done.stderr
    assert not (tmp_path / "key").exists()


@pytest.mark.parametrize("text", ["", "key", "event-logger/key/v1\na\nAAAA\n", "\0", "é\n" * 3])
def test_what_is_no_key(desk: Desk, text: str) -> None:
    Path(desk.key).write_text(text)
    assert "is no key of the format" in desk.run("checkpoint", "--key", desk.key, code=1).stderr


def test_each_log_has_a_key_of_its_own(desk: Desk) -> None:
    with EventLogger("live", store=desk.url, redis=False, log="other"):
        pass
    other = desk.run("key", "show", desk.key, "--log", "other").stdout.strip()
    assert other.split("+")[2] != desk.vkey.split("+")[2]
    done = run("verify", "--checkpoint", desk.held, "--vkey", other, code=1)
    assert "is not signed by a known key" in done.stderr


def test_a_checkpoint_holds_as_the_log_goes_on(desk: Desk) -> None:
    note = Path(desk.held).read_text()
    size = desk.size
    assert Path(desk.checkpoint("again")).read_text() == note
    desk.log(more)
    done = desk.verify("--checkpoint", desk.held, "--store", desk.url)
    assert f"its first {size} leaves are as they were" in done.stdout
    assert "signed by example.com/desk1/" in done.stdout
    bare = run("verify", "--checkpoint", desk.held, "--store", desk.url).stdout
    assert "the signature was not checked" in bare
    proof = desk.prove("--since", desk.held, "--key", desk.key)
    done = desk.verify(proof, "--checkpoint", desk.held)
    assert (
        f"the log of {size + 1} leaves holds all that the checkpoint of {size} stands"
        in done.stdout
    )


@pytest.mark.parametrize("order", [0, 1, 5, 10])
def test_an_event_is_proven_without_the_store(desk: Desk, order: int) -> None:
    proof, vkey = desk.prove(str(order), "--checkpoint", desk.held), desk.vkey
    desk.path.unlink()
    said = json.loads(run("verify", proof, "--vkey", vkey, "--json").stdout)
    assert (said["holds"], said["number"], said["size"]) == ("inclusion", order, desk.size)
    assert said["signed_by"] == [said["origin"]]
    assert '"recorded_at"' in said["state"]
    run("verify", proof, "--checkpoint", desk.held, "--vkey", vkey)


def test_a_transition_is_proven(desk: Desk) -> None:
    proof = desk.prove("1", "--transition", "3", "--key", desk.key)
    said = json.loads(desk.verify(proof, "--json").stdout)
    assert (said["kind"], said["number"]) == ("transition", 3)
    assert json.loads(said["state"])["tx_hash"] == "0xc"
    for order, number in (("2", "3"), ("1", "6"), ("1", str(2**63)), ("1", "9" * 30)):
        done = desk.run("prove", order, "--transition", number, "--key", desk.key, code=1)
        assert f"transition {number} is none of order {order}; the log has 5" in done.stderr


def test_what_cannot_be_proven(desk: Desk) -> None:
    desk.log(more)
    done = desk.run("prove", "99", "--key", desk.key, code=1)
    assert "order 99 names no event of this log" in done.stderr
    last = desk.size - 5
    done = desk.run("prove", str(last), "--checkpoint", desk.held, code=1)
    assert f"order {last} names no event" in done.stderr
    desk.run("prove", "1", code=2)
    desk.run("prove", "--key", desk.key, code=2)
    desk.run("verify", code=2)


def test_a_backup_that_is_put_back_signs_nothing(desk: Desk, tmp_path: Path) -> None:
    backup, size = tmp_path / "backup.db", desk.size
    run("backup", str(backup), "--store", desk.url)
    desk.log(more)
    later = desk.checkpoint("later")
    for suffix in ("-wal", "-shm"):
        Path(f"{desk.path}{suffix}").unlink(missing_ok=True)
    shutil.copyfile(backup, desk.path)
    done = desk.run("checkpoint", "--key", desk.key, code=1)
    assert f"{size} leaves, and the checkpoint of {size + 1} leaves" in done.stderr
    assert "nothing is signed" in done.stderr
    desk.verify("--checkpoint", later, "--store", desk.url, code=1)


def test_files_that_were_edited_show_nothing(desk: Desk) -> None:
    proof, note = Path(desk.prove("5", "--checkpoint", desk.held)), Path(desk.held)
    for path, old, new in (
        (proof, "index 5", "index 6"),
        (proof, "extra e", "extra f"),
        (note, f"\n{desk.size}\n", f"\n{desk.size - 1}\n"),
        (note, "desk1", "desk2"),
    ):
        whole = path.read_text()
        path.write_text(whole.replace(old, new))
        named = (str(path),) if path == proof else ("--checkpoint", str(path))
        assert desk.verify(*named, code=1).stderr.startswith(f"event-logger: {path} ")
        path.write_text(whole)
    desk.verify(str(proof))


def test_a_checkpoint_of_another_log_of_this_name(desk: Desk, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    stranger = Desk(other).make()
    done = desk.run("prove", "5", "--checkpoint", stranger.held, code=1)
    assert "has the identity" in done.stderr
    desk.verify("--checkpoint", stranger.held, code=1)
    run("verify", "--checkpoint", stranger.held, "--store", desk.url, code=1)


def test_where_the_last_checkpoint_is_kept(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    (kept,) = (desk.folder / "kept").glob("*.checkpoint")
    assert kept.read_bytes() == Path(desk.held).read_bytes()
    kept.write_text("nonsense")
    done = desk.run("checkpoint", "--key", desk.key, code=1)
    assert "nothing is signed" in done.stderr
    monkeypatch.setenv("EVENT_LOGGER_CHECKPOINTS", desk.key)
    assert "cannot keep checkpoints" in desk.run("checkpoint", "--key", desk.key, code=1).stderr
    monkeypatch.delenv("EVENT_LOGGER_CHECKPOINTS")
    monkeypatch.setenv("XDG_STATE_HOME", str(desk.folder / "state"))
    desk.checkpoint("new")
    assert os.listdir(desk.folder / "state" / "event-logger" / "checkpoints")


@pytest.mark.parametrize("key", ["", "x", "example.com/a+00000000+AAAA"])
def test_a_public_line_that_is_none(desk: Desk, key: str) -> None:
    done = run("verify", "--checkpoint", desk.held, "--vkey", key, code=1)
    assert done.stderr.startswith("event-logger: --vkey ")


def test_the_public_line_in_a_file(desk: Desk, tmp_path: Path) -> None:
    line = tmp_path / "line"
    desk.run("key", "show", desk.key, "-o", str(line))
    assert line.read_text() == f"{desk.vkey}\n"
    held = ("verify", "--checkpoint", desk.held, "--vkey", str(line))
    assert "signed by example.com/desk1/" in run(*held).stdout
    for text in ("", f"{desk.vkey}\n\n", f"{desk.vkey}\n{desk.vkey}\n", "\xff", f" {desk.vkey}"):
        line.write_text(text, "latin-1")
        said = run(*held, code=1).stderr
        assert said.startswith(f"event-logger: {line} ")
        assert "is no verifier key" in said
