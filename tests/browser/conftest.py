"""A browser, and the page of stores that it is driven through."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from event_logger.demo.run import run_demo
from tests.commands import start
from tests.support import PATIENCE, started, url_of
from tests.web.client import desk

CHROMIUM = "/usr/bin/chromium"
SCHEMES = ("light", "dark")
WIDTHS = (390, 1600)


@contextmanager
def served(store: str, *options: str) -> Iterator[str]:
    """The address of a page that is served by a process of its own."""
    with start("serve", "--store", store, *(options or ("--port", "0"))) as process:
        # It is of several tests, and ends here.
        started.remove(process)
        try:
            assert process.stdout is not None
            yield process.stdout.readline().split()[-1].rstrip("/")
            process.terminate()
            process.wait(PATIENCE)
        finally:
            process.kill()


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The store of the demo."""
    folder = tmp_path_factory.mktemp("demo") / "run"
    run_demo(folder=folder)
    return url_of(folder / "event_log.db")


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A store with a live log and a backtest's, in which there is hostile and very long text."""
    return desk(tmp_path_factory.mktemp("desk"), long_text=1_000_000)


@pytest.fixture(scope="module")
def demo_page(demo: str) -> Iterator[str]:
    """The address of the demo's page."""
    with served(demo) as address:
        yield address


@pytest.fixture(scope="module")
def hostile_page(hostile: str) -> Iterator[str]:
    """The address of the page of hostile text."""
    with served(hostile) as address:
        yield address


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        yield browser
        browser.close()


class Watched:
    """A page of a browser, and whatever it complains of or asks of strangers."""

    def __init__(self, context: BrowserContext, own: str) -> None:
        self.page: Page = context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", lambda one: self.complaints.append(f"{one.type}: {one.text}"))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on(
            "request",
            lambda one: None if one.url.startswith(own) else self.complaints.append(one.url),
        )


@pytest.fixture
def watch(browser: Browser) -> Iterator[Watching]:
    """Opens pages in contexts of their own, which end with the test."""
    watching = Watching(browser)
    yield watching
    watching.close()


class Watching:
    """Opens watched pages."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._contexts: list[BrowserContext] = []

    def __call__(
        self, own: str, scheme: str = "light", width: int = 1600, *, lax: bool = False
    ) -> Watched:
        """A page in this colour scheme and width; `lax`: tests may put a script of theirs in."""
        context = self._browser.new_context(
            color_scheme="dark" if scheme == "dark" else "light",
            viewport={"width": width, "height": 900},
            bypass_csp=lax,
        )
        self._contexts.append(context)
        return Watched(context, own)

    def close(self) -> None:
        """Close them."""
        for context in self._contexts:
            context.close()
