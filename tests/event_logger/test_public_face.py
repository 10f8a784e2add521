"""The public face, pinned: what can be imported, and how each method is called."""

from __future__ import annotations

import inspect

import pytest

import domain.errors
import event_logger.errors
from event_logger import AsyncEventLogger, EventLogger, EventLoggerError, LogReader
from tests.support import run_program

MEMBERS = [
    "AsyncEventLogger",
    "EventLogger",
    "Horizon",
    "LogReader",
    "Order",
    "Orders",
    "compare",
    "create_event_logger",
    "end_orderly_at_signals",
    "open_log",
    "read_event_log",
]

ERRORS = [
    "AuditFileError",
    "AuditRuleError",
    "CertificateError",
    "ConcurrencyError",
    "CopyError",
    "CorruptLogError",
    "EventIdConflictError",
    "EventLogFileError",
    "EventLoggerError",
    "ExportError",
    "ForkedLoggerError",
    "HorizonError",
    "IllegalTransitionError",
    "InvalidAmountError",
    "InvalidEventError",
    "InvalidEventTypeError",
    "InvalidTimestampError",
    "InvalidUpdateError",
    "KeyFileError",
    "LogBehindError",
    "LogClosedError",
    "LogConfigurationError",
    "LogDiffersError",
    "LogInUseError",
    "LoggerClosedError",
    "MissingExtraError",
    "NewerStoreError",
    "NotAnAuditStoreError",
    "NotCopyableError",
    "OlderStoreError",
    "ProofError",
    "QueryError",
    "ReadOnlyStoreError",
    "RedisError",
    "ReservedFieldError",
    "StoreError",
    "StoreNotFoundError",
    "StoreUrlError",
    "StreamInUseError",
    "UnknownLogError",
    "UnknownOrderError",
    "UnknownRuleError",
    "UnsupportedValueError",
    "UpdateConflictError",
    "UpdateNotAllowedError",
]

TYPED = "position_snapshot=None, **event_data"

METHODS = {
    "__init__": "execution_mode='backtest', include_balance_snapshots=True, *, store=None,"
    " if_exists='continue', log='default', metadata=None, redis=None, channel_prefix='',"
    " hourly_timestamps=True, strict_event_types=False,"
    " commit_every=1000, actor=None, durability='full', after_restore=False",
    "search": "**criteria",
    "log_event": "timestamp, event_type, venue, token=None, amount=None, position_snapshot=None,"
    " **event_data",
    "log_gas_fee": "timestamp, gas_cost_eth, gas_cost_usd, operation_type, gas_units,"
    f" gas_price_gwei, {TYPED}",
    "log_stake": f"timestamp, venue, eth_in, lst_out, oracle_price, iteration=None, {TYPED}",
    "log_aave_supply": "timestamp, token, amount_supplied, atoken_received, liquidity_index,"
    f" iteration=None, {TYPED}",
    "log_perp_trade": "timestamp, venue, instrument, side, size_eth, entry_price, notional_usd,"
    f" execution_cost_usd, {TYPED}",
    "log_funding_payment": f"timestamp, venue, funding_rate, notional_usd, pnl_usd, {TYPED}",
    "log_atomic_transaction": f"timestamp, bundle_name, detail_events, net_result=None, {TYPED}",
    "log_aave_borrow": "timestamp, token, amount_borrowed, debt_token_received, liquidity_index,"
    f" iteration=None, {TYPED}",
    "log_venue_transfer": f"timestamp, from_venue, to_venue, token, amount, purpose=None, {TYPED}",
    "log_rebalance": f"timestamp, rebalance_type, delta_exposure, actions_taken, {TYPED}",
    "log_risk_alert": "timestamp, risk_type, current_value, threshold, severity='WARNING',"
    f" {TYPED}",
    "log_rebalance_trigger": f"timestamp, trigger, current_value, threshold, {TYPED}",
    "log_liquidation_risk": f"timestamp, risk_type, current_value, threshold, {TYPED}",
    "log_margin_warning": f"timestamp, venue, current_value, threshold, {TYPED}",
    "log_seasonal_reward_distribution": "timestamp, reward_type, amount, weeth_balance_avg,"
    f" period_start, period_end, {TYPED}",
    "log_unstake": f"timestamp, venue, lst_in, eth_out, oracle_price, iteration=None, {TYPED}",
    "log_aave_withdraw": "timestamp, token, amount_withdrawn, atoken_burned, liquidity_index,"
    f" {TYPED}",
    "log_aave_repay": f"timestamp, token, amount_repaid, debt_token_burned, borrow_index, {TYPED}",
    "log_spot_trade": "timestamp, venue, pair, side, amount, price, execution_cost_usd=None,"
    f" {TYPED}",
    "log_flash_borrow": f"timestamp, venue, token, amount, fee_bps=0, {TYPED}",
    "log_flash_repay": f"timestamp, venue, token, amount, fee_paid=0, {TYPED}",
    "log_leverage_loop_iteration": "timestamp, iteration, token, supplied, borrowed,"
    f" health_factor=None, {TYPED}",
    "log_reconciliation": f"timestamp, venue, token, expected, actual, {TYPED}",
    "log_price_update": f"timestamp, venue, token, price_usd, {TYPED}",
    "log_correction": f"timestamp, corrects, changes, reason, {TYPED}",
    "bundle": f"timestamp, bundle_name, net_result=None, {TYPED}",
    "update_event": "order, updates",
    "flush": "",
    "close": "",
    "get_all_events": "",
    "get_events_by_type": "event_type",
    "get_events_by_venue": "venue",
    "get_summary_stats": "",
    "history": "order",
    "committed": "order",
    "as_of": "when",
    "bundle_tree": "order",
    "bundle_trees": "",
    "to_arrow": "columns=None",
    "scan": "columns=None",
    "to_dataframe": "numbers='float', columns=None, backend='pandas'",
    "check_certificate": "certificate",
}

