"""`AsyncEventLogger`: durable when awaited, committed in groups, never in the loop's way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from domain.errors import (
    EventIdConflictError,
    IllegalTransitionError,
    InvalidAmountError,
    UpdateNotAllowedError,
)
from event_logger import AsyncEventLogger, open_log
from event_logger.writing import group_commit
from tests.support import HOUR, url_of

Test = Callable[[AsyncEventLogger], Coroutine[Any, Any, None]]


@pytest.fixture
def store(tmp_path: Path) -> str:
    return url_of(tmp_path / "log.db")


def run(store: str, test: Test, mode: str = "live", **options: Any) -> None:
    async def main() -> None:
        async with AsyncEventLogger(mode, store=store, redis=False, **options) as logger:
            await test(logger)

    asyncio.run(main())


def price(logger: AsyncEventLogger, amount: Any, **event_data: Any) -> Coroutine[Any, Any, int]:
    return logger.log_event(HOUR, "LOAN_CREATED", "BINANCE", "ETH", amount, **event_data)


@pytest.mark.parametrize("mode", ["live", "backtest"])
def test_what_is_awaited_is_durable(store: str, mode: str) -> None:
    async def test(logger: AsyncEventLogger) -> None:
        for n in range(1, 4):
            assert await price(logger, n) == n
            with open_log(store) as reader:
                assert [event["amount"] for event in reader.events] == list(range(1, n + 1))

    run(store, test, mode)


@pytest.mark.parametrize("mode", ["live", "backtest"])
def test_a_thousand_at_once_get_an_order_each(store: str, mode: str) -> None:
    async def test(logger: AsyncEventLogger) -> None:
        orders = await asyncio.gather(*(price(logger, n) for n in range(1000)))
        assert orders == list(range(1, 1001))
        assert [event["amount"] async for event in logger.events] == list(range(1000))

    run(store, test, mode)


def test_the_specification_awaited(store: str) -> None:
    async def test(logger: AsyncEventLogger) -> None:
        timestamp = pd.Timestamp("2024-05-12 14:00:00", tz="UTC")
        snapshot = {"wallet": {"ETH": 49.9965}, "cex_accounts": {"binance": {"USDT": 24992.5}}}
        orders = await logger.log_atomic_transaction(
            timestamp=timestamp,
            bundle_name="ATOMIC_LEVERAGE_ENTRY",
            detail_events=[{"event_type": "FLASH_BORROW", "venue": "BALANCER"}] * 6,
            net_result={"collateral": 95.24, "debt": 88.7},
        )
        assert len(orders) == 7
        order = await logger.log_gas_fee(
            timestamp, 0.0035, 8.75, "STAKE_DEPOSIT", 150_000, 25.0, position_snapshot=snapshot
        )
        event = await logger.events[order - 1]
        assert event["wallet_balance_after"] == snapshot
        assert (await logger.events[1])["parent_event"] == orders[0]
        assert [one["order"] for one in await logger.events[-2:]] == [7, 8]

    run(store, test)


def test_every_read(store: str, tmp_path: Path) -> None:
    async def test(logger: AsyncEventLogger) -> None:
        bundle = await logger.log_atomic_transaction(
            HOUR, "ENTRY", [{"event_type": "STAKE_DEPOSIT", "venue": "LIDO"}]
        )
        await logger.update_event(bundle[0], {"status": "submitted", "tx_hash": "0xa"})
        path = await logger.export_to_csv(str(tmp_path / "log.csv"))
        found = {
            "global_order": await logger.global_order,
            "metadata": await logger.metadata,
            "get_all_events": await logger.get_all_events(),
            "get_summary_stats": await logger.get_summary_stats(),
            "bundle_tree": await logger.bundle_tree(2),
            "bundle_trees": [tree async for tree in logger.bundle_trees()],
            "history": await logger.history(2),
            "by_type": await logger.get_events_by_type("STAKE_DEPOSIT"),
            "by_venue": await logger.get_events_by_venue("LIDO"),
            "by_range": await logger.get_events_by_order_range(1, 1),
        }
        assert (await logger.to_dataframe())["status"].tolist() == ["submitted"] * 2
        assert (await logger.live_status("10m"))["counts"] == {"submitted": 2}
        with open_log(store) as reader:
            assert found == {
                "global_order": reader.global_order,
                "metadata": reader.metadata,
                "get_all_events": reader.get_all_events(),
                "get_summary_stats": reader.get_summary_stats(),
                "bundle_tree": reader.bundle_tree(2),
                "bundle_trees": list(reader.bundle_trees()),
                "history": reader.history(2),
                "by_type": reader.get_events_by_type("STAKE_DEPOSIT"),
                "by_venue": reader.get_events_by_venue("LIDO"),
                "by_range": reader.get_events_by_order_range(1, 1),
            }
            reader.export_to_csv(str(tmp_path / "same.csv"))
        assert Path(path).read_bytes() == (tmp_path / "same.csv").read_bytes()

    run(store, test, metadata={"strategy": "restaking"})


def test_updates_come_after_the_events_called_before(store: str) -> None:
    async def test(logger: AsyncEventLogger) -> None:
        done: list[Any] = await asyncio.gather(
            price(logger, 1), logger.update_event(1, {"status": "confirmed"}), price(logger, 2)
        )
        assert done == [1, 1, 2]
        assert (await logger.events[0])["status"] == "confirmed"
        with pytest.raises(IllegalTransitionError):
            await logger.update_event(1, {"status": "submitted", "tx_hash": "0xa"})

    run(store, test)


def test_a_backtest_is_never_updated(store: str) -> None:
    async def test(logger: AsyncEventLogger) -> None:
        await price(logger, 1)
        with pytest.raises(UpdateNotAllowedError):
            await logger.update_event(1, {"status": "confirmed"})

    run(store, test, "backtest")


def test_what_is_logged_is_captured_before_it_waits(store: str) -> None:
    async def test(logger: AsyncEventLogger) -> None:
        snapshot = {"wallet": {"ETH": 1.0}}
        detail = {"event_type": "STAKE_DEPOSIT", "venue": "LIDO", "note": {"n": 1}}
        calls = [
            asyncio.create_task(coroutine)
            for coroutine in (
                logger.log_event(HOUR, "LOAN_CREATED", "BINANCE", position_snapshot=snapshot),
                logger.log_atomic_transaction(HOUR, "B", [detail]),
                logger.update_event(1, {"position_snapshot": snapshot}),
            )
        ]
        await asyncio.sleep(0)
        snapshot["wallet"]["ETH"] = 2.0
        detail["note"]["n"] = 2  # type: ignore[index]
        await asyncio.gather(*calls)
        assert (await logger.history(1))[-1]["position_snapshot"] == {"wallet": {"ETH": 1.0}}
        assert (await logger.events[2])["note"] == {"n": 1}

    run(store, test)


def test_metadata_is_captured_when_the_logger_is_made(store: str) -> None:
    parameters: dict[str, Any] = {"ltv": 0.9, "venues": ["AAVE"]}

    async def test(logger: AsyncEventLogger) -> None:
        parameters["venues"].clear()
        assert await logger.metadata == {"ltv": 0.9, "venues": ["AAVE"]}

    run(store, test, metadata=parameters)


def test_what_is_refused_is_refused_alone(store: str) -> None:
    async def test(logger: AsyncEventLogger) -> None:
        results = await asyncio.gather(
            price(logger, 1),
            price(logger, float("nan")),
            price(logger, 2, event_id="a"),
            price(logger, 2, event_id="a"),
            price(logger, 3, event_id="a"),
            price(logger, 4, parent_event=77),
            logger.log_atomic_transaction(HOUR, "B", [{"event_type": "X", "venue": {1}}]),
            price(logger, 5),
            return_exceptions=True,
        )
        kinds = [type(one).__name__ if isinstance(one, Exception) else one for one in results]
        assert kinds == [
            1, "InvalidAmountError", 2, 2, "EventIdConflictError", "UnknownOrderError",
            "InvalidEventError", 3,
        ]  # fmt: skip
        with pytest.raises(EventIdConflictError):
            await price(logger, 3, event_id="a")
        with pytest.raises(InvalidAmountError):
            await price(logger, "much")

    run(store, test)


def test_a_full_queue_makes_callers_wait_their_turn(
    store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "WAITING_CALLS", 2)

    async def test(logger: AsyncEventLogger) -> None:
        orders = await asyncio.gather(*(price(logger, n) for n in range(100)))
        assert orders == list(range(1, 101))

    run(store, test)


def test_a_backtest_in_memory() -> None:
    async def test(logger: AsyncEventLogger) -> None:
        assert await asyncio.gather(*(price(logger, n) for n in range(5))) == [1, 2, 3, 4, 5]
        assert [event["amount"] async for event in logger.events] == [0, 1, 2, 3, 4]

    run(":memory:", test, "backtest")


def test_event_ids_hold_from_one_logger_to_the_next(store: str) -> None:
    async def twice(logger: AsyncEventLogger) -> None:
        assert (
            await asyncio.gather(*(price(logger, 1, event_id="fill-1") for _ in range(5)))
            == [1] * 5
        )
        bundle = [
            logger.log_atomic_transaction(
                HOUR, "ENTRY", [{"event_type": "STAKE_DEPOSIT", "venue": "LIDO"}], event_id="entry"
            )
            for _ in range(2)
        ]
        assert await asyncio.gather(*bundle) == [[2, 3], [2, 3]]

    run(store, twice)
    run(store, twice)
    with open_log(store) as reader:
        assert reader.global_order == 3


def test_without_snapshots_an_update_leaves_them_out(store: str) -> None:
    async def test(logger: AsyncEventLogger) -> None:
        await price(logger, 1)
        await logger.update_event(1, {"position_snapshot": {"wallet": {1, 2}}})
        await logger.update_event(1, {"status": "confirmed", "position_snapshot": {"wallet": {}}})
        assert len(await logger.history(1)) == 2
        assert (await logger.events[0])["wallet_balance_after"] is None

    run(store, test, include_balance_snapshots=False)
