"""Every error that the log raises on purpose; `EventLoggerError` is the root of all.

The tree is drawn in `domain.errors`. Each carries the values that its sentence speaks of.
"""

from __future__ import annotations

import domain.errors
from domain.errors import *  # noqa: F403

__all__ = [name for name in domain.errors.__all__ if name != "shown"]
