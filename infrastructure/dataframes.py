"""All events of a log as a DataFrame, made column by column."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from domain.errors import LogConfigurationError, shown
from domain.errors.base import nearest
from domain.fields import EVENT_FIELDS, TIME_FIELDS
from domain.lifecycle import COMPLETED
from infrastructure.listing import without_cycle_search
from infrastructure.timestamps import load_pandas, timestamp_of
from infrastructure.typed_series import typed
from projections.csv_rows import Shape, shape_of
from projections.event_dicts import Record, snapshot_views

if TYPE_CHECKING:
    import pandas as pd

Numbered = tuple[int, Record]

_APART = frozenset({"position_snapshot", "detail_orders", "extra"})
_MICROSECONDS = len("2024-05-12T14:00:00.000000Z")


class _Alike:
    """The events of one shape as rows of values, those of all of them under the same names."""

    def __init__(self, shape: Shape) -> None:
        fields, extras = shape
        own = [name for name in fields if name not in _APART]
        self._own: Callable[[Record], tuple[Any, ...]] = itemgetter(*own)
        self._has_snapshot = "position_snapshot" in fields
        self._has_details = "detail_orders" in fields
        self.names = ["order", *own, *extras]
        if self._has_snapshot:
            self.names[1:1] = snapshot_views({})
        if self._has_details:
            self.names += ["detail_orders", "detail_count"]
        self.places: list[int] = []
        self.rows: list[tuple[Any, ...]] = []

    def add(self, place: int, order: int, record: Record) -> None:
        """Take in the event that is the DataFrame's row at this place."""
        views: Iterable[Any] = ()
        if self._has_snapshot:
            views = snapshot_views(record["position_snapshot"]).values()
        extra = record.get("extra")
        row = (order, *views, *self._own(record), *(extra.values() if extra else ()))
        if self._has_details:
            details = record["detail_orders"]
            row = (*row, details, len(details))
        self.places.append(place)
        self.rows.append(row)


def dataframe(
    records: Iterable[Numbered], numbers: str = "float", asked: Sequence[str] | None = None
) -> pd.DataFrame:
    """The declared fields of the (order, record) pairs, then the extras by first appearance.

    Each column has one type, as `infrastructure.typed_series` says; with `asked` there are those
    columns alone. Raises `LogConfigurationError` for one that the events do not have.
    """
    load_pandas()
    import numpy as np
    import pandas as pd

    with without_cycle_search():
        alike = _alike(records)
        count = sum(len(one.places) for one in alike)
        columns = {name: np.full(count, None, dtype=object) for name in EVENT_FIELDS}
        columns["order"] = np.empty(count, dtype="int64")
        columns["status"].fill(COMPLETED)
        for one in alike:
            places = np.array(one.places)
            for name, values in zip(one.names, zip(*one.rows, strict=True), strict=True):
                if name not in columns:
                    columns[name] = np.full(count, None, dtype=object)
                columns[name][places] = np.fromiter(values, dtype=object, count=len(places))
        names = list(columns) if asked is None else _known(asked, columns)
        made: dict[str, Any] = {}
        for name in names:
            cells = columns[name]
            if name in TIME_FIELDS:
                made[name] = _times(cells.tolist()) if any(cells) else _no_times(count)
            else:
                made[name] = cells if name == "order" else typed(name, cells.tolist(), numbers)
        return pd.DataFrame(made, columns=list(names))


def _known(asked: Sequence[str], columns: Iterable[str]) -> Sequence[str]:
    there = set(columns)
    for name in asked:
        if name not in there:
            problem = f"names {shown(name)}, which this log has no column for; the nearest is"
            raise LogConfigurationError("columns", name, f"{problem} {shown(nearest(name, there))}")
    return asked


def _no_times(count: int) -> Any:
    import pandas as pd

    return pd.Series([pd.NaT] * count, dtype="datetime64[ns, UTC]")


def _alike(records: Iterable[Numbered]) -> list[_Alike]:
    """The events of each shape, the shapes by first appearance.

    Each record is let go of at once: what is kept of it is in the processor's cache by now.
    """
    alike: dict[Shape, _Alike] = {}
    for place, (order, record) in enumerate(records):
        shape = shape_of(record)
        known = alike.get(shape)
        if known is None:
            known = alike[shape] = _Alike(shape)
        known.add(place, order, record)
    return list(alike.values())


def _times(isos: list[str | None]) -> Any:
    import numpy as np
    import pandas as pd

    unit = "us"
    if max(map(len, filter(None, isos))) > _MICROSECONDS:
        unit = "ns"
        if not all(iso is None or "1678" <= iso < "2262" for iso in isos):
            return pd.Series([None if iso is None else timestamp_of(iso) for iso in isos])
    plain = ["NaT" if iso is None else iso[:-1] for iso in isos]
    return pd.DatetimeIndex(np.array(plain, dtype=f"datetime64[{unit}]")).tz_localize("UTC")
