r"""The leaf of an entry in the log's tree, byte for byte.

The leaf's index is the entry's position in the log's order of commit; the opening has 0. Its data
are the line `event-logger/leaf/v1\n` and six fields, each after its own length in bytes, which is
an unsigned number of two bytes, the higher one first:

| field | bytes |
|---|---|
| kind | `opening`, `event` or `transition`, in ASCII |
| number | 8, high byte first: the event's order, the transition's number, 0 of the opening |
| topic | the stored topic in UTF-8 |
| state | 32: the SHA-256 of the stored state |
| time | 8, high byte first, signed: the store's time of the commit, µs since 1970 in UTC |
| writer | 32: the SHA-256 of its writer's introduction |

Of what was committed before format 2, neither time nor writer is known: those fields have no bytes.
Of a log's name there is nothing in it but what the opening's state says, and of its store nothing:
a copy of the log has the same leaves.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256

from projections.merkle import leaf_hash

LAYOUT = "event-logger/leaf/v1"
_HEADER = f"{LAYOUT}\n".encode()
OPENING, EVENT, TRANSITION = b"opening", b"event", b"transition"


def leaf_data(
    kind: bytes,
    number: int,
    topic: str,
    state_sha256: bytes,
    committed_at: int | None,
    writer_sha256: bytes | None,
) -> bytes:
    """The data of a leaf, as the module says."""
    return (
        _kind_part(kind)
        + number.to_bytes(8, "big")
        + _topic_part(topic)
        + state_sha256
        + _time_part(committed_at)
        + _writer_part(writer_sha256)
    )


def shared_parts(
    kind: bytes, topic: str, committed_at: int | None, writer_sha256: bytes | None
) -> tuple[bytes, bytes, bytes]:
    """What all leaves of one commit and topic share of what is hashed for them.

    It stands before the number (8 bytes), between that and the SHA-256 of the state, and after it.
    """
    last = _time_part(committed_at) + _writer_part(writer_sha256)
    return b"\0" + _kind_part(kind), _topic_part(topic), last


# Most leaves of a log share all but their number and state, so that what they share is made once.
@lru_cache(maxsize=16)
def _kind_part(kind: bytes) -> bytes:
    return _HEADER + _sized(kind) + b"\0\x08"


@lru_cache(maxsize=64)
def _topic_part(topic: str) -> bytes:
    return _sized(topic.encode()) + b"\0\x20"


@lru_cache(maxsize=256)
def _time_part(committed_at: int | None) -> bytes:
    return _sized(b"" if committed_at is None else committed_at.to_bytes(8, "big", signed=True))


@lru_cache(maxsize=64)
def _writer_part(writer_sha256: bytes | None) -> bytes:
    return _sized(b"" if writer_sha256 is None else writer_sha256)


def _sized(field: bytes) -> bytes:
    return len(field).to_bytes(2, "big") + field


def entry_hash(
    kind: bytes,
    number: int,
    topic: str,
    state: bytes,
    committed_at: int | None,
    writer_sha256: bytes | None,
) -> bytes:
    """The hash of the leaf of an entry that is stored so."""
    digest = sha256(state).digest()
    return leaf_hash(leaf_data(kind, number, topic, digest, committed_at, writer_sha256))
