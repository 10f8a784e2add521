"""What is in the way is set aside and kept; two logs on one prefix never take turns in it."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from domain.errors import RedisError, StreamInUseError
from infrastructure.redis import publisher as module
from infrastructure.redis.publisher import RedisPublisher, SetAside
from tests.infrastructure.redis.support import OURS, THEIRS, messages
from tests.redis_server import RedisServer, Subscriber, eventually

STREAM = "events:stream"


def ids(server: RedisServer, stream: str = STREAM) -> list[str]:
    with server.client() as client:
        entries: Any = client.xrange(stream)
        return [one for one, _ in entries]


def streams(server: RedisServer) -> set[str]:
    with server.client() as client:
        found: Any = client.keys()
        return set(found) - {f"{STREAM}:log"}


def ids_of(first: int, last: int) -> list[str]:
    return [one.id for one in messages(first, last)]


def test_all_messages_of_a_new_store_are_heard_where_the_stream_holds_an_old_ones(
    server: RedisServer,
) -> None:
    former = RedisPublisher(server.url, "", THEIRS)
    former.publish(messages(1, 90), 90)
    former.release()
    subscriber = Subscriber(server)
    aside = RedisPublisher(server.url, "", OURS).publish(messages(1, 100), 100)
    name = f"{STREAM}:{THEIRS}:91-0"
    assert aside == SetAside(STREAM, name, "log")
    assert str(aside) == (
        f"the stream 'events:stream' held messages of another log: it was set aside as {name!r},"
        " and publishing goes on in a new 'events:stream'"
    )
    eventually(lambda: subscriber.orders() == list(range(1, 101)))
    subscriber.close()
    assert server.logged() == list(range(1, 101))
    assert ids(server, name) == ids_of(1, 90)


@pytest.mark.parametrize(
    ("fields", "name", "reason"),
    [
        ({"channel": "events:logged", "data": "{}"}, "unknown:999-0", "former"),
        ({"log": "a b\n\x00" * 99, "data": "x"}, "unknown:999-0", "log"),
        ({"x": "log", "log": THEIRS}, f"{THEIRS}:999-0", "log"),
    ],
)
def test_a_stream_of_anything_else_is_set_aside(
    server: RedisServer, fields: dict[Any, Any], name: str, reason: str
) -> None:
    with server.client() as client:
        client.xadd(STREAM, fields, id="999-0")
        aside = RedisPublisher(server.url, "", OURS).publish(messages(1, 2), 2)
        assert aside == SetAside(STREAM, f"{STREAM}:{name}", reason)
        assert client.xrange(aside.name) == [("999-0", fields)]
    assert server.logged() == [1, 2]


@pytest.mark.parametrize(
    ("committed_to", "reason", "why"),
    [
        (60, "beyond", "goes beyond what this log has committed"),
        (200, "differs:52-0", "does not hold this log's message 52-0 where it belongs"),
    ],
)
def test_a_restored_store_says_everything_that_it_committed_since(
    server: RedisServer, committed_to: int, reason: str, why: str
) -> None:
    publisher = RedisPublisher(server.url, "", OURS)
    publisher.publish(messages(1, 100), 100)
    publisher.release()
    subscriber = Subscriber(server)
    restored = RedisPublisher(server.url, "", OURS)
    aside = restored.publish(messages(51, 60, "restored"), committed_to)
    assert aside == SetAside(STREAM, f"{STREAM}:{OURS}:101-0", reason)
    assert why in str(aside)
    assert restored.publish(messages(61, 62, "restored"), committed_to + 2) is None
    eventually(lambda: subscriber.orders() == list(range(51, 63)))
    subscriber.close()
    assert ids(server) == ids_of(51, 62)
    assert ids(server, aside.name) == ids_of(1, 100)


def test_what_was_the_same_before_the_difference_is_told_with_the_rest(server: RedisServer) -> None:
    publisher = RedisPublisher(server.url, "", OURS)
    publisher.publish(messages(1, 10), 10)
    assert publisher.publish([*messages(8, 9), *messages(10, 11, "restored")], 11)
    assert ids(server) == ids_of(8, 11)


def test_nothing_is_overwritten_by_what_is_set_aside(server: RedisServer) -> None:
    publisher = RedisPublisher(server.url, "", OURS)
    for n in range(1, 4):
        aside = publisher.publish(messages(1, 2, f"restored {n}"), 2)
    assert aside is not None
    assert aside.name == f"{STREAM}:{OURS}:3-0:2"
    assert streams(server) == {STREAM, f"{STREAM}:{OURS}:3-0", f"{STREAM}:{OURS}:3-0:2"}
    with server.client() as client:
        for n, name in enumerate((f"{STREAM}:{OURS}:3-0", aside.name, STREAM), 1):
            entries: Any = client.xrange(name)
            history = [one.data for one in messages(1, 2, f"restored {n}")]
            assert [fields["data"] for _, fields in entries] == history


def test_ids_that_were_dropped_count_as_published(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STREAM_LENGTH", 100)
    publisher = RedisPublisher(server.url, "", OURS)
    for first in range(1, 1001, 100):
        publisher.publish(messages(first, first + 99), 1000)
    held = ids(server)
    assert len(held) < 500
    subscriber = Subscriber(server)
    assert publisher.publish(messages(1, 1001), 1001) is None
    eventually(lambda: subscriber.orders() == [1001])
    subscriber.close()
    assert ids(server)[-1] == "1002-0"


def test_an_id_that_somebody_took_out_of_the_middle_is_not_taken_for_published(
    server: RedisServer,
) -> None:
    publisher = RedisPublisher(server.url, "", OURS)
    publisher.publish(messages(1, 10), 10)
    with server.client() as client:
        client.xdel(STREAM, "5-0")
        assert str(publisher.publish(messages(4, 10), 10))
    assert ids(server) == ids_of(4, 10)


@pytest.mark.parametrize("last", ["11-1", f"{2**64 - 1}-{2**64 - 1}"])
def test_an_emptied_stream_holds_nobody_up(server: RedisServer, last: str) -> None:
    publisher = RedisPublisher(server.url, "", OURS)
    publisher.publish(messages(1, 10), 10)
    with server.client() as client:
        client.xadd(STREAM, {"a": "b"}, id=last)
        client.xtrim(STREAM, maxlen=0, approximate=False)
    publisher.publish(messages(11, 12), 12)
    assert ids(server) == ids_of(11, 12)


def test_a_key_that_is_no_stream_is_left_alone(server: RedisServer) -> None:
    with server.client() as client:
        client.set(STREAM, "somebody's")
        publisher = RedisPublisher(server.url, "", OURS)
        with pytest.raises(RedisError, match="WRONGTYPE"):
            publisher.publish(messages(1, 2), 2)
        assert client.get(STREAM) == "somebody's"
        client.delete(STREAM)
    publisher.publish(messages(1, 2), 2)
    assert server.logged() == [1, 2]


def test_two_logs_on_one_prefix_never_take_turns_and_lose_nothing(server: RedisServer) -> None:
    ours, theirs = (RedisPublisher(server.url, "", one) for one in (OURS, THEIRS))
    for n in range(1, 21):
        assert ours.publish(messages(n, n), n) is None
        with pytest.raises(StreamInUseError) as refused:
            theirs.publish(messages(1, n), n)
    assert str(refused.value) == (
        f"Redis: the log {OURS} publishes to 'events:stream', and this is the log {THEIRS}; give"
        " each a channel_prefix"
    )
    again = pickle.loads(pickle.dumps(refused.value))
    assert (again.stream, again.log, again.holder) == (STREAM, THEIRS, OURS)
    assert streams(server) == {STREAM}
    ours.release()
    theirs.release()
    assert theirs.publish(messages(1, 20), 20) is not None
    with pytest.raises(StreamInUseError):
        ours.publish(messages(21, 21), 21)
    assert ids(server) == ids(server, f"{STREAM}:{OURS}:21-0") == ids_of(1, 20)


def test_the_prefix_of_a_log_that_is_gone_is_free_again(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CLAIM_SECONDS", 0.2)
    RedisPublisher(server.url, "", THEIRS).publish(messages(1, 2), 2)
    ours = RedisPublisher(server.url, "", OURS)

    def publishes() -> bool:
        try:
            return ours.publish(messages(1, 3), 3) is not None
        except StreamInUseError:
            return False

    eventually(publishes)
    assert server.logged() == [1, 2, 3]


def test_the_next_notifier_of_a_log_need_not_wait(server: RedisServer) -> None:
    RedisPublisher(server.url, "", OURS).publish(messages(1, 10), 10)
    assert RedisPublisher(server.url, "", OURS).publish(messages(8, 12), 12) is None
    assert ids(server) == ids_of(1, 12)


def test_copies_of_a_log_that_go_on_differently_never_take_turns(server: RedisServer) -> None:
    ours, copy = (RedisPublisher(server.url, "", OURS) for _ in range(2))
    ours.publish(messages(1, 12), 12)
    for n in range(13, 23):
        with pytest.raises(StreamInUseError, match=r"a copy of this log that goes on differently"):
            copy.publish(messages(11, 12, "copy"), 12)
        assert ours.publish(messages(n, n), n) is None
    assert streams(server) == {STREAM}
    ours.release()
    assert copy.publish(messages(11, 12, "copy"), 12) is not None
    with pytest.raises(StreamInUseError, match="copy of this log"):
        ours.publish(messages(12, 12), 22)
    assert len(streams(server)) == 2


def test_a_stream_set_aside_is_told_also_when_the_answer_was_lost(server: RedisServer) -> None:
    publisher = RedisPublisher(server.url + "?socket_timeout=0.2", "", OURS)
    publisher.publish(messages(1, 1), 1)
    with server.client() as client:
        client.xadd(STREAM, {"another": "program's"}, id="2-1")
    with server.paused(), pytest.raises(RedisError):
        publisher.publish(messages(2, 3), 3)
    eventually(lambda: ids(server) == ["3-0", "4-0"])
    assert publisher.publish(messages(2, 4), 4) is not None
    assert publisher.publish(messages(5, 5), 5) is None
    assert server.logged() == [2, 3, 4, 5]
