"""Which URLs and prefixes make sense, and that no password is shown."""

from __future__ import annotations

import traceback

import pytest
import redis
from hypothesis import example, given
from hypothesis import strategies as st

from domain.errors import LogConfigurationError
from infrastructure.passwords import without_password
from infrastructure.redis.connection import checked_prefix, connect
from infrastructure.redis.publisher import RedisPublisher
from projections.messages import Message
from tests.redis_server import RedisServer
from tests.support import run_program


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
        ("redis://secret#x@host:6379/0", "***"),
        ("redis://secret?x@host:6379/0", "***"),
        ("redis://:p#secret@host", "***"),
        ("redis://user:6379/secret@host", "***"),
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


@pytest.mark.parametrize("prefix", ["a\ud800:", "\udfff", 5, None, b"a:"])
def test_a_prefix_that_is_no_text_is_refused(prefix: object) -> None:
    with pytest.raises(LogConfigurationError, match=r"^channel_prefix must be ") as refused:
        RedisPublisher("redis://127.0.0.1:1/0", prefix, "")  # type: ignore[arg-type]
    assert refused.value.value == prefix
    str(refused.value).encode()


def test_any_other_prefix_will_do() -> None:
    assert checked_prefix("φ \0:") == "φ \0:"


def test_the_password_stays_in_the_client(server: RedisServer) -> None:
    with server.client() as client:
        client.config_set("requirepass", "secret")
    url = f"redis://:wrong-secret@127.0.0.1:{server.port}/0"
    publisher = RedisPublisher(url, "", "")
    with pytest.raises(OSError, match="Redis: ") as refused:
        publisher.publish([Message("1-0", "events:logged", "{}")], 1)
    for shown in (str(refused.value), repr(refused.value), repr(publisher), repr(connect(url))):
        assert "secret" not in shown


def test_the_package_does_not_import_redis() -> None:
    source = "import event_logger.cli; print([name for name in sys.modules if name == 'redis'])"
    assert run_program(source) == "[]\n"
