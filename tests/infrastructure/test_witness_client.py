"""A witness that is asked for a cosignature may answer anything, or nothing."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from domain.errors import ProofError
from infrastructure.cosigning import WitnessKey
from infrastructure.http_server import Request, Response
from infrastructure.witness_client import Asked, cosignatures, refuse_no_url
from projections.checkpoint import Note, Signature, VerifierKey
from tests.http_service import Served
from tests.projections.test_verification import growth, note_of

KEY = WitnessKey("w1", b"w" * 32)


def said(status: int, body: bytes, content_type: str = "text/plain") -> Callable[..., Response]:
    return lambda _: Response(status, body, content_type)


def of_another(kind: int) -> Callable[[Request], Response]:
    """Cosigns another text."""

    def answer(request: Request) -> Response:
        text = request.body.split(b"\n\n")[1].decode() + "\n"
        texts = {0: "x\n"}
        line = KEY.cosigned(texts.get(kind, text), 0 if kind == 1 else 7)
        if kind == 2:
            line = line._replace(name="w3")
        return Response(200, str(line).encode())

    return answer


SIZE = "text/x.tlog.size"
WRONG: dict[str, tuple[Callable[[Request], Response], str]] = {
    "nothing": (said(200, b""), "answers what is no signed note"),
    "no signature": (said(200, b"thanks\n"), "answers what has a line that is no signature"),
    "a text": (said(200, b"x\n\n\xe2\x80\x94 w AAAAAAAA\n"), "is no list of signatures"),
    "too much": (said(200, b"a" * 70_000), "answers more than 65,536 bytes"),
    "another place": (said(301, b""), "did not cosign 4 leaves: 301"),
    "a failure": (said(500, b"\x1b[31mred"), "did not cosign 4 leaves: 500 '\\x1b[31mred'"),
    "a refusal": (said(422, b"no\n"), "did not cosign 4 leaves: 422 'no'"),
    "a larger size": (said(409, b"5\n", SIZE), "has cosigned 5 leaves of this log, which now has"),
    "the same size": (said(409, b"0\n", SIZE), "did not cosign 4 leaves: 409"),
    "a size without end": (said(409, b"9" * 5000 + b"\n", SIZE), "which is no number"),
    "a size below zero": (said(409, b"-1\n", SIZE), "which is no number"),
    "a size with a zero": (said(409, b"03\n", SIZE), "which is no number"),
    "a size that is cut": (said(409, b"3", SIZE), "tells a size that is cut"),
    "a size of another type": (said(409, b"3\n"), "tells no size"),
    "a cosignature of another text": (of_another(0), "that does not hold"),
    "a cosignature of no time": (of_another(1), "no cosignature of a key that is known"),
    "another's cosignature": (of_another(2), "no cosignature of a key that is known"),
}


class Asking:
    """Asks a server that answers as it is told."""

    def __init__(self) -> None:
        self.answer: Callable[[Request], Response] = said(200, b"")

    def answered(self, request: Request) -> Response:
        return self.answer(request)

    def ask(self, url: str, *keys: VerifierKey) -> list[Signature]:
        note = Note.parse(note_of(4))
        return cosignatures(Asked(url, keys), note, 4, 0, lambda old: growth(old, 4))

    def refused(self, url: str, *keys: VerifierKey) -> str:
        with pytest.raises(ProofError) as raised:
            self.ask(url, *keys)
        return str(raised.value)


@pytest.fixture(scope="module")
def asking() -> Asking:
    return Asking()


@pytest.fixture(scope="module")
def url(asking: Asking) -> Iterator[str]:
    with Served(asking.answered) as served:
        yield served.url


@pytest.mark.parametrize("what", WRONG)
def test_a_witness_that_answers_something_else(asking: Asking, url: str, what: str) -> None:
    asking.answer, sentence = WRONG[what]
    assert sentence in asking.refused(url, KEY.public).replace("\\\\", "\\")


@pytest.mark.parametrize("keys", [(KEY.public,), ()])
def test_a_witness_that_answers_as_it_should(
    asking: Asking, url: str, keys: tuple[VerifierKey, ...]
) -> None:
    asking.answer = of_another(3)
    (line,) = asking.ask(url, *keys)
    assert (line.name, line.key_id) == (KEY.name, KEY.public.key_id)


def test_sizes_that_change_for_ever_are_asked_for_no_more(asking: Asking, url: str) -> None:
    sizes = iter([b"1\n", b"2\n", b"3\n", b"4\n"])
    asking.answer = lambda _: Response(409, next(sizes), SIZE)
    assert "did not cosign 4 leaves: 409" in asking.refused(url)
    assert next(sizes) == b"4\n"


def test_a_witness_that_is_slow_is_left(asking: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infrastructure.witness_client.SECONDS", 0.2)
    over = threading.Event()

    def dribble() -> None:
        connection, _ = listening.accept()
        with connection, suppress(OSError):
            connection.sendall(b"HTTP/1.1 200 OK\r\n")
            while not over.wait(0.02):
                connection.sendall(b"X: a\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=dribble)
        thread.start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        assert "does not answer within 0.2 seconds" in asking.refused(url)
        over.set()
        thread.join()


@pytest.mark.parametrize(
    "url",
    ["", "x", "ftp://x/", "http://", "http://u:secret@x/", "http://x/?a", "http://x/#a",
     "http://x:99999/", "http://x/a b", "http://[x/", "http://x/\u00e9"],
)  # fmt: skip
def test_what_is_no_url_of_a_witness(url: str) -> None:
    with pytest.raises(ProofError, match="write it as http://host:port") as raised:
        refuse_no_url(url)
    assert "secret" not in str(raised.value)
