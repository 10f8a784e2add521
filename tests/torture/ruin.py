"""The end of some episodes: a stranger cuts, overwrites or removes files that are in use.

What was acknowledged until then is checked in a copy that is made while every process is stopped.
What the ruin owes is another matter: nobody is told of an order that is not kept, nobody dies of
it, no file appears where one was removed, and what can still be read is what callers logged.
"""

from __future__ import annotations

import random
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from event_logger import EventLoggerError, LogReader, open_log
from tests.redis_server import eventually
from tests.torture.journal import Told
from tests.torture.places import FilePlace
from tests.torture.plan import LOGS
from tests.torture.processes import Processes, Running

SETTLES_SECONDS, WATCHED_SECONDS = 2.0, 1.0
PAGE = 16384
SAID = ("CorruptLogError", "StoreError")

READS: list[Callable[[LogReader], Any]] = [
    lambda reader: reader.get_summary_stats(),
    lambda reader: reader.live_status(),
    lambda reader: list(reader.bundle_trees()),
    lambda reader: reader.history(1),
]


class Ruin:
    """What one of `plan.RUINS` does to the store of an episode, and what came of it."""

    def __init__(self, store: Path, folder: Path, what: str, seed: int) -> None:
        self._store = store
        self._log = store.with_name(f"{store.name}-wal")
        self._folder = folder / "before"
        self._what = what
        self._chance = random.Random(seed)

    def strike(self, processes: Processes) -> tuple[FilePlace, list[Running]]:
        """Ruin the store; the copy of it as it was, and all processes as they were known then."""
        # One that has not opened the store yet would make another in its place.
        eventually(lambda: _have_opened(processes))
        running = processes.running
        for one in running:
            one.process.send_signal(signal.SIGSTOP)
        for one in running:
            _wait_until_stopped(one)
        copied, known = self._copied(processes.former + running)
        self._act()
        for one in running:
            one.process.send_signal(signal.SIGCONT)
        return copied, known

    def _copied(self, all_of_them: list[Running]) -> tuple[FilePlace, list[Running]]:
        self._folder.mkdir()
        for path in (self._store, self._log):
            if path.exists():
                shutil.copy(path, self._folder)
        known = []
        for one in all_of_them:
            if one.journal.exists():
                shutil.copy(one.journal, self._folder)
            journal = self._folder / one.journal.name
            known.append(replace(one, journal=journal, was_stopped=one.process.poll() is None))
        return FilePlace(self._folder), known

    def _act(self) -> None:
        path = self._log if "log" in self._what else self._store
        if not path.exists():
            return
        size = path.stat().st_size
        if self._what.startswith("remove"):
            path.unlink()
        elif self._what.startswith("cut"):
            with path.open("r+b") as file:
                file.truncate(self._chance.randrange(size + 1))
        else:
            with path.open("r+b") as file:
                file.seek(PAGE * self._chance.randrange(1 + size // PAGE))
                file.write(self._chance.randbytes(PAGE))

    def watched(self, processes: Processes) -> Iterator[str]:
        """What is wrong while the processes go on with the ruined store."""
        time.sleep(SETTLES_SECONDS)
        before = _durably_told(processes.running)
        time.sleep(WATCHED_SECONDS)
        if not self._what.startswith("remove"):
            return
        told = _durably_told(processes.running) - before
        if told and self._has_acted:
            yield f"{self._what}: {len(told)} calls were told orders, such as {min(told)}"
        if self._what == "remove the file" and self._store.exists():
            yield "a file was made where the store had been removed"

    @property
    def _has_acted(self) -> bool:
        """Whether there was anything to remove."""
        return self._what == "remove the file" or (self._folder / self._log.name).exists()

    def verified(self, known: list[Running]) -> Iterator[str]:
        """What is wrong with what is left of the store, once every process has ended."""
        told = Told()
        for one in known:
            journal = self._folder.parent / one.journal.name
            if journal.exists():
                told.read(journal, None)
        # Damage may be said by any call.
        yield from (one for one in told.faults if not any(error in one for error in SAID))
        for log in LOGS:
            try:
                with open_log(f"sqlite:///{self._store}", log) as reader:
                    for event in reader.events:
                        if event["call"] not in told.calls:
                            yield f"{self._what}: {log} has an event of a call nobody made"
                    for read in READS:
                        read(reader)
            except (EventLoggerError, LookupError):
                continue


def _have_opened(processes: Processes) -> bool:
    processes.replace()
    return all(one.has_opened for one in processes.running)


def _wait_until_stopped(one: Running) -> None:
    state = Path(f"/proc/{one.process.pid}/stat")
    while one.process.poll() is None and state.read_text().rpartition(")")[2].split()[0] != "T":
        time.sleep(0.01)


def _durably_told(running: list[Running]) -> set[str]:
    """The lines of the journals that say that something is on the disk."""
    return {
        line
        for one in running
        if one.journal.exists()
        for line in one.journal.read_text().splitlines()
        if '"told"' in line and '"live": true' in line
    }
