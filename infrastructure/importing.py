"""Importing what an interrupted import of would leave half loaded for good."""

from __future__ import annotations

import _thread
import sys
from contextlib import suppress
from importlib import import_module


def import_apart(module: str) -> None:
    """Import a module in a thread of its own, where no signal is heard; raises `ImportError`.

    numpy, of which an interrupted import has loaded a part, is never loaded again in that process;
    so are those that are built on it.
    """
    if module not in sys.modules:
        # Not a threading.Thread, which a signal handler that reads could not start meanwhile.
        imported = _thread.allocate_lock()
        imported.acquire()
        _thread.start_new_thread(_import, (module, imported))
        imported.acquire()
    # Waits for the import that an interrupted call of this has left to its thread.
    import_module(module)


def _import(module: str, imported: _thread.LockType) -> None:
    try:
        with suppress(ImportError):
            import_module(module)
    finally:
        imported.release()
