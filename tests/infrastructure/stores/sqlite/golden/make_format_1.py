"""Made `format_1.db`; runs only with the former code, the one that wrote format 1.

    PYTHONPATH=former_version.zip python -P make_format_1.py FOLDER REDIS_URL

writes `format_1.db` and (by `describe_format_1.py`, which lies beside) `format_1.json` into the
folder. The Redis is an empty one, so that the store holds a notifier's position. What it writes
differs from run to run in its times: the two files belong together, and are never edited.
"""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest.mock import patch
from uuid import UUID

import numpy as np
import pandas as pd

from event_logger import EventLogger

PAST = "rückblick 2024/ETH→wstETH"
LIVE = "live 実取引"
OTHER = "Ζεύς #2 'a' \"b\""
EMPTY = "leer ∅"
EMPTY_LIVE = "空 live"

HOUR = datetime(2024, 5, 12, 14, tzinfo=UTC)
NANOSECOND = pd.Timestamp("2024-05-12T14:00:00.123456789Z")
MICROSECOND = datetime(2024, 5, 12, 14, 3, 7, 250, tzinfo=UTC)

SNAPSHOT: dict[str, Any] = {
    "wallet": {"ETH": Decimal("3.500"), "weETH": 1.25, "wei": 2**70},
    "cex_accounts": {"binance": {"USDT": 7}},
    "perp_positions": {},
    "taken_at": NANOSECOND,
}
STAKE: dict[str, Any] = {"event_type": "STAKE_DEPOSIT", "venue": "ETHERFI", "token": "ETH"}
BORROW: dict[str, Any] = {"event_type": "FLASH_BORROW", "venue": "BALANCER", "amount": 88.7}
LOOP: dict[str, Any] = {"event_type": "LEVERAGE_LOOP_ITERATION", "venue": "AAVE"}


class Side(Enum):
    SHORT = "SHORT"


ODD_METADATA: dict[str, Any] = {
    "strategy": "レバレッジ",
    "$decimal": "a caller's own key",
    "": None,
    "nan": float("nan"),
    "limits": [Decimal("1.10"), float("-inf"), 2**64, -0.0, True, {"$time": "no time"}, [], {}],
    "since": NANOSECOND,
    "note": 'two\nlines, "quoted", a tab\t, \x1b[31m, \u202eright to left',
}
ODD_EXTRAS: dict[str, Any] = {
    "nan": float("nan"),
    "infinities": [float("inf"), float("-inf"), -0.0, 5e-324, 1e308],
    "ints": [2**63 - 1, -(2**63), 2**63, 2**64, -(2**200)],
    "decimals": [Decimal("1.10"), Decimal("-0"), Decimal("1E+6144"), Decimal("NaN")],
    "times": [NANOSECOND, MICROSECOND, np.datetime64("2024-05-12T14:00:00.000000001"), pd.NaT],
    "scalars": [np.float64(1.5), np.int64(7), np.bool_(True), Side.SHORT, UUID(int=7)],
    "nested": {"$float": "nan", "a.b": {"": [None, True, {}, []]}, "$$": (1, 2)},
    "text": '二行\nнадпись\x00\u2028\U00020000 {"$int": "1"}',
    "nothing": None,
}
CONFIRMED: dict[str, Any] = {
    "status": "confirmed",
    "confirmation_blocks": 1,
    "block_number": 19_850_001,
    "block_hash": "0xbb",
    "completion_timestamp": NANOSECOND,
    "gas_cost_eth": Decimal("0.00350"),
    "gas_price_gwei": 2**64,
    "reason": "included at once",
    "position_snapshot": SNAPSHOT,
}


