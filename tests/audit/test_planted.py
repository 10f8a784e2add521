"""No false alarm in what is sound, and no planted fault missed."""

from __future__ import annotations

import pytest

from tests.audit.planted import PLANTS
from tests.audit.planting import Plant, found, is_found
from tests.audit.quiet import QUIET, Quiet, alarms
from tests.audit.sound import sound_run

PLACES = 2
"""At how many places each fault is planted."""


@pytest.mark.parametrize("seed", range(PLACES))
@pytest.mark.parametrize("quiet", QUIET, ids=lambda quiet: quiet.name.replace(" ", "-"))
def test_what_is_sound_gives_no_error(quiet: Quiet, seed: int) -> None:
    assert alarms(quiet, seed) == []


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.name.replace(" ", "-"))
def test_a_planted_fault_is_found_by_its_rule_once_and_where_it_is(plant: Plant) -> None:
    places = [found(sound_run(plant.mode), plant, seed) for seed in range(PLACES)]
    assert any(places)
    for place in places:
        if place is not None:
            given, orders = place
            assert is_found(plant, orders, given), f"expected {orders}, found {given}"


def test_no_fault_is_planted_under_the_name_of_another() -> None:
    names = [plant.name for plant in PLANTS]
    assert len(set(names)) == len(names)
