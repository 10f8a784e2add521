"""A page to be asked in tests, without a socket."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pandas as pd

from event_logger import EventLogger
from event_logger.web import app
from event_logger.web.app import Application
from tests.support import HOUR, url_of

if TYPE_CHECKING:
    from starlette.testclient import TestClient

LARGE = 2**63 + 1
PRECISE = Decimal("12345678901234567890123456789012345.678")
MOMENT = pd.Timestamp("2024-05-12T14:00:00.123456789Z")
HOSTILE = (
    "<script>window.hit=1</script>\"'><img src=x onerror=window.hit=1>"
    "\x1b[31m\u202etxet\u2066\x00\r\n</textarea></title>&lt;{{7*7}}${7*7}"
)


@contextmanager
def asking(store: str, *, patience: float = 60.0, **options: Any) -> Iterator[TestClient]:
    """A client of the page of this store, which is closed again.

    `patience` is how long a page waits for what is made in the background.
    """
    with warnings.catch_warnings():
        # It names a library that is not among our dependencies.
        warnings.simplefilter("ignore")
        from starlette.testclient import TestClient
    application = Application(store, **options)
    with (
        patch.dict(app.PATIENCE, html=patience),
        TestClient(application.app, base_url="http://127.0.0.1") as client,
    ):
        yield client


def desk(folder: Path, long_text: int = 0) -> str:
    """A store with a live log `desk` and a log of a backtest `run`; gives its URL.

    In `desk`: 1 a stake that was sped up, confirmed and reorged; 2 a bundle of 3 and 4; 5 has
    amounts and times beyond what JavaScript can tell; 6 has hostile text, with one of
    `long_text` letters; 7 is open.
    """
    store = url_of(folder / "desk.db")
    with EventLogger("live", store=store, log="desk", redis=False, actor="desk 1") as logger:
        logger.log_stake(HOUR, "LIDO", eth_in=Decimal("1.5"), lst_out=1, oracle_price=1.17)
        logger.update_event(1, {"status": "submitted", "tx_hash": "0xaaa", "nonce": 41})
        logger.update_event(1, {"status": "submitted", "tx_hash": "0xbbb"})
        logger.update_event(1, {"status": "confirmed", "block_number": 7})
        logger.update_event(1, {"status": "reorged"})
        with logger.bundle(HOUR, "ENTRY", net_result={"WETH": 5, "leverage": 3}) as bundle:
            bundle.log_flash_borrow(HOUR, "BALANCER", "WETH", 100)
            bundle.log_flash_repay(HOUR, "BALANCER", "WETH", 95)
        logger.log_event(
            MOMENT,
            "BALANCE_CHANGE",
            "WALLET",
            "ETH",
            LARGE,
            position_snapshot={"wallet": {"ETH": PRECISE}},
            execution_cost_usd=PRECISE,
            huge=10**40,
        )
        hostile: dict[str, Any] = {"purpose": HOSTILE, HOSTILE: HOSTILE}
        if long_text:
            hostile["long"] = "W" * long_text
        logger.log_event(HOUR, "BALANCE_CHANGE", HOSTILE, HOSTILE, 1, **hostile)
        logger.log_event(HOUR, "LOAN_CREATED", "AAVE", "WETH", 1, tx_hash="0xccc")
    with EventLogger(store=store, log="run", metadata={"strategy": "x"}) as logger:
        for hour in range(30):
            logger.log_event(
                HOUR + pd.Timedelta(hours=hour),
                "PNL_SNAPSHOT",
                "STRATEGY",
                "USDT",
                Decimal(hour) / 7,
                position_snapshot={"wallet": {"ETH": hour}},
            )
    return store


def data_of(answer: Any) -> Any:
    """The JSON of an answer; sees that no number is in it."""

    def refused(text: str) -> Any:
        raise AssertionError(f"the number {text} is in the JSON")

    return json.loads(answer.text, parse_int=refused, parse_float=refused, parse_constant=refused)
