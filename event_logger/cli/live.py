"""The commands of live operation: `status`, `notify`, `tail`."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer

from domain.audit_log import AuditLog
from domain.errors import (
    LogConfigurationError,
    RedisError,
    StoreNotFoundError,
    UnknownLogError,
)
from domain.times import checked_duration
from domain.values import decode
from event_logger.cli import live_output as output
from event_logger.cli.named import named
from event_logger.cli.named import opened as opened_log
from event_logger.cli.options import AsJson, AskedRedis, AsOf, Log, Prefix, Redis, Store, Wait
from event_logger.cli.terminal import say_error
from event_logger.cli.waiting import until_told_to_stop, waited_for
from event_logger.opening import chosen, open_named_log
from event_logger.reader import LogReader
from event_logger.settings import default_redis
from event_logger.writing.composition import open_publisher
from infrastructure.audit_logs import AuditLogs
from projections.messages import logged_payload

if TYPE_CHECKING:
    from infrastructure.redis.tail import FromStore, RedisTail

commands = typer.Typer()


@commands.command()
def status(
    store: Store,
    log: Log = None,
    as_of: AsOf = None,
    stuck: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Only what is open for longer than this (90s, 10m, 2h); exit 1 if any.",
        ),
    ] = None,
    event_type: Annotated[
        str | None, typer.Option("--type", metavar="TYPE", help="Only of this event type.")
    ] = None,
    venue: Annotated[str | None, typer.Option(metavar="VENUE", help="Only at this venue.")] = None,
    only_status: Annotated[
        str | None,
        typer.Option(
            "--status", metavar="STATUS", help="Only with this status, such as submitted."
        ),
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Show it changing, until Ctrl-C.")] = False,
    interval: Annotated[
        float, typer.Option(min=0.1, metavar="SECONDS", help="Seconds between looks.")
    ] = 1.0,
    wait: Wait = False,
    as_json: AsJson = False,
) -> None:
    """Count the events by status, and list the open ones with their ages."""
    if stuck is not None:
        try:
            checked_duration("--stuck", stuck)
        except LogConfigurationError as error:
            raise typer.BadParameter(str(error)) from error

    if watch and as_of is not None:
        raise typer.BadParameter(
            "shows what changes, and what was does not: leave out one of the two",
            param_hint="--watch with --as-of",
        )

    def opened() -> LogReader:
        return waited_for(lambda: open_named_log(*named(store, log)), _NOT_THERE, wait=wait)

    def read(reader: LogReader) -> output.Board:
        return reader.live_status(stuck, event_type=event_type, venue=venue, status=only_status)

    if watch:
        with until_told_to_stop(), opened() as reader:
            # What is said of the filters comes before the screen is taken.
            read(reader)
            output.watch_status(lambda: read(reader), interval, stuck is not None)
        return
    with opened() as reader:
        board = read(reader if as_of is None else reader.as_of(as_of))
    output.print_status(board, as_json, only_stuck=stuck is not None)
    if board["stuck"]:
        raise typer.Exit(1)


@commands.command()
def notify(store: Store, log: Log = None, redis: Redis = None, channel_prefix: Prefix = "") -> None:
    """Publish a live log to Redis, until Ctrl-C or SIGTERM; stands by while another does."""
    from infrastructure.followers.notifier import Notifier

    publisher_of = open_publisher(redis, channel_prefix)
    # A store that is not there is not made.
    url, name = named(store, log)
    AuditLogs(url, must_exist=True).close()
    logs = AuditLogs(url)
    try:
        audit_log = logs.get(chosen(logs, name))
        _refuse_unpublished(audit_log)
        notifier = Notifier(logs.store, audit_log, publisher_of(audit_log.identity or ""))
        for one in (signal.SIGINT, signal.SIGTERM):
            signal.signal(one, lambda *_: notifier.request_stop())
        say_error(f"publishing log {audit_log.name!r} of {url}")
        notifier.run()
    finally:
        logs.close()


@commands.command()
def health(
    store: Store,
    log: Log = None,
    redis: AskedRedis = None,
    behind: Annotated[
        str,
        typer.Option(metavar="TIME", help="Behind for longer than this is waiting (10s, 5m)."),
    ] = "10s",
    as_json: AsJson = False,
) -> None:
    """How far board and notifier have come, and whether Redis answers; exit 1 if anything waits."""
    with opened_log(store, log) as reader:
        found = reader.health(redis, behind)
    output.print_health(found, as_json)
    if found["waiting"]:
        raise typer.Exit(1)


@commands.command()
def tail(
    redis: Redis = None,
    channel_prefix: Prefix = "",
    from_order: Annotated[
        int | None,
        typer.Option(min=1, metavar="ORDER", help="Begin with the event of this order."),
    ] = None,
    store: Annotated[
        str | None,
        typer.Option(
            envvar="EVENT_LOGGER_STORE", metavar="URL", help="Fetches what the stream has no more."
        ),
    ] = None,
    log: Log = None,
    wait: Wait = False,
    as_json: AsJson = False,
) -> None:
    """Show a live log's messages as they are published; what was missed is fetched."""
    with until_told_to_stop() as told:
        stored, identity = None, None
        if store is not None:
            where = named(store, log)
            stored, identity = waited_for(lambda: _stored_messages(*where), _NOT_THERE, wait=wait)
        with closing(_listener(redis, channel_prefix, from_order, stored, identity)) as listener:
            waited_for(lambda: _begun(listener), (RedisError,), wait=wait)
            say_error("listening")
            for channel, data in listener.messages(lambda: bool(told)):
                output.print_message(channel, data, as_json)


_NOT_THERE = (StoreNotFoundError, UnknownLogError)


def _listener(
    redis: str | None,
    channel_prefix: str,
    from_order: int | None,
    stored: FromStore | None,
    identity: str | None,
) -> RedisTail:
    from infrastructure.redis.tail import RedisTail

    return RedisTail(
        redis or default_redis(),
        channel_prefix,
        from_order,
        stored,
        identity=identity,
        notice=say_error,
    )


def _begun(listener: RedisTail) -> None:
    try:
        listener.begin()
    except RedisError as error:
        way_out = "start it, or name another with --redis or EVENT_LOGGER_REDIS"
        raise RedisError(f"{error.problem}; {way_out}") from error


def _refuse_unpublished(log: AuditLog) -> None:
    if log.mode != "live":
        raise LogConfigurationError(
            "log", log.name, f"{log.name!r} is a {log.mode} log; only live logs are published"
        )


def _stored_messages(store: str, log: str | None) -> tuple[FromStore, str]:
    logs = AuditLogs(store, must_exist=True)
    try:
        audit_log = logs.get(chosen(logs, log))
        _refuse_unpublished(audit_log)
    except BaseException:
        logs.close()
        raise

    def messages(first: int, last: int | None) -> Iterator[str]:
        until = logs.last_order(audit_log) if last is None else last
        for order, record in logs.records(audit_log, first, until):
            yield logged_payload(order, decode(record, str))

    return messages, audit_log.identity or ""
