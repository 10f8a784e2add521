"""One small log as a CSV file, byte for byte: what an export looks like does not drift."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pandas as pd

from event_logger import EventLogger, open_log
from tests.support import url_of

GOLDEN = Path(__file__).parent / "golden" / "small_log.csv"
MIDNIGHT = datetime(2024, 5, 12, tzinfo=UTC)


def log_a_small_run(logger: EventLogger) -> None:
    snapshot = {
        "wallet": {"ETH": 49.9965, "aWeETH": Decimal("95.240000000000000001")},
        "cex_accounts": {"binance": {"USDT": 24992.5}},
    }
    logger.log_gas_fee(MIDNIGHT, 0.0035, 8.75, "STAKE_DEPOSIT", 150_000, 25.0, snapshot)
    logger.log_atomic_transaction(
        MIDNIGHT,
        "ATOMIC_LEVERAGE_ENTRY",
        [
            {"event_type": "FLASH_BORROW", "venue": "BALANCER", "token": "WETH", "amount": 88.7},
            {
                "event_type": "STAKE_DEPOSIT",
                "venue": "ETHERFI",
                "token": "ETH",
                "amount": 50 * 10**18,
                "unit": "wei",
                "iteration": 1,
            },
        ],
        {"collateral": 95.24, "debt": 88.7},
        tx_hash="0xabc",
        block_number=19_850_000,
        nonce=7,
    )
    logger.log_perp_trade(
        MIDNIGHT + timedelta(hours=1), "binance", "ETHUSDT-PERP", "SHORT", -8.5, 2930.25,
        24907.125, 9.96,
    )  # fmt: skip
    logger.log_venue_transfer(
        pd.Timestamp("2024-05-12T04:00:00+02:00"), "WALLET", "BYBIT", "USDT", Decimal("25000.00"),
        purpose='Margin for "delta, neutral"\nleg', event_id="transfer-1",
    )  # fmt: skip
    logger.log_risk_alert(
        MIDNIGHT + timedelta(hours=2), "LTV", 0.915, 0.91, related_events=[1, 2],
        trigger_timestamp=pd.Timestamp("2024-05-12T01:59:59.123456789Z"),
        limits={"soft": 0.9, "hard": None}, is_final=False,
    )  # fmt: skip


def test_a_small_log_is_exported_as_it_always_was(tmp_path: Path) -> None:
    with EventLogger(store=url_of(tmp_path / "runs.db")) as logger:
        log_a_small_run(logger)
        logger.export_to_csv(str(tmp_path / "first.csv"))
    with open_log(url_of(tmp_path / "runs.db")) as reader:
        reader.export_to_csv(str(tmp_path / "second.csv"))
    expected = GOLDEN.read_bytes()
    assert (tmp_path / "first.csv").read_bytes() == expected
    assert (tmp_path / "second.csv").read_bytes() == expected
