"""A file in which the last checkpoint of a log stands, replaced whole at each one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from infrastructure.files.replaced_file import replaced_file


class CheckpointFile:
    """Keeps the note of the last checkpoint that is `enough` in a file.

    A FIFO or a device is written into.
    """

    def __init__(self, path: Path, enough: Callable[[bytes], bool]) -> None:
        self._path = path
        self._enough = enough

    def publish(self, log: str, said: dict[str, Any]) -> None:
        """Put it in the place of the one before; raises `ExportError`."""
        note = said["note"].encode()
        if self._enough(note):
            with replaced_file(self._path) as file:
                file.write(note)

    def close(self) -> None:
        """There is nothing to let go of."""
