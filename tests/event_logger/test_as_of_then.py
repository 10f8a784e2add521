"""What a log showed at any moment of a live run, it shows as of that moment ever after."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any, NamedTuple

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.audit_log import AuditLog
from domain.bundle import atomic_wrapper
from domain.errors import EventLoggerError
from domain.horizon import Horizon
from event_logger import log_as_of
from event_logger.reader import LogReader
from infrastructure.audit_logs import AuditLogs
from infrastructure.followers import board as followed
from infrastructure.followers.board import StatusBoard
from infrastructure.stores.sqlite import clock
from tests.support import HOUR

SECOND = 1_000_000
NOON = 1_715_515_200 * SECOND
HASHES = ("0x1", "0x2", "0x3")
LEAF = {"event_type": "STAKE_DEPOSIT", "venue": "LIDO"}


class Clock:
    """The clock of the machine, which people set back."""

    def __init__(self) -> None:
        self.microseconds = NOON

    @contextmanager
    def in_use(self) -> Iterator[None]:
        seconds = SimpleNamespace(
            time=lambda: self.microseconds / 1e6,
            time_ns=lambda: self.microseconds * 1000,
            monotonic=time.monotonic,
        )
        with pytest.MonkeyPatch.context() as patch:
            for module in (clock, followed, log_as_of):
                patch.setattr(module, "time", seconds)
            yield


class Moment(NamedTuple):
    """A moment of a run: when it was, where the log was, and everything that it showed."""

    at: int
    horizon: Horizon
    shown: list[Any]
    board: dict[str, Any]


def shown_by(reader: LogReader) -> list[Any]:
    """What can be read of a log, but for the board."""
    orders = range(1, reader.global_order + 1)
    return [
        [repr(event) for event in reader.events],
        [reader.history(order) for order in orders],
        [reader.committed(order) for order in orders],
        [repr(reader.bundle_tree(order)) for order in orders],
        [repr(tree) for tree in reader.bundle_trees()],
        reader.get_summary_stats(),
        [[event["order"] for event in reader.search(tx_hash=one)] for one in HASHES],
        [event["order"] for event in reader.search(status="submitted")],
        [event["order"] for event in reader.search(parent=1)],
        [event["order"] for event in reader.search(event_id="id-1")],
        reader.to_dataframe().to_csv() if orders else "",
        reader.horizon,
    ]


def board_of(reader: LogReader) -> dict[str, Any]:
    return reader.live_status("5s")


class Run:
    """A live run: what it does is appended to the log, and the board follows when it is told to."""

    def __init__(self, logs: AuditLogs, log: AuditLog, machine: Clock) -> None:
        self.logs, self.log, self.machine = logs, log, machine
        self.reader = LogReader(logs, log)
        self.ids = itertools.count(1)

    def do(self, action: str, number: int) -> None:
        intake, last = self.log.intake, self.reader.global_order
        match action:
            case "event":
                extra = {"event_id": f"id-{next(self.ids)}"} if number % 2 else {"tx_hash": "0x3"}
                self.append(
                    intake.event(HOUR, "SPOT_TRADE", f"V{number % 3}", None, 1, None, extra)
                )
            case "bundle":
                details = [LEAF, LEAF | {"detail_events": [LEAF]}][: number % 3]
                wrapper = atomic_wrapper(HOUR, "B", None, None, {})
                self.append(intake.bundle(wrapper, details))
            case "late detail" if last:
                late = {"parent_event": 1 + number % last}
                self.append(intake.event(HOUR, "GAS_FEE_PAID", "V", None, 1, None, late))
            case "clock":
                self.machine.microseconds += (number - 10) * SECOND // 2
            case "board":
                StatusBoard(self.logs.store, self.log).catch_up()
            case status if last:
                update = {"status": status, "tx_hash": HASHES[number % 3]}
                self.append(intake.update(1 + number % last, update))

    def append(self, work: Any) -> None:
        with suppress(EventLoggerError):
            self.logs.appending(self.log).append([work])

    def moment(self) -> Moment:
        return Moment(
            self.machine.microseconds,
            self.reader.horizon,
            shown_by(self.reader),
            board_of(self.reader),
        )


actions = st.lists(
    st.tuples(
        st.sampled_from(
            [
                *("event", "bundle", "late detail", "clock", "board", "reorged", "dropped"),
                *("submitted", "confirmed") * 3,
            ]
        ),
        st.integers(0, 25),
    ),
    min_size=4,
    max_size=12,
)


@settings(max_examples=10)
@given(actions=actions, page=st.integers(1, 7))
def test_a_log_shows_as_of_a_moment_what_it_showed_then(
    actions: list[tuple[str, int]], page: int
) -> None:
    machine = Clock()
    with (
        machine.in_use(),
        pytest.MonkeyPatch.context() as patch,
        AuditLogs(":memory:") as logs,
    ):
        patch.setattr(followed, "PAGE", page)
        run = Run(logs, logs.open_or_create("live", "live"), machine)
        moments = []
        for action, number in actions:
            run.do(action, number)
            moments.append(run.moment())
        run.do("event", 1)
        for moment in moments:
            then = run.reader.as_of(moment.horizon)
            assert shown_by(then) == moment.shown
            if committed_at(run, moment.horizon) >= moment.at:
                assert board_of(then) == moment.board
            elif logs.store.reads.horizon_at(run.log.id, moment.at) == moment.horizon:
                assert board_of(run.reader.as_of(iso(moment.at))) == moment.board
            assert without_ages(board_of(then)) == without_ages(moment.board)


def committed_at(run: Run, horizon: Horizon) -> int:
    return run.logs.store.reads.stored(run.log.id, horizon).committed_at or 0


def iso(microseconds: int) -> str:
    return pd.Timestamp(microseconds, unit="us", tz="UTC").isoformat()


def without_ages(board: dict[str, Any]) -> dict[str, Any]:
    rows = [{k: v for k, v in row.items() if k != "age_seconds"} for row in board["open"]]
    return board | {"open": rows, "stuck": None}


@settings(max_examples=10)
@given(actions=actions)
def test_an_export_as_of_a_moment_is_the_export_that_was_made_then(
    actions: list[tuple[str, int]],
) -> None:
    machine = Clock()
    with TemporaryDirectory() as name, machine.in_use(), AuditLogs(":memory:") as logs:
        folder = Path(name)
        run = Run(logs, logs.open_or_create("live", "live"), machine)
        made = []

        def exported(reader: LogReader) -> tuple[bytes, bytes]:
            csv = reader.export_to_csv(str(folder / "a.csv"))
            jsonl = reader.export_to_jsonl(str(folder / "a.jsonl"))
            return Path(csv).read_bytes(), Path(jsonl).read_bytes()

        for action, number in actions:
            run.do(action, number)
            made.append((run.reader.horizon, exported(run.reader)))
        # By another writer, who was not known then.
        logs._appending.clear()
        logs._writers.clear()
        run.do("event", 1)
        for horizon, files in made:
            assert exported(run.reader.as_of(horizon)) == files
