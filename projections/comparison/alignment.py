"""Which events of two runs are partners: by what they are and when, never by order alone.

Under each of the keys of `projections.comparison.fingerprints.KEYS`, from narrow to broad, what has
no partner yet is looked at: first what stands at the same time, then, where there is a window, the
nearest within it, the least distance first. Where several have the same distance, those that say
the same are partners; what is left then is partners where it is one against one, the parts of one
trade where it is several fills against it, and else **ambiguous**: nothing tells which is which.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import pairwise
from typing import NamedTuple, Protocol

from projections.comparison.fingerprints import KEYS, Fingerprints
from projections.comparison.nearest import Block, nearest_blocks

PARTS, AMBIGUOUS = "parts", "ambiguous"


class Group(NamedTuple):
    """Events that belong together and are not one against one."""

    kind: str
    a: tuple[int, ...]
    b: tuple[int, ...]
    level: int


class Judging(Protocol):
    """What the alignment must know of the events themselves, where their keys do not tell."""

    def content(self, side: int, order: int) -> bytes:
        """The same for events that say the same, of either side."""

    def are_parts(self, side: int, whole: int, parts: Sequence[int]) -> bool:
        """Whether `whole`, of the side 0 or 1, may have been filled in these parts of the other."""


class Alignment:
    """The partners of two runs; `partners[0][order - 1]` is the order of the other, 0 is none.

    `levels[order - 1]` says under which key that was found, for orders of the first.
    """

    def __init__(self, a: Fingerprints, b: Fingerprints, window: int, judging: Judging) -> None:
        self.window = window
        self._sides = a, b
        self._judging = judging
        self.partners = array("q", bytes(8 * len(a))), array("q", bytes(8 * len(b)))
        self.levels = bytearray(len(a))
        self.groups: list[Group] = []
        self._grouped: tuple[dict[int, Group], dict[int, Group]] = {}, {}
        for level in range(len(KEYS)):
            for these, others in self._by_key(level):
                self._align(level, these, others)

    def group_of(self, side: int, order: int) -> Group | None:
        """The group that the event is in, if any."""
        return self._grouped[side].get(order)

    def alone(self, side: int) -> Iterator[int]:
        """The orders that only this side has."""
        grouped = self._grouped[side]
        for order, partner in enumerate(self.partners[side], 1):
            if not partner and order not in grouped:
                yield order

    def _by_key(self, level: int) -> Iterator[tuple[array[int], array[int]]]:
        """The orders without a partner, of either side, by the key that they have in common."""
        of_level = self._sides[0].keys.of_level[level]
        sides: list[dict[int, array[int]]] = [{}, {}]
        for side, found in enumerate(sides):
            numbers = self._sides[side].numbers
            for order in self.alone(side):
                key = of_level[numbers[order - 1]]
                orders = found.get(key)
                if orders is None:
                    orders = found[key] = array("q")
                orders.append(order)
        for key, these in sides[0].items():
            others = sides[1].get(key)
            if others is not None:
                yield these, others

    def _align(self, level: int, these: array[int], others: array[int]) -> None:
        is_trade = self._is_trade(these[0])
        left: tuple[list[Block], list[Block]] = [], []
        for one, other in self._at_one_time(level, these, others):
            if one.orders and other.orders and not (is_trade and self.window):
                self._resolve(level, one, other, is_trade=is_trade)
            if self.window:
                for side, block in enumerate((one, other)):
                    if block.orders:
                        left[side].append(block)
        if not (left[0] and left[1]):
            return
        if is_trade:
            for whole in (0, 1):
                self._find_parts(level, whole, left)
        for chain in nearest_blocks([*left[0], *left[1]], self.window):
            self._resolve_chain(level, chain, is_trade=is_trade)

    def _at_one_time(
        self, level: int, these: Sequence[int], others: Sequence[int]
    ) -> Iterator[tuple[Block, Block]]:
        """The events of both sides by rising time, but for pairs that are plain, which are made.

        Of trades, where there is a window, a pair that says the same is plain: any other may be the
        first part of several.
        """
        times, times_b = self._sides[0].times, self._sides[1].times
        must_say_the_same = self.window > 0 and self._is_trade(these[0])
        these, others = _by_time(these, times), _by_time(others, times_b)
        i = j = 0
        while i < len(these) or j < len(others):
            first, second = i, j
            now = min(
                times[these[i] - 1] if i < len(these) else _NEVER,
                times_b[others[j] - 1] if j < len(others) else _NEVER,
            )
            while i < len(these) and times[these[i] - 1] == now:
                i += 1
            while j < len(others) and times_b[others[j] - 1] == now:
                j += 1
            is_plain = i - first == j - second == 1
            if is_plain and must_say_the_same:
                is_plain = self._say_the_same(these[first], others[second])
            if is_plain:
                self._pair(level, these[first], others[second])
            elif self.window or (i > first and j > second):
                yield (
                    Block(0, now, list(these[first:i])),
                    Block(1, now, list(others[second:j])),
                )

    def _is_trade(self, order: int) -> bool:
        fingerprints = self._sides[0]
        return bool(fingerprints.keys.is_trade[fingerprints.numbers[order - 1]])

    def _say_the_same(self, a: int, b: int) -> bool:
        return self._sides[0].digest_of(a) == self._sides[1].digest_of(b)

    def _find_parts(self, level: int, whole: int, left: tuple[list[Block], list[Block]]) -> None:
        """Group what one side has in one piece with the several parts of it that the other has."""
        wholes, parts = left[whole], left[1 - whole]
        clusters: dict[int, list[Block]] = {}
        place = 0
        for part in parts:
            while place + 1 < len(wholes) and abs(wholes[place + 1].time - part.time) < abs(
                wholes[place].time - part.time
            ):
                place += 1
            if wholes and abs(wholes[place].time - part.time) <= self.window:
                clusters.setdefault(place, []).append(part)
        for place, blocks in clusters.items():
            found = [order for block in blocks for order in block.orders]
            orders = wholes[place].orders
            if len(orders) != 1 or len(found) < 2:
                continue
            if self._judging.are_parts(whole, orders[0], found):
                self._group(PARTS, level, *((orders, found) if whole == 0 else (found, orders)))
                for block in (wholes[place], *blocks):
                    block.orders = []
        for blocks in left:
            blocks[:] = [block for block in blocks if block.orders]

    def _resolve_chain(self, level: int, chain: list[Block], *, is_trade: bool) -> None:
        """Decide among blocks each of which is as far from the next as every other."""
        if len(chain) == 2:
            self._resolve(level, *_by_side(chain), is_trade=is_trade)
            return
        for pair in pairwise(chain):
            self._pair_alike(level, *_by_side(pair))
        runs: list[list[Block]] = [[]]
        for block in chain:
            if block.orders:
                runs[-1].append(block)
            else:
                runs.append([])
        for run in runs:
            if len(run) == 2:
                self._resolve(level, *_by_side(run), is_trade=is_trade)
            elif len(run) > 2:
                self._group(AMBIGUOUS, level, _orders(run, 0), _orders(run, 1))
                for block in run:
                    block.orders = []

    def _resolve(self, level: int, one: Block, other: Block, *, is_trade: bool) -> None:
        """Decide between events of both sides that nothing but what they say tells apart.

        What is decided is taken out of the blocks; what is left of one of them is alone.
        """
        if len(one.orders) > 1 or len(other.orders) > 1:
            self._pair_alike(level, one, other)
        a, b = one.orders, other.orders
        if not a or not b:
            return
        if len(a) == 1 and len(b) == 1:
            self._pair(level, a[0], b[0])
        elif is_trade and (
            (len(a) == 1 and self._judging.are_parts(0, a[0], b))
            or (len(b) == 1 and self._judging.are_parts(1, b[0], a))
        ):
            self._group(PARTS, level, a, b)
        else:
            self._group(AMBIGUOUS, level, a, b)
        one.orders, other.orders = [], []

    def _pair_alike(self, level: int, one: Block, other: Block) -> None:
        """Pair those that say the same, the first with the first; take them out."""
        digests = [side.digest_of for side in self._sides]
        self._pair_by(level, one, other, digests)
        if one.orders and other.orders:
            # Written otherwise, or with another snapshot or transaction.
            contents = [partial(self._judging.content, side) for side in (0, 1)]
            self._pair_by(level, one, other, contents)

    def _pair_by(
        self, level: int, one: Block, other: Block, said: Sequence[Callable[[int], bytes]]
    ) -> None:
        if not one.orders or not other.orders:
            return
        waiting: dict[bytes, list[int]] = {}
        for order in reversed(other.orders):
            waiting.setdefault(said[1](order), []).append(order)
        left = []
        for order in one.orders:
            alike = waiting.get(said[0](order))
            if alike:
                self._pair(level, order, alike.pop())
            else:
                left.append(order)
        one.orders = left
        other.orders = [order for order in other.orders if not self.partners[1][order - 1]]

    def _pair(self, level: int, a: int, b: int) -> None:
        self.partners[0][a - 1], self.partners[1][b - 1] = b, a
        self.levels[a - 1] = level

    def _group(self, kind: str, level: int, a: Sequence[int], b: Sequence[int]) -> None:
        group = Group(kind, tuple(a), tuple(b), level)
        self.groups.append(group)
        for grouped, orders in zip(self._grouped, (a, b), strict=True):
            grouped.update(dict.fromkeys(orders, group))


def _by_side(pair: Sequence[Block]) -> tuple[Block, Block]:
    one, other = pair
    return (one, other) if one.side == 0 else (other, one)


def _orders(blocks: Sequence[Block], side: int) -> list[int]:
    return [order for block in blocks if block.side == side for order in block.orders]


def _by_time(orders: Sequence[int], times: Sequence[int]) -> Sequence[int]:
    """The orders by their times, rising; the lower order first where those are equal."""
    before = None
    for order in orders:
        time = times[order - 1]
        if before is not None and time < before:
            return array("q", sorted(orders, key=lambda order: times[order - 1]))
        before = time
    return orders


_NEVER = 10**30
"""A time that comes after every other."""
