"""A short episode of the torture, by a seed that is always the same; its verifier finds faults."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.torture.__main__ import carried_out
from tests.torture.journal import Call, Told
from tests.torture.plan import plan_of
from tests.torture.verifier import of_calls

SEED = 7
SECONDS = 4.0


def test_every_promise_holds_for_a_while(tmp_path: Path) -> None:
    result = carried_out(SEED, SECONDS, tmp_path / "torture")
    assert result.faults == []
    assert result.counts["acknowledged"] > 0
    assert result.counts["SIGKILL"] > 0


def test_a_plan_follows_from_its_seed() -> None:
    assert plan_of(SEED, SECONDS) == plan_of(SEED, SECONDS)
    assert plan_of(SEED, SECONDS) != plan_of(SEED + 1, SECONDS)


def test_a_journal_tells_what_is_promised(tmp_path: Path) -> None:
    path = tmp_path / "p0.journal"
    path.write_text(
        '{"call": "a", "log": "run", "kind": "event", "size": 1}\n'
        '{"told": "a", "orders": [1], "live": false}\n'
        '{"committed": "f"}\n'
        '{"call": "b", "log": "run", "kind": "event", "size": 1}\n'
        '{"told": "b", "orders": [2], "live": false}\n'
        '{"call": "c", "log": "run", "kind": "event", "size": 1}\n'
        '{"refused": "c", "why": "StoreError"}\n'
        '{"call": "d", "log": "run", "kind": "event", "size": 1}\n'
    )
    told = Told()
    told.read(path, ended=None)
    assert [(call.is_promised, call.is_refused) for call in told.calls.values()] == [
        (True, False),
        (False, False),
        (False, True),
        (False, False),
    ]
    path.write_text(
        '{"call": "a", "log": "run", "kind": "event", "size": 1}\n'
        '{"told": "a", "orders": [1], "live": false}\n'
        '{"dropped": "p0"}\n'
        '{"committed": "f"}\n'
        '{"call": "b", "lo'
    )
    told = Told()
    told.read(path, ended=None)
    assert [call.is_promised for call in told.calls.values()] == [False]
    told = Told()
    told.read(path, ended="orderly")
    assert [call.is_promised for call in told.calls.values()] == [True]


def test_what_a_process_that_ended_in_order_was_told_is_promised(tmp_path: Path) -> None:
    path = tmp_path / "p0.journal"
    path.write_text(
        '{"call": "a", "log": "run", "kind": "event", "size": 1}\n'
        '{"told": "a", "orders": [1], "live": false}\n'
        '{"committed": "f"}\n'
        '{"call": "b", "log": "run", "kind": "event", "size": 1}\n'
        '{"told": "b", "orders": [2], "live": false}\n'
        '{"call": "c", "log": "run", "kind": "event", "size": 1}\n'
        '{"refused": "c", "why": "StoreError"}\n'
        '{"call": "d", "log": "run", "kind": "event", "size": 1}\n'
    )
    told = Told()
    told.read(path, ended="orderly")
    assert [call.is_promised for call in told.calls.values()] == [True, True, False, False]


TOLD = Call("p0.1", "run", "bundle", 3, told=[4, 5, 6], attempts=1, is_promised=True)
REFUSED = Call("p0.1", "run", "event", 1, refused="StoreError", attempts=1, refusals=1)


@pytest.mark.parametrize(
    ("call", "there", "fault"),
    [
        (TOLD, {"p0.1": [4, 5, 6]}, None),
        (replace(TOLD, is_promised=False), {}, None),
        (replace(TOLD, told=None), {"p0.1": [4, 5, 6]}, None),
        (REFUSED, {}, None),
        (TOLD, {}, "is not there"),
        (TOLD, {"p0.1": [5, 6, 7]}, "is there as"),
        (TOLD, {"p0.1": [4, 5]}, "of 3 events is there as"),
        (TOLD, {"p0.1": [4, 5, 6, 9, 10, 11]}, "of 3 events is there as"),
        (REFUSED, {"p0.1": [4]}, "was refused"),
        (TOLD, {"p0.1": [4, 5, 6], "p9.9": [7]}, "nobody made"),
    ],
)
def test_the_verifier_finds_what_is_not_as_the_caller_was_told(
    call: Call, there: dict[str, list[int]], fault: str | None
) -> None:
    found = list(of_calls("run", {call.name: call}, there))
    assert (fault is None) == (found == [])
    assert fault is None or fault in found[0]
