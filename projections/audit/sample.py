"""A sample of a log's events, drawn so that whoever has the seed draws the same."""

from __future__ import annotations

from hashlib import sha256


def drawn(count: int, last_order: int, seed: str) -> list[int]:
    """So many of the orders 1 to `last_order`, by rising order; all where there are no more.

    The n-th draw (0, 1, 2 …) is SHA-256 of `<seed>/<n>`, read as one number, modulo the orders, and
    one: any language draws the same. What was drawn before is drawn past.
    """
    if count >= last_order:
        return list(range(1, last_order + 1))
    orders: set[int] = set()
    draw = 0
    while len(orders) < count:
        digest = sha256(f"{seed}/{draw}".encode()).digest()
        orders.add(int.from_bytes(digest) % last_order + 1)
        draw += 1
    return sorted(orders)
