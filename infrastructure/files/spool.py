"""What is prepared before it is stored: in memory while it is small, else in a temporary file."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Sequence
from tempfile import SpooledTemporaryFile
from types import TracebackType
from typing import Generic, Self, TypeVar

_IN_MEMORY = 64 * 2**20
"""Bytes."""

T = TypeVar("T")


class Spool(Generic[T]):
    """Batches that are read back in the order they were put in; gone when the block ends."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115
        self._batches = 0

    def put(self, batch: Sequence[T]) -> None:
        """Put a batch behind the others."""
        pickle.dump(batch, self._file, pickle.HIGHEST_PROTOCOL)
        self._batches += 1

    def batches(self) -> Iterator[Sequence[T]]:
        """All batches, from the first."""
        self._file.seek(0)
        for _ in range(self._batches):
            yield pickle.load(self._file)

    def __enter__(self) -> Self:
        """The spool."""
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        """Let go of the file."""
        self._file.close()
