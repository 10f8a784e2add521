"""The processes of an episode: started, struck, and started anew as others."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.support import PATIENCE, ROOT
from tests.torture.plan import ASYNC, ASYNC_BACKTEST, Job

ORDERLY = (0, 128 + signal.SIGTERM)


@dataclass
class Running:
    """One process, its job and its journal."""

    job: Job
    process: subprocess.Popen[bytes]
    journal: Path
    errors: Path
    is_told_to_end: bool = False
    was_stopped: bool = False
    """Whether only its journal up to a moment counts, at which it was running."""

    @property
    def has_opened(self) -> bool:
        """Whether its handlers are there, so that a signal is its own to handle."""
        return self.journal.exists() and b'"opened"' in self.journal.read_bytes()

    @property
    def ended(self) -> str | None:
        """How it ended: orderly, or None."""
        is_orderly = (
            not self.was_stopped and self.process.returncode in ORDERLY and self.is_told_to_end
        )
        said = self.errors.read_bytes() if self.errors.exists() else b""
        return "orderly" if is_orderly and not said else None


@dataclass
class Processes:
    """Those that run, and those that have."""

    folder: Path
    store: str
    redis: str | None
    running: list[Running] = field(default_factory=list)
    former: list[Running] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def start(self, job: Job) -> None:
        name = f"p{len(self.former) + len(self.running)}"
        while any(one.journal.name == f"{name}.journal" for one in self.running):
            name += "x"
        journal = self.folder / f"{name}.journal"
        given = asdict(job) | {
            "name": name,
            "store": self.store,
            "redis": self.redis,
            "journal": str(journal),
            "seed": job.seed + len(self.former),
        }
        errors = self.folder / f"{name}.stderr"
        with errors.open("wb") as stderr:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.torture.worker", json.dumps(given)],
                cwd=ROOT,
                env=os.environ | {"PYTHONPATH": str(ROOT)},
                stdout=stderr,
                stderr=stderr,
            )
        self.running.append(Running(job, process, journal, errors))
        self.counts["processes"] += 1

    def signal(self, one: Running, number: signal.Signals, times: int = 1) -> None:
        """Send it, unless it would meet a process that does not handle it yet, or is at its end."""
        if one.is_told_to_end or one.process.poll() is not None:
            return
        handled = {signal.SIGINT, signal.SIGUSR1}
        if number in handled and (one.job.kind in (ASYNC, ASYNC_BACKTEST) or not one.has_opened):
            return
        for _ in range(times):
            one.process.send_signal(number)
        self.counts[number.name] += times

    def kill(self, one: Running) -> None:
        self.signal(one, signal.SIGKILL)

    def end(self, one: Running) -> None:
        """Tell it to end in an orderly way."""
        if one.has_opened:
            self.signal(one, signal.SIGTERM)
            one.is_told_to_end = True

    def replace(self) -> None:
        """Start another process for each that has ended."""
        for one in [one for one in self.running if one.process.poll() is not None]:
            self.running.remove(one)
            self.former.append(one)
            self.start(one.job)

    def stop_all(self, killed: int) -> None:
        """Kill so many of them, and end the others."""
        for one in self.running[:killed]:
            self.kill(one)
        for one in self.running[killed:]:
            self.end(one)
        for one in self.running:
            if not one.is_told_to_end:
                self.kill(one)
            try:
                one.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                with one.errors.open("ab") as errors:
                    errors.write(b"it did not end\n")
                one.process.kill()
                one.process.wait()
                self.counts["did not end"] += 1
        self.former += self.running
        self.running = []
