"""A store that takes its time: every transaction that appends waits until a test lets it go on."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from infrastructure.stores.sqlite.appends import SQLiteAppends
from tests.support import PATIENCE


class Gate:
    """Closed when it is made; `reached` is set once a transaction waits at it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reached = threading.Event()
        self._opened = threading.Event()
        append = SQLiteAppends.append

        def waiting(*arguments: Any) -> Any:
            self.reached.set()
            if not self._opened.wait(PATIENCE):
                raise TimeoutError("nobody opened the gate; does the store hold up the caller?")
            return append(*arguments)

        monkeypatch.setattr(SQLiteAppends, "append", waiting)

    def open(self) -> None:
        """Let go on what waits, and what comes."""
        self._opened.set()
