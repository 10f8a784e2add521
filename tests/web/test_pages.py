"""The pages: what each address shows of a log, as a page, as JSON and as CSV."""

from __future__ import annotations

import csv
import html
import io
import re
import threading
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from event_logger import EventLogger
from event_logger.web import compared
from event_logger.web.views import VIEWS
from projections.timelines import Timelines
from tests.support import HOUR, PATIENCE, url_of
from tests.web.client import HOSTILE, LARGE, MOMENT, PRECISE, asking, data_of

if TYPE_CHECKING:
    from starlette.testclient import TestClient

ADDRESSES = (
    "/",
    "/logs",
    "/overview?log=desk",
    "/overview?log=run",
    "/overview?log=run&since=2024-05-12T20:00:00Z&until=2024-05-13T02:00:00Z",
    "/events?log=desk",
    "/events?log=desk&sort=newest&count=2&fold=no",
    "/events?log=desk&type=BALANCE_CHANGE&columns=order,huge,venue",
    "/events?log=desk&tx_hash=0xaaa",
    "/event?log=desk&order=1",
    "/event?log=desk&order=5",
    "/event?log=desk&order=6",
    "/bundles?log=desk",
    "/bundle?log=desk&order=3",
    "/bundle?log=desk&order=1",
    "/board?log=desk",
    "/board?log=desk&as_of=1%2B1",
    "/board?log=run",
    "/findings?log=desk",
    "/findings?log=run&severity=error",
    "/compare?left=desk&right=run",
)


def forms(address: str) -> list[str]:
    path, mark, query = address.partition("?")
    path = "/logs" if path == "/" else path
    return [f"{path}{suffix}{mark}{query}" for suffix in ("", ".json", ".csv")]


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_address_answers_in_every_form(client: TestClient, address: str) -> None:
    assert client.get(address).status_code == 200
    page, data, table = map(client.get, forms(address))
    assert (page.status_code, data.status_code, table.status_code) == (200, 200, 200)
    assert isinstance(data_of(data), dict)
    path, mark, query = forms(address)[0].partition("?")
    assert data_of(client.get(f"/api{path}{mark}{query}")).keys() == data_of(data).keys()
    assert table.headers["content-disposition"].startswith("attachment")


def test_every_view_is_asked_for() -> None:
    asked = {forms(address)[0].partition("?")[0] for address in ADDRESSES}
    assert asked == {view.path for view in VIEWS} - {"/raw"}


