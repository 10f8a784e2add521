"""Parquet in tests: what a file says of itself, and its rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from event_logger import EventLogger
from tests.support import HOUR


def rows(path: str | Path) -> list[dict[str, Any]]:
    """The file's rows, times as they are to the nanosecond."""
    found: list[dict[str, Any]] = pq.ParquetFile(path).read().to_pylist()
    return found


def types(path: str | Path) -> dict[str, str]:
    """The types of the file's columns."""
    return {field.name: str(field.type) for field in pq.read_schema(path)}


def said(path: str | Path) -> dict[str, Any]:
    """What the file says of itself."""
    found: dict[str, Any] = json.loads(pq.read_schema(path).metadata[b"event_logger"])
    return found


def table_of(*extras: dict[str, Any]) -> pa.Table:
    """The columns of a log with an event for each of these extras."""
    with EventLogger() as logger:
        for extra in extras:
            logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE", "ETH", 1, **extra)
        return logger.to_arrow()
