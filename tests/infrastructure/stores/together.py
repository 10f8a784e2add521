"""Threads that act at once, and one that holds a log's end as long as a test wants."""

from __future__ import annotations

import threading
from collections.abc import Callable

from infrastructure.store import AtTheEnd, LogStore
from infrastructure.stored import Writes
from tests.infrastructure.stores.written import (
    Move,
    Parts,
    Written,
    entry,
    writer,
)

PATIENCE = 60
"""Seconds after which a test gives up; none waits that long."""


def run_together(*jobs: Callable[[], object]) -> None:
    """Run each job in a thread of its own, all at once; what one raises is raised here."""
    failures: list[BaseException] = []
    together = threading.Barrier(len(jobs))

    def run(job: Callable[[], object]) -> None:
        try:
            together.wait(PATIENCE)
            job()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert not any(thread.is_alive() for thread in threads)
    if failures:
        raise failures[0]


def append_often(store: LogStore, name: str, times: int) -> Callable[[], None]:
    """Appends an event and a transition of the first, again and again, as a writer of its own."""

    def job() -> None:
        by = writer()
        for _ in range(times):
            Written(store, name).append(entry(), Move(1), by=by)

    return job


class HeldEnd:
    """A writer that holds a log's end in a thread of its own, until it is let go."""

    def __init__(self, log: Written) -> None:
        self._log = log
        self._is_held = threading.Event()
        self._may_go = threading.Event()
        self._thread = threading.Thread(target=self._append)

    def _append(self) -> None:
        parts = Parts(self._log.log, [entry()])

        def decide(at_end: AtTheEnd) -> Writes:
            self._is_held.set()
            self._may_go.wait(PATIENCE)
            return parts.decide(at_end)

        self._log.store.appends.append(self._log.log.id, self._log.writer, decide)

    def __enter__(self) -> HeldEnd:
        self._thread.start()
        assert self._is_held.wait(PATIENCE)
        return self

    def let_go(self) -> None:
        self._may_go.set()

    def __exit__(self, *exception: object) -> None:
        self.let_go()
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()
