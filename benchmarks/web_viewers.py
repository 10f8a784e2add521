"""What it costs a live log to be looked at, and how soon a browser shows what was committed."""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import pandas as pd

from benchmarks.figure import Figure, folder
from event_logger import EventLogger

VIEWERS = 50
EVENTS = 400
ROUNDS = 4
TRANSITIONS = 25
CHROMIUM = Path("/usr/bin/chromium")


def web_viewers() -> list[Figure]:
    """The logger's rate with fifty viewers over that with none; a transition in a browser."""
    with folder() as here:
        store = f"sqlite:///{here / 'live.db'}"
        with (
            closing(EventLogger("live", store=store, log="desk", redis=False)) as logger,
            _served(store) as address,
        ):
            _rate(logger)
            alone, watched = [], []
            for _ in range(ROUNDS):
                alone.append(_rate(logger))
                with _viewers(address):
                    watched.append(_rate(logger))
            ratio = statistics.median(w / a for w, a in zip(watched, alone, strict=True))
            detail = f"{statistics.median(watched):.0f} events/s beside {VIEWERS} viewers"
            figures = [
                Figure("page: live logging, watched over not", ratio, 0.9, 1.0, False, detail)
            ]
            if CHROMIUM.exists() and find_spec("playwright") is not None:
                figures.append(_in_a_browser(logger, address))
            return figures


@contextmanager
def _served(store: str) -> Iterator[str]:
    """The address of the page, served by a process of its own."""
    command = [sys.executable, "-m", "event_logger.cli", "serve", "--store", store, "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().split()[-1].rstrip("/")
        finally:
            process.terminate()


def _rate(logger: EventLogger) -> float:
    """Events a second, each on the disk before the next."""
    began = time.perf_counter()
    for price in range(EVENTS):
        logger.log_price_update(pd.Timestamp.now("UTC"), "BINANCE", "ETH", price)
    return EVENTS / (time.perf_counter() - began)


@contextmanager
def _viewers(address: str) -> Iterator[None]:
    """Fifty boards that are open, and a page that each asks for every ten seconds."""
    command = [sys.executable, "-m", "benchmarks.web_viewers", address]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            yield
        finally:
            process.kill()


async def _watch(address: str) -> None:
    async def look() -> None:
        await _ask(address, "/board/stream?log=desk", has_begun)

    async def poll(after: float) -> None:
        await asyncio.sleep(after)
        while True:
            await _ask(address, "/events?log=desk&sort=newest", asyncio.Event())
            await asyncio.sleep(10.0)

    has_begun = asyncio.Event()
    tasks = [asyncio.ensure_future(look()) for _ in range(VIEWERS)]
    tasks += [asyncio.ensure_future(poll(10.0 * n / VIEWERS)) for n in range(VIEWERS)]
    await has_begun.wait()
    print("ready", flush=True)
    await asyncio.gather(*tasks)


async def _ask(address: str, path: str, has_begun: asyncio.Event) -> None:
    parts = urlsplit(address)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode())
        while await reader.read(1 << 20):
            has_begun.set()
            if not path.startswith("/board/stream"):
                return
    finally:
        writer.close()


def _in_a_browser(logger: EventLogger, address: str) -> Figure:
    """From a commit until a browser shows it, by the clock that both have."""
    from playwright.sync_api import expect, sync_playwright

    first = logger.global_order + 1
    for _ in range(TRANSITIONS):
        logger.log_stake(pd.Timestamp.now("UTC"), "LIDO", eth_in=1, lst_out=1, oracle_price=1)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM))
        page = browser.new_page()
        page.goto(f"{address}/board?log=desk&status=submitted")
        expect(page.locator("#live")).to_contain_text("connected, up")
        page.evaluate(_WATCH)
        committed = {}
        for order in range(first, first + TRANSITIONS):
            logger.update_event(order, {"status": "submitted", "tx_hash": f"0xfeed{order}"})
            committed[f"0xfeed{order}"] = time.time() * 1000
            time.sleep(0.3)
        expect(page.locator("#board")).to_contain_text(f"0xfeed{first + TRANSITIONS - 1}")
        seen = page.evaluate("seen")
        browser.close()
    taken = [seen[one] - at for one, at in committed.items()]
    detail = f"of {TRANSITIONS} transitions the median; the longest {max(taken):.0f}"
    return Figure(
        "page: a transition in the browser, ms", statistics.median(taken), 250, 100, True, detail
    )


_WATCH = """
window.seen = {};
const board = document.getElementById("board");
new MutationObserver(() => {
  for (const [hash] of board.innerHTML.matchAll(/0xfeed[0-9]+/g)) seen[hash] ??= Date.now();
}).observe(board, {childList: true, subtree: true});
"""


if __name__ == "__main__":
    asyncio.run(_watch(sys.argv[1]))
