"""The application: every view under its address, as a page, as JSON and as CSV."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from domain.errors import EventLoggerError, shown
from event_logger.web import answers, board
from event_logger.web.api import openapi
from event_logger.web.asked import LOG, Asked
from event_logger.web.drawing import STATIC, draw, static
from event_logger.web.errors import PageError
from event_logger.web.exact import strict_json
from event_logger.web.guard import Guard
from event_logger.web.metrics import metrics
from event_logger.web.site import Site
from event_logger.web.streams import Streams, known_horizon
from event_logger.web.threads import in_thread
from event_logger.web.view import View
from event_logger.web.views import VIEWS

_log = logging.getLogger("event_logger")

SECONDS = 15.0
"""How long a request may take."""

PATIENCE = {"html": 0.5, "json": 10.0, "csv": 10.0}
"""How long an answer waits for what is made in the background: a page asks again by itself."""

MOST_AT_WORK = 12
"""Requests that read at the same time; one more is told to come again."""

Endpoint = Callable[[Request], Awaitable[Response]]


class Application:
    """The page of one store. `stop` ends the streams that are open, for nobody ends them else."""

    def __init__(
        self,
        store: str,
        hosts: Sequence[str] = (),
        token: str | None = None,
        log: str | None = None,
    ) -> None:
        self.site = Site(store, log)
        self.streams = Streams(self.site.note)
        self._at_work = threading.Semaphore(MOST_AT_WORK)
        routes = [
            Route(path, self._view(view, form), methods=["GET"])
            for view in VIEWS
            for path, form in answers.addresses(view)
        ]
        routes += [
            Route("/", self._view(VIEWS[0], "html"), methods=["GET"]),
            Route("/board/stream", self._stream, methods=["GET"]),
            Route("/api/openapi.json", _openapi, methods=["GET"]),
            Route("/metrics", self._metrics, methods=["GET"]),
            Route("/healthz", _healthy, methods=["GET"]),
            Route("/readyz", self._ready, methods=["GET"]),
            Route("/static/{name}", _static, methods=["GET"]),
            Route("/favicon.ico", _favicon, methods=["GET"]),
        ]
        self.app = Starlette(
            routes=routes,
            middleware=[Middleware(Guard, hosts=hosts, token=token)],
            exception_handlers={HTTPException: _refused, Exception: _failed},
            lifespan=self._lifespan,
        )

    def stop(self) -> None:
        """End the streams."""
        self.streams.stop()

    @asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        yield
        self.streams.stop()
        self.site.close()

    async def in_time(self, work: Callable[[], Response]) -> Response:
        """The work's answer, made by a thread; one that takes too long is not waited for."""
        if not self._at_work.acquire(blocking=False):
            raise PageError(503, f"{MOST_AT_WORK} requests are being answered; try again")

        def done() -> Response:
            try:
                return work()
            finally:
                self._at_work.release()

        try:
            return await asyncio.wait_for(in_thread(done), SECONDS)
        except TimeoutError:
            raise PageError(
                503, f"that took longer than {SECONDS:.0f} seconds; ask for less"
            ) from None

    def _view(self, view: View, form: str) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            given = request.query_params.multi_items()

            def made() -> Response:
                try:
                    asked = Asked(self.site, view.path, given, view.params)
                    asked.form, asked.patience = form, PATIENCE[form]
                    return answers.answer(asked, view, form)
                except EventLoggerError as error:
                    self.site.note(error)
                    return answers.failure(error, form)
                except Exception as error:
                    _log.exception("the page %s failed: %r", view.path, error)
                    sentence = f"the page {view.path} failed; the server's log says why"
                    return answers.failure(PageError(500, sentence), form)

            try:
                return await self.in_time(made)
            except PageError as error:
                return answers.failure(error, form)

        return endpoint

    async def _stream(self, request: Request) -> Response:
        given = [
            (name, value)
            for name, value in request.query_params.multi_items()
            if name != "last_event_id"
        ]
        after = request.headers.get("last-event-id") or request.query_params.get("last_event_id")
        try:
            self.streams.refuse_too_many()
            asked = Asked(self.site, "/board/stream", given, (LOG, *board.FILTERS))
            limit, zone = board.stuck_limit(asked), asked.zone
            only = {name: asked.text(name) for name in ("type", "venue", "status")}
            name = (await in_thread(lambda: asked.head)).log_name
            if asked.pages.mode != "live":
                raise PageError(400, f"log {shown(name)} is of a backtest: nothing changes")
            await in_thread(lambda: known_horizon(asked.head, after))
        except EventLoggerError as error:
            self.site.note(error)
            return answers.failure(error, "text")

        def drawn(reader: Any) -> str:
            live = board.read_board(reader, limit, only)
            link = asked.link
            shows = {"board": live, "link": link, "stuck_after": limit, "zone": zone}
            return draw("_board.html", **shows).decode()

        messages = self.streams.messages(
            (name, limit, str(zone), *only.values()),
            lambda: self.site.reader(name),
            drawn,
            after,
            zone,
        )
        return StreamingResponse(messages, media_type="text/event-stream")

    async def _metrics(self, request: Request) -> Response:
        return await self.in_time(lambda: metrics(self.site, self.streams))

    async def _ready(self, request: Request) -> Response:
        def ready() -> Response:
            try:
                self.site.readers().names()
            except EventLoggerError as error:
                self.site.note(error)
                return Response("not ready\n", 503, media_type="text/plain")
            return Response("ready\n", media_type="text/plain")

        return await self.in_time(ready)


async def _healthy(request: Request) -> Response:
    return Response("ok\n", media_type="text/plain")


async def _openapi(request: Request) -> Response:
    # Its numbers are bounds, which tools read as numbers; there is no figure of a log in it.
    return Response(strict_json(openapi()), media_type="application/json")


async def _static(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in STATIC:
        raise HTTPException(404)
    return Response(static(name), media_type=STATIC[name], headers=_KEEP)


async def _favicon(request: Request) -> Response:
    return Response(static("favicon.svg"), media_type=STATIC["favicon.svg"], headers=_KEEP)


_KEEP = {"cache-control": "max-age=86400"}


async def _refused(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    sentence = "there is no page at this address" if status == 404 else "this is not served"
    return answers.failure(PageError(status, sentence), answers.form_of(request.url.path))


async def _failed(request: Request, error: Exception) -> Response:
    found = error if isinstance(error, EventLoggerError) else PageError(500, "the page failed")
    return answers.failure(found, answers.form_of(request.url.path))
