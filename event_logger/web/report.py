"""A log as one page that stands alone: for a mail or an archive, bounded whatever the log holds.

What was left out is said, and the page asks nobody for anything: its style is in it, under a policy
that allows that style and nothing else.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from domain.times import iso_utc
from event_logger.paging import Asked as PageAsked
from event_logger.paging import LogPages
from event_logger.reader import LogReader
from event_logger.web.errors import require
from projections.certificate import as_text
from projections.timelines import Timelines

LARGEST = 5_000_000
"""How many bytes a report has at most."""

_PAGE = 2000


@dataclass(frozen=True)
class Room:
    """How much of each part a report has room for."""

    plots: int = 40
    findings: int = 300
    bundles: int = 60
    steps: int = 40
    balances: int = 300
    names: int = 120
    text: int = 600
    certificate: int = 200_000

    @property
    def half(self) -> Room:
        """Half of it."""
        halves = {name: max(1, value // 2) for name, value in vars(self).items()}
        return replace(self, **halves)


def report_of(reader: LogReader, progress: Callable[[int, int], None] | None = None) -> bytes:
    """The report of a log as it is now, as HTML of at most `LARGEST` bytes.

    `progress` gets (done, total) events. Raises `CorruptLogError` for a log that is damaged, and
    `MissingExtraError`.
    """
    require("jinja2")
    # All of it is of one moment.
    then = reader.as_of(reader.horizon)
    shows = _shows(then, progress or (lambda done, total: None))
    room = Room()
    while len(drawn := _drawn(then, shows, room)) > LARGEST:
        room = room.half
    return drawn


def _shows(reader: LogReader, progress: Callable[[int, int], None]) -> dict[str, Any]:
    from event_logger.web.findings import report_data
    from event_logger.web.overview import plots_of

    pages, last = LogPages(reader), reader.global_order
    timelines = Timelines()
    for first in range(1, last + 1, _PAGE):
        timelines.fold(pages.records(first, min(last, first + _PAGE - 1)))
        progress(min(last, first + _PAGE - 1), last)
    certified = reader.certify()
    return {
        "log": reader.log_name,
        "store": pages.store,
        "mode": pages.mode,
        "identity": pages.identity,
        "horizon": reader.horizon,
        "committed_at": pages.time_of(reader.horizon),
        "made_at": iso_utc(datetime.now(UTC)),
        "metadata": reader.metadata,
        "timelines": timelines,
        "first": timelines.first and timelines.first.timestamp,
        "last": timelines.last and timelines.last.timestamp,
        "plots": plots_of(timelines, None, None),
        "audit": report_data(reader.audit()),
        "balances": reader.balances(),
        "board": reader.live_status("10m") if pages.mode == "live" else None,
        "certificate": as_text(certified),
        "certified": certified,
        "pages": pages,
    }


def _drawn(reader: LogReader, shows: dict[str, Any], room: Room) -> bytes:
    from event_logger.web.drawing import draw, static

    style = static("page.css").decode()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    certificate = shows["certificate"]
    return draw(
        "report.html",
        title=f"Report of {shows['log']}",
        style=style,
        policy=f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'",
        room=room,
        bundles=_bundles(reader, room),
        certificate_digest=hashlib.sha256(certificate.encode()).hexdigest(),
        is_certificate_whole=len(certificate) <= room.certificate,
        link=_no_link,
        **shows,
    )


def _bundles(reader: LogReader, room: Room) -> Sequence[dict[str, Any]]:
    """The last bundles with their net, as far as there is room for them."""
    from event_logger.web.bundled import net_of
    from event_logger.web.trees import steps_of

    last = max(1, reader.global_order)
    found = LogPages(reader).bundles(PageAsked(last, room.bundles, True, seconds=60.0))
    bundles = []
    for wrapper in reversed(found.events):
        steps = list(steps_of(reader.bundle_tree(wrapper["order"])))
        leaves = [step["event"] for step in steps if not step["is_wrapper"]]
        bundles.append(
            {
                "event": wrapper,
                "steps": steps[: room.steps],
                "left_out": max(0, len(steps) - room.steps),
                "net": list(net_of(leaves))[: room.names],
            }
        )
    return bundles


def _no_link(path: str, **parameters: Any) -> str:
    """Where a page would lead to, a report leads nowhere else."""
    return f"#order-{parameters.get('order', '')}"
