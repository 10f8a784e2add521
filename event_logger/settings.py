"""What the environment says, read when a logger is made and not before."""

from __future__ import annotations

MEMORY_STORE = ":memory:"


def default_store() -> str:
    """The store of a backtest logger that was given none: `EVENT_LOGGER_STORE`, else memory."""
    from pydantic_settings import BaseSettings, SettingsConfigDict

    class Settings(BaseSettings):
        model_config = SettingsConfigDict(env_prefix="EVENT_LOGGER_")
        store: str = MEMORY_STORE

    return Settings().store
