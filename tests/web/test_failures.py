"""What cannot be shown: one sentence, the right status code, and a page that stays usable."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from domain.errors import StoreNotFoundError
from event_logger.web import app, one_event
from event_logger.web.site import Site
from tests.redis_server import eventually
from tests.support import PATIENCE, url_of
from tests.web.client import asking, data_of

if TYPE_CHECKING:
    from starlette.testclient import TestClient


@pytest.mark.parametrize(
    ("address", "code", "said"),
    [
        ("/overview?log=gone", 404, "there is no log 'gone' in this store"),
        ("/overview", 400, "--log is left out, and the store holds 2 logs"),
        ("/overview?log=", 404, "there is no log ''"),
        ("/event?log=desk&order=99", 404, "order 99 names no event of this log"),
        ("/event?log=desk&order=0", 404, "order 0 names no event"),
        ("/event?log=desk&order=x", 400, "order must be a whole number"),
        ("/event?log=desk&order=99999999999999999999", 400, "order must be a whole number"),
        ("/event?log=desk", 400, "the parameter order is missing"),
        ("/bundle?log=desk&order=77", 404, "order 77 names no event"),
        ("/raw?log=desk&order=77", 404, "order 77 names no event"),
        ("/events?log=desk&type=stake", 400, "must be UPPER_SNAKE_CASE"),
        ("/events?log=desk&type=STAKE_DEPOSITS", 404, "the nearest that is known is STAKE_DEPOSIT"),
        ("/events?log=desk&status=submited", 400, "the nearest is submitted"),
        ("/events?log=desk&since=noon", 400, "'noon' is no time"),
        ("/events?log=desk&text=%20", 400, "must be text that is not blank"),
        ("/events?log=desk&count=501", 400, "count must be a whole number from 1 to 500"),
        ("/events?log=desk&form_order=1", 400, "the nearest is from_order"),
        ("/events?log=desk&at=1&at=2", 400, "given twice"),
        ("/events?log=desk&venue=%00", 400, "longer than"),
        ("/overview?log=desk&as_of=99", 404, "as_of 99 names no event"),
        ("/overview?log=desk&as_of=1%2B99", 400, "is beyond the end of log 'desk'"),
        ("/overview?log=desk&as_of=2%2B1", 400, "is inside what was logged at once"),
        ("/overview?log=desk&as_of=yesterday", 400, "is none of what a log can be read as of"),
        ("/overview?log=desk&as_of=2001-01-01T00:00:00Z", 400, "was opened"),
        ("/board?log=desk&stuck=soon", 400, "must be a time such as 90s"),
        ("/board/stream?log=run", 400, "nothing changes"),
        ("/board/stream?log=desk&last_event_id=9%2B9", 400, "is no horizon of this log"),
        ("/board/stream?log=desk&last_event_id=x", 400, "is no horizon of this log"),
        ("/findings?log=desk&severity=bad", 400, "the nearest is"),
        ("/compare?left=desk", 400, "the parameter right is missing"),
        ("/nope", 404, "there is no page at this address"),
    ],
)
def test_what_makes_no_sense_is_said_in_one_sentence(
    client: TestClient, address: str, code: int, said: str
) -> None:
    answer = client.get(address)
    assert answer.status_code == code
    assert said.replace("'", "&#39;") in answer.text or said in answer.text
    assert "Traceback" not in answer.text
    path, mark, query = address.partition("?")
    if not path.endswith("/stream") and "STAKE_DEPOSITS" not in query:
        told = data_of(client.get(f"/api{path}{mark}{query}"))
        assert (said in told["error"], told["status"]) == (True, str(code))


@pytest.fixture
def path(store: str, tmp_path: Path) -> Path:
    """A copy of the store."""
    made = Path(store.removeprefix("sqlite:///"))
    for file in made.parent.glob("desk.db*"):
        shutil.copy(file, tmp_path / file.name)
    return tmp_path / "desk.db"


def test_a_store_that_goes_away_is_said_and_is_there_again_when_it_is_back(path: Path) -> None:
    with asking(url_of(path)) as client:
        assert client.get("/events?log=desk").status_code == 200
        assert client.get("/readyz").status_code == 200
        kept = path.parent / "kept"
        kept.mkdir()
        for file in path.parent.glob("desk.db*"):
            file.rename(kept / file.name)
        for address in ("/", "/events?log=desk", "/api/overview?log=desk", "/readyz"):
            answer = client.get(address)
            assert answer.status_code == 503, address
            assert "Traceback" not in answer.text
        assert "event_logger_up 0.0" in client.get("/metrics").text
        assert client.get("/healthz").status_code == 200
        for file in kept.iterdir():
            shutil.move(file, path.parent / file.name)
        assert client.get("/events?log=desk").status_code == 200


def deleted(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM stored_events WHERE originator_version=3")


def no_json(connection: sqlite3.Connection) -> None:
    connection.execute("UPDATE stored_events SET state=X'7b' WHERE originator_version=3")


def another_type(connection: sqlite3.Connection) -> None:
    connection.execute(
        "UPDATE stored_events SET state=CAST(json_set(CAST(state AS TEXT), '$.venue', 7) AS BLOB)"
        " WHERE originator_version=3"
    )


@pytest.mark.parametrize("damage", [deleted, no_json, another_type])
@pytest.mark.parametrize("address", ["/events", "/event?order=3", "/bundle?order=3", "/overview"])
def test_damage_while_it_is_served_is_said_and_hides_nothing_else(
    path: Path, damage: Callable[[sqlite3.Connection], None], address: str
) -> None:
    where = f"{address}{'&' if '?' in address else '?'}log=run"
    with asking(url_of(path)) as client:
        assert client.get(where).status_code == 200
        with sqlite3.connect(path) as connection:
            damage(connection)
        connection.close()
        answer = client.get(where)
        if damage is not another_type:
            # What was folded before is not read again: the overview stays.
            assert answer.status_code in ((200, 500) if address == "/overview" else (500,))
        assert "Traceback" not in answer.text
        assert client.get("/event?log=run&order=9").status_code == 200
        assert client.get("/").status_code == 200
        assert client.get("/findings?log=run").status_code == 200


def test_what_fails_unforeseen_is_said_without_a_traceback(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(one: object) -> object:
        raise RuntimeError("of no concern to a reader")

    monkeypatch.setattr(one_event, "_fields", broken)
    answer = client.get("/event?log=desk&order=1")
    assert answer.status_code == 500
    assert "of no concern" not in answer.text
    assert "RuntimeError" in caplog.text


def test_what_takes_too_long_is_not_waited_for_and_too_much_at_once_is_refused(
    store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_end = threading.Event()

    def waiting(one: object) -> list[object]:
        may_end.wait(PATIENCE)
        return []

    monkeypatch.setattr(one_event, "_fields", waiting)
    monkeypatch.setattr(app, "SECONDS", 0.05)
    monkeypatch.setattr(app, "MOST_AT_WORK", 1)
    with asking(store) as client:
        late = client.get("/event?log=desk&order=1")
        assert (late.status_code, "ask for less" in late.text) == (503, True)
        busy = client.get("/api/events?log=desk")
        assert (busy.status_code, "try again" in busy.text) == (503, True)
        assert client.get("/healthz").status_code == 200
        may_end.set()
        eventually(lambda: client.get("/events?log=desk").status_code == 200)


def test_a_store_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    site = Site(url_of(tmp_path / "no.db"))
    with pytest.raises(StoreNotFoundError):
        site.readers()
    assert list(tmp_path.iterdir()) == []
