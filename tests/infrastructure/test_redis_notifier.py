"""Publishing to Redis: what is refused as a whole, which URLs make sense, and no password shown."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from pathlib import Path

import pytest
import redis
from hypothesis import example, given
from hypothesis import strategies as st

from domain.errors import LogConfigurationError, RedisError
from infrastructure.redis_notifier import RedisPublisher, connect, without_password
from projections.messages import CHANNELS, Message
from tests.redis_server import RedisServer, Subscriber, eventually
from tests.support import run_program

BATCH = [
    Message(f"{n}-0", channel, f'{{"order":{n}}}')
    for n, channel in enumerate((CHANNELS[0], CHANNELS[0], CHANNELS[2]), 1)
]


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("user:secret@host:6379/0", "host:6379/0"),
        ("redis:/user:secret@host", "***"),
        ("redis://:secret", "***"),
        ("redis://:secret@host/x", "redis://host/x"),
        ("redis://:se/cret@secret:1/0", "***"),
        ("redis://host:1/0?password=secret&db=abc", "redis://host:1/0?***"),
        ("redis://host:99999999/0?password=secret", "redis://host:99999999/0?***"),
        ("redis://host/0?password=a@secret&db=abc", "***"),
        ("redis://host/0?no_such_option=secret", "redis://host/0?***"),
        ("redis://host/0?ssl_ca_certs=secret", "redis://host/0?***"),
        ("rediss://host/0?ssl_cert_reqs=secret", "rediss://host/0?***"),
        ("unix://:secret@", "unix://"),
        ("unix://relative/redis.sock", "unix://relative/redis.sock"),
    ],
)
def test_a_url_that_makes_no_sense_is_refused_without_its_password(url: str, shown: str) -> None:
    with pytest.raises(LogConfigurationError, match="is no Redis URL; write") as refused:
        connect(url)
    assert refused.value.value == shown
    assert f"redis {shown!r} is no Redis URL" in str(refused.value)
    assert refused.value.__context__ is None
    assert "secret" not in "".join(traceback.format_exception(refused.value))


@pytest.mark.parametrize("source", [b"redis://:secret@host", ["secret"], 5])
def test_what_is_no_url_is_refused_by_its_type(source: object) -> None:
    with pytest.raises(LogConfigurationError, match="not of type builtins") as refused:
        connect(source)  # type: ignore[arg-type]
    assert "secret" not in f"{refused.value!r} {vars(refused.value)}"


@given(
    before=st.text("a:/?#@%[] ", max_size=4),
    after=st.text("a:/?#@%[] ", max_size=4),
    form=st.sampled_from(["redis://:{}@host:1/0", "redis://u:{}@host", "{}@host", "redis://:{}"]),
)
@example(before="@", after="/?", form="redis://:{}@host:1/0")
@example(before="", after="://", form="{}@host")
def test_no_password_is_shown_whatever_it_is_made_of(before: str, after: str, form: str) -> None:
    url = form.format(f"{before}secret{after}")
    if "@" in form or before == "":
        assert "secret" not in without_password(url)


def test_urls_that_make_sense() -> None:
    def made_of(url: str) -> redis.ConnectionPool:
        return connect(url).connection_pool

    assert made_of("redis://:se%2Fcret@[::1]:7000/2").connection_kwargs["host"] == "::1"
    assert made_of("rediss://host?ssl_cert_reqs=none").connection_class is redis.SSLConnection
    assert made_of("unix://:secret@/run/redis.sock").connection_kwargs["path"] == "/run/redis.sock"
    assert made_of("redis://host?password=secret").connection_kwargs["password"] == "secret"


def test_a_unix_socket_is_published_to(tmp_path: Path) -> None:
    path = tmp_path / "r.sock"
    server = RedisServer(tmp_path / "redis", unixsocket=str(path))
    server.start()
    try:
        assert RedisPublisher(f"unix://{path}").publish(BATCH) == []
        assert server.logged() == [1, 2]
    finally:
        server.kill()


def without_memory(client: redis.Redis) -> None:
    client.config_set("maxmemory", "1")


def with_memory(client: redis.Redis) -> None:
    client.config_set("maxmemory", "0")


def as_replica(client: redis.Redis) -> None:
    client.execute_command("REPLICAOF", "127.0.0.1", "1")  # type: ignore[no-untyped-call]


def as_primary(client: redis.Redis) -> None:
    client.execute_command("REPLICAOF", "NO", "ONE")  # type: ignore[no-untyped-call]


def allow(client: redis.Redis, *channels: str) -> None:
    rules = ("on", ">secret", "~*", "+@all", *channels)
    client.execute_command("ACL", "SETUSER", "publisher", *rules)  # type: ignore[no-untyped-call]


def without_a_channel(client: redis.Redis) -> None:
    allow(client, "resetchannels", f"&{CHANNELS[0]}")


def with_every_channel(client: redis.Redis) -> None:
    allow(client, "allchannels")


@pytest.mark.parametrize(
    ("refuse", "relent", "reason"),
    [
        (without_memory, with_memory, "maxmemory"),
        (as_replica, as_primary, "read only replica"),
        (without_a_channel, with_every_channel, f"may not publish on the channel {CHANNELS[2]}"),
    ],
)
def test_a_refused_batch_is_refused_whole_and_published_whole_later(
    server: RedisServer,
    refuse: Callable[[redis.Redis], None],
    relent: Callable[[redis.Redis], None],
    reason: str,
) -> None:
    publisher = RedisPublisher(f"redis://publisher:secret@127.0.0.1:{server.port}/0")
    subscriber = Subscriber(server)
    with server.client() as client:
        allow(client, "allchannels")
        refuse(client)
        for _ in range(3):
            with pytest.raises(RedisError, match=reason):
                publisher.publish(BATCH)
        assert client.xlen("events:stream") == 0
        assert subscriber.listen() == []
        relent(client)
        assert publisher.publish(BATCH) == []
        published = [(one.channel, {"order": n}) for n, one in enumerate(BATCH, 1)]
        eventually(lambda: subscriber.listen() == published)
        assert server.streamed() == published
    subscriber.close()


def test_the_package_does_not_import_redis() -> None:
    source = "import event_logger.cli; print([name for name in sys.modules if name == 'redis'])"
    assert run_program(source) == "[]\n"
