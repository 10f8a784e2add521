"""Where an export goes: a file that is replaced whole, or a stream that is written to."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from domain.errors import ExportError, shown
from infrastructure.files.for_terminal import ForTerminal
from infrastructure.files.paths import why_no_path
from infrastructure.stores import is_kept_in_a_store

STANDARD_OUTPUT = "-"
OUTPUT_FILES = (STANDARD_OUTPUT, "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")
"""What leads to standard output, which the process may have more to say on."""


@contextmanager
def named_or_new(filepath: str | os.PathLike[str] | None, stem: str, suffix: str) -> Iterator[str]:
    """The path that was given; without one `<stem>_YYYYMMDD_HHMMSS<suffix>` (UTC), taken for us.

    Where that name is taken, by a file or another export of the same second, `_2`, `_3` … are
    tried. A new name is given back when the block raises. Raises `ExportError`.
    """
    if filepath is not None and str(filepath):
        yield str(filepath)
        return
    path = _taken_name(datetime.now(UTC).strftime(f"{stem}_%Y%m%d_%H%M%S"), suffix)
    try:
        yield str(path)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _taken_name(name: str, suffix: str) -> Path:
    number = 1
    while True:
        path = Path(f"{name}{suffix}" if number == 1 else f"{name}_{number}{suffix}")
        try:
            path.open("x").close()
            return path
        except FileExistsError:
            number += 1
        except OSError as error:
            raise ExportError(str(path), _reason(error)) from error


@contextmanager
def replaced_file(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """A binary file to write and read back that takes the path's place when the block ends.

    It is written beside the path, or beside the file that a symbolic link there leads to, flushed
    to the disk and renamed: on any exception what stood at the path stands there still. For what
    cannot be replaced it is a stream: `-` is standard output, a FIFO or a device is written into.
    A store of ours, whichever, is never replaced, nor is a secret key.

    Raises `ExportError` when it cannot be written; `BrokenPipeError` when the reader of standard
    output went away, since that is no failure of the export.
    """
    refuse_no_path(path)
    if str(path) in OUTPUT_FILES:
        yield from _standard_output()
        return
    target = Path(path)
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        mode = stat.S_IFREG
    except OSError as error:
        raise ExportError(str(path), _reason(error)) from error
    if stat.S_ISDIR(mode) or str(path).endswith(os.sep):
        raise ExportError(str(path), "it is a folder; name a file in it")
    if stat.S_ISREG(mode):
        yield from _written_beside(str(path), target)
    else:
        yield from _streamed(str(path))


def refuse_precious(path: str) -> None:
    """Raises `ExportError` for a file that nothing is written over: a store's, or a secret key."""
    from infrastructure.key_files import is_secret

    # A store is asked for first: no other look may be taken at one.
    target = Path(path).resolve()
    if is_kept_in_a_store(str(target)):
        raise ExportError(path, "it is a store of logs, which nothing replaces; name another file")
    if target.is_file() and is_secret(target):
        problem = "it is a secret key, which nothing is written over; name another"
        raise ExportError(path, problem)


def refuse_no_path(path: object) -> None:
    """Raises `ExportError` for what cannot name a file."""
    problem = why_no_path(path)
    if problem is not None:
        raise ExportError(shown(path), f"it {problem}")


def _standard_output() -> Iterator[BinaryIO]:
    sys.stdout.flush()
    try:
        # What a pipe is given comes as it is.
        yield ForTerminal(sys.stdout) if sys.stdout.isatty() else sys.stdout.buffer  # type: ignore[misc]
        sys.stdout.flush()
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise ExportError(STANDARD_OUTPUT, _reason(error)) from error


def _streamed(path: str) -> Iterator[BinaryIO]:
    try:
        with open(path, "wb") as file:
            yield file
    except OSError as error:
        raise ExportError(path, _reason(error)) from error


def _written_beside(path: str, target: Path) -> Iterator[BinaryIO]:
    try:
        target = target.resolve()
    except (OSError, RuntimeError) as error:
        raise ExportError(path, "it is a link that leads nowhere") from error
    if not target.parent.is_dir():
        raise ExportError(path, f"the folder {target.parent} does not exist; create it first")
    refuse_precious(path)
    beside = target.with_name(f".{target.name[:100]}.{uuid4().hex}.tmp")
    try:
        with beside.open("x+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            shutil.copymode(target, beside)
        beside.replace(target)
    except OSError as error:
        raise ExportError(path, f"{_reason(error)}; the former file is unchanged") from error
    finally:
        beside.unlink(missing_ok=True)


def _reason(error: OSError) -> str:
    return os.strerror(error.errno) if error.errno else str(error)
