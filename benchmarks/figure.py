"""A figure: what was measured, and what is asked of it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Figure:
    """`value` must be at least (or, `at_most`, at most) `required`; we are after `aim`."""

    name: str
    value: float
    required: float = 0.0
    aim: float = 0.0
    at_most: bool = False
    detail: str = ""

    @property
    def is_met(self) -> bool:
        return self.value <= self.required if self.at_most else self.value >= self.required


@contextmanager
def folder() -> Iterator[Path]:
    """A fresh folder, on the disk of the current folder so that all contestants share it."""
    with tempfile.TemporaryDirectory(prefix=".bench-", dir=Path.cwd()) as name:
        yield Path(name)
