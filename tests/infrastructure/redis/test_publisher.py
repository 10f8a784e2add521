"""What counts as published, what is refused as a whole, and what a user may lack."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.errors import RedisError
from infrastructure.redis import publisher as module
from infrastructure.redis.publisher import RedisPublisher
from infrastructure.redis.script import PUBLISH
from projections.messages import CHANNELS, Message
from tests.infrastructure.redis.support import OURS, messages
from tests.redis_server import RedisServer, Subscriber, eventually

BATCH = [
    Message(f"{n}-0", channel, f'{{"order":{n}}}')
    for n, channel in enumerate((CHANNELS[0], CHANNELS[0], CHANNELS[2]), 2)
]
PUBLISHED = [(one.channel, {"order": n}) for n, one in enumerate(BATCH, 2)]


@pytest.fixture
def subscriber(server: RedisServer) -> Iterator[Subscriber]:
    one = Subscriber(server)
    yield one
    one.close()


def test_a_unix_socket_is_published_to(tmp_path: Path) -> None:
    path = tmp_path / "r.sock"
    server = RedisServer(tmp_path / "redis", unixsocket=str(path))
    server.start()
    try:
        assert RedisPublisher(f"unix://{path}", "", OURS).publish(BATCH, 3) is None
        assert server.streamed() == PUBLISHED
    finally:
        server.kill()


def test_an_entry_names_its_log(server: RedisServer) -> None:
    RedisPublisher(server.url, "p:", OURS).publish(BATCH[:1], 1)
    with server.client() as client:
        fields = {"log": OURS, "channel": "events:logged", "data": '{"order":2}'}
        assert client.xrange("p:events:stream") == [("2-0", fields)]


def test_a_repeated_message_is_published_once(server: RedisServer, subscriber: Subscriber) -> None:
    publisher = RedisPublisher(server.url, "", OURS)
    for last in (1, 1, 2, 3):
        assert publisher.publish(messages(1, last), 3) is None
    eventually(lambda: subscriber.orders() == [1, 2, 3])
    assert server.logged() == [1, 2, 3]


@pytest.mark.parametrize("renewals", [0, 3])
def test_a_renewal_publishes_nothing(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch, renewals: int
) -> None:
    monkeypatch.setattr(module, "RENEW_SECONDS", 0)
    publisher = RedisPublisher(server.url, "", OURS)
    assert not publisher.renew()
    with server.client() as client:
        assert client.keys() == []
        publisher.publish(BATCH, 3)
        client.pexpire("events:stream:log", 10**9)
        for _ in range(renewals):
            assert publisher.renew()
        remaining: Any = client.pttl("events:stream:log")
        assert (remaining <= 10_000) == bool(renewals)
        publisher.close()
        assert client.keys() == ["events:stream"]


NUMBERED = [(n, part) for n in range(1, 40) for part in range(1 + n % 3)]
EVERYTHING = [
    Message(f"{n + 1}-{part}", CHANNELS[part], f'{{"order":{n},"part":{part}}}')
    for n, part in NUMBERED
]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    cuts=st.sets(st.integers(1, len(EVERYTHING) - 1)),
    repeated=st.lists(st.integers(0, 9), max_size=8),
)
def test_however_messages_are_cut_into_batches_and_repeated_each_is_published_once(
    server: RedisServer, subscriber: Subscriber, cuts: set[int], repeated: list[int]
) -> None:
    with server.client() as client:
        client.flushall()
    heard_before = len(subscriber.listen())
    ends = sorted(cuts | {0, len(EVERYTHING)})
    publisher = RedisPublisher(server.url, "", OURS)
    for first, last in pairwise(ends):
        back = repeated.pop() if repeated else 0
        if back == 9:
            publisher = RedisPublisher(server.url, "", OURS)
        assert publisher.publish(EVERYTHING[max(0, first - back) : last], 39) is None
    expected = [(CHANNELS[part], {"order": n, "part": part}) for n, part in NUMBERED]
    assert server.streamed() == expected
    eventually(lambda: subscriber.listen()[heard_before:] == expected)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(datas=st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=9))
def test_data_travels_unchanged(server: RedisServer, datas: list[str]) -> None:
    datas += ["[]", "{}", "12345678901234567890123", "1e400", "\0", '"\\u0000"', "null"]
    with server.client() as client:
        client.flushall()
        batch = [Message(f"{n}-0", CHANNELS[0], data) for n, data in enumerate(datas, 2)]
        publisher = RedisPublisher(server.url, "", OURS)
        for _ in range(2):
            assert publisher.publish(batch, len(datas)) is None
        entries: Any = client.xrange("events:stream")
        assert [fields["data"] for _, fields in entries] == datas


def without_memory(client: redis.Redis) -> None:
    client.config_set("maxmemory", "1")


def with_memory(client: redis.Redis) -> None:
    client.config_set("maxmemory", "0")


def as_replica(client: redis.Redis) -> None:
    client.execute_command("REPLICAOF", "127.0.0.1", "1")  # type: ignore[no-untyped-call]


def as_primary(client: redis.Redis) -> None:
    client.execute_command("REPLICAOF", "NO", "ONE")  # type: ignore[no-untyped-call]


def of_the_user(server: RedisServer) -> str:
    return f"redis://publisher:secret@127.0.0.1:{server.port}/0"


def allow(client: redis.Redis, *more: str) -> None:
    rules = ("on", ">secret", "~*", "+@all", *more)
    client.execute_command("ACL", "SETUSER", "publisher", *rules)  # type: ignore[no-untyped-call]


def without_a_channel(client: redis.Redis) -> None:
    allow(client, "resetchannels", f"&{CHANNELS[0]}")


def with_every_channel(client: redis.Redis) -> None:
    allow(client, "allchannels")


def without_replicas(client: redis.Redis) -> None:
    client.config_set("min-replicas-to-write", "1")


def with_replicas(client: redis.Redis) -> None:
    client.config_set("min-replicas-to-write", "0")


@pytest.mark.parametrize(
    ("refuse", "relent", "reason"),
    [
        (without_memory, with_memory, "maxmemory"),
        (as_replica, as_primary, "read only replica"),
        (without_replicas, with_replicas, "Not enough good replicas"),
        (without_a_channel, with_every_channel, f"may not publish on the channel {CHANNELS[2]}"),
    ],
)
def test_a_refused_batch_is_refused_whole_and_published_whole_later(
    server: RedisServer,
    subscriber: Subscriber,
    refuse: Callable[[redis.Redis], None],
    relent: Callable[[redis.Redis], None],
    reason: str,
) -> None:
    publisher = RedisPublisher(of_the_user(server), "", OURS)
    with server.client() as client:
        allow(client, "allchannels")
        refuse(client)
        for _ in range(3):
            with pytest.raises(RedisError, match=reason):
                publisher.publish(BATCH, 3)
        assert client.xlen("events:stream") == 0
        assert subscriber.listen() == []
        relent(client)
        assert publisher.publish(BATCH, 3) is None
        eventually(lambda: subscriber.listen() == PUBLISHED)
        assert server.streamed() == PUBLISHED


@pytest.mark.parametrize(
    "command", ["get", "set", "exists", "xadd", "xinfo", "xrange", "renamenx", "publish", "eval"]
)
def test_whichever_command_a_user_may_not_use_nothing_is_lost(
    server: RedisServer, subscriber: Subscriber, command: str
) -> None:
    with server.client() as client:
        client.xadd("events:stream", {"former": "entry"}, id="1-1")
        allow(client, "allchannels", "-evalsha" if command == "eval" else f"-{command}")
        publisher = RedisPublisher(of_the_user(server), "", OURS)
        with pytest.raises(RedisError) if command != "xrange" else contextlib.nullcontext():
            publisher.publish(BATCH, 3)
        allow(client, "allchannels")
        publisher.publish(BATCH, 3)
        eventually(lambda: subscriber.listen() == PUBLISHED)
        assert server.streamed() == PUBLISHED
        assert client.xlen("events:stream:unknown:1-1") == 1


@pytest.mark.parametrize("says_what_is_allowed", [True, False])
def test_a_user_without_channels_loses_none_of_twenty(
    server: RedisServer,
    subscriber: Subscriber,
    monkeypatch: pytest.MonkeyPatch,
    says_what_is_allowed: bool,
) -> None:
    """A server before version 7 does not say which channels a user may publish on."""
    if not says_what_is_allowed:
        older = PUBLISH.replace("redis.acl_check_cmd", "redis.not_known_here")
        monkeypatch.setattr(module, "PUBLISH", older)
    status = Message("15-1", CHANNELS[2], '{"order":14,"status":"confirmed"}')
    twenty = [*messages(1, 14), status, *messages(15, 19)]
    publisher = RedisPublisher(of_the_user(server), "", OURS)
    with server.client() as client:
        for channels in ([], [f"&{CHANNELS[0]}"], [f"&{CHANNELS[0]}", f"&{CHANNELS[2]}"]):
            assert client.xlen("events:stream") in (0, 14)
            allow(client, "resetchannels", *channels)
            for _ in range(2):
                try:
                    publisher.publish(twenty, 19)
                except RedisError:
                    assert len(channels) < 2
    eventually(lambda: subscriber.orders() == list(range(1, 20)))
    assert server.logged() == list(range(1, 20))
    assert len(server.streamed()) == len(subscriber.heard) == 20
