"""What only the log says of itself: that it was closed, continued, or has another key."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from domain.audit_log import numbered
from domain.event_types import OF_THE_LOG
from event_logger import (
    AsyncEventLogger,
    EventLogger,
    InvalidEventError,
    InvalidEventTypeError,
    LogClosedError,
    open_log,
)
from infrastructure.audit_logs import AuditLogs
from infrastructure.continued import former_identities
from infrastructure.copying import copy_logs
from tests.commands import run
from tests.small_log import fill
from tests.support import HOUR, log_amounts, url_of

SAID = {"continued_in": "sqlite:///elsewhere.db"}
STAKE = {"event_type": "STAKE_DEPOSIT", "venue": "LIDO"}


def own(event_type: str) -> dict[str, Any]:
    """A detail that says what only the log does."""
    return {"event_type": event_type, "venue": "LOG", **SAID}


class Text(str):
    """Text of a type of the caller's."""


CALLS: dict[str, Callable[[Any, str], Any]] = {
    "an event": lambda log, name: log.log_event(HOUR, name, "LOG", **SAID),
    "an event elsewhere": lambda log, name: log.log_event(HOUR, name, "BINANCE"),
    "text of another type": lambda log, name: log.log_event(HOUR, Text(name), "LOG", **SAID),
    "a typed method": lambda log, name: log.log_gas_fee(
        HOUR, 1, 1, "X", 1, 1, event_type=name, venue="LOG"
    ),
    "a wrapper": lambda log, name: log.log_atomic_transaction(
        HOUR, "ENTRY", [STAKE], event_type=name, venue="LOG"
    ),
    "a detail": lambda log, name: log.log_atomic_transaction(HOUR, "ENTRY", [STAKE, own(name)]),
    "a detail of a detail": lambda log, name: log.log_atomic_transaction(
        HOUR, "ENTRY", [STAKE | {"detail_events": [own(name)]}]
    ),
    "a detail that wraps": lambda log, name: log.log_atomic_transaction(
        HOUR, "ENTRY", [own(name) | {"detail_events": [STAKE]}]
    ),
    "a correction": lambda log, name: log.log_correction(
        HOUR, 1, {"event_type": name}, "it was another"
    ),
}


def step(log: Any, name: str) -> None:
    with log.bundle(HOUR, "ENTRY") as bundle:
        bundle.log_event(HOUR, "STAKE_DEPOSIT", "LIDO")
        bundle.log_event(HOUR, name, "LOG", **SAID)


def inner_wrapper(log: Any, name: str) -> None:
    with log.bundle(HOUR, "ENTRY") as bundle, bundle.bundle(HOUR, "I", event_type=name) as inner:
        inner.log_event(HOUR, "STAKE_DEPOSIT", "LIDO")


BLOCKS = {"a step of a bundle": step, "a wrapper in a bundle": inner_wrapper}


@pytest.mark.parametrize("name", sorted(OF_THE_LOG))
@pytest.mark.parametrize("mode", ["backtest", "live"])
def test_no_logger_says_it(tmp_path: Path, mode: str, name: str) -> None:
    url = url_of(tmp_path / "store.db")
    with EventLogger(mode, store=url, redis=False) as logger:
        log_amounts(logger, 1)
        for what, call in (CALLS | BLOCKS).items():
            with pytest.raises(InvalidEventTypeError, match=f"{name} is said by the log") as told:
                call(logger, name)
            assert (told.value.value, str(told.value).count(". ")) == (name, 0), what
            assert logger.global_order == 1, what
        with pytest.raises(InvalidEventError):
            logger.update_event(1, {"event_type": name}) if mode == "live" else CALLS["an event"](
                logger, name
            )
        assert log_amounts(logger, 2) == [2]
    with EventLogger(mode, store=url, redis=False) as logger:
        assert log_amounts(logger, 3) == [3]


