"""Certificates made of a log and held against it, in one pass over its entries where it can be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from domain.audit_log import AuditLog
from domain.errors import CorruptLogError
from domain.horizon import START, Horizon
from domain.repeated import Decoding
from infrastructure.audit_rules import rules_named
from infrastructure.auditing import audit
from infrastructure.earlier import damaged
from infrastructure.files.jsonl_format import time_text
from infrastructure.leaves import Leaf, Leaves
from infrastructure.reading import NO_RECORD, PAGE, LogReading, Records
from infrastructure.store import LogStore
from infrastructure.writers import package_version
from projections import control_totals
from projections.audit import Rule
from projections.certificate import FORMAT, Certificate, Prefixes
from projections.control_totals import ControlTotals
from projections.csv_rows import as_stored
from projections.digests import FROM_EVENTS, BoardDigest, BundlesDigest, CsvDigest, Digest
from projections.leaf import LAYOUT


class PrefixDiffersError(Exception):
    """A prefix of the log is not the certificate's: the leaves `first` … `last` may be the cause.

    For `Certifying` alone, which says by it that nothing more need be looked at.
    """

    def __init__(self, first: Leaf, last: Leaf, position: int) -> None:
        super().__init__()
        self.first, self.last, self.position = first, last, position


class Certifying:
    """What one log gives at one horizon.

    With `against`, the certificate whose prefixes the log must have. Everything raises
    `CorruptLogError` for a log that is damaged, and `StoreError`.
    """

    def __init__(
        self, store: LogStore, log: AuditLog, upto: Horizon, against: Certificate | None = None
    ) -> None:
        self._store = store
        self._log = log
        self._upto = upto
        self._against = against
        self._reading = LogReading(store, log)
        self._leaves = Leaves(store, log)
        self._prefixes = Prefixes(upto.position + 1 if against is None else against.size)
        self._is_live = log.mode == "live"
        self._csv = CsvDigest(stored=not self._is_live)
        self._decoding = Decoding(str)
        self._board = BoardDigest()
        self._bundles = BundlesDigest()
        self._totals = ControlTotals()
        self._others = [make() for make in FROM_EVENTS]
        self._last: Leaf | None = None
        self.uncompared: tuple[Leaf, Leaf] | None = None
        """The first and the last of the leaves whose prefixes were not compared yet."""

    def document(self, *, with_rules: bool = True) -> dict[str, Any]:
        """The certificate; of an audit it says nothing where that is not asked for.

        Raises `PrefixDiffersError` too.
        """
        self.take_leaves()
        if self._is_live:
            self._take(self._present_records(), {})
            self._follow()
        if not self._csv.is_whole:
            self._csv = CsvDigest(self._csv.columns, stored=not self._is_live)
            for order, record in self._csv_records():
                self._csv.fold(order, record)
        return self._document(with_rules)

    def take_leaves(self) -> None:
        """Read every entry as far as the horizon; of a backtest, fold its event in as well.

        Raises `PrefixDiffersError`.
        """
        self._append(Leaf(self._leaves.opening(), None))
        for page in self._leaves.pages(self._upto):
            for leaf in page:
                self._append(leaf)
            if not self._is_live:
                rows = [(leaf.entry.order, leaf.entry.state or b"") for leaf in page if leaf.entry]
                self._take(self._reading.decoded(rows, str, self._decoding), dict(rows))
        tree, against = self._prefixes.tree, self._against
        if against is None or self.uncompared is None or tree.size < against.size:
            return
        if tree.root() != against.root:
            raise PrefixDiffersError(*self.uncompared, tree.size - 1)

    def _append(self, leaf: Leaf) -> None:
        told, size = self._prefixes.append(leaf.hash), self._prefixes.tree.size
        first = self.uncompared[0] if self.uncompared else leaf
        self._last, self.uncompared = leaf, (first, leaf)
        if told is None:
            return
        if self._against is not None and told != self._against.prefix(size):
            raise PrefixDiffersError(first, leaf, size - 1)
        self.uncompared = None

    def _take(self, records: Records, states: Mapping[int, bytes]) -> None:
        folded: tuple[Digest | ControlTotals, ...] = (self._bundles, self._totals, *self._others)
        order = 0
        try:
            for order, record in records:
                for one in folded:
                    one.fold(order, record)
                if self._is_live:
                    self._csv.fold(order, record)
                else:
                    self._board.fold(order, record)
                    self._csv.fold(order, as_stored(states[order], self._decoding.stored))
        except NO_RECORD as error:
            if isinstance(error, CorruptLogError):
                raise
            raise damaged(self._log.name, order, f"it is no event ({error})") from error

    def _present_records(self) -> Records:
        rows = self._reading.rows(1, self._upto.order)
        records = self._reading.decoded(rows, str)
        return self._reading.current(records, str, self._upto.transition, shares_logged=False)

    def _csv_records(self) -> Records:
        if self._is_live:
            yield from self._present_records()
            return
        for order, state in self._reading.rows(1, self._upto.order):
            yield order, as_stored(state, self._decoding.stored)

    def _follow(self) -> None:
        after = START
        while after.position < self._upto.position:
            limit = min(PAGE, self._upto.position - after.position)
            entries = self._reading.entries(after, limit)
            self._board.follow(entries, self._reading.bundle_records)
            after = entries[-1].horizon

    def _document(self, with_rules: bool) -> dict[str, Any]:
        last = self._last.entry if self._last is not None else None
        at = last.committed_at if last else self._store.reads.stored(self._log.id, START)[0]
        digests = [self._csv, self._bundles, self._board, *self._others]
        return {
            "format": FORMAT,
            "store": self._store.url,
            "log": self._log.name,
            "identity": self._log.identity,
            "mode": self._log.mode,
            "metadata": self._metadata(),
            "horizon": str(self._upto),
            "committed_at": time_text(at),
            "counts": {
                "events": self._upto.order,
                "transitions": self._upto.transition,
                "bundles": self._bundles.bundles,
            },
            "tree": {
                "leaf": LAYOUT,
                "size": self._prefixes.tree.size,
                "root": self._prefixes.tree.root().hex(),
                "prefixes": self._prefixes.as_dict(),
            },
            "projections": {
                one.NAME: {"version": one.VERSION, "sha256": one.hexdigest()} for one in digests
            },
            "control_totals": {
                "version": control_totals.VERSION,
                "totals": self._totals.rows(),
            },
            "rules": self.rules() if with_rules else None,
            "writers": list(self._writers()),
            "versions": {"event_logger": package_version()},
        }

    def rules(self) -> dict[str, Any]:
        """How each rule of the audit ends at the horizon."""
        return rule_results(self._store, self._log, self._upto, rules_named(None))

    def _metadata(self) -> Any:
        opened = self._store.reads.opened(self._log.id)
        try:
            return orjson.loads(opened.opened.state if opened else b"")["metadata"]
        except NO_RECORD as error:
            problem = f"its opening is no record ({error})"
            raise damaged(self._log.name, 0, problem) from error

    def _writers(self) -> Iterator[dict[str, Any]]:
        committed = self._leaves.by_writer
        for number in sorted(one for one in committed if one is not None):
            introduction = self._leaves.introduction(number)
            try:
                said = orjson.loads(introduction)
            except NO_RECORD as error:
                problem = f"the introduction of its writer {number} is no record ({error})"
                raise damaged(self._log.name, 0, problem) from error
            yield {"writer": number, "entries": committed[number], "introduction": said}
        if committed[None]:
            yield {"writer": None, "entries": committed[None], "introduction": None}


def rule_results(
    store: LogStore, log: AuditLog, upto: Horizon, rules: Sequence[type[Rule]]
) -> dict[str, dict[str, Any]]:
    """How each rule ended at the horizon, and how many findings there are."""
    report = audit(store, log, rules, end=upto)
    return {
        one.rule: {
            "version": one.version,
            "result": str(one.outcome),
            "looked_at": one.looked_at,
            "errors": one.errors,
            "warnings": one.warnings,
            "notes": one.notes,
            "repaired": one.repaired,
            "unjudged": one.unjudged_count,
        }
        for one in report.results
    }
