"""What was done to a store is found by whoever holds a checkpoint from before, and named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.commands import run
from tests.proofs.attacks import ATTACKS
from tests.proofs.desk import Desk


@pytest.fixture(scope="module")
def vkey(made: Path) -> str:
    return Desk(made).vkey


@pytest.mark.parametrize("what", ATTACKS)
def test_what_was_changed_is_found_and_named_and_nothing_more_is_signed(
    desk: Desk, vkey: str, what: str
) -> None:
    order, statements = ATTACKS[what]
    desk.run_sql(*statements)
    held = ("--store", desk.url, "--checkpoint", desk.held, "--vkey", vkey)
    done = run("verify", *held, "--json", code=1)
    found = json.loads(done.stdout)
    assert (found["holds"], found["first_order"], found["last_order"]) == (None, order, order)
    assert f"order {order}" in done.stderr
    assert not Path(desk.checkpoint("new", code=1)).exists()


@pytest.mark.parametrize("what", ["a value changed", "a row deleted", "a transition moved"])
def test_nothing_is_proven_of_what_was_changed(desk: Desk, what: str) -> None:
    (attack, *_) = (attack for name, attack in ATTACKS.items() if name.startswith(what))
    desk.run_sql(*attack.statements)
    desk.run("prove", "5", "--checkpoint", desk.held, code=1)


@pytest.mark.parametrize(
    ("what", "order"),
    [
        ("a transition before the first", "9"),
        ("a transition of a negative number", "1"),
        ("the steps of one event in another order", "1"),
    ],
)
def test_what_stands_in_no_leaf_is_not_shown_either(desk: Desk, what: str, order: str) -> None:
    desk.run_sql(*ATTACKS[what].statements)
    assert f"is damaged at order {order}" in desk.run("show", order, code=1).stderr


def test_a_store_that_fails_is_not_taken_for_a_folder_that_does(desk: Desk) -> None:
    desk.run_sql("UPDATE stored_events SET topic=CAST(x'eda080' AS TEXT) WHERE number=2")
    done = desk.run("checkpoint", "--key", desk.key, code=1)
    assert done.stderr.startswith(f"event-logger: store {desk.url}: failed (Could not decode")


@pytest.mark.parametrize("other", ["TABLE tiles (a)", "VIEW tiles AS SELECT 1 AS a"])
def test_tiles_that_are_none_hinder_nothing(desk: Desk, other: str) -> None:
    desk.run_sql("DROP TABLE tiles", f"CREATE {other}")
    desk.verify("--checkpoint", desk.held, "--store", desk.url)
    desk.checkpoint("new")
    desk.verify(desk.prove("5", "--checkpoint", desk.held))