@pytest.mark.parametrize("what", CALLS)
def test_no_asynchronous_logger_says_it(tmp_path: Path, what: str) -> None:
    async def log() -> int:
        url = url_of(tmp_path / "store.db")
        async with AsyncEventLogger("live", store=url, redis=False) as logger:
            await logger.log_price_update(HOUR, "BINANCE", "ETH", 1)
            for name in OF_THE_LOG:
                with pytest.raises(InvalidEventTypeError, match="is said by the log"):
                    await CALLS[what](logger, name)
            return await logger.log_price_update(HOUR, "BINANCE", "ETH", 2)

    assert asyncio.run(log()) == 2


@pytest.mark.parametrize("what", CALLS)
def test_no_aggregate_says_it(what: str) -> None:
    with AuditLogs() as logs:
        log = logs.open("run")
        log.log_price_update(HOUR, "BINANCE", "ETH", 1)
        for name in OF_THE_LOG:
            with pytest.raises(InvalidEventTypeError, match="is said by the log"):
                CALLS[what](log, name)
        assert log.last_order == 1
        logs.save(log)
        assert logs.last_order(log) == 1


@pytest.mark.parametrize("name", sorted(OF_THE_LOG))
def test_a_save_takes_none_that_came_past_the_commands(name: str) -> None:
    record = {"recorded_at": "2024-05-12T14:00:00Z", "timestamp": "2024-05-12T14:00:00Z"}
    state = orjson.dumps(record | {"event_type": name, "venue": "LOG", "extra": SAID})
    with AuditLogs() as logs:
        log = logs.open("run")
        log.log_price_update(HOUR, "BINANCE", "ETH", 1)
        log.pending_events.extend(numbered(log.id, 2, [state]))
        with pytest.raises(InvalidEventTypeError, match=f"{name} is said by the log"):
            logs.save(log)
        assert logs.names() == []


def test_an_extra_of_that_name_is_an_extra(tmp_path: Path) -> None:
    extra = {"event_type": "LOG_CLOSED", "venue": "LOG", "extra": SAID}
    with AuditLogs(url_of(tmp_path / "store.db")) as logs:
        log = logs.open("run")
        log.log_event(HOUR, "STAKE_DEPOSIT", "LOG", said=extra)
        logs.save(log)
        log.log_price_update(HOUR, "BINANCE", "ETH", 1)
        logs.save(log)


def test_a_strict_logger_never_proposes_it() -> None:
    with EventLogger(strict_event_types=True) as logger:
        with pytest.raises(InvalidEventTypeError, match="is not in the catalogue") as told:
            logger.log_event(HOUR, "LOG_CLOSE", "LOG")
        assert "LOG_CLOSED" not in str(told.value)
        with pytest.raises(InvalidEventTypeError, match="LOG_CLOSED is said by the log"):
            logger.log_event(HOUR, "LOG_CLOSED", "LOG")


def closed(folder: Path, mode: str) -> str:
    """The store of a log that went on elsewhere."""
    url = url_of(folder / "source.db")
    with EventLogger(mode, store=url, redis=False) as logger:
        fill(logger)
    copy_logs(url, url_of(folder / "moved.db"), close_source=True)
    return url


def export(url: str, path: Path) -> bytes:
    run("export", "--store", url, "--format", path.suffix[1:], "--output", str(path))
    return path.read_bytes()


def entries(exported: bytes) -> list[bytes]:
    """What an export says, apart from the line that says of which log."""
    return exported.splitlines()[1:]


