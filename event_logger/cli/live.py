"""The commands of live operation: `status`, `notify`, `tail`."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from typing import Annotated

import typer

from domain.errors import LogConfigurationError, RedisError
from domain.times import checked_duration
from domain.values import decode
from event_logger.cli import live_output as output
from event_logger.cli.options import AsJson, Log, Prefix, Redis, Store
from event_logger.opening import open_log
from event_logger.settings import default_redis
from event_logger.writing.composition import open_publisher
from infrastructure.audit_logs import AuditLogs
from projections.messages import logged_payload

commands = typer.Typer()


@commands.command()
def status(
    store: Store,
    log: Log = "default",
    stuck: Annotated[
        str | None,
        typer.Option(help="Only what is open for longer than this (90s, 10m, 2h); exit 1 if any."),
    ] = None,
    event_type: Annotated[
        str | None, typer.Option("--type", help="Only of this event type.")
    ] = None,
    venue: Annotated[str | None, typer.Option(help="Only at this venue.")] = None,
    only_status: Annotated[
        str | None, typer.Option("--status", help="Only with this status, such as submitted.")
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Show it changing, until Ctrl-C.")] = False,
    interval: Annotated[float, typer.Option(min=0.1, help="Seconds between looks.")] = 1.0,
    as_json: AsJson = False,
) -> None:
    """Count the events by status, and list the open ones with their ages."""
    if stuck is not None:
        try:
            checked_duration("--stuck", stuck)
        except LogConfigurationError as error:
            raise typer.BadParameter(str(error)) from error
    with open_log(store, log) as reader:

        def read() -> output.Board:
            return reader.live_status(stuck, event_type=event_type, venue=venue, status=only_status)

        if watch:
            output.watch_status(read, interval, stuck is not None)
            return
        board = read()
    output.print_status(board, as_json, only_stuck=stuck is not None)
    if board["stuck"]:
        raise typer.Exit(1)


@commands.command()
def notify(
    store: Store, log: Log = "default", redis: Redis = None, channel_prefix: Prefix = ""
) -> None:
    """Publish a live log to Redis, until Ctrl-C or SIGTERM; stands by while another does."""
    from infrastructure.followers.notifier import Notifier

    publisher_of = open_publisher(redis, channel_prefix)
    # A store that is not there is not made.
    AuditLogs(store, must_exist=True).close()
    logs = AuditLogs(store)
    try:
        audit_log = logs.get(log)
        if audit_log.mode != "live":
            raise LogConfigurationError(
                "log", log, f"{log!r} is a {audit_log.mode} log; only live logs are published"
            )
        notifier = Notifier(logs.store, audit_log, publisher_of(audit_log.identity or ""))
        for one in (signal.SIGINT, signal.SIGTERM):
            signal.signal(one, lambda *_: notifier.request_stop())
        print(f"publishing log {log!r} of {store}", file=sys.stderr, flush=True)
        notifier.run()
    finally:
        logs.close()


@commands.command()
def tail(
    redis: Redis = None,
    channel_prefix: Prefix = "",
    from_order: Annotated[
        int | None, typer.Option(min=1, help="Begin with the event of this order.")
    ] = None,
    store: Annotated[
        str | None,
        typer.Option(envvar="EVENT_LOGGER_STORE", help="Fetches what the stream has no more."),
    ] = None,
    log: Log = "default",
    as_json: AsJson = False,
) -> None:
    """Show a live log's messages as they are published; what was missed is fetched."""
    from infrastructure.redis.tail import RedisTail

    stored, identity = (None, None) if store is None else _stored_messages(store, log)
    listener = RedisTail(
        redis or default_redis(),
        channel_prefix,
        from_order,
        stored,
        identity=identity,
        notice=lambda sentence: print(sentence, file=sys.stderr, flush=True),
    )
    stops: list[int] = []

    def stop(number: int, _: object) -> None:
        # Should the exception be raised where it is swallowed, the number still ends it.
        stops.append(number)
        raise KeyboardInterrupt

    with closing(listener), suppress(KeyboardInterrupt):
        for one in (signal.SIGINT, signal.SIGTERM):
            signal.signal(one, stop)
        try:
            listener.begin()
        except RedisError as error:
            way_out = "start it, or name another with --redis or EVENT_LOGGER_REDIS"
            raise RedisError(f"{error.problem}; {way_out}") from error
        print("listening", file=sys.stderr, flush=True)
        for channel, data in listener.messages(lambda: bool(stops)):
            output.print_message(channel, data, as_json)


def _stored_messages(
    store: str, log: str
) -> tuple[Callable[[int, int | None], Iterator[str]], str]:
    logs = AuditLogs(store, must_exist=True)
    audit_log = logs.get(log)

    def messages(first: int, last: int | None) -> Iterator[str]:
        until = logs.last_order(audit_log) if last is None else last
        for order, record in logs.records(audit_log, first, until):
            yield logged_payload(order, decode(record, str))

    return messages, audit_log.identity or ""
