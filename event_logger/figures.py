"""The figures of a log: what flowed of each asset, and what each account holds."""

from __future__ import annotations

from typing import Any

from domain.audit_log import AuditLog
from domain.bundle import last_order_of, wrapper_of
from domain.checks import order as checked_order
from domain.errors import InvalidEventError, UnknownOrderError
from infrastructure.reading import LogReading, Records
from projections.asset_figures import AssetFigures
from projections.balance_sheet import BalanceSheet


class FiguredLog:
    """What a reader has of flows and balances; `_last_order` sees to it that all is stored."""

    _log: AuditLog
    _reading: LogReading

    def _last_order(self) -> int:
        raise NotImplementedError

    def asset_figures(self) -> dict[str, Any]:
        """What flowed of each asset, and apart from that prices and balances that were found.

        `flows`: {asset: {`in`, `out`, `net`}} as `domain.effects` knows them, over all accounts; of
        perpetuals by instrument. `prices`: {token: {`updates`, `low`, `high`, `last`, `order`}}.
        `balances`: what reconciliations found: `venue`, `token`, `found` (how often), `last`,
        `order`. All to the last digit.
        """
        return AssetFigures().fold(self._records_upto(self._last_order())).as_dict()

    def balances(self, at: int | None = None) -> dict[str, Any]:
        """Balances per account and asset from the events alone, beside the last snapshot.

        As of now, or just after the order `at` (of a bundle: the whole). `order` is the last event
        that counts, `snapshot_order` the one after which the snapshot was taken; `balances` a list
        of `account`, `asset`, `from_events`, `snapshot` (None where it says nothing of it) and
        `difference`: the snapshot less what the events gave when it was taken. Raises
        `UnknownOrderError`.
        """
        last = self._last_order()
        if at is not None:
            last = self._end_of_bundle(at, last)
        return BalanceSheet().fold(self._records_upto(last)).as_dict()

    def _end_of_bundle(self, order: int, last: int) -> int:
        """The order after which the transaction that logged this one was whole."""
        try:
            is_known = checked_order("order", order) <= last
        except InvalidEventError:
            is_known = False
        if not is_known:
            raise UnknownOrderError(order, last)
        read = self._reading.record
        wrapper = wrapper_of(order, read(order), read)
        return last_order_of(wrapper, read(wrapper), read)

    def _records_upto(self, last: int) -> Records:
        records = self._reading.decoded(self._reading.rows(1, last), str)
        return self._reading.current(records, str) if self._log.mode == "live" else records
