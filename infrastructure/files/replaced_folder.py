"""A folder of files that is replaced whole, as `replaced_file` does with one file."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from domain.errors import ExportError, shown
from infrastructure.files.replaced_file import OUTPUT_FILES, refuse_no_path


@contextmanager
def replaced_folder(
    path: str | os.PathLike[str], is_ours: Callable[[Path], bool]
) -> Iterator[Path]:
    """A new folder to write files into, which takes the path's place when the block ends.

    It is made beside the path; on any exception what stood at the path stands there still. What
    stands there is replaced only if it is a folder of which each file `is_ours`. Raises
    `ExportError`.
    """
    refuse_no_path(path)
    if str(path) in OUTPUT_FILES:
        raise ExportError(str(path), "a data set is a folder; name one")
    target = Path(path)
    try:
        target = target.resolve()
        _refuse_others(str(path), target, is_ours)
        beside = target.with_name(f".{target.name[:100]}.{uuid4().hex}.tmp")
        beside.mkdir()
    except (OSError, RuntimeError) as error:
        if isinstance(error, ExportError):
            raise
        raise ExportError(str(path), _reason(error)) from error
    try:
        yield beside
        _flush(beside)
        _take_place(beside, target)
    except OSError as error:
        if isinstance(error, ExportError):
            raise
        raise ExportError(
            str(path), f"{_reason(error)}; the former data set is unchanged"
        ) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _refuse_others(path: str, target: Path, is_ours: Callable[[Path], bool]) -> None:
    if not target.parent.is_dir():
        raise ExportError(path, f"the folder {target.parent} does not exist; create it first")
    if not target.exists():
        return
    if not target.is_dir():
        raise ExportError(path, "it is a file, and a data set is a folder; name another")
    for one in target.rglob("*"):
        if not one.is_dir() and not is_ours(one.relative_to(target)):
            raise ExportError(
                path, f"it holds {shown(one.name)}, which is no part of a data set; name another"
            )


def _take_place(beside: Path, target: Path) -> None:
    if not target.exists():
        beside.rename(target)
        return
    former = target.with_name(f"{beside.name}.former")
    target.rename(former)
    try:
        beside.rename(target)
    except BaseException:
        former.rename(target)
        raise
    shutil.rmtree(former, ignore_errors=True)


def _flush(folder: Path) -> None:
    for one in folder.rglob("*"):
        if one.is_file():
            with one.open("rb") as file:
                os.fsync(file.fileno())


def _reason(error: Exception) -> str:
    number = getattr(error, "errno", None)
    return os.strerror(number) if number else str(error)
