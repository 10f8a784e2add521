"""The command line `event-logger`: run the demo, import and export logs, look into them.

Exit codes: 0 (also when whoever reads the output goes away), 1 for a refused or unsound input
(one sentence on stderr), 2 for usage; 130 and 143 for a command that SIGINT or SIGTERM ended early.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from event_logger.cli.commands import app

__all__ = ["app", "main"]

INTERRUPTED = 130
"""What shells take for the end by SIGINT."""


def main() -> None:
    """Run the command line and exit."""
    try:
        with _ended_at_once():
            from event_logger.cli.commands import app
        app()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


@contextmanager
def _ended_at_once() -> Iterator[None]:
    """Importing takes a good part of a second, begins nothing, and would end in a traceback."""
    heard = signal.getsignal(signal.SIGINT)
    if heard != signal.default_int_handler or (
        threading.current_thread() is not threading.main_thread()
    ):
        yield
        return
    signal.signal(signal.SIGINT, lambda *_: os._exit(INTERRUPTED))
    yield
    signal.signal(signal.SIGINT, heard)


def __getattr__(name: str) -> Any:
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from event_logger.cli.commands import app

    return app
