"""A writer's introduction: who appends to a log, from where, and by which program."""

from __future__ import annotations

import os
import socket
import sys
from functools import cache
from uuid import uuid4

import orjson

from domain.times import now
from infrastructure.stored import WriterIdentity


def introduce(actor: str | None = None) -> WriterIdentity:
    """This process as a writer, for one opening; `actor` is for whom the program writes."""
    program = os.path.basename(sys.argv[0]) if sys.argv and sys.argv[0] else "python"
    introduction = {
        "id": str(uuid4()),
        "user": _readable(_user()),
        "host": _readable(socket.gethostname()),
        "process": os.getpid(),
        "program": _readable(program),
        "version": package_version(),
        "opened_at": now(),
    }
    if actor is not None:
        introduction["actor"] = actor
    return WriterIdentity(orjson.dumps(introduction, option=orjson.OPT_NON_STR_KEYS))


def _readable(name: str) -> str:
    """The name; bytes of it that are no text, as file names may have, are written as \\udcff."""
    return name.encode(errors="backslashreplace").decode()


@cache
def _user() -> str:
    # Imported when a log is opened: both take a tenth of the time that importing the logger does.
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return str(os.getuid())


@cache
def package_version() -> str:
    """The version of this package, as it is installed."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("event-logger")
    except PackageNotFoundError:
        return "unknown"
