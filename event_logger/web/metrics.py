"""Figures for a monitor, read from the store when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector
from starlette.responses import Response

from domain.errors import EventLoggerError
from event_logger.web.site import Site
from event_logger.web.streams import Streams

_MOST_LOGS = 50

_GAUGES = {
    "events": ("Events of the log.", ("log",)),
    "transitions": ("Transitions of the log.", ("log",)),
    "last_commit_timestamp_seconds": ("When the last commit was.", ("log",)),
    "follower_lag_entries": ("Entries that a follower has not come to.", ("log", "follower")),
    "follower_lag_seconds": ("Age of the first of them.", ("log", "follower")),
    "unsent_messages": ("Entries that are not published.", ("log",)),
    "open_events": ("Events that wait, by status.", ("log", "status")),
    "findings": ("Findings of the last audit of this page.", ("log", "severity")),
}


def metrics(site: Site, streams: Streams) -> Response:
    """The answer to a scrape."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Scraped(site, streams))
    return Response(generate_latest(registry), headers={"content-type": CONTENT_TYPE_LATEST})


class _Scraped(Collector):
    """Reads the store's first logs; a store that is away is said by `event_logger_up`."""

    def __init__(self, site: Site, streams: Streams) -> None:
        self._site = site
        self._streams = streams

    def collect(self) -> Iterator[Metric]:
        """See `prometheus_client.registry.Collector`."""
        families = {
            name: GaugeMetricFamily(f"event_logger_{name}", about, labels=labels)
            for name, (about, labels) in _GAUGES.items()
        }
        is_up, count = 1, 0
        try:
            names = self._site.readers().names()
            count = len(names)
            for name in names[:_MOST_LOGS]:
                self._read(name, families)
        except EventLoggerError as error:
            self._site.note(error)
            is_up = 0
        yield GaugeMetricFamily("event_logger_up", "Whether the store could be read.", value=is_up)
        yield GaugeMetricFamily(
            "event_logger_logs", f"Logs of the store; the first {_MOST_LOGS} are told.", value=count
        )
        yield GaugeMetricFamily(
            "event_logger_page_streams", "Boards that are open.", value=self._streams.count
        )
        yield from families.values()

    def _read(self, name: str, families: dict[str, GaugeMetricFamily]) -> None:
        reader = self._site.reader(name)
        health = reader.health()
        families["events"].add_metric([name], health["events"])
        families["transitions"].add_metric([name], health["transitions"])
        if health["last_commit"] is not None:
            seconds = datetime.fromisoformat(health["last_commit"]).timestamp()
            families["last_commit_timestamp_seconds"].add_metric([name], seconds)
        for follower in health["followers"]:
            labels = [name, follower["name"]]
            families["follower_lag_entries"].add_metric(labels, follower["entries"])
            families["follower_lag_seconds"].add_metric(labels, follower["seconds"] or 0.0)
            if follower["name"] != "board":
                families["unsent_messages"].add_metric([name], follower["entries"])
        if health["mode"] == "live":
            counts = reader.live_status()["counts"]
            for status, events in counts.items():
                families["open_events"].add_metric([name, status], events)
        verdict = self._site.audits.last(reader)
        if verdict is not None:
            for severity in ("errors", "warnings", "notes"):
                families["findings"].add_metric([name, severity], getattr(verdict, severity))
