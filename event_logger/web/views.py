"""Every view of the page, in the order in which they are described."""

from event_logger.web import (
    board,
    bundled,
    compared,
    findings,
    one_event,
    overview,
    timeline,
)
from event_logger.web.view import View

VIEWS: tuple[View, ...] = (
    *overview.VIEWS,
    *timeline.VIEWS,
    *one_event.VIEWS,
    *bundled.VIEWS,
    *board.VIEWS,
    *findings.VIEWS,
    *compared.VIEWS,
)