class Markup(HTMLParser):
    """What of a page is markup, and what is text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.copied: list[str] = []
        self.inline: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        given = dict(attrs)
        self.attributes |= given.keys()
        if given.get("data-copy"):
            self.copied.append(given["data-copy"] or "")
        if tag in ("script", "style") and "src" not in given:
            self.inline.append(tag)


@pytest.mark.parametrize("address", ADDRESSES)
def test_text_of_a_log_is_never_markup(client: TestClient, address: str) -> None:
    page = client.get(address).text
    found = Markup()
    found.feed(page)
    assert "img" not in found.tags
    assert not {name for name in found.attributes if name.startswith("on")}
    assert "style" not in found.attributes
    assert found.inline == []
    assert "\x1b" not in page
    assert not set(page) & set("\u202e\u2066\x00")


@pytest.mark.parametrize("address", ["/event?log=desk&order=5", "/event.json?log=desk&order=5"])
def test_an_event_shows_every_digit(client: TestClient, address: str) -> None:
    said = html.unescape(client.get(address).text)
    for whole in (str(LARGE), str(PRECISE), str(10**40), "2024-05-12T14:00:00.123456789Z"):
        assert whole in said


def test_exact_values_come_out_of_json_and_csv_as_they_were_logged(client: TestClient) -> None:
    event = data_of(client.get("/event.json?log=desk&order=5"))["event"]
    assert event["amount"] == str(LARGE)
    assert event["execution_cost_usd"] == str(PRECISE)
    assert event["wallet_balance_after"] == {"wallet": {"ETH": str(PRECISE)}}
    assert event["timestamp"] == "2024-05-12T14:00:00.123456789Z"
    table = client.get("/events.csv?log=desk&at=5&count=2").text
    first, second = csv.DictReader(io.StringIO(table))
    assert (first["amount"], first["huge"]) == (str(LARGE), str(10**40))
    assert first["timestamp"].endswith(f"{MOMENT.nanosecond:03d}Z")
    assert second["purpose"] == HOSTILE


def test_a_copy_button_gives_the_whole_value(client: TestClient) -> None:
    import json

    found = Markup()
    found.feed(client.get("/event?log=desk&order=6").text)
    assert HOSTILE in map(json.loads, found.copied)
    found.feed(client.get("/events?log=desk&at=5&count=1").text)
    assert str(LARGE) in map(json.loads, found.copied)


def test_a_figure_that_is_shortened_is_marked_and_whole_behind(client: TestClient) -> None:
    page = client.get("/events?log=desk&at=5&count=1").text
    (shown,) = re.findall(r'title="(\d+)">(≈ [\d.E+]+)', page)
    assert shown == (str(LARGE), "≈ 9.223372E+18")


def test_the_ladder_tells_of_replacements_and_reorgs(client: TestClient) -> None:
    told = data_of(client.get("/event.json?log=desk&order=1"))
    steps = told["ladder"]
    assert [step["status"] for step in steps] == [
        "pending", "submitted", "submitted", "confirmed", "reorged",
    ]  # fmt: skip
    assert steps[2]["replaced"] == {"tx_hash": "0xaaa"}
    assert steps[0]["after"] is None
    assert all(step["after"] for step in steps[1:])
    assert steps[0]["writer"]["actor"] == "desk 1"
    page = client.get("/event?log=desk&order=1").text
    assert "The chain has taken the transaction back" in page


def test_as_of_then_an_event_is_what_it_was(client: TestClient) -> None:
    then = data_of(client.get("/event.json?log=desk&order=1&as_of=1%2B1"))
    assert (then["event"]["status"], len(then["ladder"])) == ("submitted", 2)
    page = client.get("/event?log=desk&order=1&as_of=1%2B1").text
    assert "Back to now" in page
    assert 'href="/event?log=desk&amp;as_of=1%2B1' not in page
    assert "/overview?log=desk&amp;as_of=1%2B1" in page


def test_a_snapshot_is_shown_as_what_changed(client: TestClient) -> None:
    told = data_of(client.get("/event.json?log=run&order=3"))["snapshot_changes"]
    assert told["since"] == "2"
    assert told["changes"] == [
        {"balance": "WALLET.ETH", "before": "1", "after": "2", "change": "1"}
    ]


def test_a_bundle_holds_its_leaves_against_what_it_claims(client: TestClient) -> None:
    told = data_of(client.get("/bundle.json?log=desk&order=4"))
    assert [step["order"] for step in told["steps"]] == ["2", "3", "4"]
    assert told["net"] == [
        {"account": "WALLET", "asset": "WETH", "in": "100", "out": "95", "net": "5"}
    ]
    verdicts = {row["claim"]: row["verdict"] for row in told["claims"]}
    assert verdicts == {"WETH": "agrees", "leverage": "not judged"}


def test_the_timeline_folds_a_bundle_to_one_line(client: TestClient) -> None:
    folded = client.get("/events?log=desk").text
    assert "2 steps of ENTRY" in folded
    assert "2 steps of ENTRY" not in client.get("/events?log=desk&fold=no").text


def follow(client: TestClient, address: str, way: str) -> list[str]:
    """The orders of all pages that are reached one after the other."""
    orders: list[str] = []
    step: Any = address
    while step is not None:
        told = data_of(client.get(step.replace("/events?", "/events.json?")))
        page = [event["order"] for event in told["events"]]
        orders = [*page, *orders] if way == "earlier" else [*orders, *page]
        step = told[way]
    return orders


@pytest.mark.parametrize("filtered", ["", "&type=PNL_SNAPSHOT", "&since=2024-05-12T20:00:00Z"])
def test_previous_and_next_lead_through_all_events_once(client: TestClient, filtered: str) -> None:
    wanted = [str(n) for n in range(7 if "since" in filtered else 1, 31)]
    assert follow(client, f"/events?log=run&count=7{filtered}", "later") == wanted
    assert follow(client, f"/events?log=run&count=7&before=30{filtered}", "earlier") == wanted


def test_a_plot_can_be_zoomed_and_its_points_lead_to_events(client: TestClient) -> None:
    whole = data_of(client.get("/overview.json?log=run"))
    assert {one["figure"] for one in whole["figures"]} == {
        "equity STRATEGY.USDT", "balance WALLET.ETH",
    }  # fmt: skip
    assert sum(int(row["PNL_SNAPSHOT"]) for row in whole["events_over_time"]) == 30
    zoomed = "/overview?log=run&since=2024-05-12T20:00:00Z&until=2024-05-12T22:00:00Z"
    page = client.get(zoomed).text
    assert 'href="/event?log=run&amp;order=8"' in page
    assert 'href="/event?log=run&amp;order=20"' not in page.partition("Last events")[0]


def test_two_logs_part_where_they_part(client: TestClient) -> None:
    same = data_of(client.get("/compare.json?left=run&right=run"))
    assert (same["comparison"]["identical"], same["comparison"]["first_divergence"]) == (True, None)
    cut = data_of(client.get("/compare.json?left=run&right=run&right_as_of=12"))
    assert not cut["comparison"]["same"]
    assert cut["comparison"]["first_divergence"]["difference"]["a"] == ["13"]
    (events, *_) = cut["figures"]
    assert (events["what"], events["left"], events["right"]) == ("PNL_SNAPSHOT", "30", "12")
    page = client.get("/compare?left=run&right=run&right_as_of=12").text
    assert "only in A at" in page
    assert 'href="/event?log=run&amp;order=13&amp;as_of=30"' in page


def test_nothing_is_said_of_two_logs_before_both_are_read(
    store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_end = threading.Event()
    for module, name in ((compared, "comparison_of"), (Timelines, "fold")):
        monkeypatch.setattr(module, name, lambda *asked, **named: may_end.wait(PATIENCE))
    with asking(store, patience=0.0) as client:
        page = client.get("/compare?left=desk&right=run")
        assert (page.status_code, page.headers["refresh"]) == (202, "2")
        assert "are being compared" in page.text
        assert "The figures of both are being folded" in page.text
        assert "differs" not in page.text
        assert client.get("/compare?left=desk&right=run&window=x").status_code == 400
        may_end.set()


def test_a_store_may_be_served_with_the_name_of_a_log(store: str) -> None:
    with asking(store, log="run") as client:
        assert data_of(client.get("/overview.json"))["log"] == "run"
        assert data_of(client.get("/overview.json?log=desk"))["log"] == "desk"


def test_details_of_details_of_any_depth_are_drawn(tmp_path: Path) -> None:
    store = url_of(tmp_path / "deep.db")
    with EventLogger(store=store) as logger:
        (*_, last) = logger.log_atomic_transaction(
            HOUR, "B", [{"event_type": "STEP", "venue": "V"}]
        )
        for _ in range(300):
            last = logger.log_event(HOUR, "STEP", "V", parent_event=last)
    with asking(store) as client:
        page = client.get(f"/bundle?order={last}")
        assert page.status_code == 200
        assert f"order={last}" in page.text
        assert len(data_of(client.get(f"/bundle.json?order={last}"))["steps"]) == last


def test_the_raw_record_is_text(client: TestClient) -> None:
    raw = client.get("/raw?log=desk&order=5")
    assert raw.headers["content-type"] == "text/plain; charset=utf-8"
    assert f'"amount":{LARGE}' in raw.text or str(LARGE) in raw.text
