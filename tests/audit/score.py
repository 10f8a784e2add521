"""How many planted faults an audit finds, and how often it alarms for nothing."""

from __future__ import annotations

import sys
from collections import Counter

from tests.audit.planted import PLANTS
from tests.audit.planting import found, is_found
from tests.audit.quiet import QUIET, alarms
from tests.audit.sound import sound_run

PLACES = 10


def main() -> int:
    """Print both figures; 1 where a fault is missed or a sound run alarms."""
    planted: Counter[str] = Counter()
    caught: Counter[str] = Counter()
    for plant in PLANTS:
        for seed in range(PLACES):
            place = found(sound_run(plant.mode), plant, seed)
            if place is not None:
                given, orders = place
                planted[plant.name] += 1
                caught[plant.name] += is_found(plant, orders, given)
    for name, count in planted.items():
        if caught[name] < count:
            print(f"missed: {name}: found at {caught[name]} of {count} places")
    false = 0
    for quiet in QUIET:
        for seed in range(PLACES):
            for one in alarms(quiet, seed):
                false += 1
                print(f"false alarm: {quiet.name}: {one.rule} at {one.orders}: {one.message}")
    kinds = sum(caught[name] == count for name, count in planted.items())
    print(f"kinds of faults found everywhere: {kinds} of {len(PLANTS)}")
    print(f"planted faults found: {caught.total()} of {planted.total()}")
    print(f"false alarms in {len(QUIET)} kinds of sound runs: {false}")
    return int(false > 0 or kinds < len(PLANTS))


if __name__ == "__main__":
    sys.exit(main())
