"""Times as people work with them: `pandas.Timestamp` in UTC."""

from __future__ import annotations

from functools import lru_cache
from typing import Any


@lru_cache(maxsize=8192)
def timestamp_of(iso: str) -> Any:
    """The `pandas.Timestamp` (UTC) of ISO 8601 text as the log stores it, or NaT of "NaT"."""
    import pandas as pd

    return pd.Timestamp(iso)
