"""The figures of a log: what flowed of each asset, and what each account holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from domain.audit_log import AuditLog
from infrastructure.present_records import present_records
from infrastructure.reading import LogReading, Records
from projections.asset_figures import AssetFigures
from projections.balance_sheet import BalanceSheet

if TYPE_CHECKING:
    from event_logger.log_as_of import LogAsOf


class FiguredLog:
    """What a reader has of flows and balances; `_last_order` sees to it that all is stored."""

    _log: AuditLog
    _reading: LogReading

    def _last_order(self) -> int:
        raise NotImplementedError

    def as_of(self, when: Any) -> LogAsOf:
        """See `LogReader.as_of`."""
        raise NotImplementedError

    def asset_figures(self) -> dict[str, Any]:
        """What flowed of each asset, and apart from that prices and balances that were found.

        `flows`: {asset: {`in`, `out`, `net`}} as `domain.effects` knows them, over all accounts; of
        perpetuals by instrument. `prices`: {token: {`updates`, `low`, `high`, `last`, `order`}}.
        `balances`: what reconciliations found: `venue`, `token`, `found` (how often), `last`,
        `order`. All to the last digit.
        """
        return AssetFigures().fold(self._present_records()).as_dict()

    def balances(self, at: Any = None) -> dict[str, Any]:
        """Balances per account and asset from the events alone, beside the last snapshot.

        As of now, or `at` what `as_of` takes: an order, just after which was committed (of a
        bundle: the whole), a `Horizon`, or a time. `order` is the last event that counts,
        `snapshot_order` the one after which the snapshot was taken; `balances` a list of `account`,
        `asset`, `from_events`, `snapshot` (None where it says nothing of it) and `difference`: the
        snapshot less what the events gave when it was taken. Raises as `as_of` does.
        """
        if at is not None:
            return self.as_of(at).balances()
        return BalanceSheet().fold(self._present_records()).as_dict()

    def _present_records(self) -> Records:
        return present_records(self._reading, self._log, 1, self._last_order())