def log_backtest(logger: EventLogger) -> Iterator[None]:
    """Fill the backtest log, in batches that others may come between."""
    logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE", "ETH", 2930.55)
    logger.log_event(HOUR, "GAS_FEE_PAID", "ETHEREUM", "ETH", Decimal("0.003750"))
    logger.log_event(HOUR, "BALANCE_CHANGE", "WALLET", "SHIB", 2**70, SNAPSHOT)
    logger.log_event(NANOSECOND, "A_TYPE_OF_MY_OWN", "venue ß", "€", -0.0, **ODD_EXTRAS)
    logger.log_event(
        HOUR,
        "VENUE_TRANSFER",
        "WALLET→BINANCE",
        amount=Decimal("1E+6144"),
        trigger_timestamp=NANOSECOND,
        completion_timestamp=MICROSECOND,
        tx_hash="0xback",
        confirmation_blocks=12,
        nonce=0,
        block_number=19_850_000,
        block_hash="0xblock",
        related_events=[1, 3],
    )
    logger.log_event(HOUR, "TRADE_EXECUTED", "BINANCE", "ETH", 1.5, event_id="fill-1 é")
    logger.flush()
    yield
    logger.log_event(HOUR, "TRADE_EXECUTED", "BINANCE", "ETH", Decimal("1.5"), event_id="fill-2")
    inner = LOOP | {"detail_events": [STAKE | {"event_id": "detail"}, STAKE | {"amount": 2}]}
    logger.log_atomic_transaction(
        HOUR, "ENTRY", [BORROW, inner, BORROW], {"health": Decimal("1.70")}, SNAPSHOT,
        event_id="entry", note="入口",
    )  # fmt: skip
    logger.log_event(HOUR, "TRADE_EXECUTED", "BINANCE", "ETH", 1.5, event_id="fill-1 é")
    logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE", "ETH", 2931)
    yield
    logger.log_event(HOUR, "GAS_FEE_PAID", "ETHEREUM", "ETH", 0.1, parent_event=8)
    logger.log_event(HOUR, "GAS_FEE_PAID", "ETHEREUM", "ETH", 0.2, parent_event=10, event_id="late")
    logger.log_atomic_transaction(HOUR, "LATE LOOP", [STAKE], parent_event=10)
    logger.log_event(HOUR, "GAS_FEE_PAID", "ETHEREUM", parent_event=1)
    logger.log_atomic_transaction(HOUR, "NO DETAILS", [])
    with logger.bundle(HOUR, "BUILT", event_id="built") as bundle:
        first = bundle.log_event(None, "FLASH_BORROW", "BALANCER", "WETH", 1)
        bundle.log_event(None, "FLASH_REPAID", "BALANCER", "WETH", 1, related_events=[first, 2])
    logger.flush()
    yield


def log_typed(logger: EventLogger) -> Iterator[None]:
    """Every kind of typed method, into the log that is called default."""
    logger.log_gas_fee(HOUR, 0.00375, Decimal("12.5"), "STAKE", 150_000, 25)
    logger.log_stake(HOUR, "ETHERFI", 10, Decimal("9.61"), 1.04, 1, SNAPSHOT)
    logger.log_aave_supply(HOUR, "weETH", 9.61, 9.5, 1.01, 1)
    logger.flush()
    yield
    logger.log_aave_borrow(HOUR, "WETH", 5.5, 5.5, 1.02)
    logger.log_spot_trade(HOUR, "BINANCE", "ETH/USDT", "BUY", 1, Decimal("2930.10"), 1.5)
    logger.log_funding_payment(HOUR, "bybit", -0.0001, 29305, -2.9305)
    logger.log_venue_transfer(HOUR, "WALLET", "BINANCE", "ETH", 2)
    yield
    logger.log_risk_alert(HOUR, "LTV", 0.93, 0.9)
    logger.log_reconciliation(HOUR, "BINANCE", "USDT", Decimal("100.0"), Decimal("99.9"))
    logger.flush()
    yield


def log_live(logger: EventLogger) -> Iterator[None]:
    """Fill the first live log: every status, bundles, late details, updates of all kinds."""
    update = logger.update_event
    pending = logger.log_stake(MICROSECOND, "LIDO", 1, 1, 1)
    hashed = logger.log_event(MICROSECOND, "GAS_FEE_PAID", "ETHEREUM", tx_hash="0x2", nonce=3)
    moved = logger.log_venue_transfer(MICROSECOND, "WALLET", "BINANCE", "ETH", Decimal("2.50"))
    reorged = logger.log_event(NANOSECOND, "STAKE_DEPOSIT", "LIDO", "ETH", 1.5, **ODD_EXTRAS)
    yield
    update(moved, {"status": "submitted", "tx_hash": "0x3a", "nonce": 4})
    update(moved, {"status": "submitted", "tx_hash": "0x3b"})
    update(reorged, {"status": "submitted", "tx_hash": "0x4a"})
    yield
    update(moved, CONFIRMED)
    update(moved, {"confirmation_blocks": 1, "status": "confirmed"})
    update(moved, {"confirmation_blocks": 12})
    update(reorged, {"status": "confirmed", "confirmation_blocks": 2, "block_number": 7})
    yield
    update(reorged, {"status": "reorged", "reason": "uncle"})
    update(reorged, {"status": "submitted", "tx_hash": "0x4b"})
    update(moved, {"status": "finalized", "confirmation_blocks": 64})
    update(reorged, {"status": "confirmed", "completion_timestamp": MICROSECOND})
    failed, dropped, trade, gone = (
        logger.log_event(MICROSECOND, "TRADE_EXECUTED", "BINANCE", "ETH", n, event_id=f"fill-{n}")
        for n in range(4)
    )
    yield
    update(failed, {"status": "failed", "reason": "拒否: insufficient margin"})
    update(dropped, {"status": "submitted"})
    update(dropped, {"status": "dropped"})
    update(trade, {"status": "submitted"})
    update(trade, {"status": "confirmed", "execution_cost_usd": Decimal("1.50")})
    update(trade, {"position_snapshot": {"wallet": {"ETH": float("nan")}}})
    update(gone, {"status": "confirmed", "tx_hash": "0x8"})
    update(gone, {"status": "reorged"})
    update(hashed, {"gas_cost_eth": Decimal("0.0100"), "gas_units": 21_000})
    update(hashed, {"nonce": 5})
    yield
    inner = LOOP | {"detail_events": [STAKE | {"event_id": "detail"}]}
    entry = logger.log_atomic_transaction(
        MICROSECOND, "ENTRY", [BORROW, inner], None, SNAPSHOT, event_id="entry"
    )
    waiting = logger.log_atomic_transaction(MICROSECOND, "WAITING", [BORROW, STAKE], tx_hash="0xw")
    logger.log_atomic_transaction(
        MICROSECOND, "ENTRY", [BORROW, inner], None, SNAPSHOT, event_id="entry"
    )
    yield
    update(entry[0], {"status": "submitted", "tx_hash": "0x9", "gas_cost_eth": 0.01})
    late = logger.log_event(MICROSECOND, "GAS_FEE_PAID", "ETHEREUM", parent_event=entry[0])
    logger.log_event(MICROSECOND, "GAS_FEE_PAID", "ETHEREUM", parent_event=entry[2])
    late_bundle = logger.log_atomic_transaction(
        MICROSECOND, "LATE LOOP", [STAKE], parent_event=entry[2], event_id="late bundle"
    )
    update(entry[0], CONFIRMED | {"tx_hash": "0x9"})
    update(waiting[0], {"status": "submitted"})
    yield
    update(late, {"status": "failed"})
    update(late_bundle[0], {"status": "submitted"})
    logger.log_price_update(MICROSECOND, "BINANCE", "ETH", 2930.55)
    logger.log_atomic_transaction(MICROSECOND, "STILL PENDING", [STAKE | {"event_id": "last"}])
    update(pending, {"reason": "waits for a cheaper block"})
    yield


