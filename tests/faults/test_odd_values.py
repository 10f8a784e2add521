"""A value of another type, or none, where the log or a table beside it has one: said, never raw."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from event_logger import EventLogger, EventLoggerError, LogReader, open_log
from tests.small_log import fill
from tests.support import HOUR, url_of

ODD = {"bytes": "x'7b7d'", "text": "'soon'", "a fraction": "1.5"}
PLACES = {
    "the time of the last event": "stored_events SET committed_at={} WHERE originator_version=11",
    "the time of the opening": "stored_events SET committed_at={} WHERE originator_version=0",
    "all times": "stored_events SET committed_at={}",
    "a correction": "corrections SET correction_order={}",
    "what is corrected": "corrections SET corrected_order={}",
    "a late detail": "late_details SET detail_order={}",
    "a hash's order": "transaction_hashes SET event_order={}",
    "an id's order": "event_ids SET event_order={}",
}
DAMAGES = {
    f"{place} is {what}": f"UPDATE {sql.format(odd)}"
    for place, sql in PLACES.items()
    for what, odd in ODD.items()
} | {
    "a record without its venue": "UPDATE stored_events SET state=json_remove(CAST(state AS TEXT),"
    " '$.venue') WHERE originator_version=8",
    "a record of a type alone": "UPDATE stored_events SET"
    ' state=CAST(\'{"event_type":"SPOT_TRADE"}\' AS BLOB) WHERE originator_version=8',
}

READS: dict[str, Callable[[LogReader], Any]] = {
    "horizon": lambda reader: reader.horizon,
    "events": lambda reader: list(reader.events),
    "by hash": lambda reader: [*reader.search(tx_hash="0xa"), *reader.search(tx_hash="0x9")],
    "by id": lambda reader: list(reader.search(event_id="first")),
    "trees": lambda reader: list(reader.bundle_trees()),
    "board": lambda reader: reader.live_status(),
    "committed": lambda reader: [reader.committed(order) for order in range(1, 11)],
    "audit": lambda reader: list(reader.audit()),
    "certify": lambda reader: reader.certify(),
    "balances": lambda reader: reader.balances(),
    "stats": lambda reader: reader.get_summary_stats(),
    "table": lambda reader: reader.to_dataframe(),
    "columns": lambda reader: list(reader.scan()),
}


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sound") / "log.db"
    with EventLogger("live", store=url_of(path), redis=False) as logger:
        fill(logger)
        logger.log_correction(HOUR, 9, {"amount": 2}, "a digit was lost")
    return path


@pytest.fixture(params=DAMAGES, ids=str)
def damaged(request: pytest.FixtureRequest, sound: Path, tmp_path: Path) -> str:
    path = tmp_path / "log.db"
    shutil.copy(sound, path)
    with closing(sqlite3.connect(path)) as connection, connection:
        changed = connection.execute(DAMAGES[request.param]).rowcount
    assert changed > 0
    return url_of(path)


def test_it_is_read_or_said_in_a_sentence(damaged: str) -> None:
    for read in READS.values():
        with suppress(EventLoggerError), open_log(damaged) as reader:
            read(reader)
        for when in ("8", "10"):
            with suppress(EventLoggerError), open_log(damaged) as reader:
                read(reader.as_of(when))
