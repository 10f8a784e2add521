"""The one table of fields: what follows from it, and that a field is added by its line alone."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from domain import fields
from domain.errors import InvalidEventError
from domain.fields import CHAIN_FIELDS, DECLARED_FIELDS, EVENT_FIELDS, Event, Kind, Role
from domain.intake import LoggingRules
from tests.support import HOUR, ROOT

COLUMNS_OF = {
    Kind.TIME: fields.TIME_FIELDS,
    Kind.INT: fields.INT_COLUMNS,
    Kind.TEXT: fields.TEXT_COLUMNS,
    Kind.NUMBER: fields.NUMBER_COLUMNS,
    Kind.JSON: fields.JSON_COLUMNS,
}


def test_every_field_says_what_it_means() -> None:
    assert list(fields.MEANINGS) == list(Event.__annotations__)
    assert all(meaning.endswith((".", "…")) for meaning in fields.MEANINGS.values())


def test_every_field_of_the_dict_has_one_kind_of_column() -> None:
    for name in (*EVENT_FIELDS, "detail_orders", "detail_count"):
        assert [kind for kind, names in COLUMNS_OF.items() if name in names] == [kind_of(name)]


def kind_of(name: str) -> Kind:
    (kind,) = (mark for mark in fields.marks_of(name) if isinstance(mark, Kind))
    return kind


def test_the_dict_has_the_specification_s_fields_then_those_of_the_contract() -> None:
    assert len(DECLARED_FIELDS) == 26
    assert (*DECLARED_FIELDS, "recorded_at", *CHAIN_FIELDS) == EVENT_FIELDS
    assert CHAIN_FIELDS == (
        "nonce", "chain_id", "sender", "block_number", "block_hash",
        "exchange_order_id", "filled_amount", "average_price", "fee", "fee_token",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (
            fields.UPDATE_CHECKS,
            "gas_cost_eth gas_cost_usd gas_units gas_price_gwei execution_cost_usd"
            " execution_cost_bps completion_timestamp tx_hash confirmation_blocks nonce"
            " block_number block_hash exchange_order_id filled_amount average_price fee fee_token"
            " position_snapshot reason by",
        ),
        (
            fields.TRANSACTION_FIELDS,
            "completion_timestamp tx_hash confirmation_blocks nonce chain_id sender block_number"
            " block_hash",
        ),
        (
            fields.CLEARED_BY_REORG,
            "completion_timestamp confirmation_blocks block_number block_hash",
        ),
        (
            fields.RESERVED_FIELDS,
            "order status recorded_at log detail_orders detail_count wallet_balance_after"
            " cex_balance_after aave_position_after",
        ),
        (
            fields.NOT_CONTENT,
            "recorded_at timestamp trigger_timestamp completion_timestamp position_snapshot",
        ),
        (
            fields.FIELD_CHECKS.keys() - fields.EVENT_DATA_CHECKS.keys(),
            "recorded_at timestamp event_type venue token amount position_snapshot detail_orders",
        ),
    ],
    ids=["updates", "transaction", "reorg", "reserved", "not content", "not event data"],
)
def test_the_roles_are_those_of_the_contract(names: Any, expected: str) -> None:
    assert sorted(names) == sorted(expected.split())


def test_a_reorg_clears_only_what_an_update_may_carry() -> None:
    assert set(fields.CLEARED_BY_REORG) < fields.UPDATE_CHECKS.keys()
    assert all(Role.SHARED in fields.marks_of(name) for name in fields.CLEARED_BY_REORG)


@pytest.mark.parametrize(
    ("name", "value", "wrong"),
    [
        ("chain_id", 1, -1),
        ("sender", "0xabc", " "),
        ("exchange_order_id", "ab-1", 7),
        ("filled_amount", 0.5, "0.5"),
        ("average_price", 3000, float("nan")),
        ("fee", 0.1, True),
        ("fee_token", "BNB", ""),
    ],
)
def test_the_fields_of_chains_and_exchanges_are_checked(name: str, value: Any, wrong: Any) -> None:
    def record(value: Any) -> dict[str, Any]:
        return LoggingRules().record("", HOUR, "X", "V", None, None, None, {name: value})

    assert record(value)[name] == value
    with pytest.raises(InvalidEventError, match=name):
        record(wrong)


THE_LINE = '    memo: Annotated[_Text, "What somebody noted."] = None\n'

PROGRAM = """
import json, sys
from datetime import UTC, datetime
from event_logger import EventLogger, read_event_log
from event_logger.cli import main

store, exported, again = sys.argv[1:]
hour = datetime(2024, 5, 12, 14, tzinfo=UTC)
with EventLogger(store=store, log="run") as logger:
    logger.log_gas_fee(hour, 0.1, 300, "STAKE_DEPOSIT", 1000, 1e5, memo="1e5")
    try:
        logger.log_event(hour, "X", "V", memo=7)
    except ValueError as error:
        refusal = str(error)
    logger.log_event(hour, "X", "V", note="an extra")
with EventLogger(store=store, log="run") as logger:
    events = logger.get_all_events()
    logger.export_to_csv(exported)
sys.argv[1:] = ["import", exported, "--store", store, "--log", "copy"]
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
with EventLogger(store=store, log="copy") as logger:
    imported = logger.get_all_events()
    logger.export_to_csv(again)
print(json.dumps({
    "names": list(events[0]),
    "dicts": [event["memo"] for event in events],
    "frame": list(read_event_log(exported)["memo"]),
    "imported": [event["memo"] for event in imported],
    "refusal": refusal,
}))
"""


def test_a_declared_text_field_is_added_by_one_line(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    for room in ("domain", "projections", "infrastructure", "event_logger"):
        shutil.copytree(ROOT / room, tree / room, ignore=shutil.ignore_patterns("__pycache__"))
    table = tree / "domain" / "fields.py"
    before, after = table.read_text().split("    fee_token: ")
    table.write_text(f"{before}{THE_LINE}    fee_token: {after}")

    exported, again = tmp_path / "run.csv", tmp_path / "again.csv"
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, f"sqlite:///{tmp_path / 'log.db'}", exported, again],
        cwd=tree,
        env=os.environ | {"PYTHONPATH": str(tree)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])

    at = found["names"].index("memo")
    assert found["names"][at - 1 : at + 2] == ["fee", "memo", "fee_token"]
    assert found["dicts"] == found["frame"] == found["imported"] == ["1e5", None]
    assert "memo" in found["refusal"]
    assert exported.read_text().splitlines()[0].split(",")[-3:] == ["memo", "fee_type", "note"]
    assert exported.read_bytes() == again.read_bytes()
