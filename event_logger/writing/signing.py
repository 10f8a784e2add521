"""What a logger signs by, where the environment names a key: at its end, or live as it goes on."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from domain.audit_log import AuditLog
from domain.errors import EventLoggerError, ProofError
from event_logger.options import LoggerOptions
from event_logger.settings import checkpoint_seconds, default_key, default_policy, default_redis
from infrastructure.audit_logs import AuditLogs

if TYPE_CHECKING:
    from infrastructure.followers.announcing import Outlet
    from infrastructure.followers.checkpointer import Checkpointer
    from infrastructure.signing import OwnerKey
    from projections.policy import Policy

_log = logging.getLogger("event_logger")


class Signing(NamedTuple):
    """An owner's key, how often a live log is signed for, and whose witnesses are asked."""

    key: OwnerKey
    seconds: float | None
    policy: Policy | None

    def refuse_own_witness(self, log: AuditLog) -> None:
        """Raises `ProofError` where the policy takes the log's key for a witness'."""
        if self.policy is not None:
            try:
                self.policy.with_log(self.key.verifier_key(log.identity or ""))
            except ValueError as error:
                raise ProofError("the policy", str(error)) from None


def signing_of(options: LoggerOptions) -> Signing | None:
    """What the environment says; None where nothing is signed.

    Raises `KeyFileError`, `LogConfigurationError`, or `ProofError` for a policy that cannot be and
    where the library that signs is not there; nothing was made by then.
    """
    seconds = checkpoint_seconds()
    path = default_key()
    if not path:
        return None
    from infrastructure.files.policy_file import read_policy
    from infrastructure.signing import read_key
    from infrastructure.witness_client import refuse_no_url

    policy_file = default_policy() if options.is_live else ""
    policy = read_policy(Path(policy_file)) if policy_file else None
    for one in () if policy is None else policy.witnesses:
        if one.url is not None:
            refuse_no_url(one.url)
    return Signing(read_key(path), seconds, policy)


def checkpointer_of(
    logs: AuditLogs, log: AuditLog, signing: Signing, options: LoggerOptions
) -> Checkpointer:
    """The follower that signs for a live log, and publishes that unless `redis` is False."""
    from infrastructure.followers.checkpointer import Checkpointer, Pace
    from infrastructure.witness_client import asked_of

    outlets: list[Outlet] = []
    if options.redis is not False:
        from infrastructure.redis.checkpoints import CheckpointChannel

        redis = default_redis() if options.redis is None else options.redis
        outlets.append(CheckpointChannel(redis, options.channel_prefix))
    pace = Pace() if signing.seconds is None else Pace(signing.seconds)
    witnesses = [] if signing.policy is None else asked_of(signing.policy)
    return Checkpointer(logs.store, log, signing.key, outlets, pace, witnesses)


def sign_at_the_end(logs: AuditLogs, log: AuditLog, signing: Signing | None) -> None:
    """Sign for what a backtest logged; where that fails it is said: all is stored already.

    Of a store in memory nothing is signed: it dies with the process.
    """
    if signing is None or logs.store.is_volatile:
        return
    from infrastructure.checkpointing import Checkpointing

    try:
        checkpointing = Checkpointing(logs.store, log, signing.key)
        if checkpointing.sign().is_new and checkpointing.tree is not None:
            checkpointing.tree.keep(logs.store)
    except EventLoggerError as error:
        _log.warning("%s", error)
