"""Strangers that hold what the processes need: a lease, or a moment of the store."""

from __future__ import annotations

import fcntl
import sqlite3
import time
from contextlib import closing
from pathlib import Path


def hold_a_lease(store: Path, which: int, seconds: float) -> None:
    """Take one of the leases that are there as soon as it is free, and keep it for a while."""
    leases = sorted(store.parent.glob(f"{store.name}.*.lease"))
    if not leases:
        return
    with leases[which % len(leases)].open("r+b") as lease:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                fcntl.flock(lease, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(0.005)
            else:
                time.sleep(seconds)
                return


def hold_a_moment(store: Path, seconds: float) -> None:
    """Read in a transaction that lasts, so that no checkpoint comes past it."""
    if store.exists():
        uri = f"file:{store}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as connection:
            connection.execute("BEGIN")
            connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
            time.sleep(seconds)
