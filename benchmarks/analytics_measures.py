"""The measures of columns: Parquet, Arrow and SQL, each beside what an analyst would do without."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd

from benchmarks.contestants import long_store
from benchmarks.figure import Figure, folder, interleaved, ratio, timed
from benchmarks.reading_measures import fill, scan
from event_logger import LogReader, open_log
from event_logger.questions import answered

ROUNDS = 3
SHARE = 2
QUERY = "SELECT event_type, sum(gas_cost_eth) FROM events GROUP BY event_type"


def analytics(events: int) -> Iterator[Figure]:
    """Of a log with so many events, halved; its snapshots are JSON in all of them."""
    count = events // SHARE
    with folder() as here:
        fill(here, count)
        with open_log(long_store(here)) as reader:
            found = interleaved(_contestants(reader, here), ROUNDS)
    for name, ours, theirs, required, aim in (
        ("Parquet export, times the CSV export", "parquet", "csv", 5.0, 6.0),
        ("to_arrow(), times a scan and orjson.loads", "to_arrow", "scan", 0.3, 0.5),
        ("SQL by type, times pandas on to_dataframe()", "sql", "pandas", 3.0, 5.0),
        ("DataFrame of pyarrow, times that of a list of dicts", "pyarrow", "dicts", 5.0, 6.0),
    ):
        rates = [count / statistics.median(found[one]) for one in (ours, theirs)]
        detail = "{:,.0f} against {:,.0f} rows a second".format(*rates)
        yield Figure(name, ratio(found[theirs], found[ours]), required, aim, detail=detail)


def _contestants(reader: LogReader, here: Path) -> dict[str, Callable[[], float]]:
    def by_pandas() -> None:
        frame = reader.to_dataframe()
        frame.groupby("event_type")["gas_cost_eth"].sum()

    return {
        "csv": lambda: timed(lambda: reader.export_to_csv(str(here / "log.csv"))),
        "parquet": lambda: timed(lambda: reader.export_to_parquet(str(here / "log.parquet"))),
        "scan": lambda: timed(lambda: scan(here)),
        "to_arrow": lambda: timed(reader.to_arrow),
        "pandas": lambda: timed(by_pandas),
        "sql": lambda: timed(lambda: answered([reader], QUERY)),
        "dicts": lambda: timed(lambda: pd.DataFrame(reader.get_all_events())),
        "pyarrow": lambda: timed(lambda: reader.to_dataframe(backend="pyarrow")),
    }
