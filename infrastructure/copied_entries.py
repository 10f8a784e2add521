"""A log's entries as another store is given them: the same bytes, in batches of whole bundles."""

from __future__ import annotations

from collections.abc import Iterator

from eventsourcing.persistence import StoredEvent

from domain.audit_log import AuditLog
from domain.horizon import Horizon
from domain.intake import LinkedEntry
from domain.lifecycle import lifecycle_id
from domain.values import decode
from infrastructure.commit_batch import CommitBatch
from infrastructure.earlier import check_record, damaged
from infrastructure.leaves import Leaves
from infrastructure.reading import NO_RECORD
from infrastructure.store import LogStore
from infrastructure.stored import Commit, StoredEntry, Transition, Writes
from projections.indexed import Indexed


class CopiedEntries:
    """The entries of a log of one store, read a page at a time."""

    def __init__(self, store: LogStore, log: AuditLog) -> None:
        self._log = log
        self._leaves = Leaves(store, log)
        self._indexed = Indexed()

    def batches(self, after: Horizon, upto: Horizon) -> Iterator[list[Commit]]:
        """The entries between two points of the log at which its bundles were whole.

        Each batch ends at such a point. Raises `CorruptLogError` for an entry that is missing or no
        record, once what stands before it was given.
        """
        batch = CommitBatch()
        for page in self._leaves.pages(upto, after):
            for leaf in page:
                if leaf.entry is not None:
                    batch.add(self._commit(leaf.entry), len(leaf.entry.state or b""))
                if batch.is_full and self._indexed.is_between_bundles:
                    yield batch.commits
                    batch = CommitBatch()
        if not self._indexed.is_between_bundles:
            raise damaged(self._log.name, upto.order + 1, "it ends in the middle of a bundle")
        if batch.commits:
            yield batch.commits

    def _commit(self, entry: StoredEntry) -> Commit:
        state, topic = entry.state or b"", entry.topic or ""
        try:
            record = decode(state, str)
            writes = (
                self._event(entry.order, topic, state, record)
                if entry.number is None
                else self._transition(entry, topic, state, record)
            )
        except NO_RECORD as error:
            problem = f"its bytes are no record ({error})"
            raise damaged(self._log.name, entry.order, problem) from error
        return Commit(entry.committed_at, entry.writer, writes)

    def _event(self, order: int, topic: str, state: bytes, record: dict[str, object]) -> Writes:
        if topic != AuditLog.EventLogged.TOPIC:
            raise ValueError(f"its topic is {topic}")
        check_record(order, record)
        keys = {row.name: row.key for row in self._indexed.of_event(order, record)}
        event_id, tx_hash = keys.get("event_ids"), keys.get("transaction_hashes")
        for one in (event_id, tx_hash):
            if one is not None and not isinstance(one, str):
                raise TypeError(f"{one!r} is no text")
        parent = keys.get("late_details")
        entry = LinkedEntry(state, event_id, tx_hash, parent)  # type: ignore[arg-type]
        return Writes([AuditLog.EventLogged.of(self._log.id, order, entry)])

    def _transition(
        self, entry: StoredEntry, topic: str, state: bytes, record: dict[str, object]
    ) -> Writes:
        stored = StoredEvent(
            originator_id=lifecycle_id(self._log.id, entry.order),
            originator_version=entry.version or 0,
            topic=topic,
            state=state,
        )
        keys = [row.key for row in self._indexed.of_transition(entry.order, record)]
        tx_hash = str(keys[0]) if keys else None
        return Writes((), [Transition(entry.order, stored, 0, tx_hash)])
