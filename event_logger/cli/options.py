"""The options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from domain.errors import HorizonError, shown
from domain.moments import checked_when
from infrastructure.files.paths import why_no_path


def file_path(given: str) -> Path:
    """The path of a file or folder; raises `typer.BadParameter` for what cannot be one."""
    return Path(output_path(given))


def output_path(given: str) -> str:
    """The path of a file to write, as given: a slash at its end is one, and a `Path` has none."""
    problem = why_no_path(given) if given else "is no path; name a file"
    if problem is not None:
        raise typer.BadParameter(f"{shown(given)} {problem}")
    return given


def no_stream(given: str) -> str:
    """What names a file that is kept; raises `typer.BadParameter` for standard output."""
    from infrastructure.files.replaced_file import OUTPUT_FILES

    if given in OUTPUT_FILES:
        raise typer.BadParameter(f"{shown(given)} is standard output; name a file")
    return given


def kept_path(given: str) -> str:
    """The path of a file that is kept, as given."""
    return no_stream(output_path(given))


Store = Annotated[
    str,
    typer.Option(
        envvar="EVENT_LOGGER_STORE",
        metavar="URL",
        help="The store: sqlite:///runs.db, postgresql://host/db; #NAME after it: that log.",
    ),
]
MaybeStore = Annotated[
    str | None,
    typer.Option(
        envvar="EVENT_LOGGER_STORE", metavar="URL", help="The store, as sqlite:///runs.db."
    ),
]
Log = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="The log's name; may be left out where the store holds one log."
    ),
]


def _checked_as_of(when: str | None) -> str | None:
    try:
        if when is not None:
            checked_when(when)
    except HorizonError as error:
        raise typer.BadParameter(f"{shown(when)} {error.problem}") from error
    return when


def _when(*names: str) -> Any:
    return typer.Option(
        *names,
        metavar="WHEN",
        callback=_checked_as_of,
        help="The log as it was known then: just after an order (1523), at a horizon (1523+40),"
        " or at a time (ISO 8601, UTC).",
    )


AsOf = Annotated[str | None, _when("--as-of")]
At = Annotated[str | None, _when("--at", "--as-of")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]
Wait = Annotated[
    bool, typer.Option("--wait", help="Wait for what is not there yet: store, log, Redis.")
]


def _redis(meaning: str) -> Any:
    return typer.Option(envvar="EVENT_LOGGER_REDIS", metavar="URL", help=meaning)


Redis = Annotated[
    str | None,
    _redis("The Redis, as redis://localhost:6379/0, which is also what is taken without it."),
]
AskedRedis = Annotated[
    str | None, _redis("The Redis to ask, as redis://localhost:6379/0; without it none is asked.")
]
Prefix = Annotated[
    str,
    typer.Option(
        "--channel-prefix",
        metavar="PREFIX",
        help="What the names of channels and stream begin with.",
    ),
]
