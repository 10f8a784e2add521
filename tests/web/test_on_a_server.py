"""The page of a store on a PostgreSQL server: the same as of a file."""

from __future__ import annotations

import pytest

from event_logger import EventLogger
from tests.postgres_server import PostgresServer
from tests.small_log import fill
from tests.web.client import asking, data_of

SCHEMA = "page"


@pytest.mark.parametrize("as_of", ["", "&as_of=9%2B3"])
def test_a_log_on_a_server_is_shown(postgres: PostgresServer, as_of: str) -> None:
    postgres.run(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
    url = postgres.url(SCHEMA)
    with EventLogger("live", store=url, log="desk", redis=False, durability="relaxed") as logger:
        fill(logger)
    with asking(url) as client:
        for path in (
            "/logs?", "/overview?log=desk", "/events?log=desk&type=GAS_FEE_PAID",
            "/event?log=desk&order=1", "/bundle?log=desk&order=5", "/board?log=desk",
            "/findings?log=desk", "/metrics?",
        ):  # fmt: skip
            asked = path + (as_of if "log=" in path else "")
            assert client.get(asked).status_code == 200, asked
        told = data_of(client.get(f"/event.json?log=desk&order=1{as_of}"))
        assert told["event"]["status"] == ("submitted" if as_of else "reorged")
