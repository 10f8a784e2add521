"""The nearest events of two sides within a window, the least distance first."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heapify, heappop, heappush


class Block:
    """The events of one side at one time; `orders` are those that have no partner yet."""

    __slots__ = ("orders", "side", "time")

    def __init__(self, side: int, time: int, orders: list[int]) -> None:
        self.side = side
        self.time = time
        self.orders = orders


def nearest_blocks(blocks: list[Block], window: int) -> Iterator[list[Block]]:
    """Chains of blocks of either side in turn, each as far from the next as from the one before.

    Mostly a chain is two blocks: the nearest that there are. Whoever iterates empties blocks, or
    one of two neighbours at least; what is left in the others is offered again to their neighbours
    then.
    """
    blocks = sorted(blocks, key=lambda block: (block.time, block.side))
    before = list(range(-1, len(blocks) - 1))
    after = [*range(1, len(blocks)), -1]
    heap: list[tuple[int, int, int]] = []

    def distance(left: int, right: int) -> int | None:
        if left < 0 or right < 0 or blocks[left].side == blocks[right].side:
            return None
        apart = blocks[right].time - blocks[left].time
        return apart if apart <= window else None

    for right in range(1, len(blocks)):
        apart = distance(right - 1, right)
        if apart is not None:
            heap.append((apart, right - 1, right))
    heapify(heap)
    while heap:
        apart, left, right = heappop(heap)
        if not blocks[left].orders or not blocks[right].orders or after[left] != right:
            continue
        earlier_ones = [left]
        while distance(before[earlier_ones[-1]], earlier_ones[-1]) == apart:
            earlier_ones.append(before[earlier_ones[-1]])
        chain = [*reversed(earlier_ones), right]
        while distance(chain[-1], after[chain[-1]]) == apart:
            chain.append(after[chain[-1]])
        yield [blocks[one] for one in chain]
        for one in chain:
            if not blocks[one].orders:
                earlier, later = before[one], after[one]
                if earlier >= 0:
                    after[earlier] = later
                if later >= 0:
                    before[later] = earlier
        seen = [one for one in chain if blocks[one].orders]
        for one in {before[chain[0]], after[chain[-1]], *seen}:
            for pair in ((before[one], one), (one, after[one])) if one >= 0 else ():
                further = distance(*pair)
                if further is not None:
                    heappush(heap, (further, *pair))
