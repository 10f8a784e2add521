"""Importing CSV event logs: the same orders and tree, or nothing and the row that is not sound."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from domain.errors import EventLogFileError, LogConfigurationError, StoreError
from event_logger import EventLogger
from event_logger.reader import LogReader
from infrastructure.audit_logs import AuditLogs
from infrastructure.files.csv_import import import_csv
from tests.faults.commits import Room

NOON = pd.Timestamp("2024-05-12 12:00", tz="UTC")
X = {"event_type": "X", "venue": "V"}

AT = "2025-10-05T14:17:10.705759+00:00"
LEGACY = f"""amount,bundle_name,detail_count,detail_orders,event_type,\
gas_cost_eth,gas_price_gwei,gas_units,net_result,order,parent_event,status,timestamp,token,venue
0.0035,,,,GAS_FEE_PAID,0.0035,25.0,150000,,1,,completed,{AT},ETH,ETHEREUM
1,ENTRY,2,"[3, 4]",ATOMIC_TRANSACTION,,,,"{{""debt"": 38.1}}",2,,completed,{AT},COMPOSITE,INSTADAPP
100.0,,,,FLASH_BORROW,,,,,3,2,completed,{AT},WETH,BALANCER
100.0,,,,FLASH_REPAID,,,,,4,2,completed,{AT},WETH,BALANCER
2.5,,,,FUNDING_PAYMENT,,,,,5,,completed,{AT},USDT,BINANCE
"""


@pytest.fixture
def logs(tmp_path: Path) -> Iterator[AuditLogs]:
    with AuditLogs(f"sqlite:///{tmp_path / 'log.db'}") as logs:
        yield logs


@pytest.fixture
def legacy(tmp_path: Path) -> Path:
    path = tmp_path / "legacy.csv"
    path.write_text(LEGACY)
    return path


def log_something(logger: EventLogger) -> None:
    """Nested bundles, a detail that came late, ids, Decimals, snapshots, times off the hour."""
    balances = {"wallet": {"ETH": 1.5}, "cex_accounts": {"binance": {"USDT": 2}}}
    loop = {"event_type": "LOOP", "venue": "AAVE", "detail_events": [X, X], "purpose": "Loop"}
    logger.log_event(NOON + pd.Timedelta(1, "ns"), "X", "V", "ETH", 2**70, balances, event_id="a")
    logger.log_atomic_transaction(
        NOON, "ENTRY", [X, loop, X], {"debt": 1.25}, balances, purpose="Enter"
    )
    logger.log_event(NOON, "Y", "V", parent_event=2)
    logger.log_event(NOON, "Y", "V", parent_event=1, related_events=[1, 2], note=["a", {"b": 1}])
    logger.log_atomic_transaction(NOON, "EMPTY", [], {})


def without_clock(events: Any) -> list[dict[str, Any]]:
    return [{k: v for k, v in event.items() if k != "recorded_at"} for event in events]


def test_a_legacy_log_keeps_its_orders_and_its_tree(logs: AuditLogs, legacy: Path) -> None:
    report = import_csv(legacy, logs, "legacy")
    assert (report.events, report.bundles) == (5, 1)
    log = LogReader(logs, logs.get("legacy"))
    assert [event["order"] for event in log.events] == [1, 2, 3, 4, 5]
    assert [detail["event"]["order"] for detail in log.bundle_tree(2)["details"]] == [3, 4]
    assert log.events[0]["timestamp"] == pd.Timestamp("2025-10-05T14:17:10.705759Z")
    assert log.events[1]["net_result"] == {"debt": Decimal("38.1")}
    assert log.metadata == {"imported_from": "legacy.csv"}


def test_figures_that_contradict_each_other_are_kept_and_reported(
    logs: AuditLogs, legacy: Path
) -> None:
    assert import_csv(legacy, logs, "legacy").warnings == [
        "row 1: gas_cost_eth is 0.0035, but 150000 gas at 25.0 gwei is 0.00375 ETH"
    ]


def test_what_was_exported_is_imported_as_it_was(logs: AuditLogs, tmp_path: Path) -> None:
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    with EventLogger(hourly_timestamps=False) as logger:
        log_something(logger)
        logger.export_to_csv(str(first))
        trees = [tree["event"]["order"] for tree in logger.bundle_trees()]
        logged = without_clock(logger.events)
    import_csv(first, logs, "copy")
    log = LogReader(logs, logs.get("copy"))
    log.export_to_csv(str(second))
    assert second.read_text() == first.read_text()
    assert without_clock(log.events) == logged
    assert [tree["event"]["order"] for tree in log.bundle_trees()] == trees


def test_a_log_that_is_there_is_not_imported_into(logs: AuditLogs, legacy: Path) -> None:
    import_csv(legacy, logs, "legacy")
    with pytest.raises(
        LogConfigurationError, match="'legacy' is there already; import into another"
    ):
        import_csv(legacy, logs, "legacy")


@pytest.mark.parametrize(
    ("row", "column", "value", "sentence"),
    [
        (3, "order", "4", "row 3: order 4 disagrees with what the import arrives at, 3"),
        (5, "status", "pending", "row 5: status 'pending' disagrees with what the import arrives"),
        (2, "detail_orders", "[3, 4, 5]", "row 2: detail_orders [3, 4, 5] disagrees"),
        (2, "detail_orders", "none", "row 2: detail_orders 'none' is no JSON of a dict or a list"),
        (2, "detail_count", "3", "row 2: detail_count 3 disagrees with what the import arrives at"),
        (4, "parent_event", "9", "row 4: parent_event 9 names no earlier row"),
        (4, "parent_event", "4", "row 4: parent_event 4 names no earlier row"),
        (5, "amount", "nan", "row 5: amount 'nan' is no number"),
        (5, "amount", "much", "row 5: amount 'much' is no number"),
        (1, "gas_units", "1.5", "row 1: gas_units '1.5' is no whole number"),
        (5, "timestamp", "12/05/2024 14:00", "row 5: timestamp '12/05/2024 14:00' is no time"),
        (3, "timestamp", "", "row 3: timestamp must be a time"),
        (4, "timestamp", "9999-12-31T23:59:59.000000001Z", "row 4: timestamp '9999-12-31T23:59"),
        (5, "amount", "4e99999999999999999999", "row 5: amount '4e99999999999999999999' is beyond"),
        (5, "amount", "1E+7000", "row 5: amount Decimal('1E+7000') is beyond 1E±6144"),
        (5, "timestamp", "soon", "row 5: timestamp 'soon' is no time"),
        (5, "timestamp", "", "row 5: timestamp must be a time"),
        (5, "event_type", "funding", "row 5: event_type must be UPPER_SNAKE_CASE"),
        (3, "venue", "", "row 3: venue must be text that is not blank"),
    ],
)
def test_an_unsound_row_refuses_the_whole_file(
    logs: AuditLogs, legacy: Path, row: int, column: str, value: str, sentence: str
) -> None:
    with legacy.open(newline="") as file:
        rows = list(csv.DictReader(file))
    rows[row - 1] |= {column: value} | ({"detail_count": ""} if column == "detail_orders" else {})
    with legacy.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    with pytest.raises(EventLogFileError) as raised:
        import_csv(legacy, logs, "legacy")
    assert str(raised.value).startswith(f"{legacy}, {sentence}")
    assert raised.value.row == row
    assert logs.names() == []


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "row 0: the header has no column 'timestamp'"),
        (b"timestamp,event_type\n", "row 0: the header has no column 'venue'"),
        (b"timestamp,event_type,venue,venue\n", "row 0: the header has 'venue' twice"),
        (b"timestamp,event_type,venue\na,b\n", "row 1: has 2 cells under 3 columns"),
        (b"\xff\xfe\x00", "row 0: is no CSV text"),
        (b"PAR1\x15\x04", "row 0: is a Parquet file; export the log as JSON lines or CSV"),
        (gzip.compress(b"timestamp", mtime=0), "row 0: is packed by gzip; unpack it first"),
        (b"PK\x03\x04\x14", "row 0: is a spreadsheet or an archive"),
    ],
)
def test_a_file_that_is_no_event_log_is_refused(
    logs: AuditLogs, legacy: Path, content: bytes, sentence: str
) -> None:
    legacy.write_bytes(content)
    with pytest.raises(EventLogFileError) as raised:
        import_csv(legacy, logs, "legacy")
    assert sentence in str(raised.value)
    assert logs.names() == []


def test_a_missing_file_is_named(logs: AuditLogs, tmp_path: Path) -> None:
    with pytest.raises(EventLogFileError, match=r"nowhere\.csv, row 0: cannot be read"):
        import_csv(tmp_path / "nowhere.csv", logs, "legacy")


def test_a_store_that_fails_in_the_middle_holds_nothing_of_it(
    logs: AuditLogs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "long.csv"
    rows = "".join(f"2024-05-12T12:00:00Z,X,V,{'x' * 500}\n" for _ in range(5000))
    path.write_text(f"timestamp,event_type,venue,note\n{rows}")
    Room(monkeypatch).pages = 100
    with pytest.raises(StoreError, match="full"):
        import_csv(path, logs, "long")
    assert logs.names() == []
    assert not logs.recorder.max_notification_id()
