"""The stored format, byte for byte: every format ever released stays readable.

`golden/stored_events.json` holds a sample of each topic. Samples are added, never edited.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from eventsourcing.persistence import StoredEvent

from domain.audit_log import AuditLog
from domain.values import decode
from infrastructure.codec import AuditLogMapper

SAMPLES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "golden" / "stored_events.json").read_text(encoding="utf-8")
)


def stored(sample: dict[str, Any]) -> StoredEvent:
    return StoredEvent(
        originator_id=UUID(sample["originator_id"]),
        originator_version=sample["originator_version"],
        topic=sample["topic"],
        state=sample["state"].encode(),
    )


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample["topic"])
def test_a_stored_sample_is_read_and_written_again_byte_for_byte(sample: dict[str, Any]) -> None:
    mapper = AuditLogMapper()
    event = mapper.to_domain_event(stored(sample))
    assert mapper.to_stored_event(event) == stored(sample)
    assert vars(event)["timestamp"] == datetime(2024, 5, 12, 12, 0, 0, 123456, tzinfo=UTC)


def test_the_samples_cover_every_topic() -> None:
    topics = {
        value.TOPIC
        for value in vars(AuditLog).values()
        if isinstance(value, type) and hasattr(value, "TOPIC")
    }
    assert {sample["topic"] for sample in SAMPLES} == topics
    assert AuditLog.TOPIC == "audit-log"


def test_the_samples_open_a_log() -> None:
    mapper = AuditLogMapper()
    log: Any = None
    for sample in SAMPLES:
        event: Any = mapper.to_domain_event(stored(sample))
        log = event.mutate(log)
    assert isinstance(log, AuditLog)
    assert (log.name, log.mode, log.version) == ("run-1", "backtest", 1)
    assert log.metadata == {"strategy": "restaking"}


def test_the_sample_of_an_event_means_what_it_meant() -> None:
    record = decode(SAMPLES[1]["state"].encode(), str)
    assert record["event_type"] == "GAS_FEE_PAID"
    assert str(record["amount"]) == "0.003750"
    assert record["extra"] == {
        "fee_type": "STAKE_DEPOSIT",
        "wei": 2**70,
        "at": "2024-05-12T12:00:00Z",
    }
