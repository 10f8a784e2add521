"""What the environment says, read when a logger is made and not before."""

from __future__ import annotations

MEMORY_STORE = ":memory:"
LIVE_STORE = "sqlite:///event_log.db"
REDIS = "redis://localhost:6379/0"


def default_store(execution_mode: str) -> str:
    """The store when none was given: `EVENT_LOGGER_STORE`, else memory, or live a file."""
    return _setting("store") or (LIVE_STORE if execution_mode == "live" else MEMORY_STORE)


def default_redis() -> str:
    """The Redis when none was given: `EVENT_LOGGER_REDIS`, else the local one."""
    return _setting("redis") or REDIS


def _setting(name: str) -> str:
    from pydantic_settings import BaseSettings, SettingsConfigDict

    class Settings(BaseSettings):
        model_config = SettingsConfigDict(env_prefix="EVENT_LOGGER_")
        store: str = ""
        redis: str = ""

    value: str = getattr(Settings(), name)
    return value