OPEN_ENDED = {
    "certify": "filepath=None",
    "export_to_csv": "filepath=None",
    "export_to_jsonl": "filepath=None",
    "export_to_parquet": "filepath=None",
    "get_events_by_order_range": "start=None, end=None",
    "live_status": "stuck_after=None",
    "asset_figures": "",
    "audit": "rules=None, **asked",
    "balances": "at=None",
    "health": "redis=None, behind_after='10s'",
}
"""Methods that may take more arguments after those of the contract."""

PROPERTIES = ["events", "global_order", "horizon", "log_name", "metadata"]


def parameters(method: str, owner: type = EventLogger) -> str:
    """The signature without `self` and annotations."""
    signature = inspect.signature(getattr(owner, method))
    bare = [p.replace(annotation=p.empty) for p in signature.parameters.values()][1:]
    return str(inspect.Signature(bare))[1:-1]


def test_what_the_package_exports() -> None:
    assert sorted(event_logger.__all__) == sorted([*MEMBERS, *ERRORS])
    for name in event_logger.__all__:
        assert getattr(event_logger, name).__name__ == name
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        event_logger.nothing  # noqa: B018


def test_how_compare_is_called() -> None:
    signature = inspect.signature(event_logger.compare)
    bare = [one.replace(annotation=one.empty) for one in signature.parameters.values()]
    assert str(inspect.Signature(bare)) == "(a, b, *, window=None, tolerance=0, most=1000)"


def test_every_error_is_exported() -> None:
    assert event_logger.errors.__all__ == ERRORS
    raised = [
        name
        for name, one in vars(domain.errors).items()
        if isinstance(one, type) and issubclass(one, EventLoggerError)
    ]
    assert sorted(raised) == ERRORS
    for name in ERRORS:
        assert getattr(event_logger, name) is getattr(domain.errors, name)


@pytest.mark.parametrize(("method", "expected"), METHODS.items())
def test_how_a_method_is_called(method: str, expected: str) -> None:
    assert parameters(method) == expected


@pytest.mark.parametrize(("method", "expected"), OPEN_ENDED.items())
def test_how_a_method_begins(method: str, expected: str) -> None:
    assert parameters(method).startswith(expected)


def test_there_is_nothing_else() -> None:
    public = {name for name in dir(EventLogger) if not name.startswith("_")}
    assert public == {*METHODS, *OPEN_ENDED, *PROPERTIES} - {"__init__"}


@pytest.mark.parametrize("name", PROPERTIES)
def test_what_is_read_as_a_property(name: str) -> None:
    assert isinstance(getattr(EventLogger, name), property)


@pytest.mark.parametrize("owner", [EventLogger, AsyncEventLogger, LogReader])
def test_every_public_method_says_what_it_does(owner: type) -> None:
    silent = [
        name
        for name in dir(owner)
        if not name.startswith("_") and not inspect.getdoc(getattr(owner, name))
    ]
    assert silent == []


def test_the_attributes_that_strategies_read() -> None:
    with EventLogger("backtest", False) as logger:
        assert (logger.execution_mode, logger.include_balance_snapshots) == ("backtest", False)


def test_importing_brings_in_no_pandas_no_redis_and_no_pydantic() -> None:
    heavy = '("pandas", "numpy", "pyarrow", "redis", "typer", "rich", "pydantic")'
    program = f"print([name for name in {heavy} if name in sys.modules])"
    assert run_program(program) == "[]\n"


def test_importing_starts_no_thread() -> None:
    assert run_program("import threading; print(threading.active_count())") == "1\n"


def test_logging_to_a_file_brings_in_no_pandas(tmp_path) -> None:  # type: ignore[no-untyped-def]
    program = """
with EventLogger(store=sys.argv[1]) as logger:
    logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE", "ETH", 1, {"wallet": {"ETH": 1.5}})
print("pandas" in sys.modules)
"""
    assert run_program(program, f"sqlite:///{tmp_path}/runs.db") == "False\n"


RENAMED = {"close": "aclose"}


@pytest.mark.parametrize("method", sorted({*METHODS, *OPEN_ENDED} - {"__init__"}))
def test_the_asynchronous_logger_is_called_the_same_way(method: str) -> None:
    ours = parameters(RENAMED.get(method, method), AsyncEventLogger)
    assert parameters(method).startswith(ours)
    assert method in OPEN_ENDED or parameters(method) == ours
    assert parameters("__init__", AsyncEventLogger) == METHODS["__init__"]


def test_the_asynchronous_logger_has_nothing_else() -> None:
    public = {name for name in dir(AsyncEventLogger) if not name.startswith("_")}
    expected = {*METHODS, *OPEN_ENDED, *PROPERTIES, "aclose"} - {"__init__", "close"}
    assert public == expected