@pytest.mark.parametrize(
    ("kind", "mode"), [("csv", "backtest"), ("jsonl", "backtest"), ("jsonl", "live")]
)
def test_a_closed_log_imported_is_a_log_that_goes_on(tmp_path: Path, kind: str, mode: str) -> None:
    first, again = tmp_path / f"first.{kind}", tmp_path / f"again.{kind}"
    before = export(closed(tmp_path, mode), first)
    there = url_of(tmp_path / "imported.db")
    run("import", str(first), "--store", there)
    assert entries(export(there, again)) == entries(before)
    with open_log(there) as reader:
        event = reader.events[-1]
        assert (event["event_type"], event["order"]) == ("LOG_CLOSED", 11)
        assert event["continued_in"] == url_of(tmp_path / "moved.db")
        found = reader.audit(["orders", "times", "lifecycle", "bundles"])
        assert found.is_sound
    assert "not closed" in run("take-over", "--store", there).stdout
    with EventLogger(mode, store=there, redis=False) as logger:
        assert log_amounts(logger, 1) == [12]


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_what_was_imported_is_closed_by_its_own_word_alone(tmp_path: Path, kind: str) -> None:
    first = tmp_path / f"first.{kind}"
    export(closed(tmp_path, "backtest"), first)
    there, copy = url_of(tmp_path / "imported.db"), url_of(tmp_path / "copy.db")
    run("import", str(first), "--store", there)
    copy_logs(there, copy)
    with EventLogger(store=copy) as logger:
        assert log_amounts(logger, 1) == [12]
    moved = url_of(tmp_path / "moved-again.db")
    copy_logs(there, moved, close_source=True)
    with pytest.raises(LogClosedError) as told:
        EventLogger(store=there)
    assert told.value.continued_in == moved
    with EventLogger(store=moved) as logger:
        assert log_amounts(logger, 1) == [13]
    # Back where it came from, and closed where it was.
    copy_logs(moved, there, close_source=True)
    with EventLogger(store=there) as logger:
        assert log_amounts(logger, 1) == [15]
    with pytest.raises(LogClosedError):
        EventLogger(store=moved)


@pytest.mark.parametrize("name", sorted(OF_THE_LOG))
def test_rows_that_somebody_wrote_say_nothing_of_the_log(tmp_path: Path, name: str) -> None:
    url, path = url_of(tmp_path / "store.db"), tmp_path / "rows.csv"
    extras = "continued_in,identity,former_identity,key,former_key"
    with EventLogger(store=url, log="other") as logger:
        log_amounts(logger, 1)
        identity = logger._log.identity
    path.write_text(
        f"timestamp,event_type,venue,{extras}\n2024-05-12T14:00:00Z,STAKE_DEPOSIT,LIDO,,,,,\n"
        f"2024-05-12T14:00:00Z,{name},LOG,sqlite:///away.db,a,{identity},k,f\n"
    )
    run("import", str(path), "--store", url, "--log", "imported")
    with AuditLogs(url) as logs:
        log = logs.get("imported")
        assert log.identity not in (identity, "a")
        assert former_identities(logs.store, log) == []
    with EventLogger(store=url, log="imported") as logger:
        assert log_amounts(logger, 1) == [3]
    exported = str(tmp_path / "imported.jsonl")
    run("export", "--store", url, "--log", "imported", "--format", "jsonl", "--output", exported)
    run("import", exported, "--store", url, "--log", "again")
    with EventLogger(store=url, log="again") as logger:
        assert log_amounts(logger, 1) == [4]


@pytest.mark.parametrize("writer", [7, None])
def test_lines_that_somebody_wrote_close_nothing(tmp_path: Path, writer: int | None) -> None:
    path = tmp_path / "first.jsonl"
    head, *lines = export(closed(tmp_path, "live"), path).splitlines()
    header = json.loads(head)
    header["writers"].append(header["writers"][0] | {"writer": 7})
    last = json.loads(lines[-1]) | {"writer": writer}
    path.write_bytes(b"\n".join([orjson.dumps(header), *lines[:-1], orjson.dumps(last)]) + b"\n")
    there = url_of(tmp_path / "imported.db")
    run("import", str(path), "--store", there)
    with EventLogger("live", store=there, redis=False) as logger:
        assert log_amounts(logger, 1) == [12]