def log_other(logger: EventLogger) -> Iterator[None]:
    """Fill the second live log, between the first one's; its clock goes back once."""
    for n in range(1, 8):
        logger.log_event(
            MICROSECOND, "SPOT_TRADE", f"VENUE {n % 3}", "ETH", n, event_id=f"fill-{n}"
        )
        logger.update_event(n, {"status": "submitted", "tx_hash": f"0x{n}"})
        yield
        if n % 2:
            logger.update_event(n, {"status": "confirmed", "confirmation_blocks": n})
        if n == 3:
            logger.update_event(1, {"status": "finalized"})
            with patch("time.time_ns", return_value=time.time_ns() - 3_600_000_000_000):
                logger.log_event(MICROSECOND, "RISK_ALERT", "RISK_MONITOR")
            break
    logger.log_atomic_transaction(MICROSECOND, "PAIR", [STAKE, STAKE])
    yield
    logger.update_event(5, {"status": "confirmed", "tx_hash": "0xpair"})
    yield
    logger.update_event(5, {"status": "finalized"})
    logger.update_event(2, {"status": "dropped", "reason": "never seen again"})
    yield


def fill(store: str, redis: str) -> None:
    """Write all logs at once, a few entries of one after a few of the next."""
    for name, mode in ((EMPTY, "backtest"), (EMPTY_LIVE, "live")):
        with EventLogger(mode, store=store, log=name, metadata=ODD_METADATA, redis=False) as empty:
            empty.flush()
    with (
        EventLogger(store=store, log=PAST, metadata=ODD_METADATA, hourly_timestamps=False) as past,
        EventLogger(store=store) as default,
        EventLogger("live", store=store, log=LIVE, metadata=ODD_METADATA, redis=redis) as live,
        EventLogger("live", store=store, log=OTHER, redis=False) as other,
    ):
        steps = [log_backtest(past), log_typed(default), log_live(live), log_other(other)]
        while steps:
            steps = [one for one in steps if next(one, steps) is None]
        time.sleep(1)  # the notifier stores its position now and then


def leave_boards(store: str) -> None:
    """Leave a board that is up to date, and one that is two entries behind."""
    # By name: the code of today need not have these modules any more.
    application = import_module("infrastructure.application")
    boards = import_module("infrastructure.status_board")
    with application.AuditLogs(store) as logs:
        for name in (LIVE, OTHER):
            board = boards.StatusBoard(logs, logs.get(name))
            board.catch_up()
            board.read()
    # Closed before the board's own thread looks for the first time.
    with EventLogger("live", store=store, log=OTHER, redis=False) as other:
        order = other.log_event(MICROSECOND, "STAKE_DEPOSIT", "LIDO", "ETH", 1)
        other.update_event(order, {"status": "submitted", "tx_hash": "0xlast"})


def main(folder: Path, redis: str) -> None:
    with tempfile.TemporaryDirectory() as work:
        path = Path(work) / "format_1.db"
        store = f"sqlite:///{path}"
        fill(store, redis)
        leave_boards(store)
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        describe = Path(__file__).with_name("describe_format_1.py")
        subprocess.run([sys.executable, "-P", describe, path, folder / "format_1.json"], check=True)
        shutil.copyfile(path, folder / "format_1.db")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
