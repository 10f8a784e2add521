"""The options of a logger; both loggers take the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from domain.audit_log import checked_mode
from domain.checks import checked_choice, checked_flag, is_valid_unicode
from domain.errors import LogConfigurationError, shown
from domain.intake import LoggingRules
from event_logger.settings import default_store

if TYPE_CHECKING:
    from infrastructure.redis.connection import RedisSource


IF_EXISTS = ("continue", "refuse", "new")
"""What becomes of a log that is there: it goes on, is refused, or another is made beside it."""

_FLAGS = ("include_balance_snapshots", "hourly_timestamps", "strict_event_types", "after_restore")

DURABILITY = ("full", "relaxed")
"""Whether a server whose settings promise less than durable commits is refused, or taken."""


@dataclass(frozen=True)
class LoggerOptions:
    """The options of a logger, which its constructor explains.

    Raises `LogConfigurationError` for one that cannot be.
    """

    execution_mode: str
    include_balance_snapshots: bool
    # It may hold a password.
    store: str | None = field(repr=False)
    log: str
    metadata: dict[str, Any] | None
    redis: RedisSource
    channel_prefix: str
    hourly_timestamps: bool
    strict_event_types: bool
    commit_every: int
    actor: str | None
    if_exists: str = "continue"
    durability: str = "full"
    after_restore: bool = False

    def __post_init__(self) -> None:
        checked_mode(self.execution_mode)
        for name in _FLAGS:
            checked_flag(name, getattr(self, name))
        every = self.commit_every
        if not isinstance(every, int) or isinstance(every, bool) or every < 1:
            raise LogConfigurationError(
                "commit_every", every, f"must be 1 or more, not {shown(every)}"
            )
        checked_choice("if_exists", self.if_exists, IF_EXISTS)
        checked_choice("durability", self.durability, DURABILITY)
        if self.actor is not None and (not isinstance(self.actor, str) or not self.actor.strip()):
            raise LogConfigurationError(
                "actor", self.actor, f"must be text, not {shown(self.actor)}"
            )
        if self.actor is not None and not is_valid_unicode(self.actor):
            raise LogConfigurationError(
                "actor", self.actor, f"must be valid Unicode, not {shown(self.actor)}"
            )

    @property
    def is_live(self) -> bool:
        """Whether each call is durable when it returns, and events have a status that changes."""
        return self.execution_mode == "live"

    @property
    def rules(self) -> LoggingRules:
        """What the logger asks of its events; live timestamps need not be on the hour."""
        return LoggingRules(
            self.hourly_timestamps and not self.is_live,
            self.strict_event_types,
            self.include_balance_snapshots,
            self.is_live,
        )

    def store_url(self) -> str:
        """The store: the one given, else the environment's, else the mode's own."""
        return default_store(self.execution_mode) if self.store is None else self.store
