"""What goes in comes out: through the codec, the store, and the CSV as far as CSV can tell."""

from __future__ import annotations

import math
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.audit_log import AuditLog
from domain.event_model import event_model
from domain.values import decode, encode
from event_logger import EventLogger, read_event_log
from infrastructure.timestamps import timestamp_of

NOON = pd.Timestamp("2024-05-12 12:00", tz="UTC")

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
keys = text | st.sampled_from(["$decimal", "$float", "$time", "$int", "$", "$$x", "extra"])
times = st.datetimes(
    min_value=pd.Timestamp("1700-01-01").to_pydatetime(),
    max_value=pd.Timestamp("2200-01-01").to_pydatetime(),
).map(lambda moment: pd.Timestamp(moment, tz="UTC") + pd.Timedelta(7, "ns"))
decimals = st.decimals(allow_nan=False, allow_infinity=False)
finite = st.floats(allow_nan=False, allow_infinity=False)
scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | decimals | text | times
    | st.integers(2**62, 2**70) | st.integers(-(2**200), 2**200)
)  # fmt: skip
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=15,
)
numbers = st.integers() | finite | decimals
in_a_folder = settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])


def same(one: Any, other: Any) -> bool:
    """Equal, of the same type, NaN being NaN and -0.0 not 0.0."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float):
        return repr(one) == repr(other)
    return str(one) == str(other) and one == other


@given(st.dictionaries(keys, values, max_size=5))
def test_every_value_comes_back_from_its_json(record: dict[str, Any]) -> None:
    assert same(decode(encode({"extra": record}), timestamp_of)["extra"], record)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(keys, values, max_size=4), st.dictionaries(keys, values, max_size=4), numbers
)
def test_every_value_comes_back_from_a_reopened_store(
    tmp_path_factory: pytest.TempPathFactory,
    snapshot: dict[str, Any],
    extra: dict[str, Any],
    amount: int | float | Decimal,
) -> None:
    store = f"sqlite:///{tmp_path_factory.mktemp('values') / 'log.db'}"
    with EventLogger(store=store) as logger:
        logger.log_event(NOON, "X", "V", amount=amount, position_snapshot=snapshot, found=extra)
    with EventLogger(store=store) as logger:
        event = logger.events[0]
    assert same(event["wallet_balance_after"], snapshot)
    assert same(event["found"], extra)
    assert same(event["amount"], amount)


@pytest.mark.parametrize("kind", ["int8", "int64", "uint64", "float16", "float32", "float64"])
def test_numpy_scalars_come_back_as_plain_python_values(kind: str) -> None:
    value = np.dtype(kind).type(3)
    with EventLogger() as logger:
        logger.log_event(NOON, "X", "V", amount=value, one=value, many=[np.bool_(True), value])
        event = logger.events[0]
    plain = value.item()
    assert same([event["amount"], event["one"], event["many"]], [plain, plain, [True, plain]])


class Side(Enum):
    SHORT = "SHORT"


@pytest.mark.parametrize(
    ("given_value", "stored"),
    [
        ((1, (2, 3)), [1, [2, 3]]),
        (Side.SHORT, "SHORT"),
        (UUID(int=5), "00000000-0000-0000-0000-000000000005"),
        (np.datetime64("2024-05-12T12:00:00.000000001"), NOON + pd.Timedelta(1, "ns")),
        (np.str_("x"), "x"),
        (pd.Timestamp("2024-05-12 14:00", tz="Europe/Berlin"), NOON),
        pytest.param(10**5000, 10**5000, id="an int of 5,001 digits"),
    ],
)
def test_what_json_does_not_know_is_stored_as_its_nearest(given_value: Any, stored: Any) -> None:
    with EventLogger() as logger:
        logger.log_event(NOON, "X", "V", value=given_value, inside={"a": [None, given_value]})
        event = logger.events[0]
    assert event["value"] == stored
    assert event["inside"] == {"a": [None, stored]}


def test_nat_and_nan_inside_extras_come_back() -> None:
    with EventLogger() as logger:
        logger.log_event(NOON, "X", "V", a=pd.NaT, b=[math.nan, -math.inf])
        event = logger.events[0]
    assert event["a"] is pd.NaT
    assert math.isnan(event["b"][0])
    assert event["b"][1] == -math.inf


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(numbers, numbers, st.dictionaries(text, st.integers() | finite | text, max_size=4), text)
def test_values_come_back_from_csv_as_far_as_csv_can_tell(
    tmp_path_factory: pytest.TempPathFactory,
    amount: int | float | Decimal,
    price: int | float | Decimal,
    found: dict[str, Any],
    note: str,
) -> None:
    path = tmp_path_factory.mktemp("csv") / "log.csv"
    with EventLogger() as logger:
        logger.log_event(NOON, "X", "V", amount=amount, gas_cost_eth=price, found=found)
        logger.log_event(NOON, "X", "V", purpose=note if note.strip() else "none")
        logger.export_to_csv(str(path))
    frame = read_event_log(path, numbers="decimal")
    assert frame["timestamp"][0] == NOON
    for name, logged in (("amount", amount), ("gas_cost_eth", price)):
        assert numerically_equal(frame[name][0], logged)
    assert same(frame["found"][0], found)
    assert frame["purpose"][1] == (note if note.strip() else "none")


def numerically_equal(read: Any, logged: int | float | Decimal) -> bool:
    """Equal as numbers, a float standing for the shortest digits that show it."""
    return Decimal(repr(float(read)) if isinstance(read, float) else str(read)) == Decimal(
        repr(logged) if isinstance(logged, float) else str(logged)
    )


@given(st.dictionaries(text.filter(str.strip), scalars, max_size=4), numbers)
def test_the_model_accepts_every_stored_record(extra: dict[str, Any], amount: Any) -> None:
    log = AuditLog.open("run")
    log.log_event(NOON, "X", "V", amount=amount, note=extra, tx_hash="0xabc", iteration=2)
    log.log_atomic_transaction(NOON, "B", [{"event_type": "X", "venue": "V"}], extra)
    for event in log.logged_after(0):
        record = decode(event.record, timestamp_of)
        assert same(event_model().model_validate(record).model_dump(exclude_unset=True), record)
