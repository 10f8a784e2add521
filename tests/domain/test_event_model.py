"""The model of a record, and the short way to know that it accepts one: both say the same."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from domain.event_model import event_model
from domain.sound_shapes import SoundShapes

RECORD: dict[str, Any] = {
    "recorded_at": "2024-05-12T14:00:00.123456Z",
    "timestamp": "2024-05-12T14:00:00Z",
    "event_type": "GAS_FEE_PAID",
    "venue": "ETHEREUM",
}
WITHOUT_TIME = {name: value for name, value in RECORD.items() if name != "timestamp"}

ACCEPTED: dict[str, dict[str, Any]] = {
    "the least": RECORD,
    "every kind": RECORD
    | {
        "amount": Decimal("1.50"),
        "gas_units": 2**70,
        "related_events": [1, 2],
        "position_snapshot": {"wallet": {"ETH": 1.5}},
        "extra": {"note": None},
    },
    "None of what may be unset": RECORD | {"token": None, "nonce": None, "fee": None},
    "no extras": RECORD | {"extra": {}},
}
REFUSED: dict[str, dict[str, Any]] = {
    "no time": WITHOUT_TIME,
    "extras that are none": RECORD | {"extra": None},
    "extras that are a list": RECORD | {"extra": []},
    "extras that are text": RECORD | {"extra": "note"},
    "a name that is no field": RECORD | {"colour": "red"},
    "a name that is no field, and no value": RECORD | {"colour": None},
    "a status, which is none of the model": RECORD | {"status": "pending"},
    "an amount that is text": RECORD | {"amount": "1.5"},
    "an amount that is no number": RECORD | {"amount": float("nan")},
    "units below zero": RECORD | {"gas_units": -1},
    "blank text": RECORD | {"venue": " "},
    "a type that is none": RECORD | {"event_type": "gas fee"},
    "an order of zero": RECORD | {"parent_event": 0},
    "orders that are none": RECORD | {"related_events": [1, "2"]},
    "a snapshot that is a list": RECORD | {"position_snapshot": []},
    "a time that is a number": RECORD | {"timestamp": 7},
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_a_record_that_is_an_event(name: str) -> None:
    event_model().model_validate(ACCEPTED[name])
    assert SoundShapes().is_sound(ACCEPTED[name])


@pytest.mark.parametrize("name", REFUSED)
def test_a_record_that_is_none(name: str) -> None:
    with pytest.raises(ValidationError):
        event_model().model_validate(REFUSED[name])
    shapes = SoundShapes()
    for record in (*ACCEPTED.values(), REFUSED[name]):
        is_sound = shapes.is_sound(record)
    assert is_sound == (name == "a status, which is none of the model")
