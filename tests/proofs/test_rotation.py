"""A key gives way to another: the log says so, and what the old one would sign later is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from event_logger import open_log
from tests.commands import run
from tests.proofs.attacks import field, of
from tests.proofs.desk import Desk, more


def following(desk: Desk, prefix: str = "example.com/desk1") -> str:
    key = str(desk.folder / "following")
    run("key", "new", key, "--prefix", prefix)
    return key


def vkey(desk: Desk, key: str) -> str:
    return desk.run("key", "show", key).stdout.strip()


def test_the_log_says_that_another_key_signs_and_only_that_one_does(desk: Desk) -> None:
    new, old = following(desk), desk.vkey
    note = str(desk.folder / "rotated")
    desk.run("key", "rotate", desk.key, new, "-o", note)
    with open_log(desk.url) as reader:
        event = reader.events[-1]
    assert (event["event_type"], event["venue"]) == ("KEY_ROTATED", "LOG")
    assert (event["status"], event["former_key"]) == ("completed", old)
    assert event["key"] == vkey(desk, new) != old
    for secret in (desk.key, new):
        assert Path(secret).read_text().splitlines()[2] not in str(event)
    for key in (old, vkey(desk, new)):
        held = ("--store", desk.url, "--checkpoint", note, "--vkey", key)
        assert f"its first {desk.size + 1} leaves" in run("verify", *held).stdout
    # The former checkpoint is proven to have grown into it.
    proof = desk.prove("--since", desk.held, "--checkpoint", note)
    run("verify", proof, "--checkpoint", desk.held, "--vkey", old)
    desk.log(more)
    assert not Path(desk.checkpoint("old", code=1)).exists()
    later = str(desk.folder / "later")
    desk.run("checkpoint", "--key", new, "-o", later)
    run("verify", "--checkpoint", later, "--store", desk.url, "--vkey", vkey(desk, new))
    done = run("verify", "--checkpoint", later, "--vkey", old, code=1)
    assert "is not signed by a known key" in done.stderr


@pytest.mark.parametrize("prefix", ["example.com/desk2", None])
def test_a_key_that_cannot_follow_rotates_nothing(desk: Desk, prefix: str | None) -> None:
    new = desk.key if prefix is None else following(desk, prefix)
    done = desk.run("key", "rotate", desk.key, new, code=1)
    assert "the key that is to follow" in done.stderr
    with open_log(desk.url) as reader:
        assert reader.global_order == 10
    desk.checkpoint("again")


def test_a_log_that_was_changed_says_nothing_more(desk: Desk) -> None:
    new = following(desk)
    desk.run_sql(field("amount", "7", of(3)))
    done = desk.run("key", "rotate", desk.key, new, code=1)
    assert "nothing is signed" in done.stderr
    with open_log(desk.url) as reader:
        assert reader.global_order == 10
