"""A tail tells every message of one log once and in order, whatever becomes of the stream."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from domain.errors import LogConfigurationError
from event_logger import EventLogger
from infrastructure.redis.publisher import RedisPublisher
from infrastructure.redis.stream_entry import Heard
from infrastructure.redis.tail import RedisTail
from projections.messages import LOGGED_CHANNEL
from tests.infrastructure.redis.support import OURS, THEIRS, messages
from tests.redis_server import RedisServer, eventually
from tests.support import log_amounts, url_of

STREAM = "events:stream"


@pytest.fixture
def store(tmp_path: Path) -> str:
    return url_of(tmp_path / "live.db")


class Tailing:
    """A `RedisTail` in a thread, with what it told and what it gave notice of."""

    def __init__(self, source: str, *arguments: Any, **options: Any) -> None:
        self.told: list[Heard] = []
        self.notices: list[str] = []
        self._tail = RedisTail(source, *arguments, **options, notice=self.notices.append)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._listen)

    def _listen(self) -> None:
        for heard in self._tail.messages(self._stopping.is_set):
            self.told.append(heard)

    def orders(self) -> list[int]:
        return [json.loads(data)["order"] for channel, data in self.told if "logged" in channel]

    def __enter__(self) -> Tailing:
        self._tail.begin()
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        assert self._thread.is_alive()
        self._stopping.set()
        self._thread.join()


@pytest.fixture
def publisher(server: RedisServer) -> RedisPublisher:
    return RedisPublisher(server.url, "", OURS)


def from_store(first: int, last: int | None) -> Iterator[str]:
    """A store that holds ten events."""
    for order in range(first, (10 if last is None else last) + 1):
        yield json.dumps({"order": order, "from": "store"})


@pytest.mark.parametrize("logged_before", [0, 1])
def test_nothing_is_missed_when_redis_restarts(
    store: str, server: RedisServer, logged_before: int
) -> None:
    with EventLogger("live", store=store, redis=server.url) as logger:
        log_amounts(logger, *range(logged_before))
        eventually(lambda: len(server.logged()) == logged_before)
        with Tailing(server.url) as tailing:
            # So that the notifier has stored its position.
            time.sleep(0.3)
            server.kill()
            first = logged_before + 1
            log_amounts(logger, 1, 2)
            eventually(lambda: len(tailing.notices) == 2 - logged_before)
            server.start()
            eventually(lambda: tailing.orders() == [first, first + 1])
            log_amounts(logger, 3)
            eventually(lambda: tailing.orders() == [first, first + 1, first + 2])
    assert tailing.notices[-2].endswith("; waiting until it answers")
    assert tailing.notices[-1] == "Redis answers again; what was missed follows"
    assert len(tailing.notices) == 3 - logged_before


def test_it_says_that_no_log_has_published_yet(
    server: RedisServer, publisher: RedisPublisher
) -> None:
    with Tailing(server.url) as tailing:
        assert tailing.notices == ["no log has published on this prefix yet; waiting"]
        publisher.publish(messages(1, 2), 2)
        eventually(lambda: tailing.orders() == [1, 2])
    with Tailing(server.url) as later:
        assert later.notices == []
    assert later.told == []


@pytest.mark.parametrize(
    ("from_order", "store", "published", "told"),
    [
        (1, None, (1, 6), [1, 2, 3, 4, 5, 6]),
        (4, None, (1, 6), [4, 5, 6]),
        (6, None, (1, 6), [6]),
        (2, None, (4, 6), [4, 5, 6]),
        (2, from_store, (4, 6), [2, 3, 4, 5, 6]),
        (5, from_store, (4, 6), [5, 6]),
        (8, None, (4, 6), []),
        (8, from_store, (4, 6), [8, 9, 10]),
        (12, from_store, (4, 6), []),
        (9, from_store, None, [9, 10]),
        (1, None, None, []),
    ],
)
def test_it_begins_with_an_order(
    server: RedisServer,
    publisher: RedisPublisher,
    from_order: int,
    store: Any,
    published: tuple[int, int] | None,
    told: list[int],
) -> None:
    if published is not None:
        publisher.publish(messages(*published), 6)
    with Tailing(server.url, "", from_order, store) as tailing:
        eventually(lambda: tailing.orders() == told)
        publisher.publish(messages(7, 13), 13)
        further = range(max(from_order, 7), 14)
        eventually(lambda: tailing.orders() == sorted({*told, *further}))


def test_a_gap_is_filled_from_the_store(server: RedisServer, publisher: RedisPublisher) -> None:
    publisher.publish(messages(1, 3), 3)
    with Tailing(server.url, "", 3, from_store) as tailing:
        eventually(lambda: tailing.orders() == [3])
        publisher.publish(messages(7, 8), 8)
        eventually(lambda: tailing.orders() == [3, 4, 5, 6, 7, 8])


def test_messages_of_all_channels_are_told_in_order(store: str, server: RedisServer) -> None:
    with EventLogger("live", store=store, redis=server.url) as logger:
        with Tailing(server.url, "", 1) as tailing:
            log_amounts(logger, 1, 2)
            logger.update_event(2, {"status": "confirmed"})
            log_amounts(logger, 3)
            eventually(lambda: tailing.orders() == [1, 2, 3])
    told = [(channel, json.loads(data)["order"]) for channel, data in tailing.told]
    assert told[2] == ("events:status", 2)
    assert len(told) == 4


NOISE: list[dict[Any, Any]] = [
    {"another": "program's"},
    {"channel": LOGGED_CHANNEL, "data": '{"order":2}'},
    {"log": "no identity\x1b[31m", "channel": LOGGED_CHANNEL, "data": '{"order":2}'},
    {"log": THEIRS.upper(), "channel": LOGGED_CHANNEL, "data": '{"order":2}'},
    {"log": OURS, "channel": "events:unknown", "data": '{"order":2}'},
    {"log": OURS, "data": '{"order":2}'},
    *(
        {"log": OURS, "channel": LOGGED_CHANNEL, "data": data}
        for data in (
            *(b"no JSON", b"\xff\xfe", b"", b"[1]", b"5", b"null", b"{}", b'{"order":"x"}'),
            *(
                b'{"order":true}',
                b'{"order":1.0}',
                b'{"order":0}',
                b'{"order":-1}',
                b'{"order":1e9}',
            ),
            *(b'{"order":9223372036854775808}', b'{"order":' + b"9" * 5000 + b"}"),
            b"[" * 100_000,
        )
    ),
]


def test_what_no_log_has_published_is_passed_over(
    server: RedisServer, publisher: RedisPublisher
) -> None:
    with Tailing(server.url, from_store=from_store) as tailing:
        publisher.publish(messages(1, 1), 1)
        eventually(lambda: tailing.orders() == [1])
        with server.client() as client:
            for n, fields in enumerate(NOISE, 1):
                client.xadd(STREAM, fields, id=f"2-{n}")
                for channel in ("events:logged", "events:status", "events:atomic_bundle"):
                    client.publish(channel, fields.get("data", b"\xff"))
            last = f"{2**64 - 1}-{2**64 - 1}"
            client.xadd(STREAM, {"the": "last id that there is"}, id=last)
        assert publisher.publish(messages(2, 3), 3) is not None
        eventually(lambda: tailing.orders() == [1, 2, 3])
    assert len(tailing.told) == 3
    assert tailing.notices == ["no log has published on this prefix yet; waiting"]


def test_a_message_is_told_on_one_line(server: RedisServer, publisher: RedisPublisher) -> None:
    with Tailing(server.url) as tailing:
        with server.client() as client:
            data = '{"order":1,\n"event_type":\r\n"\\n"}'
            client.xadd(STREAM, {"log": OURS, "channel": LOGGED_CHANNEL, "data": data})
        eventually(lambda: tailing.told)
    assert tailing.told[0][1] == '{"order":1, "event_type":  "\\n"}'


def test_it_listens_to_one_log(server: RedisServer, publisher: RedisPublisher) -> None:
    publisher.publish(messages(1, 2), 2)
    theirs = RedisPublisher(server.url, "", THEIRS)
    with Tailing(server.url) as ours, Tailing(server.url, identity=THEIRS) as other:
        publisher.publish(messages(3, 4), 4)
        eventually(lambda: ours.orders() == [3, 4])
        publisher.release()
        theirs.publish(messages(1, 3), 3)
        eventually(lambda: other.orders() == [1, 2, 3])
        # Each looks in its own time, and the notice is about who publishes at that time.
        eventually(lambda: ours.notices)
        theirs.release()
        publisher.publish(messages(5, 6), 6)
        eventually(lambda: ours.orders() == [3, 4, 5, 6])
    now = "the log {} publishes on this prefix now; this goes on listening to the log {} alone"
    assert ours.notices == [now.format(THEIRS, OURS)]
    assert set(other.notices) == {now.format(OURS, THEIRS)}


@pytest.mark.parametrize("restored_to", [2, 5, 9])
def test_a_restored_log_is_told_from_where_it_differs(
    server: RedisServer, publisher: RedisPublisher, restored_to: int
) -> None:
    with Tailing(server.url) as tailing:
        publisher.publish(messages(1, 10), 10)
        eventually(lambda: tailing.orders() == list(range(1, 11)))
        again = [*messages(2, restored_to), *messages(restored_to + 1, 30, "restored")]
        assert publisher.publish(again, 30) is not None
        told = [*range(1, 11), *range(restored_to + 1, 31)]
        eventually(lambda: tailing.orders() == told)


def test_the_rest_of_a_stream_that_was_set_aside_is_told_before_the_new_one(
    server: RedisServer,
) -> None:
    prefix = "a[1]*?\\^-:"
    publisher = RedisPublisher(server.url, prefix, OURS)
    tail = RedisTail(server.url, prefix, 1)
    heard: list[Heard] = []
    publisher.publish(messages(1, 600), 600)
    for one in tail.messages(lambda: len(heard) == 1200):
        heard.append(one)
        if len(heard) == 500:
            with server.client() as client:
                client.xadd(prefix + STREAM, {"another": "program's"})
            assert publisher.publish(messages(601, 1200), 1200) is not None
    assert [json.loads(data)["order"] for _, data in heard] == list(range(1, 1201))


@pytest.mark.parametrize("prefix", ["\ud800", 5])
def test_a_prefix_that_is_no_text_is_refused(prefix: Any) -> None:
    with pytest.raises(LogConfigurationError, match="channel_prefix must be"):
        RedisTail("redis://127.0.0.1:1/0", prefix)


@pytest.mark.parametrize("turns", [1, 2, 5])
@pytest.mark.parametrize(("before", "identity"), [(2, None), (0, OURS)])
def test_logs_that_take_turns_between_two_looks_lose_nothing(
    server: RedisServer,
    publisher: RedisPublisher,
    turns: int,
    before: int,
    identity: str | None,
) -> None:
    theirs = RedisPublisher(server.url, "", THEIRS)
    publisher.publish(messages(1, before), before)
    tail = RedisTail(server.url, identity=identity)
    tail.begin()
    order = before
    for turn in range(1, turns + 1):
        order += 2
        publisher.publish(messages(order - 1, order), order)
        publisher.release()
        theirs.publish(messages(turn, turn), turn)
        theirs.release()
    publisher.publish(messages(order + 1, order + 1), order + 1)
    expected = list(range(before + 1, order + 2))
    heard: list[Heard] = []
    for one in tail.messages(lambda: len(heard) == len(expected)):
        heard.append(one)
    assert [json.loads(data)["order"] for _, data in heard] == expected
