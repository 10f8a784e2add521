"""Whatever is sent, and however slowly: it is answered within bounds, and others are served."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest

from infrastructure.http_server import Request, Response
from tests.http_service import Served, everything


def echo(request: Request) -> Response:
    if request.path == "/broken":
        raise RuntimeError("broken")
    return Response(200, f"{request.method} {request.path} {len(request.body)}\n".encode())


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with Served(echo, seconds=30) as served:
        yield served


def request(*headers: str, first: str = "POST /x HTTP/1.1", body: bytes = b"") -> bytes:
    return "\r\n".join([first, "Host: x", *headers, "", ""]).encode("latin-1") + body


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


ANSWERED: dict[str, tuple[bytes, int]] = {
    "a body": (request("Content-Length: 3", body=b"abc"), 200),
    "no body": (request("Content-Length: 0"), 200),
    "GET without a length": (request(first="GET /x HTTP/1.1"), 200),
    "HEAD": (request(first="HEAD /x HTTP/1.1"), 200),
    "the former protocol": (request("Content-Length: 0", first="POST /x HTTP/1.0"), 200),
    "waiting": (request("Expect: 100-continue", "Content-Length: 1", body=b"a"), 100),
    "no length": (request(), 411),
    "chunks": (request("Transfer-Encoding: chunked", body=b"0\r\n\r\n"), 411),
    "chunks and a length": (request("Content-Length: 1", "Transfer-Encoding: chunked"), 411),
    "two lengths": (request("Content-Length: 1", "Content-Length: 1", body=b"a"), 400),
    "a length that is none": (request("Content-Length: +1", body=b"a"), 400),
    "a length below zero": (request("Content-Length: -1"), 400),
    "a length of other digits": (request("Content-Length: 0x10"), 400),
    "lengths in one": (request("Content-Length: 1, 1"), 400),
    "a length without end": (request(f"Content-Length: {'9' * 5000}"), 400),
    "a body too large": (request("Content-Length: 10001"), 413),
    "a body beyond all": (request(f"Content-Length: {'9' * 18}"), 413),
    "a header too long": (request("X: " + "a" * 20_000), 431),
    "headers without end": (request(*["X: a"] * 5_000), 431),
    "a header that is none": (request("nothing"), 400),
    "a header that goes on": (request("X: a", " b: c", "Content-Length: 0"), 400),
    "a blank before the colon": (request("Content-Length : 0"), 400),
    "another protocol": (request(first="POST /x HTTP/2.0"), 505),
    "no protocol": (request(first="POST /x"), 400),
    "no path": (request(first="POST x HTTP/1.1"), 400),
    "another site": (request(first="POST http://x/ HTTP/1.1"), 400),
    "a greeting of TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    "what fails": (request("Content-Length: 0", first="POST /broken HTTP/1.1"), 500),
}


@pytest.mark.parametrize("what", ANSWERED)
def test_what_is_sent_is_answered(served: Served, what: str) -> None:
    sent, status = ANSWERED[what]
    assert status_of(served.raw(sent)) == status


@pytest.mark.parametrize("sent", [b"", b"P", b"POST /x HTTP/1.1\r\n", ANSWERED["a body"][0][:-1]])
def test_what_breaks_off_is_answered_nothing(served: Served, sent: bytes) -> None:
    assert served.raw(sent) == b""


def test_requests_follow_each_other_on_a_connection(served: Served) -> None:
    one = request("Content-Length: 3", body=b"abc")
    last = request("Content-Length: 0", "Connection: close")
    answers = served.raw(one + one + last + one)
    assert answers.count(b"HTTP/1.1 200 OK") == 3
    assert answers.count(b"POST /x 3\n") == 2


def test_a_path_ends_at_a_question_mark(served: Served) -> None:
    assert served.ask("POST", "/a?b=c", b"")[1] == b"POST /a 0\n"


def test_slow_clients_are_let_go_and_others_are_served_meanwhile() -> None:
    with Served(echo, seconds=0.5) as served:
        with served.connect() as silent, served.connect() as slow:
            slow.sendall(request("Content-Length: 9000", body=b"a"))
            assert served.ask("POST", "/x", b"abc")[0] == 200
            assert everything(slow) == b""
            assert everything(silent) == b""


def test_a_client_that_takes_no_answer_is_let_go() -> None:
    with Served(lambda _: Response(200, bytes(50_000_000)), seconds=0.5) as served:
        connection = served.connect()
        connection.sendall(request("Content-Length: 0"))
        assert connection.recv(1)
    taken = b""
    with connection, suppress(ConnectionResetError):
        taken = everything(connection)
    assert len(taken) < 50_000_000


def test_of_too_many_connections_the_oldest_that_asks_nothing_gives_way() -> None:
    with ExitStack() as stack, Served(echo, seconds=60, most_connections=3) as served:
        slow = []
        for _ in range(5):
            slow.append(stack.enter_context(served.connect()))
            slow[-1].sendall(b"P")
        for one in slow[:2]:
            assert everything(one) == b""
        slow[2].sendall(request("Content-Length: 0", "Connection: close")[1:])
        assert status_of(everything(slow[2])) == 200
        assert served.ask("POST", "/x", b"")[0] == 200


def test_where_all_are_being_answered_a_further_one_is_refused() -> None:
    begun, go = threading.Semaphore(0), threading.Event()

    def waits(_: Request) -> Response:
        begun.release()
        go.wait()
        return Response(200, b"kept\n")

    with Served(waits, seconds=60, most_connections=2) as served:
        busy = [served.connect() for _ in range(2)]
        for one in busy:
            one.sendall(request("Content-Length: 0", "Connection: close"))
            begun.acquire()
        with served.connect() as refused:
            assert status_of(everything(refused)) == 503
        go.set()
        for one in busy:
            assert status_of(everything(one)) == 200
            one.close()


def test_an_answer_that_is_being_made_is_given_before_the_end() -> None:
    begun, go = threading.Event(), threading.Event()

    def slow(_: Request) -> Response:
        begun.set()
        go.wait()
        return Response(200, b"kept\n")

    with Served(slow, seconds=60) as served:
        busy, idle = served.connect(), served.connect()
        idle.sendall(request("Content-Length: 0", first="GET /x HTTP/1.1")[:9])
        busy.sendall(request("Content-Length: 0"))
        begun.wait()
        threading.Timer(0.05, go.set).start()
    assert everything(busy).endswith(b"kept\n")
    assert everything(idle) == b""
    busy.close()
    idle.close()
