"""Whatever kind of value any public call is given: one sentence of ours, or it is taken."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from event_logger import (
    AsyncEventLogger,
    EventLogger,
    EventLoggerError,
    create_event_logger,
    open_log,
    read_event_log,
)
from tests.domain.typed_methods import TABLE
from tests.support import log_amounts, url_of

NOON = pd.Timestamp("2024-05-12 12:00", tz="UTC")


class Stranger:
    """Nothing can be asked of it."""

    __hash__ = None  # type: ignore[assignment]

    def _refuse(self, *anything: Any) -> Any:
        raise RuntimeError("a stranger")

    __str__ = __repr__ = __bool__ = __eq__ = __len__ = _refuse


KINDS: dict[str, Any] = {
    "None": None, "a float": 1.5, "a negative": -1, "True": True, "a word": "x", "nothing": "",
    "a lone surrogate": "\ud800", "a NUL": "a\0b", "bytes": b"x", "a list": [], "a dict": {},
    "a set": {1}, "an array": np.array([1, 2]), "NA": pd.NA, "a type": int, "an object": object(),
    "5000 digits": 10**5000, "a stranger": Stranger(),
}  # fmt: skip
GOOD: dict[str, Any] = {
    "order": 1, "start": 1, "end": 1, "start_order": 1, "end_order": 1, "event_type": "RISK_ALERT",
    "venue": "V", "when": 1, "stuck_after": "1h", "tx_hash": "0xa", "event_id": "e",
}  # fmt: skip
NOT_ASKED = {"close", "flush", "aclose"}


def is_ours_or_taken(call: Callable[[], Any]) -> None:
    with suppress(EventLoggerError):
        result = call()
        if hasattr(result, "__next__"):
            list(islice(result, 2))


def arguments_of(method: Callable[..., Any]) -> dict[str, Any]:
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    parameters = inspect.signature(method).parameters.values()
    return {
        one.name: GOOD.get(one.name, None if one.default is one.empty else one.default)
        for one in parameters
        if one.kind in named
    }


@pytest.fixture
def logger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EventLogger]:
    monkeypatch.chdir(tmp_path)
    with EventLogger("live", store=url_of(tmp_path / "live.db"), redis=False) as logger:
        log_amounts(logger, 1, 2)
        yield logger


@pytest.mark.parametrize("kind", KINDS)
def test_what_reads_exports_and_judges(logger: EventLogger, kind: str) -> None:
    methods = {
        name: getattr(logger, name)
        for name in dir(logger)
        if not name.startswith(("_", "log_")) and name not in NOT_ASKED
    }
    asked = {name: one for name, one in methods.items() if callable(one)}
    assert asked.keys() >= {"update_event", "export_to_csv", "search", "live_status", "audit"}
    for method in asked.values():
        good = arguments_of(method)
        for name in good:
            if name == "progress" and isinstance(KINDS[kind], type):
                # Called, and what it raises is its own.
                continue
            is_ours_or_taken(lambda: method(**good | {name: KINDS[kind]}))  # noqa: B023


@pytest.mark.parametrize("kind", KINDS)
def test_what_logs(logger: EventLogger, kind: str) -> None:
    before = logger.global_order
    for method, arguments, *_ in TABLE:
        for name in ("timestamp", *arguments, "position_snapshot", "purpose", "event_id", "extra"):
            given = {"timestamp": NOON} | arguments | {name: KINDS[kind]}
            is_ours_or_taken(lambda: getattr(logger, method)(**given))  # noqa: B023
    logged = logger.get_events_by_order_range(before + 1, before + 1000)
    assert all(event["purpose"] for event in logged)


@pytest.mark.parametrize("kind", KINDS)
def test_what_opens_and_reads_files(tmp_path: Path, kind: str) -> None:
    for make in (EventLogger, create_event_logger, AsyncEventLogger, open_log):
        signature = EventLogger if make is create_event_logger else make
        good = {"store": url_of(tmp_path / "a.db")}
        for name in inspect.signature(signature).parameters:

            def opened(name: str = name, make: Any = make, good: Any = good) -> None:
                made = make(**good | {name: KINDS[kind]})
                if not isinstance(made, AsyncEventLogger):
                    made.close()

            is_ours_or_taken(opened)
    for given in ({"path": KINDS[kind]}, {"path": "no.csv", "numbers": KINDS[kind]}):
        with pytest.raises(EventLoggerError):
            read_event_log(**given)
