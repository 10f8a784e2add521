"""Which moment of a log is meant, and what is none."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from event_logger import (
    Horizon,
    HorizonError,
    LogReader,
    UnknownOrderError,
    open_log,
)
from infrastructure.stores.sqlite import clock
from tests.event_logger.known_then import at, live_log
from tests.support import StepClock


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(clock, "time", StepClock())
    return live_log(tmp_path)


@pytest.fixture
def reader(store: str) -> Iterator[LogReader]:
    with open_log(store) as reader:
        yield reader


@pytest.mark.parametrize(
    ("when", "horizon"),
    [
        (0, "0"),
        (1, "1"),
        (2, "3+1"),
        (3, "3+1"),
        (4, "4+3"),
        (np.int64(3), "3+1"),
        ("2", "3+1"),
        (" 4 ", "4+3"),
        ("0", "0"),
        ("0+0", "0"),
        ("1+0", "1"),
        ("1+1", "1+1"),
        ("3+1", "3+1"),
        ("3+2", "3+2"),
        ("3+3", "3+3"),
        ("4+3", "4+3"),
        (Horizon(0), "0"),
        (Horizon(3, 2), "3+2"),
        (Horizon(*np.array([3, 3])), "3+3"),
        (Horizon(4, 4), "4+4"),
        (at(1), "0"),
        (at(1.5), "0"),
        (at(2), "1"),
        (at(3), "1+1"),
        (at(4), "3+1"),
        (at(4.999999), "3+1"),
        (at(5), "3+2"),
        (at(6), "3+3"),
        (at(7), "4+3"),
        (at(8), "4+4"),
        (datetime(2100, 1, 1, tzinfo=UTC), "4+4"),
        (at(4).replace(tzinfo=None), "3+1"),
        (at(4).astimezone(timezone(timedelta(hours=-5))), "3+1"),
        (pd.Timestamp(at(4)), "3+1"),
        (pd.Timestamp(at(4)) - pd.Timedelta(1, "ns"), "1+1"),
        (np.datetime64("2024-05-12T12:00:04"), "3+1"),
        ("2024-05-12T12:00:04Z", "3+1"),
        ("2024-05-12 12:00:04", "3+1"),
        ("2024-05-12T14:00:04+02:00", "3+1"),
        ("20240512T120004Z", "3+1"),
        ("2024-05-12T12:01", "4+4"),
    ],
)
def test_a_moment_is_an_order_a_horizon_or_a_time(
    reader: LogReader, when: Any, horizon: str
) -> None:
    then = reader.as_of(when)
    assert str(then.horizon) == horizon
    assert then.global_order == len(then.events) == then.horizon.order
    assert then.as_of(str(then.horizon)).horizon == then.horizon


BEFORE = "was opened, at 2024-05-12T12:00:01Z$"


@pytest.mark.parametrize(
    ("when", "sentence"),
    [
        (Horizon(5, 0), r"as_of 5 is beyond the end of log 'default', which is at 4\+4$"),
        (Horizon(4, 5), r"as_of 4\+5 is beyond the end"),
        ("99+0", "as_of 99 is beyond the end"),
        (Horizon(2, 1), r"as_of 2\+1 is inside what was logged at once as orders 2 to 3; write 2"),
        (Horizon(1, 2), r"as_of 1\+2 was never a point of .*: while order 1 .* had 0 to 1 trans"),
        (Horizon(3, 0), r"as_of 3 was never a point of .* it had 1 to 3 transitions$"),
        (Horizon(0, 1), "while order 0 was its last, it had 0 transitions$"),
        (Horizon(4, 1), "it had 3 to 4 transitions$"),
        (Horizon(-1, 0), "is no horizon: order and transition are whole numbers from 0 on"),
        (Horizon(1, True), "is no horizon"),
        (Horizon("1", 1), "is no horizon"),  # type: ignore[arg-type]
        (at(0.999999), BEFORE),
        ("2024-05-12T11:59:59Z", BEFORE),
        ("1999-01-01T00:00", BEFORE),
        ("2024-05-12", "is a date without a time of day; write it as 2024-05-12T00:00:00Z$"),
        ("12/05/2024", r"write an order \(1523\), a horizon \(1523\+40\) or a time"),
        ("14:00", "write an order"),
        ("now", "write an order"),
        ("", "write an order"),
        ("1+", "write an order"),
        ("+1", "write an order"),
        ("1+1+1", "write an order"),
        ("-1", "write an order"),
        ("1.0", "write an order"),
        ("١", "write an order"),
        ("2024-02-30T00:00:00Z", "write an order"),
        ("9" * 5000, "more than any log holds"),
        (True, "as_of True is none of what"),
        (None, "as_of None is none of what"),
        (1.0, "write an order"),
        ((3, 2), "write an order"),
        (date(2024, 5, 12), "write an order"),
        (pd.NaT, "write an order"),
        (timedelta(1), "write an order"),
        ("a\x1b[31m", r"as_of 'a\\x1b\[31m' is none"),
    ],
)
def test_what_is_no_moment_of_the_log_is_refused(
    reader: LogReader, when: Any, sentence: str
) -> None:
    with pytest.raises(HorizonError, match=sentence) as refused:
        reader.as_of(when)
    assert isinstance(refused.value, ValueError)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("when", [5, -1, 10**30, "5", "12345678"])
def test_an_order_that_no_event_has_is_refused(reader: LogReader, when: Any) -> None:
    with pytest.raises(UnknownOrderError, match="names no event of this log: orders run from 1 to"):
        reader.as_of(when)
