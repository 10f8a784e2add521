"""All events of a log as a DataFrame, made column by column."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from domain.fields import EVENT_FIELDS, TIME_FIELDS
from domain.lifecycle import COMPLETED
from infrastructure.listing import without_cycle_search
from infrastructure.timestamps import timestamp_of
from projections.csv_rows import Shape, shape_of
from projections.event_dicts import Record, snapshot_views

if TYPE_CHECKING:
    import pandas as pd

Numbered = tuple[int, Record]

_MICROSECONDS = len("2024-05-12T14:00:00.000000Z")


def dataframe(records: Iterable[Numbered]) -> pd.DataFrame:
    """The declared fields of the (order, record) pairs, then the extras by first appearance.

    What `pd.DataFrame` makes of the event dicts, in a third of the time.
    """
    import numpy as np
    import pandas as pd

    with without_cycle_search():
        alike = _alike(records)
        count = sum(len(places) for places, _ in alike.values())
        columns = {name: np.full(count, None, dtype=object) for name in EVENT_FIELDS}
        columns["order"] = np.empty(count, dtype="int64")
        columns["status"].fill(COMPLETED)
        for places, members in alike.values():
            columns["order"][places] = [order for order, _ in members]
            for name, values in _values([record for _, record in members]):
                if name not in columns:
                    columns[name] = np.full(count, float("nan"), dtype=object)
                columns[name][places] = np.fromiter(values, dtype=object, count=len(places))
        for name in TIME_FIELDS:
            if any(columns[name]):
                columns[name] = _times(columns[name].tolist())
        return pd.DataFrame(columns).infer_objects()


def _alike(records: Iterable[Numbered]) -> dict[Shape, tuple[list[int], list[Numbered]]]:
    """The records of each shape, with their places, the shapes by first appearance."""
    alike: dict[Shape, tuple[list[int], list[Numbered]]] = {}
    for place, (order, record) in enumerate(records):
        shape = shape_of(record)
        known = alike.get(shape)
        if known is None:
            known = alike[shape] = ([], [])
        known[0].append(place)
        known[1].append((order, record))
    return alike


def _values(records: list[Record]) -> Iterator[tuple[str, Iterable[Any]]]:
    """What `event_dict` has of records of one shape, but for their orders, name by name."""
    fields, extras = shape_of(records[0])
    for name in fields:
        if name not in ("position_snapshot", "detail_orders", "extra"):
            yield name, [record[name] for record in records]
    if "position_snapshot" in fields:
        views = [snapshot_views(record["position_snapshot"]) for record in records]
        for name in views[0]:
            yield name, [view[name] for view in views]
    for name in extras:
        yield name, [record["extra"][name] for record in records]
    if "detail_orders" in fields:
        details = [record["detail_orders"] for record in records]
        yield "detail_orders", details
        yield "detail_count", map(len, details)


def _times(isos: list[str | None]) -> Any:
    import numpy as np
    import pandas as pd

    unit = "us"
    if any(iso is not None and len(iso) > _MICROSECONDS for iso in isos):
        unit = "ns"
        if not all(iso is None or "1678" <= iso < "2262" for iso in isos):
            return pd.Series([None if iso is None else timestamp_of(iso) for iso in isos])
    plain = ["NaT" if iso is None else iso[:-1] for iso in isos]
    return pd.DatetimeIndex(np.array(plain, dtype=f"datetime64[{unit}]")).tz_localize("UTC")
