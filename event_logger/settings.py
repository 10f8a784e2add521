"""What the environment says, read when a logger is made and not before."""

from __future__ import annotations

import os

from domain.errors import LogConfigurationError, shown
from infrastructure.kept_checkpoints import KEY_VARIABLE

MEMORY_STORE = ":memory:"
LIVE_STORE = "sqlite:///event_log.db"
REDIS = "redis://localhost:6379/0"


def default_store(execution_mode: str) -> str:
    """The store when none was given: `EVENT_LOGGER_STORE`, else memory, or live a file."""
    return _setting("store") or (LIVE_STORE if execution_mode == "live" else MEMORY_STORE)


def default_redis() -> str:
    """The Redis when none was given: `EVENT_LOGGER_REDIS`, else the local one."""
    return _setting("redis") or REDIS


def default_key() -> str:
    """The file of the owner's key, `EVENT_LOGGER_KEY`; empty where nothing is signed."""
    return os.environ.get(KEY_VARIABLE, "")


def default_policy() -> str:
    """The policy whose witnesses live checkpoints are cosigned by, `EVENT_LOGGER_POLICY`."""
    return os.environ.get("EVENT_LOGGER_POLICY", "")


def checkpoint_seconds() -> float | None:
    """How old an entry is at most before it is signed for: `EVENT_LOGGER_CHECKPOINT_SECONDS`.

    None where it is not said. Raises `LogConfigurationError` for what is no such number.
    """
    given = os.environ.get("EVENT_LOGGER_CHECKPOINT_SECONDS", "")
    if not given:
        return None
    try:
        seconds = float(given)
    except ValueError:
        seconds = 0.0
    if not 0.01 <= seconds <= 86_400:
        raise LogConfigurationError(
            "EVENT_LOGGER_CHECKPOINT_SECONDS",
            given,
            f"must be a number of seconds from 0.01 to a day, not {shown(given)}",
        )
    return seconds


def _setting(name: str) -> str:
    from pydantic_settings import BaseSettings, SettingsConfigDict

    class Settings(BaseSettings):
        model_config = SettingsConfigDict(env_prefix="EVENT_LOGGER_")
        store: str = ""
        redis: str = ""

    value: str = getattr(Settings(), name)
    return value
