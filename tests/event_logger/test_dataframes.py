"""All events as a DataFrame: one type a column, floats or to the last digit, in two backends."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

from domain.errors import LogConfigurationError
from event_logger import EventLogger
from tests.support import HOUR

TIME = pd.Timestamp("2024-01-01 00:00:00.000000001", tz="UTC")


def logged(*values: Any) -> EventLogger:
    logger = EventLogger()
    for value in values:
        logger.log_event(HOUR, "X", "V", "ETH", 1, x=value)
    return logger


@pytest.mark.parametrize(
    ("values", "kind", "floats", "decimals"),
    [
        ([1.5, None, 0.1], "float64", [1.5, None, 0.1], [Decimal("1.5"), None, Decimal("0.1")]),
        ([Decimal("1.10"), 2], "float64", [1.1, 2.0], [Decimal("1.10"), Decimal(2)]),
        ([Decimal("1E-9999"), 10**400], "float64", [0.0, math.inf], [Decimal("1E-9999"), 10**400]),
        ([Decimal("sNaN"), 1], "float64", [None, 1.0], None),
        ([1, None], "Int64", [1, None], None),
        ([2**63 + 1, None], "object", [2**63 + 1, None], None),
        ([True, None], "boolean", [True, None], None),
        (["0012", None], "object", ["0012", None], None),
        ([TIME, None], "datetime64[ns, UTC]", [TIME, None], None),
        ([{"a": Decimal("1.10")}, [1]], "object", [{"a": Decimal("1.10")}, [1]], None),
        (["a", 1, Decimal("1.10"), 0.1], "object", ["a", "1", "1.10", "0.1"], None),
    ],
)
def test_a_column_has_one_type(
    values: list[Any], kind: str, floats: list[Any], decimals: list[Any] | None
) -> None:
    with logged(*values) as logger:
        frame, exact = logger.to_dataframe(), logger.to_dataframe("decimal")
    assert str(frame["x"].dtype) == kind
    assert [None if _is_missing(cell) else cell for cell in frame["x"]] == floats
    if decimals is not None:
        assert list(map(str, exact["x"].tolist())) == list(map(str, decimals))


def _is_missing(cell: Any) -> bool:
    return not isinstance(cell, dict | list) and bool(pd.isna(cell))


def test_declared_columns_have_theirs_even_where_they_are_empty() -> None:
    with logged(1) as logger:
        kinds = logger.to_dataframe().dtypes.map(str)
        none = logger.to_dataframe("decimal").dtypes.map(str)
    names = ["order", "amount", "fee", "nonce", "trigger_timestamp"]
    assert kinds[names].tolist() == ["int64", "float64", "float64", "Int64", "datetime64[ns, UTC]"]
    assert (none["amount"], none["fee"], none["nonce"]) == ("object", "object", "Int64")


def test_the_other_backend_has_the_columns_of_arrow() -> None:
    snapshot = {"wallet": {"ETH": Decimal("1.10")}}
    with EventLogger() as logger:
        for amount in (Decimal("1.10"), Decimal("1E-30"), 2**70):
            logger.log_event(HOUR, "X", "V", "ETH", amount, position_snapshot=snapshot, wei=2**70)
        frame = logger.to_dataframe(backend="pyarrow")
        exact = logger.to_dataframe("decimal", backend="pyarrow")
        arrow = logger.to_arrow()
    assert str(frame["amount"].dtype) == "double[pyarrow]"
    assert frame["amount"].tolist() == [1.1, 1e-30, float(2**70)]
    assert frame["wei"].tolist() == [float(2**70)] * 3
    assert "amount_text" not in frame
    assert frame["wallet_balance_after"].tolist() == ['{"wallet":{"ETH":1.10}}'] * 3
    assert list(exact.columns) == arrow.column_names
    assert exact["amount_text"].tolist() == ["1.10", "1E-30", str(2**70)]
    assert exact["wei"].tolist() == [Decimal(2**70)] * 3


def test_only_the_columns_that_are_wanted_are_there() -> None:
    with logged(1, 2) as logger:
        for backend in ("pandas", "pyarrow"):
            frame = logger.to_dataframe(columns=["x", "order"], backend=backend)
            assert list(frame.columns) == ["x", "order"]
            assert frame["x"].tolist() == [1, 2]
            with pytest.raises(LogConfigurationError, match="names 'y', which this log has no"):
                logger.to_dataframe(columns=["y"], backend=backend)
        with pytest.raises(
            LogConfigurationError, match="numbers must be 'float' or 'decimal', not"
        ):
            logger.to_dataframe("exact")
        with pytest.raises(
            LogConfigurationError, match="backend must be 'pandas' or 'pyarrow', not"
        ):
            logger.to_dataframe(backend="polars")


def test_a_column_that_is_text_for_its_values_is_warned_of(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with logged("high", None, 0.1) as logger:
        logger.to_dataframe()
    assert caplog.messages == [
        "'x' is text (order 1) and a number (order 3): its column is text, each value as it is"
        " written; log one type under a name"
    ]
