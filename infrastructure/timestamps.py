"""Times as people work with them: `pandas.Timestamp` in UTC."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import islice
from typing import Any

from infrastructure.importing import import_apart

Row = tuple[int, bytes]
"""An order, and the JSON that is stored under it."""

_HEAD, _END = b'{"recorded_at":"', b'Z"'
_TIME = len("2024-05-12T14:00:00.123456")
_BEGINNING = len(_HEAD) + _TIME + len(_END)
_ISO = slice(len(_HEAD), len(_HEAD) + _TIME + len("Z"))
# Small at first: whoever asks for one event, or for a bundle, does not pay for hundreds.
_FIRST_PAGE, _PAGE, _MOST_HELD = 8, 256, 512


def load_pandas() -> None:
    """Import pandas, whose import may fail, before what is read can be blamed for that."""
    import_apart("pandas")


@lru_cache(maxsize=8192)
def timestamp_of(iso: str) -> Any:
    """The `pandas.Timestamp` (UTC) of ISO 8601 text as the log stores it, or NaT of "NaT"."""
    if "pandas" not in sys.modules:
        load_pandas()
    import pandas as pd

    return pd.Timestamp(iso)


class RecordedTimes(dict[str, Any]):
    """When events were recorded, which hardly two share: made for a page of stored events at once.

    `times[iso]` is what `timestamp_of(iso)` gives. Rows go through `of` on their way to whoever
    decodes them. The times of few pages are held.
    """

    def of(self, rows: Iterable[Row]) -> Iterator[Row]:
        """The rows as they are, the times of each page being made before its first."""
        rows = iter(rows)
        size = _FIRST_PAGE
        while page := list(islice(rows, size)):
            self._learn([encoded for _, encoded in page])
            yield from page
            size = min(size * 4, _PAGE)

    def __missing__(self, iso: str) -> Any:
        """Of a time that was not foreseen."""
        return timestamp_of(iso)

    def _learn(self, page: list[bytes]) -> None:
        # Not at once: whoever reads ahead still asks for the times of the pages before.
        if len(self) >= _MOST_HELD:
            self.clear()
        if len(page) <= _FIRST_PAGE:
            return
        import pandas as pd

        try:
            moments = _written_times(page).astype("datetime64[us]")
            isos = [state[_ISO].decode() for state in page]
        except (TypeError, ValueError):
            # Where one is written otherwise, they are made one by one.
            return
        self.update(zip(isos, pd.DatetimeIndex(moments).tz_localize("UTC"), strict=True))


def _written_times(page: list[bytes]) -> Any:
    """An array of when each was recorded, as text without its Z; raises where one begins otherwise.

    All at once: a look at each takes as long as making the times (measured).
    """
    import numpy as np

    beginnings = np.frombuffer(
        b"".join([state[:_BEGINNING] for state in page]),
        [("head", f"S{len(_HEAD)}"), ("time", f"S{_TIME}"), ("end", f"S{len(_END)}")],
    )
    if len(beginnings) != len(page) or not (
        (beginnings["head"] == _HEAD).all() and (beginnings["end"] == _END).all()
    ):
        raise ValueError("a time is written otherwise")
    return beginnings["time"]
