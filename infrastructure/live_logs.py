"""Live logs of a store: appended to at their end by any process, updated, and followed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.persistence import IntegrityError, PersistenceError, StoredEvent

from domain.audit_log import AuditLog
from domain.errors import InvalidUpdateError, StoreError, UpdateConflictError
from domain.lifecycle import EventLifecycle, lifecycle_id
from domain.values import decode
from infrastructure.commit_signal import CommitSignal
from infrastructure.live_recorder import FOLLOWED_FIELDS
from infrastructure.sqlite_recorder import AuditLogRecorder, insert_logged
from infrastructure.stores import Store, store_errors
from infrastructure.timestamps import timestamp_of
from projections.committed import Committed, Logged, Transitioned
from projections.current_state import Transition, current, history, outermost
from projections.event_dicts import AsTime, Record

Changes = dict[str, Any]
_PAGE = 500


class LiveLogs(Application[UUID]):
    """What live mode adds to the application: several writers, lifecycles, followers."""

    store: Store

    @property
    def _recorder(self) -> AuditLogRecorder:
        recorder = self.recorder
        if not isinstance(recorder, AuditLogRecorder):
            raise TypeError(f"AuditLogs needs an AuditLogRecorder, not {type(recorder).__name__}")
        return recorder

    @contextmanager
    def appending(self, log: AuditLog) -> Iterator[None]:
        """A transaction in which commands append to the log's end, whoever else appends to it.

        What they logged is on the disk when the block ends. On an exception nothing is stored, and
        the log holds nothing pending.
        """
        events: Sequence[AuditLog.EventLogged] = ()
        try:
            with store_errors(self.store), self._recorder.at_the_end(log.id) as (cursor, version):
                log.version = version
                yield
                events = log.logged_after(version)
                insert_logged(cursor, log.id, events)
        except BaseException as error:
            # The error, or an interrupt, may have come after the commit reached the disk.
            if not (events and self.are_stored(log, events) and isinstance(error, Exception)):
                raise
        finally:
            log.collect_events()
        if events:
            self._recorder.commits.wake_all()

    def are_stored(self, log: AuditLog, events: Sequence[AuditLog.EventLogged]) -> bool:
        """Whether these very events are stored; False, too, when the store does not answer."""
        try:
            return self._recorder.holds(log.id, events)
        except (PersistenceError, sqlite3.Error):
            return False

    def update(self, log: AuditLog, order: int, update: Changes) -> None:
        """Take the event's lifecycle further, durably; what changes nothing stores nothing.

        Raises `InvalidUpdateError`, also for the detail of a bundle, `IllegalTransitionError`, or
        `UpdateConflictError` when another process updated the event at the same moment and said
        something else.
        """
        lifecycle = self.lifecycle(log, order)
        if lifecycle is None:
            record = self._read(log, order)
            self._refuse_detail(log, order, record)
            lifecycle = EventLifecycle.start(log.id, log.name, order, record, update)
        else:
            lifecycle.update(update)
        pending = () if lifecycle is None else lifecycle.collect_events()
        if not pending:
            return
        stored = list(map(self.mapper.to_stored_event, pending))
        try:
            with store_errors(self.store):
                self._recorder.insert_events(stored)
        except IntegrityError:
            self._merge(log, order, update)
            return
        except StoreError:
            # The error may have come after the commit reached the disk.
            if not self._are_transitions_stored(stored):
                raise
        self._recorder.commits.wake_all()

    def _are_transitions_stored(self, transitions: Sequence[StoredEvent]) -> bool:
        first = transitions[0]
        try:
            found = self._recorder.select_events(
                first.originator_id, gt=first.originator_version - 1, limit=len(transitions)
            )
        except (PersistenceError, sqlite3.Error):
            return False
        return list(found) == list(transitions)

    def _refuse_detail(self, log: AuditLog, order: int, record: Record) -> None:
        root = self.root(log, order, record)
        if root != order:
            raise InvalidUpdateError(
                "order",
                order,
                f"{order} is a detail of the bundle of order {root}, one transaction; update that",
            )

    def _merge(self, log: AuditLog, order: int, update: Changes) -> None:
        lifecycle = self.lifecycle(log, order)
        if lifecycle is not None:
            status, tx_hash = lifecycle.status, lifecycle.values.get("tx_hash")
            lifecycle.update(update)
            if lifecycle.collect_events():
                raise UpdateConflictError(order, status, tx_hash)

    def lifecycle(self, log: AuditLog, order: int) -> EventLifecycle | None:
        """The lifecycle of the event, or None while it is pending and nothing is known of it."""
        identity = lifecycle_id(log.id, order)
        with store_errors(self.store):
            stored = self._recorder.select_events(identity)
        lifecycle: Any = None
        for one in stored:
            event: Any = self.mapper.to_domain_event(one)
            lifecycle = event.mutate(lifecycle)
        return lifecycle if isinstance(lifecycle, EventLifecycle) else None

    def transitions(
        self, log: AuditLog, orders: Iterable[int], as_time: AsTime, until: int | None = None
    ) -> dict[int, list[Transition]]:
        """The transitions of those of these events that have any, oldest first.

        `until` is the last notification id that is looked at.
        """
        ids = {lifecycle_id(log.id, order): order for order in orders}
        with store_errors(self.store):
            found = self._recorder.transitions(list(ids), until)
        return {ids[one]: [decode(state, as_time) for state in found[one]] for one in found}

    def root(self, log: AuditLog, order: int, record: Record) -> int:
        """The order whose transitions are the event's: a detail follows its outermost wrapper."""
        return outermost(order, record, lambda parent: self._read(log, parent))

    def current(
        self,
        log: AuditLog,
        records: Iterable[tuple[int, Record]],
        as_time: AsTime,
        until: int | None = None,
    ) -> Iterator[tuple[int, Record]]:
        """The records with their statuses and present values, read a page at a time.

        With `until`, as they were at that notification id.
        """
        records = iter(records)
        while page := dict(islice(records, _PAGE)):
            roots = {
                order: outermost(
                    order, record, lambda parent: page.get(parent) or self._read(log, parent)
                )
                for order, record in page.items()
            }
            transitions = self.transitions(log, set(roots.values()), as_time, until)
            for order, record in page.items():
                root = roots[order]
                yield order, current(record, transitions.get(root, ()), is_detail=root != order)

    def history(self, log: AuditLog, order: int) -> list[dict[str, Any]]:
        """The event's logging and transitions, oldest first; times as pandas Timestamps."""
        record = self._read(log, order, timestamp_of)
        root = self.root(log, order, record)
        transitions = self.transitions(log, [root], timestamp_of).get(root, ())
        return history(record, transitions, timestamp_of, is_detail=root != order)

    def bundle_records(self, log: AuditLog, order: int) -> list[tuple[int, Record]]:
        """The event and, of a wrapper, all the details that follow it; times as ISO text."""
        last, record = order, self._read(log, order)
        details = record.get("detail_orders")
        if not details:
            return [(order, record)]
        while details:
            last = details[-1]
            details = self._read(log, last).get("detail_orders")
        with store_errors(self.store):
            rows = self._recorder.records(log.id, order, last, last - order + 1)
        return [(one, decode(state, str)) for one, state in rows]

    def _read(self, log: AuditLog, order: int, as_time: AsTime = str) -> Record:
        with store_errors(self.store):
            ((_, state),) = self._recorder.records(log.id, order, order, 1)
        return decode(state, as_time)

    def committed(self, log: AuditLog, after: int, limit: int) -> tuple[list[Committed], int]:
        """What was committed to this log after a notification id, in order.

        Looks at up to `limit` rows and says up to which notification id it looked.
        """
        with store_errors(self.store):
            rows, looked_to = self._recorder.committed(log.id, after, limit)
        entries: list[Committed] = []
        for position, version, topic, fields in rows:
            if topic == AuditLog.EventLogged.TOPIC:
                named = zip(FOLLOWED_FIELDS, fields, strict=True)
                known = {name: value for name, value in named if value is not None}
                entries.append(Logged(position, version, known))
            elif topic != AuditLog.Opened.TOPIC and fields["log"] == log.name:
                entries.append(_transitioned(position, fields))
        return entries, looked_to

    def first_position(self, log: AuditLog) -> int:
        """Where a new follower of the log starts: nothing of the log was committed before."""
        with store_errors(self.store):
            return self._recorder.opened_at(log.id)

    def position(self, follower: str) -> int | None:
        """The notification id up to which the follower has come; None for a new one."""
        with store_errors(self.store):
            return self._recorder.position(follower)

    def store_position(self, follower: str, position: int) -> None:
        """Remember how far the follower has come; a position never goes back."""
        with store_errors(self.store):
            self._recorder.store_position(follower, position)

    def last_position(self) -> int:
        """The notification id of what was committed last to the store."""
        with store_errors(self.store):
            return self._recorder.max_notification_id() or 0

    def commit_signal(self) -> CommitSignal:
        """A signal for a follower; other processes' commits do not wake it, so it also polls."""
        return self._recorder.commits.new()


def _transitioned(position: int, fields: dict[str, Any]) -> Transitioned:
    names = ("order", "recorded_at", "from_status", "from_since", "status", "tx_hash")
    return Transitioned(position, *(fields[name] for name in names))
