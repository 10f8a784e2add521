"""Who is answered, and what every answer forbids: the outermost layer of the page."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "event_logger"
LEAST_TOKEN = 16
_BODY_SECONDS = 15.0
_LONGEST_PATH, _LONGEST_QUERY, _LONGEST_BODY = 300, 8192, 4096
_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
_OPEN_PATHS = ("/healthz", "/readyz", "/favicon.ico", "/enter")
_OPEN_FOLDER = "/static/"

HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
        " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cache-control": "no-store",
}


class Guard:
    """Lets through what asks for a page of this host with the token, where there is one.

    A name that is none of the hosts is refused: a stranger's page may have it lead here. The token
    is compared in constant time, and stands in no address: it is given once in a form, or by a
    program as `Authorization: Bearer`.
    """

    def __init__(self, app: ASGIApp, hosts: Sequence[str] = (), token: str | None = None) -> None:
        self._app = app
        self._hosts = frozenset(host.lower() for host in (*_LOOPBACK, *hosts))
        self._token = None if token is None else token.encode()
        self._key = secrets.token_bytes(32)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or hand it on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        request = Request(scope, receive)
        answer = self._refusal(request)
        if answer is None and scope["path"] == "/enter" and self._token is not None:
            answer = await self._entered(request)
        if answer is None and not self._is_known(request):
            answer = _token_needed(request)
        await (answer or self._app)(scope, receive, send_guarded)

    def _refusal(self, request: Request) -> Response | None:
        scope = request.scope
        if _host_of(request.headers) not in self._hosts:
            sentence = "this host is not served under that name; event-logger serve --name adds one"
            return _said(request, 421, sentence)
        if len(scope.get("raw_path") or scope["path"]) > _LONGEST_PATH:
            return _said(request, 414, "the address is too long")
        if len(scope["query_string"]) > _LONGEST_QUERY:
            sentence = f"an address has at most {_LONGEST_QUERY:,} bytes of parameters"
            return _said(request, 414, sentence)
        is_entering = scope["path"] == "/enter" and scope["method"] == "POST"
        if scope["method"] not in ("GET", "HEAD") and not is_entering:
            refused = _said(request, 405, "this page is for reading: GET and HEAD")
            refused.headers["allow"] = "GET, HEAD"
            return refused
        return None

    def _is_known(self, request: Request) -> bool:
        path: str = request.scope["path"]
        if self._token is None or path in _OPEN_PATHS or path.startswith(_OPEN_FOLDER):
            return True
        kind, _, given = request.headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and self._is_token(given.strip()):
            return True
        return hmac.compare_digest(_cookie_of(request).encode(), self._pass().encode())

    async def _entered(self, request: Request) -> Response:
        if request.method != "POST":
            return _form(200)
        body = b""
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                async for part in request.stream():
                    body += part
                    if len(body) > _LONGEST_BODY:
                        return _said(request, 413, "a token is not that long")
        except TimeoutError:
            return _said(request, 408, "the token did not come in time")
        given = parse_qs(body.decode("utf-8", "replace")).get("token", [""])[0]
        if not self._is_token(given.strip()):
            return _form(401, "That is not the token.")
        answer = RedirectResponse("/", 303)
        is_secure = request.url.scheme == "https"
        answer.set_cookie(
            COOKIE, self._pass(), httponly=True, samesite="strict", secure=is_secure, path="/"
        )
        return answer

    def _is_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), self._token or b"")

    def _pass(self) -> str:
        """What the cookie holds: good for as long as this process runs, and not the token."""
        return hmac.new(self._key, self._token, hashlib.sha256).hexdigest()


def _host_of(headers: Headers) -> str:
    host = headers.get("host", "").lower()
    if host.startswith("[") and "]" in host:
        return host.partition("]")[0] + "]"
    return host.rpartition(":")[0] if ":" in host else host


def _cookie_of(request: Request) -> str:
    try:
        cookie = SimpleCookie(request.headers.get("cookie", ""))
    except CookieError:
        return ""
    return cookie[COOKIE].value if COOKIE in cookie else ""


def _wants_page(request: Request) -> bool:
    path: str = request.scope["path"]
    return not path.startswith(("/api/", "/metrics")) and "." not in path


def _said(request: Request, status: int, sentence: str) -> Response:
    if request.scope["path"].startswith("/api/"):
        return JSONResponse({"error": sentence, "status": str(status)}, status)
    return PlainTextResponse(f"{sentence}\n", status)


def _token_needed(request: Request) -> Response:
    if _wants_page(request):
        return _form(401)
    refused = _said(request, 401, "a token is needed: send it as Authorization: Bearer")
    refused.headers["www-authenticate"] = "Bearer"
    return refused


def _form(status: int, said: str = "") -> Response:
    from event_logger.web.drawing import draw

    return Response(draw("enter.html", title="Token", said=said), status, media_type="text/html")
