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
