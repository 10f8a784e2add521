"""The measures of the page: the server's time for each kind of address, anywhere in a long log."""

from __future__ import annotations

import time
from itertools import islice

from benchmarks.contestants import BATCH, long_store
from benchmarks.figure import Figure, folder
from benchmarks.workload import calls
from event_logger import EventLogger
from event_logger.web.answers import answer
from event_logger.web.asked import Asked
from event_logger.web.site import Site
from event_logger.web.views import VIEWS

ROUNDS = 7


def web(events: int) -> list[Figure]:
    """Overview, timeline and event of a log of so many events, in milliseconds."""
    with folder() as here:
        stream = calls(events)
        with EventLogger(store=long_store(here)) as logger:
            while batch := list(islice(stream, BATCH)):
                for method, arguments in batch:
                    getattr(logger, method)(**arguments)
        site = Site(long_store(here))
        try:
            # Once, in the background: what is measured is a page of what is folded.
            site.folds.of(site.reader(None), None, seconds=3600.0)
            return [
                _figure(site, "overview", 300, {}),
                _figure(site, "timeline, at the beginning", 50, {"at": "1"}),
                _figure(site, "timeline, in the middle", 50, {"at": str(events // 2)}),
                _figure(site, "timeline, at the end", 50, {"sort": "newest"}),
                _figure(site, "event", 20, {"order": str(events // 2)}),
            ]
        finally:
            site.close()


def _figure(site: Site, name: str, required: float, given: dict[str, str]) -> Figure:
    path = {"timeline": "/events"}.get(name.partition(",")[0], f"/{name}")
    (view,) = (one for one in VIEWS if one.path == path)

    def asked() -> None:
        answer(Asked(site, path, list(given.items()), view.params), view, "html")

    asked()
    taken = []
    for _ in range(ROUNDS):
        began = time.process_time()
        asked()
        taken.append(time.process_time() - began)
    milliseconds = min(taken) * 1000
    detail = f"the server's CPU time, least of {ROUNDS}"
    return Figure(f"page: {name}, ms", milliseconds, required, required / 2, True, detail)
