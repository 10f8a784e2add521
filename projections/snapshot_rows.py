"""The numbers of a position snapshot as rows: account, asset, amount."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domain.accounts import WALLET, account_of, perp_account
from projections.column_cells import text_of, told
from projections.column_types import ColumnType

_NUMBERS = frozenset({ColumnType.INT, ColumnType.BIG_INT, ColumnType.FLOAT, ColumnType.EXACT})
BalanceRow = tuple[str, str, str | None]
"""Account, asset, and the amount with the digits in which it is stored."""


def snapshot_rows(snapshot: Mapping[str, Any]) -> Iterator[BalanceRow]:
    """The rows of a snapshot as it was stored.

    The accounts are `WALLET`, the exchange, and of a perpetual the exchange and the instrument
    (`binance.ETHUSDT-PERP`), whose assets are what its position tells: `size`, `entry_price` and
    the like. What is no number, and what is beyond the snapshot's documented shape, is left out.
    """
    yield from _rows(WALLET, snapshot.get("wallet"))
    for venue, balances in _items(snapshot.get("cex_accounts")):
        yield from _rows(account_of(venue), balances)
    for venue, positions in _items(snapshot.get("perp_positions")):
        for instrument, position in _items(positions):
            yield from _rows(perp_account(venue, instrument), position)


def _rows(account: str, amounts: Any) -> Iterator[BalanceRow]:
    for asset, amount in _items(amounts):
        found, value = told(amount)
        if found in _NUMBERS:
            yield account, asset, text_of(found, value)


def _items(part: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(part, Mapping):
        for name, value in part.items():
            # An own key that begins with a dollar is stored with one more.
            yield (name[1:] if name.startswith("$") else name), value
