"""Who is answered, and what every answer forbids."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from domain.errors import LogConfigurationError
from event_logger.web.guard import COOKIE
from event_logger.web.serving import TOKEN_VARIABLE, checked_token
from tests.web.client import asking

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.testclient import TestClient

TOKEN = "a-token-of-a-good-length"


@pytest.mark.parametrize("path", ["/", "/healthz", "/nope", "/static/page.js", "/events?log=no"])
def test_every_answer_is_bound_to_this_page(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("host", "code"),
    [
        ("127.0.0.1:8000", 200),
        ("localhost", 200),
        ("LOCALHOST:1", 200),
        ("[::1]:8000", 200),
        ("evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("evil.example:8000", 421),
        ("", 421),
        ("[::1", 421),
    ],
)
def test_a_host_of_another_name_is_refused(client: TestClient, host: str, code: int) -> None:
    assert client.get("/healthz", headers={"host": host}).status_code == code


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
@pytest.mark.parametrize("path", ["/", "/events", "/static/page.css", "/enter"])
def test_nothing_but_reading_is_served(client: TestClient, method: str, path: str) -> None:
    code = client.request(method, path).status_code
    assert code == (404 if (method, path) == ("POST", "/enter") else 405)


@pytest.mark.parametrize(
    ("path", "code"), [(f"/{'x' * 400}", 414), (f"/events?text={'x' * 9000}", 414)]
)
def test_what_is_too_long_is_refused(client: TestClient, path: str, code: int) -> None:
    assert client.get(path).status_code == code


@pytest.mark.parametrize(
    "path",
    ["/static/../app.py", "/static/%2e%2e/app.py", "/static/page.css%00", "/static//etc/passwd"],
)
def test_no_path_leads_to_a_file(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_with_a_token_nothing_is_told_without_it(
    store: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with asking(store, token=TOKEN) as client:
        for path in ("/", "/events?log=desk", "/api/events?log=desk", "/metrics", "/nope"):
            refused = client.get(path)
            assert refused.status_code == 401
            assert "desk" not in refused.text
        assert client.get("/api/logs").headers["www-authenticate"] == "Bearer"
        assert client.get("/healthz").status_code == 200
        wrong = client.post("/enter", data={"token": TOKEN[:-1]}, follow_redirects=False)
        assert (wrong.status_code, "set-cookie" in wrong.headers) == (401, False)
        entered = client.post("/enter", data={"token": TOKEN}, follow_redirects=False)
        assert (entered.status_code, entered.headers["location"]) == (303, "/")
        cookie = entered.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert TOKEN not in cookie
        assert client.get("/events?log=desk").status_code == 200
        client.cookies.clear()
        client.cookies.set(COOKIE, "0" * 64)
        assert client.get("/").status_code == 401
        bearing = {"authorization": f"Bearer {TOKEN}"}
        client.cookies.clear()
        assert client.get("/api/logs", headers=bearing).status_code == 200
        assert client.get("/api/logs", headers={"authorization": "Bearer x"}).status_code == 401
    assert TOKEN not in caplog.text


def test_a_token_that_is_too_long_is_not_read(store: str) -> None:
    with asking(store, token=TOKEN) as client:
        assert client.post("/enter", data={"token": "x" * 10_000}).status_code == 413


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.9.9.9"])
def test_the_machine_itself_needs_no_token(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(TOKEN_VARIABLE, raising=False)
    assert checked_token(host, None) is None


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2", "desk.example"])
def test_any_other_address_needs_one(
    host: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv(TOKEN_VARIABLE, raising=False)
    with pytest.raises(LogConfigurationError, match="a token is needed"):
        checked_token(host, None)
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    file.chmod(0o644)
    with pytest.raises(LogConfigurationError, match="can be read by others"):
        checked_token(host, file)
    file.chmod(0o600)
    assert checked_token(host, file) == TOKEN
    monkeypatch.setenv(TOKEN_VARIABLE, TOKEN)
    assert checked_token(host, None) == TOKEN
    monkeypatch.setenv(TOKEN_VARIABLE, "short")
    with pytest.raises(LogConfigurationError, match="16 to 200 characters") as refused:
        checked_token(host, None)
    assert "short" not in str(refused.value)
