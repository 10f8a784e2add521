"""Every page in a real browser: nothing of a log is executed, nothing overflows or complains."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from event_logger import EventLogger, open_log
from event_logger.web.report import report_of
from tests.browser.conftest import SCHEMES, WIDTHS, Watched, Watching, served
from tests.support import HOUR, url_of
from tests.web.client import HOSTILE, LARGE

DEMO = "log=leveraged-restaking"
DEMO_PAGES = (
    "/",
    f"/overview?{DEMO}",
    f"/overview?{DEMO}&as_of=100",
    f"/events?{DEMO}",
    f"/events?{DEMO}&type=GAS_FEE_PAID&sort=newest",
    f"/event?{DEMO}&order=8",
    f"/bundles?{DEMO}",
    f"/bundle?{DEMO}&order=8",
    f"/board?{DEMO}",
    f"/findings?{DEMO}",
)
HOSTILE_PAGES = (
    "/",
    "/overview?log=desk",
    "/events?log=desk&columns=order,venue,token,long,purpose",
    "/event?log=desk&order=6",
    "/event?log=desk&order=1",
    "/event?log=desk&order=5",
    "/bundle?log=desk&order=2",
    "/board?log=desk",
    "/findings?log=desk",
    "/compare?left=desk&right=run",
)
each_look = pytest.mark.parametrize(
    ("scheme", "width"), [(scheme, width) for scheme in SCHEMES for width in WIDTHS]
)


def look(watched: Watched, address: str) -> None:
    """Open a page, and see that it is whole, executes nothing and overflows nowhere."""
    answer = watched.page.goto(address)
    assert answer is not None
    assert answer.status in (200, 202), address
    expect(watched.page.locator("h1").first).to_be_visible()
    beyond = watched.page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert beyond <= 0, f"{address} overflows by {beyond} pixels"
    assert watched.page.evaluate("window.hit") is None
    assert watched.complaints == [], address
    # A page that asks again by itself would do so in the midst of the next.
    watched.page.goto("about:blank")


@each_look
def test_every_page_of_the_demo_is_whole(
    watch: Watching, demo_page: str, scheme: str, width: int
) -> None:
    watched = watch(demo_page, scheme, width)
    for address in DEMO_PAGES:
        look(watched, f"{demo_page}{address}")


@each_look
def test_a_log_of_hostile_text_executes_nothing_and_breaks_no_page(
    watch: Watching, hostile_page: str, scheme: str, width: int
) -> None:
    watched = watch(hostile_page, scheme, width)
    for address in HOSTILE_PAGES:
        look(watched, f"{hostile_page}{address}")


def test_the_copy_button_gives_every_digit_and_character(
    watch: Watching, hostile_page: str
) -> None:
    watched = watch(hostile_page)
    page = watched.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=hostile_page)
    for address, label, whole in (
        ("/event?log=desk&order=5", "amount", str(LARGE)),
        ("/event?log=desk&order=5", "timestamp", "2024-05-12T14:00:00.123456789Z"),
        ("/event?log=desk&order=6", "purpose", HOSTILE),
    ):
        page.goto(f"{hostile_page}{address}")
        row = page.locator(".fields tr").filter(has_text=label).first
        row.locator("button.copy").first.click()
        expect(row.locator("button.copy.done")).to_be_visible()
        assert page.evaluate("navigator.clipboard.readText()") == whole


def test_dragging_over_a_plot_zooms_all_of_them(watch: Watching, demo_page: str) -> None:
    page = watch(demo_page).page
    page.goto(f"{demo_page}/overview?{DEMO}")
    box = page.locator("figure svg[role=img]").nth(1).bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 40, steps=4)
    page.mouse.up()
    page.wait_for_url("**since=2024-06-*")
    expect(page.locator("text=Show all")).to_be_visible()
    assert page.locator("figure svg[role=img]").count() > 5


def test_a_bar_leads_to_its_events_and_a_point_to_its_event(
    watch: Watching, demo_page: str
) -> None:
    page = watch(demo_page).page
    page.goto(f"{demo_page}/overview?{DEMO}")
    page.locator("rect[data-type=PRICE_UPDATE]").nth(3).click()
    page.wait_for_url("**/events?*type=PRICE_UPDATE*")
    expect(page.locator("table.events tbody tr")).to_have_count(8)
    page.go_back()
    page.locator("circle[data-order]").first.click()
    page.wait_for_url("**/event?*order=*")


def test_the_slider_reads_the_log_as_of_then(watch: Watching, demo_page: str) -> None:
    page = watch(demo_page).page
    page.goto(f"{demo_page}/events?{DEMO}")
    page.focus("#as_of_slider")
    page.keyboard.press("Home")
    page.wait_for_url("**as_of=0*")
    expect(page.locator(".then.past")).to_contain_text("known at 0 of 2552")
    page.get_by_text("Back to now").click()
    expect(page.locator(".then.past")).to_have_count(0)


def test_the_keyboard_alone_leads_through_a_log(watch: Watching, demo_page: str) -> None:
    page = watch(demo_page).page
    page.goto(demo_page)
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == "leveraged-restaking":
            break
    page.keyboard.press("Enter")
    page.wait_for_url("**/overview?log=leveraged-restaking")
    page.goto(f"{demo_page}/events?{DEMO}")
    page.keyboard.press("n")
    page.wait_for_url("**at=51*")
    page.keyboard.press("p")
    page.wait_for_url("**before=50*")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.name") == "type"
    page.keyboard.type("GAS_FEE_PAID")
    page.keyboard.press("Enter")
    page.wait_for_url("**type=GAS_FEE_PAID*")
    page.go_back()
    page.wait_for_url("**before=50*")


@pytest.fixture
def live(tmp_path: Path) -> Iterator[tuple[str, EventLogger]]:
    store = url_of(tmp_path / "live.db")
    with EventLogger("live", store=store, log="desk", redis=False) as logger:
        logger.log_stake(HOUR, "LIDO", eth_in=Decimal("1.5"), lst_out=1, oracle_price=1)
        with served(store) as address:
            yield address, logger


def test_the_board_moves_with_the_log(watch: Watching, live: tuple[str, EventLogger]) -> None:
    address, logger = live
    watched = watch(address)
    page = watched.page
    page.goto(f"{address}/board?log=desk")
    expect(page.locator("#live")).to_contain_text("connected")
    logger.update_event(1, {"status": "submitted", "tx_hash": "0xfeed"})
    expect(page.locator("#board")).to_contain_text("0xfeed")
    expect(page.locator("#changes li").first).to_contain_text("submitted: was pending")
    assert watched.complaints == []


def test_who_is_reading_is_told_what_is_new_and_loses_no_place(
    watch: Watching, live: tuple[str, EventLogger]
) -> None:
    address, logger = live
    for _ in range(60):
        logger.log_stake(HOUR, "LIDO", eth_in=1, lst_out=1, oracle_price=1)
    page = watch(address, width=390).page
    page.goto(f"{address}/board?log=desk")
    expect(page.locator("#live")).to_contain_text("connected")
    page.evaluate("window.scrollTo(0, 600)")
    logger.update_event(1, {"status": "submitted", "tx_hash": "0xfeed"})
    expect(page.locator("#fresh")).to_have_text("1 new")
    expect(page.locator("#board")).not_to_contain_text("0xfeed")
    page.locator("#fresh").click()
    expect(page.locator("#board")).to_contain_text("0xfeed")


def test_a_board_goes_on_where_it_was_after_the_server_was_away(
    watch: Watching, tmp_path: Path
) -> None:
    store = url_of(tmp_path / "live.db")
    with EventLogger("live", store=store, log="desk", redis=False) as logger:
        logger.log_stake(HOUR, "LIDO", eth_in=1, lst_out=1, oracle_price=1)
        with served(store) as address:
            page = watch(address).page
            page.goto(f"{address}/board?log=desk")
            expect(page.locator("#live")).to_contain_text("connected")
        expect(page.locator("#live")).to_contain_text("not connected; as of 1")
        logger.update_event(1, {"status": "submitted", "tx_hash": "0xfeed"})
        port = address.rpartition(":")[2]
        with served(store, "--port", port):
            expect(page.locator("#changes li")).to_have_count(1, timeout=30_000)
            expect(page.locator("#board")).to_contain_text("0xfeed")


def test_a_report_opens_from_the_disk_and_asks_nobody(
    watch: Watching, demo: str, hostile: str, tmp_path: Path
) -> None:
    for store, log in ((demo, "leveraged-restaking"), (hostile, "desk")):
        file = tmp_path / f"{log}.html"
        with open_log(store, log) as reader:
            file.write_bytes(report_of(reader))
        assert file.stat().st_size < 5_000_000
        for width in WIDTHS:
            watched = watch(file.as_uri(), "dark", width)
            look(watched, file.as_uri())


AXE = Path(__file__).parent / "axe" / "axe.min.js"


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("which", ["demo", "hostile"])
def test_axe_finds_nothing_that_keeps_anybody_out(
    watch: Watching, demo_page: str, hostile_page: str, scheme: str, which: str
) -> None:
    own, pages = (demo_page, DEMO_PAGES) if which == "demo" else (hostile_page, HOSTILE_PAGES)
    page = watch(own, scheme, lax=True).page
    said: list[str] = []
    for address in pages:
        page.goto(f"{own}{address}")
        page.add_script_tag(path=AXE)
        found: dict[str, Any] = page.evaluate("axe.run()")
        said += [
            f"{address}: {one['id']}: {node['html'][:160]} {node['failureSummary'][:200]}"
            for one in found["violations"]
            for node in one["nodes"][:2]
        ]
        page.goto("about:blank")
    assert said == []
