"""Projections rebuilt from nothing but the events, each as one SHA-256.

What stands under a digest is fixed by the projection's `VERSION`, which grows whenever the same
events may give another digest: digests of equal version are equal for as long as the log is.
`docs/certificates.md` says of each what is hashed. Events are folded in by rising order, as they
read at the horizon; memory does not grow with their number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from typing import Any, ClassVar

import orjson

from domain.values import canonical
from projections.balances import Balances
from projections.csv_rows import CsvColumns, CsvLines, Shape, shape_of
from projections.entries import LogEntry
from projections.event_dicts import Record
from projections.status_board import LiveStatus, Members
from projections.summary import Summary

_AT_ONCE = 100


class Digest:
    """One projection's digest; `NAME` is what a certificate calls it."""

    NAME: ClassVar[str]
    VERSION: ClassVar[int] = 1

    def fold(self, order: int, record: Record) -> None:
        """Fold in the next event; the record is left as it is."""
        raise NotImplementedError

    def hexdigest(self) -> str:
        """The digest of what was folded in so far."""
        raise NotImplementedError


class CsvDigest(Digest):
    """The bytes of the CSV export, header and all.

    `columns` are those of the whole log where they are known; without them the first events tell
    them, and `is_whole` says whether none came up after those: else there is no digest. With
    `stored`, records are as `projections.csv_rows.as_stored` gives them.
    """

    NAME = "csv"

    def __init__(self, columns: Sequence[str] | None = None, *, stored: bool) -> None:
        self._stored = stored
        self._columns = CsvColumns()
        self._hashed = sha256()
        self._waiting: list[tuple[int, Record, Shape]] = []
        self._lines: CsvLines | None = None
        self._names: Sequence[str] = ()
        self._is_whole = True
        if columns is not None:
            self._begin(columns)

    @property
    def columns(self) -> list[str]:
        """The columns that the events folded in so far need."""
        self._take()
        return self._columns.names()

    @property
    def is_whole(self) -> bool:
        """Whether the events folded in so far need no column that the first ones lack."""
        self._take()
        return self._is_whole

    def fold(self, order: int, record: Record) -> None:
        """See `Digest.fold`."""
        self._waiting.append((order, record, shape_of(record)))
        if len(self._waiting) == _AT_ONCE:
            self._take()

    def hexdigest(self) -> str:
        """See `Digest.hexdigest`."""
        self._take()
        return self._hashed.hexdigest()

    def _begin(self, columns: Sequence[str]) -> None:
        self._names = columns
        self._lines = CsvLines(columns, stored=self._stored)
        self._hashed.update(self._lines.header().encode())

    def _take(self) -> None:
        waiting, self._waiting = self._waiting, []
        names = self._columns.fold_shapes(shape for _, _, shape in waiting).names()
        if self._lines is None:
            self._begin(names)
        lines = self._lines
        if lines is None or not set(names) <= set(self._names):
            self._is_whole = False
            return
        for order, record, shape in waiting:
            lines.take(order, record, shape)
        self._hashed.update("".join(lines.made()).encode())


class BundlesDigest(Digest):
    """The trees of all bundles: of each event in one its order, parent, and direct details.

    Details that were logged later are in it by their parents. `bundles` counts outermost wrappers.
    """

    NAME = "bundles"

    def __init__(self) -> None:
        self._hashed = sha256()
        self.bundles = 0

    def fold(self, order: int, record: Record) -> None:
        """See `Digest.fold`."""
        parent, details = record.get("parent_event"), record.get("detail_orders")
        if parent is None and details is None:
            return
        self.bundles += parent is None
        self._hashed.update(
            orjson.dumps([order, parent, details], option=orjson.OPT_APPEND_NEWLINE)
        )

    def hexdigest(self) -> str:
        """See `Digest.hexdigest`."""
        return self._hashed.hexdigest()


class SummaryDigest(Digest):
    """The figures of `get_summary_stats`."""

    NAME = "summary"

    def __init__(self) -> None:
        self._summary = Summary()

    def fold(self, order: int, record: Record) -> None:
        """See `Digest.fold`."""
        self._summary.fold([(order, record)])

    def hexdigest(self) -> str:
        """See `Digest.hexdigest`."""
        return _hashed(self._summary.as_dict())


class BalancesDigest(Digest):
    """The balances that the events alone give, per account and asset; zeros are left out."""

    NAME = "balances"
    VERSION = 2

    def __init__(self) -> None:
        self._balances = Balances()

    def fold(self, order: int, record: Record) -> None:
        """See `Digest.fold`."""
        self._balances.apply(record)
        # What a snapshot would be held against; an event of a long log would be kept for nothing.
        self._balances.misstated.clear()

    def hexdigest(self) -> str:
        """See `Digest.hexdigest`."""
        amounts = self._balances.balances
        return _hashed({name: str(amount) for name, amount in amounts.items() if amount})


class BoardDigest(Digest):
    """The status board: counts, open events, and every time to confirmation.

    A backtest's events are folded in; of a live log, its entries are followed instead.
    """

    NAME = "board"

    def __init__(self) -> None:
        self._board = LiveStatus()
        self._confirmations = sha256()

    def fold(self, order: int, record: Record) -> None:
        """See `Digest.fold`."""
        self._board.fold([(order, record)])

    def follow(self, entries: Iterable[LogEntry], members: Members) -> None:
        """Follow further entries of a live log, in the order of their commit."""
        board = self._board
        board.follow(entries, members)
        for taken in board.confirmations:
            self._confirmations.update(orjson.dumps(taken, option=orjson.OPT_APPEND_NEWLINE))
        board.confirmations.clear()
        for order in [order for order, event in board.open.items() if event is None]:
            del board.open[order]

    def hexdigest(self) -> str:
        """See `Digest.hexdigest`."""
        counts = [[*kind, count] for kind, count in sorted(self._board.counts.items()) if count]
        waiting = [list(event) for _, event in sorted(self._board.open.items()) if event]
        told = self._confirmations.hexdigest()
        return _hashed({"counts": counts, "open": waiting, "confirmations": told})


def _hashed(value: dict[str, Any]) -> str:
    return sha256(canonical(value)).hexdigest()


FROM_EVENTS: tuple[Callable[[], Digest], ...] = (SummaryDigest, BalancesDigest)
"""Those of which nothing but the digest is asked."""
