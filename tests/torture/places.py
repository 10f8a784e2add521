"""Where an episode's store is, and what is done to it there: a file, or a server that syncs."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Protocol

import psycopg

from infrastructure.audit_logs import AuditLogs
from infrastructure.rebuilding import rebuild
from infrastructure.stores import open_store
from tests.postgres_server import PostgresServer
from tests.torture.plan import Strike
from tests.torture.strangers import hold_a_lease, hold_a_moment

SCHEMA = "event_logger"


class Place(Protocol):
    """A store's place."""

    url: str

    def strike(self, strike: Strike) -> Callable[[], None] | None:
        """What is to be done meanwhile, in a thread of its own; None for what is done already."""

    def unsound(self) -> list[str]:
        """What is not sound of it, now that nobody uses it."""


class FilePlace:
    """A SQLite file, and strangers that have it open."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "store.db"
        self.url = f"sqlite:///{self.path}"

    def strike(self, strike: Strike) -> Callable[[], None] | None:
        path, lasts = self.path, strike.lasts
        acts: dict[str, Callable[[], None]] = {
            "hold the lock": lambda: self._hold(lasts),
            "hold a lease": lambda: hold_a_lease(path, strike.who, lasts),
            "hold a moment": lambda: hold_a_moment(path, lasts),
            "open and close": lambda: self._run("PRAGMA user_version"),
            "checkpoint": lambda: self._run("PRAGMA wal_checkpoint(TRUNCATE)"),
        }
        return acts.get(strike.what)

    def unsound(self) -> list[str]:
        # What a process said that was killed in its checkpoint, a stranger could not take back.
        with open_store(self.url):
            pass
        with closing(sqlite3.connect(self.path)) as connection:
            (check,) = connection.execute("PRAGMA integrity_check").fetchone()
        return [] if check == "ok" else [f"integrity_check: {check}"]

    def _run(self, statement: str) -> None:
        if self.path.exists():
            with closing(sqlite3.connect(f"file:{self.path}?mode=rw", uri=True)) as connection:
                connection.execute(statement).fetchall()

    def _hold(self, seconds: float) -> None:
        if self.path.exists():
            uri = f"file:{self.path}?mode=rw"
            with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as connection:
                connection.execute("BEGIN IMMEDIATE")
                time.sleep(seconds)
                connection.execute("ROLLBACK")


class ServerPlace:
    """A PostgreSQL server that is killed and started again, and its sessions, which are ended."""

    def __init__(self, server: PostgresServer) -> None:
        self.url = server.url()
        self._server = server

    def strike(self, strike: Strike) -> Callable[[], None] | None:
        lasts = strike.lasts
        acts: dict[str, Callable[[], None]] = {
            "hold the lock": lambda: self._hold(
                f"SELECT 1 FROM {SCHEMA}.heads FOR UPDATE", "READ COMMITTED", lasts
            ),
            "hold a moment": lambda: self._hold(
                f"SELECT count(*) FROM {SCHEMA}.heads", "REPEATABLE READ", lasts
            ),
            "checkpoint": lambda: self._run("CHECKPOINT"),
            "end sessions": lambda: self._signal("pg_terminate_backend", strike),
            "cancel": lambda: self._signal("pg_cancel_backend", strike),
        }
        ends = {"kill the server": self._server.kill, "restart the server": self._server.stop}
        if strike.what in ends:
            # In this thread: a server ends with the thread that started it.
            ends[strike.what]()
            time.sleep(lasts)
            self._server.start()
        return acts.get(strike.what)

    def unsound(self) -> list[str]:
        """Where the indexes and boards are not what the events give."""
        with AuditLogs(self.url) as logs:
            found = [(name, rebuild(logs.store, logs.get(name))) for name in logs.names()]
        return [f"{name}: {one}" for name, one in found if one.is_changed]

    def _run(self, statement: str) -> None:
        with suppress(psycopg.Error):
            self._server.run(statement)

    def _hold(self, statement: str, isolation: str, seconds: float) -> None:
        with suppress(psycopg.Error), self._server.connect() as connection:
            connection.execute(f"BEGIN ISOLATION LEVEL {isolation}".encode())
            connection.execute(statement.encode())
            time.sleep(seconds)
            connection.execute("ROLLBACK")

    def _signal(self, function: str, strike: Strike) -> None:
        self._run(
            f"SELECT {function}(pid) FROM (SELECT pid FROM pg_stat_activity"
            " WHERE application_name = 'event-logger' AND pid <> pg_backend_pid()"
            f" ORDER BY md5(pid::text || '{strike.who}') LIMIT {strike.times}) AS some"
        )
