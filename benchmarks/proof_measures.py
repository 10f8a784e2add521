"""What tiles, proofs and checkpoints cost, beside a scan of the rows that they are made of."""

from __future__ import annotations

import json
import os
import resource
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from benchmarks.contestants import long_store
from benchmarks.figure import Figure, folder, interleaved, ratio, timed
from benchmarks.workload import calls
from event_logger import EventLogger
from infrastructure.audit_logs import AuditLogs
from infrastructure.checkpointing import Checkpointing
from infrastructure.log_tree import LogTree
from infrastructure.proving import Proving
from infrastructure.signing import OwnerKey, new_key
from projections.verification import checked_inclusion

ROUNDS = 3
PAIRS = 9
LIVE_EVENTS = 2000
PROOFS = 50
NEXT = 1000


def proofs(events: int) -> Iterator[Figure]:
    """Of a log of so many events, and of a live one."""
    with folder() as here:
        os.environ["EVENT_LOGGER_CHECKPOINTS"] = str(here / "kept")
        os.environ.pop("EVENT_LOGGER_KEY", None)
        fill(here, events)
        key = new_key(here / "key", "example.com/desk1")
        yield _from_nothing(here)
        with AuditLogs(long_store(here)) as logs:
            checkpointing = Checkpointing(logs.store, logs.get("default"), key)
            note = _signed(checkpointing, logs)
            yield from _proofs(logs, key, note, events)
        yield from _verified(here, note)
        fill(here, NEXT)
        with AuditLogs(long_store(here)) as logs:
            checkpointing = Checkpointing(logs.store, logs.get("default"), key)
            taken = _cpu(lambda: _signed(checkpointing, logs))
        name = "a checkpoint of the next thousand, tiles kept, ms"
        yield Figure(name, taken * 1e3, 50, 25, True)
    yield _live()


def fill(here: Path, events: int) -> None:
    """Log so many events more."""
    with EventLogger(store=long_store(here)) as logger:
        for method, arguments in calls(events):
            getattr(logger, method)(**arguments)


def _signed(checkpointing: Checkpointing, logs: AuditLogs) -> bytes:
    note = checkpointing.sign().note
    if checkpointing.tree is not None:
        checkpointing.tree.keep(logs.store)
    return note


def _from_nothing(here: Path) -> Figure:
    def tiles() -> float:
        with AuditLogs(long_store(here)) as logs:
            log = logs.get("default")
            tree = LogTree(logs.store, log)
            size = logs.horizon(log).position + 1

            def make() -> None:
                tree.grow_to(size)
                tree.keep(logs.store)

            return _cpu(make)

    found = interleaved({"scan": lambda: _cpu(lambda: _scan(here)), "tiles": tiles}, ROUNDS)
    name = "tiles from nothing, times a scan of the rows"
    detail = f"{min(found['tiles']):.2f} s of CPU, the scan {min(found['scan']):.2f} s"
    return Figure(name, min(found["tiles"]) / min(found["scan"]), 4, 3, True, detail)


def _proofs(logs: AuditLogs, key: OwnerKey, note: bytes, events: int) -> Iterator[Figure]:
    log = logs.get("default")
    keys = [key.verifier_key(log.identity or "")]
    made: list[bytes] = []
    taken = [
        _cpu(lambda: made.append(Proving(logs.store, log).inclusion(note, order)))  # noqa: B023
        for order in range(1, events, max(1, events // PROOFS))
    ]
    yield Figure("a proof, ms", statistics.median(taken) * 1e3, 10, 5, True)
    checked = [_cpu(lambda: checked_inclusion(one, keys)) for one in made]  # noqa: B023
    yield Figure("verifying a proof, ms", statistics.median(checked) * 1e3, 1, 0.5, True)


def _verified(here: Path, note: bytes) -> Iterator[Figure]:
    (here / "note").write_bytes(note)
    found: dict[str, list[dict[str, float]]] = {"rows": [], "verify": []}
    for _ in range(ROUNDS):
        for task, measured in found.items():
            measured.append(_child(task, here))
    scan, verify = (min(one["seconds"] for one in found[task]) for task in ("rows", "verify"))
    name = "verify of a whole store, times a scan of the rows"
    yield Figure(name, verify / scan, 5, 4, True, f"{verify:.2f} s of CPU, the scan {scan:.2f} s")
    peak = max(one["megabytes"] for one in found["verify"])
    yield Figure("verify of a whole store, peak MB", peak, 200, 150, True)


def _live() -> Figure:
    """Live calls a second with a checkpointer that follows, over those without."""

    def rate(key: str | None) -> float:
        with folder() as here:
            os.environ["EVENT_LOGGER_CHECKPOINTS"] = str(here / "kept")
            os.environ["EVENT_LOGGER_CHECKPOINT_SECONDS"] = "1"
            if key is not None:
                os.environ["EVENT_LOGGER_KEY"] = key
            try:
                with EventLogger("live", store=f"sqlite:///{here}/live.db", redis=False) as logger:
                    return LIVE_EVENTS / timed(lambda: _log(logger))
            finally:
                os.environ.pop("EVENT_LOGGER_KEY", None)

    with folder() as keys:
        new_key(keys / "key", "example.com/desk1")
        with_it, without = [], []
        for _ in range(PAIRS):
            without.append(rate(None))
            with_it.append(rate(str(keys / "key")))
    name = "live with a checkpointer that follows, times without"
    return Figure(name, ratio(with_it, without), 0.9, 0.95)


def _log(logger: EventLogger) -> None:
    for method, arguments in calls(LIVE_EVENTS):
        getattr(logger, method)(**arguments)


def _scan(here: Path) -> None:
    with closing(sqlite3.connect(here / "ours.db")) as connection:
        for _ in connection.execute(
            "SELECT originator_version, topic, state, committed_at, writer FROM stored_events"
            " ORDER BY originator_id, originator_version"
        ):
            pass


def run_child(task: str, here: Path) -> None:
    """One pass over the log in this process, its figures printed as JSON."""
    if task == "rows":
        seconds = _cpu(lambda: _scan(here))
    else:
        os.environ["EVENT_LOGGER_CHECKPOINTS"] = str(here / "kept")
        note = (here / "note").read_bytes()
        with AuditLogs(long_store(here), must_exist=True) as logs:
            log = logs.get("default")
            seconds = _cpu(lambda: Proving(logs.store, log).holds(note))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "megabytes": peak}))


def _child(task: str, here: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks", "--child", task, "--child-folder", str(here)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def _cpu(action: Callable[[], object]) -> float:
    """The seconds of CPU that the action takes in this process: what else runs does not count."""
    started = time.process_time()
    action()
    return time.process_time() - started
