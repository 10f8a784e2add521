"""What a logger is made of: the store, the log, the writer, and live the followers."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from domain.audit_log import AuditLog
from domain.errors import LogConfigurationError, shown
from event_logger.options import LoggerOptions
from event_logger.settings import default_redis
from event_logger.writing.buffer import BufferedWriter
from event_logger.writing.signing import checkpointer_of, sign_at_the_end, signing_of
from event_logger.writing.writer import Follower, LiveWriter, Writer
from infrastructure.audit_logs import AuditLogs
from infrastructure.closing import refuse_closed
from infrastructure.index_ends import mend_indexes
from infrastructure.kept_checkpoints import refuse_behind

if TYPE_CHECKING:
    from infrastructure.redis.connection import RedisSource
    from infrastructure.redis.publisher import RedisPublisher


class Parts(NamedTuple):
    """What a logger works with."""

    logs: AuditLogs
    log: AuditLog
    writer: Writer


def compose(options: LoggerOptions) -> Parts:
    """Open the store and the log, both made where they are not there, and the writer.

    Live, its followers come with it: the status board, and the notifier unless `redis` is False. A
    Redis that makes no sense is refused before the store is made. Raises `LogConfigurationError` or
    `StoreError`.
    """
    publisher_of = None
    if options.is_live and options.redis is not False:
        publisher_of = open_publisher(options.redis, options.channel_prefix)
    signing = signing_of(options)
    logs, log = _opened(options)
    log.intake.rules = options.rules
    try:
        refuse_closed(logs.store.url, logs.store.reads.last_event(log.id))
        mend_indexes(logs.store, log)
        if signing is not None:
            signing.refuse_own_witness(log)
    except BaseException:
        logs.close()
        raise
    if not options.is_live:
        at_the_end = partial(sign_at_the_end, logs, log, signing)
        return Parts(logs, log, BufferedWriter(logs, log, options.commit_every, at_the_end))
    from infrastructure.followers.board import StatusBoard

    followers: list[Follower] = [StatusBoard(logs.store, log).follower(logs.store.commits)]
    if publisher_of is not None:
        from infrastructure.followers.notifier import Notifier

        followers.append(Notifier(logs.store, log, publisher_of(log.identity or "")))
    if signing is not None:
        followers.append(checkpointer_of(logs, log, signing, options))
    return Parts(logs, log, LiveWriter(logs, log, followers))


def open_publisher(redis: RedisSource, channel_prefix: str) -> Callable[[str], RedisPublisher]:
    """A publisher to this Redis (None: what the environment says) for the log of an identity.

    Raises `LogConfigurationError` for a URL or a prefix that makes no sense; connects later.
    """
    from infrastructure.redis.connection import checked_prefix, connect
    from infrastructure.redis.publisher import RedisPublisher

    prefix = checked_prefix(channel_prefix)
    client = connect(default_redis() if redis is None else redis)
    return lambda identity: RedisPublisher(client, prefix, identity)


def _opened(options: LoggerOptions) -> tuple[AuditLogs, AuditLog]:
    url = options.store_url()
    logs = AuditLogs(url, actor=options.actor, durability=options.durability)
    try:
        if options.is_live and logs.store.is_volatile:
            raise LogConfigurationError(
                "store",
                url,
                f"must be a file in live mode, such as sqlite:///live.db, not {shown(url)}:"
                " memory forgets what real money did",
            )
        log = _open_log(logs, options)
        if options.after_restore:
            from infrastructure.continued import continued_after_restore

            log = continued_after_restore(logs, log)
        refuse_behind(logs.store, log)
        return logs, log
    except BaseException:
        logs.close()
        raise


def _open_log(logs: AuditLogs, options: LoggerOptions) -> AuditLog:
    """The log, or what `if_exists` says instead; of two at once one makes a name, no more."""
    name, mode, metadata = options.log, options.execution_mode, options.metadata
    if options.if_exists == "continue":
        return logs.open_or_create(name, mode, metadata)
    log = logs.create(name, mode, metadata)
    if log is None and options.if_exists == "refuse":
        raise LogConfigurationError(
            "log",
            name,
            f"{shown(name)} is there already; give this run another name, or open it with"
            " if_exists='new' or 'continue'",
        )
    number = 1
    taken = set(logs.names()) if log is None else set()
    while log is None:
        number += 1
        beside = f"{name}.{number}"
        log = None if beside in taken else logs.create(beside, mode, metadata)
    return log
