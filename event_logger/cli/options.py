"""The options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from domain.errors import shown
from infrastructure.files.paths import why_no_path


def file_path(given: str) -> Path:
    """The path of a file or folder; raises `typer.BadParameter` for what cannot be one."""
    problem = why_no_path(given)
    if problem is not None:
        raise typer.BadParameter(f"{shown(given)} {problem}")
    return Path(given)


Store = Annotated[
    str,
    typer.Option(
        envvar="EVENT_LOGGER_STORE", metavar="URL", help="The store, as sqlite:///runs.db."
    ),
]
Log = Annotated[str, typer.Option(metavar="NAME", help="The log's name inside the store.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]
Wait = Annotated[
    bool, typer.Option("--wait", help="Wait for what is not there yet: store, log, Redis.")
]
Redis = Annotated[
    str | None,
    typer.Option(
        envvar="EVENT_LOGGER_REDIS",
        metavar="URL",
        help="The Redis, as redis://localhost:6379/0, which is also what is taken without it.",
    ),
]
Prefix = Annotated[
    str,
    typer.Option(
        "--channel-prefix",
        metavar="PREFIX",
        help="What the names of channels and stream begin with.",
    ),
]
