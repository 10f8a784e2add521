"""A witness asked by HTTP for its cosignature of a checkpoint: C2SP's tlog-witness, from the log.

What a witness answers is a stranger's: it is bounded in size and time, read to the byte, and its
cosignatures are checked by its key where that is known.
"""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import NamedTuple
from urllib.parse import urlsplit

from domain.errors import ProofError, shown
from projections.checkpoint import Note, Signature, VerifierKey, number_of
from projections.policy import Policy
from projections.verification import signers

SECONDS = 10.0
"""How long a witness may take for an answer."""

_MOST_ANSWER = 64 * 1024
_MOST_ATTEMPTS = 3
_COSIGNATURE_BYTES = 72


class Asked(NamedTuple):
    """A witness: the prefix of its URL, and the keys that are known of it; none are for any."""

    url: str
    keys: Sequence[VerifierKey] = ()


def asked_of(policy: Policy) -> list[Asked]:
    """The witnesses of a policy that are reached somewhere, each known by its key."""
    return [Asked(one.url, [one.key]) for one in policy.witnesses if one.url is not None]


class _Answer(NamedTuple):
    status: int
    content_type: str
    body: bytes


def cosignatures(
    asked: Asked, note: Note, size: int, old: int, body_since: Callable[[int], bytes]
) -> list[Signature]:
    """The witness' cosignatures of the note's text, a checkpoint of `size` leaves.

    `old` is the size that it is thought to have cosigned last; where it tells another, it is asked
    again. `body_since` makes the request with the proof from a size. Raises `ProofError`.
    """
    for _ in range(_MOST_ATTEMPTS):
        answer = _posted(asked.url, body_since(old))
        if answer.status == 200:
            return _cosignatures(asked, note, answer.body)
        if answer.status != 409:
            break
        told = _size_told(asked.url, answer)
        if told > size:
            raise _refused(
                asked.url,
                f"has cosigned {told:,} leaves of this log, which now has {size:,}: the log was"
                " restored, cut or forked",
            )
        if told == old:
            break
        old = told
    raise _refused(
        asked.url, f"did not cosign {size:,} leaves: {answer.status} {_sentence(answer.body)}"
    )


def refuse_no_url(url: str) -> None:
    """Raises `ProofError` for what is no prefix of a witness' URL."""
    _parts(url)


def _parts(url: str) -> tuple[str, str, int | None, str]:
    with suppress(ValueError):
        parts = urlsplit(url)
        is_plain = not (parts.query or parts.fragment or "@" in parts.netloc)
        path = f"{parts.path.rstrip('/')}/add-checkpoint"
        is_text = path.isascii() and path.isprintable() and " " not in path
        if parts.scheme in ("http", "https") and parts.hostname and is_plain and is_text:
            return parts.scheme, parts.hostname, parts.port, path
    # A password must not come into the sentence.
    name = shown(url) if "@" not in url else "with what stands before its @"
    raise ProofError("the witness' URL", f"{name} is none: write it as http://host:port")


def _posted(url: str, body: bytes) -> _Answer:
    scheme, host, port, path = _parts(url)
    kind = http.client.HTTPSConnection if scheme == "https" else http.client.HTTPConnection
    connection = kind(host, port, timeout=SECONDS)
    # The time that is given to a connection is for each of its steps, of which there may be many.
    is_late = threading.Event()
    end = threading.Timer(SECONDS, _break_off, [connection, is_late])
    end.daemon = True
    end.start()
    try:
        connection.request("POST", path, body, {"Content-Type": "text/plain; charset=utf-8"})
        # An answer that is to be the connection's last is not closed with that.
        with connection.getresponse() as answer:
            given = answer.read(_MOST_ANSWER + 1)
        if is_late.is_set():
            raise TimeoutError
        if len(given) > _MOST_ANSWER:
            raise _refused(url, f"answers more than {_MOST_ANSWER:,} bytes")
        return _Answer(answer.status, answer.headers.get("Content-Type", ""), given)
    except (OSError, ValueError, http.client.HTTPException) as error:
        if is_late.is_set() or isinstance(error, TimeoutError):
            raise _refused(url, f"does not answer within {SECONDS:g} seconds") from error
        reason = (isinstance(error, OSError) and error.strerror) or str(error)
        raise _refused(url, f"does not answer: {reason or type(error).__name__}") from error
    finally:
        end.cancel()
        connection.close()


def _break_off(connection: http.client.HTTPConnection, is_late: threading.Event) -> None:
    is_late.set()
    with suppress(OSError, AttributeError):
        connection.sock.shutdown(socket.SHUT_RDWR)


def _size_told(url: str, answer: _Answer) -> int:
    try:
        if not answer.content_type.startswith("text/x.tlog.size"):
            raise ValueError(f"tells no size, but {shown(answer.content_type)}")
        if not answer.body.endswith(b"\n"):
            raise ValueError("tells a size that is cut")
        return number_of(answer.body[:-1].decode("ascii", "replace"), "size")
    except ValueError as error:
        raise _refused(url, str(error)) from None


def _cosignatures(asked: Asked, note: Note, body: bytes) -> list[Signature]:
    try:
        given = Note.parse(f"{note.text}\n".encode() + body)
        if given.text != note.text:
            raise ValueError("is no list of signatures")
        signed = signers(given, asked.keys)
    except ValueError as error:
        raise _refused(asked.url, f"answers what {error}") from None
    known = {(key.name, key.key_id) for key in signed}
    lines = [
        one
        for one in given.signatures
        if ((one.name, one.key_id) in known or not asked.keys)
        and len(one.signed) == _COSIGNATURE_BYTES
        and any(one.signed[:8])
    ]
    if not lines:
        raise _refused(asked.url, "gives no cosignature of a key that is known")
    return lines


def _sentence(body: bytes) -> str:
    return shown(body[:200].decode(errors="replace").strip())


def _refused(url: str, problem: str) -> ProofError:
    return ProofError(f"the witness {url}", problem)
