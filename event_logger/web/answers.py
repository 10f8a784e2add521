"""Answers: a view's page in the form that the address asks for, and failures in the same form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from starlette.responses import Response

from domain.errors import EventLoggerError
from event_logger.web.asked import Asked, address
from event_logger.web.drawing import draw
from event_logger.web.errors import status_of
from event_logger.web.exact import plain, strict_json
from event_logger.web.view import Page, View


def addresses(view: View) -> Iterator[tuple[str, str]]:
    """The paths under which a view answers, and the form of each."""
    yield view.path, "html"
    yield f"{view.path}.json", "json"
    yield f"/api{view.path}", "json"
    if view.has_rows:
        yield f"{view.path}.csv", "csv"


def form_of(path: str) -> str:
    """The form in which a path is answered."""
    if path.startswith("/api/") or path.endswith(".json"):
        return "json"
    return "text" if path.endswith(".csv") else "html"


def answer(asked: Asked, view: View, form: str) -> Response:
    """What the view shows; raises what making it does."""
    page = view.make(asked)
    if form == "json":
        return json_answer(page.data, page.status)
    if form == "csv":
        name = f"{view.path.strip('/').replace('/', '-')}.csv"
        headers = {"content-disposition": f'attachment; filename="{name}"'}
        text = page.as_csv().encode("utf-8", "backslashreplace")
        return Response(text, page.status, headers, "text/csv; charset=utf-8")
    if view.path == "/raw":
        text = str(page.data["record"]).encode("utf-8", "backslashreplace")
        return Response(text, page.status, media_type="text/plain; charset=utf-8")
    headers = {"refresh": str(page.refresh)} if page.refresh else {}
    return Response(html(asked, view, page), page.status, headers, "text/html; charset=utf-8")


def html(asked: Asked, view: View, page: Page) -> bytes:
    """The page drawn, with what every page of a log has."""
    is_of_a_log = any(param.name == "log" for param in view.params)
    shows: dict[str, Any] = {
        "title": page.title,
        "data": page.data,
        "asked": asked,
        "zone": asked.zone,
        "zone_name": str(asked.zone),
        "home": address("/", {"zone": asked.given.get("zone")}),
        "link": asked.link,
        "path": view.path,
        "store": asked.site.readers().url,
        "has_rows": view.has_rows,
        "log": asked.reader.log_name if is_of_a_log else None,
        "then": _then(asked) if is_of_a_log else None,
    }
    return draw(page.template, **shows, **page.shows)


def _then(asked: Asked) -> dict[str, Any]:
    """Up to where the page is of the log, and when that was."""
    head, now = asked.head.horizon, asked.reader.horizon
    return {
        "mode": asked.pages.mode,
        "head": head,
        "now": now,
        "is_past": asked.as_of is not None,
        "at": asked.pages.time_of(now),
        "opened": asked.pages.opened_at,
    }


def json_answer(data: Mapping[str, Any], status: int = 200) -> Response:
    """Data as strict JSON, every number and time as text."""
    text = strict_json(plain(data)).encode("utf-8", "backslashreplace")
    return Response(text, status, media_type="application/json")


def failure(error: EventLoggerError, form: str) -> Response:
    """What went wrong in one sentence, with its status code."""
    status = status_of(error)
    if form == "json":
        return json_answer({"error": str(error), "status": status}, status)
    if form == "html":
        drawn = draw("error.html", title=f"{status}", said=str(error), status=status)
        return Response(drawn, status, media_type="text/html; charset=utf-8")
    text = f"{error}\n".encode("utf-8", "backslashreplace")
    return Response(text, status, media_type="text/plain; charset=utf-8")
