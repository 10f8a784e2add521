"""What a pipe gives, kept in a file: an import reads its file more than once."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from domain.errors import EventLogFileError

STANDARD_INPUT = "-"


@contextmanager
def readable_again(path: str | os.PathLike[str]) -> Iterator[str | os.PathLike[str]]:
    """The path of a file; what comes through a FIFO, or `-`, standard input, is in one until then.

    Errors name the path that was given. Raises `EventLogFileError` for a device, which may have no
    end.
    """
    try:
        mode = 0 if str(path) == STANDARD_INPUT else os.stat(path).st_mode
    except (OSError, ValueError):
        # Whoever reads it says what is wrong with it.
        mode = stat.S_IFREG
    if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
        raise EventLogFileError(str(path), 0, "is a device; name a file, or - for standard input")
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
        yield path
        return
    with TemporaryDirectory() as folder:
        kept = Path(folder, "stdin" if mode == 0 else Path(path).name)
        try:
            _keep(path, kept)
            yield kept
        except EventLogFileError as error:
            raise EventLogFileError(str(path), error.row, error.problem) from error


def _keep(path: str | os.PathLike[str], kept: Path) -> None:
    try:
        with kept.open("wb") as file:
            if str(path) == STANDARD_INPUT:
                shutil.copyfileobj(sys.stdin.buffer, file)
            else:
                with Path(path).open("rb") as pipe:
                    shutil.copyfileobj(pipe, file)
    except OSError as error:
        raise EventLogFileError(str(path), 0, f"cannot be read ({error.strerror})") from error
