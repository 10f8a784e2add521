"""A signal handler that logs while its logger is read: what it logs is no damage."""

from __future__ import annotations

from pathlib import Path

from event_logger import EventLogger
from tests.faults import interrupted
from tests.support import log_amounts, url_of


def test_a_reader_sees_what_is_stored_and_takes_nothing_for_damaged(tmp_path: Path) -> None:
    with EventLogger(store=url_of(tmp_path / "runs.db")) as logger:
        amounts = iter(range(1, 1_000_000))

        def log() -> None:
            log_amounts(logger, next(amounts))

        def read() -> None:
            log()
            found = [event["order"] for event in logger.events]
            assert found == list(range(1, len(found) + 1))

        read()
        places = interrupted.one_of_each(interrupted.run(read), seed=1)
        for at in places:
            interrupted.run(read, log, at)
        orders = [event["order"] for event in logger.get_all_events()]
        assert orders == list(range(1, next(amounts)))
