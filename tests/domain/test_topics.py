"""The stored format, byte for byte: every format ever released stays readable.

`golden/stored_events.json` holds a sample of each topic. Samples are added, never edited.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from eventsourcing.persistence import StoredEvent

from domain.audit_log import AuditLog
from domain.lifecycle import EventLifecycle
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


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: str(sample["topic"]))
def test_a_stored_sample_is_read_and_written_again_byte_for_byte(sample: dict[str, Any]) -> None:
    mapper = AuditLogMapper()
    event = mapper.to_domain_event(stored(sample))
    assert mapper.to_stored_event(event) == stored(sample)
    assert vars(event)["timestamp"] == datetime(2024, 5, 12, 12, 0, 0, 123456, tzinfo=UTC)


def test_the_samples_cover_every_topic() -> None:
    topics = {
        value.TOPIC
        for aggregate in (AuditLog, EventLifecycle)
        for value in vars(aggregate).values()
        if isinstance(value, type) and hasattr(value, "TOPIC")
    }
    assert {sample["topic"] for sample in SAMPLES} == topics
    assert (AuditLog.TOPIC, EventLifecycle.TOPIC) == ("audit-log", "event-lifecycle")


def test_the_samples_open_a_log() -> None:
    mapper = AuditLogMapper()
    log: Any = None
    for sample in SAMPLES[:2]:
        if sample["topic"].startswith("audit-log."):
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


def test_the_samples_tell_a_lifecycle() -> None:
    mapper = AuditLogMapper()
    lifecycle: Any = None
    for sample in SAMPLES:
        if sample["topic"].startswith("event-lifecycle."):
            event: Any = mapper.to_domain_event(stored(sample))
            lifecycle = event.mutate(lifecycle)
    assert isinstance(lifecycle, EventLifecycle)
    assert (lifecycle.order, lifecycle.status, lifecycle.version) == (1, "confirmed", 1)
    assert lifecycle.values == {
        "tx_hash": "0xabc",
        "nonce": 7,
        "confirmation_blocks": 12,
        "gas_cost_eth": Decimal("0.00350"),
        "completion_timestamp": "2024-05-12T12:01:00Z",
    }


def test_a_log_s_identity_stands_in_its_opening_since_format_2() -> None:
    former, present = (
        AuditLogMapper().to_domain_event(stored(sample))
        for sample in SAMPLES
        if sample["topic"] == AuditLog.Opened.TOPIC
    )
    assert getattr(former, "identity") is None  # noqa: B009
    assert vars(present)["identity"] == "6f1c4a1e-3a52-4d0b-9d83-0c0de1f0a001"
