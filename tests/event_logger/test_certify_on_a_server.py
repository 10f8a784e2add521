"""Certificates of a log on a PostgreSQL server: the same as on a file, and held as well."""

from __future__ import annotations

from pathlib import Path

import pytest

from event_logger import EventLogger, open_log
from infrastructure.audit_logs import AuditLogs
from infrastructure.files.jsonl_import import prepared_jsonl
from infrastructure.rebuilding import rebuild
from tests.event_logger.test_certify import certified, written
from tests.postgres_server import PostgresServer
from tests.small_log import fill

SCHEMA = "certified"


@pytest.fixture
def url(postgres: PostgresServer) -> str:
    postgres.run(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
    return postgres.url(SCHEMA)


@pytest.mark.parametrize("mode", ["backtest", "live"])
def test_a_log_is_certified_on_a_server_as_on_a_file(
    tmp_path: Path, postgres: PostgresServer, url: str, mode: str
) -> None:
    store = written(tmp_path / "runs.db", mode)
    with open_log(store) as reader:
        exported = reader.export_to_jsonl(str(tmp_path / "log.jsonl"))
    with prepared_jsonl(exported, "default") as prepared:
        with AuditLogs(url, durability="relaxed") as logs:
            prepared.store_in(logs)
    made, old = certified(url), certified(store)
    for name in ("projections", "control_totals", "counts", "horizon", "committed_at"):
        assert made[name] == old[name]
    with open_log(url) as reader:
        assert reader.check_certificate(made).holds
        postgres.run(f"UPDATE {SCHEMA}.events SET committed_at=committed_at+1 WHERE event_order=7")
        assert reader.check_certificate(made).orders == (7, 7)


def test_what_is_kept_beside_the_events_is_made_anew_on_a_server(
    postgres: PostgresServer, url: str
) -> None:
    with EventLogger("live", store=url, redis=False, durability="relaxed") as logger:
        fill(logger)
    with AuditLogs(url, durability="relaxed") as logs:
        log = logs.get("default")
        assert not rebuild(logs.store, log).is_changed
        postgres.run(f"DELETE FROM {SCHEMA}.transaction_hashes")
        postgres.run(f"UPDATE {SCHEMA}.status_counts SET events=events+1")
        done = rebuild(logs.store, log)
        assert [(one.name, one.added, one.removed) for one in done.indexes] == [
            ("transaction_hashes", 4, 0)
        ]
        assert done.board == logs.horizon(log)
        assert not rebuild(logs.store, log).is_changed
