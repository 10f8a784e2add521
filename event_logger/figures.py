"""The figures of a log: what flowed of each asset, and what each account holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infrastructure.present_records import present_records
from infrastructure.reading import Records

if TYPE_CHECKING:
    from event_logger.reader import LogReader


def asset_figures(reader: LogReader) -> dict[str, Any]:
    """What flowed of each asset, and apart from that prices and balances that were found.

    `flows`: {asset: {`in`, `out`, `net`}} as `domain.effects` knows them, over all accounts; of
    perpetuals by instrument. `prices`: {token: {`updates`, `low`, `high`, `last`, `order`}}.
    `balances`: what reconciliations found: `venue`, `token`, `found` (how often), `last`,
    `order`. All to the last digit.
    """
    from projections.asset_figures import AssetFigures

    return AssetFigures().fold(_present_records(reader)).as_dict()


def balances(reader: LogReader, at: Any = None) -> dict[str, Any]:
    """Balances per account and asset from the events alone, beside the last snapshot.

    As of now, or `at` what `as_of` takes: an order, just after which was committed (of a
    bundle: the whole), a `Horizon`, or a time. `order` is the last event that counts,
    `snapshot_order` the one after which the snapshot was taken; `balances` a list of `account`,
    `asset`, `from_events`, `snapshot` (None where it says nothing of it) and `difference`: the
    snapshot less what the events gave when it was taken. Raises as `as_of` does.
    """
    if at is not None:
        return reader.as_of(at).balances()
    from projections.balance_sheet import BalanceSheet

    return BalanceSheet().fold(_present_records(reader)).as_dict()


def _present_records(reader: LogReader) -> Records:
    return present_records(reader._reading, reader._log, 1, reader._last_order())
