"""Plants one fault in a sound run, logs it as it then is, and has it audited.

A run is a list of plain events, in the order of their logging: what `log_event` takes, fields and
extras side by side, times as ISO 8601 text in UTC. Beside those an event may have

| key | holds |
|---|---|
| `order` | the order that it had in the sound run; `parent_event` and `related_events` name these |
| `recorded_at`, `committed_at` | the logging machine's time, and the store's (else the same) |
| `updates` | of a live event: what `update_event` takes, each with its time, `at` |
| `stored` | what is stored in place of what would be, of an event or an update; None: nothing |

What a plant inserts has no `order`; links are told anew when the run is logged, so that dropping an
event renumbers what follows. Nothing is refused on the way: what is planted is stored.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, NamedTuple

from domain.audit_log import AuditLog
from domain.fields import stored_fields
from domain.intake import LinkedEntry
from domain.lifecycle import EventLifecycle
from domain.values import decode, encode
from infrastructure.audit_logs import AuditLogs
from infrastructure.auditing import audited
from infrastructure.stored import Commit, Source, Transition, Writes
from projections.audit import RULES, Finding, Rule, Severity
from projections.audit.moments import microseconds
from projections.audit.rule import AuditOptions

Event = dict[str, Any]
Run = list[Event]

DEFAULTS = AuditOptions()
BACKTEST, LIVE = "backtest", "live"

_STORED = frozenset(stored_fields())
_OF_THE_RUN = frozenset(("order", "updates", "stored", "committed_at", "detail_orders"))
_OF_THE_UPDATE = frozenset(("at", "stored"))
_WRITER = (1, b'{"program":"strategy"}', microseconds("2026-01-01T00:00:00Z"))


class Plant(NamedTuple):
    """One kind of fault: `plant` changes the run and returns the orders that must be named.

    They are the orders in the changed run (`order_in` gives them), or None where the run has no
    place for the fault. `rule` finds it, as exactly one finding of this severity; no other finding
    of the rule is an error.
    """

    name: str
    rule: str
    plant: Callable[[Run, Random], Sequence[int] | None]
    mode: str = BACKTEST
    severity: Severity = Severity.ERROR
    options: AuditOptions = DEFAULTS


def order_in(run: Run, event: Event) -> int:
    """The order of the event in the run as it is now."""
    return next(place for place, one in enumerate(run, 1) if one is event)


def later(iso: str, **by: float) -> str:
    """The time that much later, as ISO 8601 text."""
    return (datetime.fromisoformat(iso) + timedelta(**by)).astimezone(UTC).isoformat()[:-6] + "Z"


def plain(order: int, record: dict[str, Any]) -> Event:
    """A stored record as an event of a run."""
    return {"order": order, **record, **record.get("extra", {})} | {"extra": None}


def copied(run: Run) -> Run:
    """The run once more, several times as fast as `deepcopy` makes it."""
    again: Run = pickle.loads(pickle.dumps(run))
    return again


def changed(run: Run, plant: Plant, seed: int) -> tuple[Run, tuple[int, ...]] | None:
    """The run with the fault at a place that follows from the seed, and the orders to be named."""
    run = copied(run)
    orders = plant.plant(run, Random(f"{plant.name} {seed}"))
    return None if orders is None else (run, tuple(orders))


def findings(
    run: Run,
    mode: str = BACKTEST,
    rules: Sequence[type[Rule]] = RULES,
    options: AuditOptions = DEFAULTS,
) -> list[Finding]:
    """What an audit finds in the run."""
    with logged(run, mode) as (logs, log):
        return list(audited(logs.store, log, rules, options))


def found(run: Run, plant: Plant, seed: int) -> tuple[list[Finding], tuple[int, ...]] | None:
    """What the plant's rule finds at a place, worst first, and the orders that it should name."""
    planted = changed(run, plant, seed)
    if planted is None:
        return None
    rules = [rule for rule in RULES if plant.rule == rule.NAME]
    return findings(planted[0], plant.mode, rules, plant.options), planted[1]


def is_found(plant: Plant, orders: tuple[int, ...], given: Sequence[Finding]) -> bool:
    """Whether the one finding of the plant's severity is its rule's, at these orders."""
    of_the_rule = [one for one in given if one.rule == plant.rule]
    alike = [one for one in of_the_rule if one.severity is plant.severity]
    errors = [one for one in of_the_rule if one.severity is Severity.ERROR]
    is_one = len(alike) == 1 and tuple(alike[0].orders) == orders
    return is_one and errors == (alike if plant.severity is Severity.ERROR else [])


@contextmanager
def logged(run: Run, mode: str = BACKTEST) -> Iterator[tuple[AuditLogs, AuditLog]]:
    """The run in a store in memory."""
    with AuditLogs() as logs:
        log = AuditLog.open("planted", mode)
        opened = log.collect_events()
        commits = _Logging(logs, log, run).commits()
        log.take_back(opened)
        logs.save_copied(
            log, Source(commits[0].committed_at if commits else None, [_WRITER]), [commits]
        )
        yield logs, logs.get("planted")


class _Logging:
    """Makes of a run what a store holds of it, entry for entry in the order of commit."""

    def __init__(self, logs: AuditLogs, log: AuditLog, run: Run) -> None:
        self._logs, self._log, self._run = logs, log, run
        self._orders = {one["order"]: place for place, one in enumerate(run, 1) if "order" in one}
        self._last = max(self._orders, default=0)
        self._details = self._told_anew()

    def commits(self) -> list[Commit]:
        """Each entry as a commit of its own."""
        due: list[tuple[str, int, Transition]] = []
        commits: list[Commit] = []
        for order, event in enumerate(self._run, 1):
            at = event.get("committed_at") or event["recorded_at"]
            for one in sorted(one for one in due if one[0] <= at):
                commits.append(self._commit(one[0], Writes((), [one[2]])))
            due = [one for one in due if one[0] > at]
            if event.get("stored", ()) is None:
                continue
            record = self._record(order, event)
            commits.append(self._commit(at, Writes([self._logged(order, record)])))
            for place, (time, transition) in enumerate(self._transitions(order, record, event)):
                due.append((time, len(self._run) * place + order, transition))
        commits += [self._commit(one[0], Writes((), [one[2]])) for one in sorted(due)]
        return commits

    def _commit(self, at: str, writes: Writes) -> Commit:
        return Commit(microseconds(at), 1, writes)

    def _logged(self, order: int, record: dict[str, Any]) -> AuditLog.EventLogged:
        parent = record.get("parent_event")
        is_late = parent is not None and order not in self._details.get(parent, ())
        late = parent if is_late else None
        entry = LinkedEntry(encode(record), record.get("event_id"), record.get("tx_hash"), late, ())
        return AuditLog.EventLogged.of(self._log.id, order, entry)

    def _record(self, order: int, event: Event) -> dict[str, Any]:
        record: dict[str, Any] = {"recorded_at": event["recorded_at"]}
        extra: dict[str, Any] = {}
        for name, value in event.items():
            if value is None or name in _OF_THE_RUN:
                continue
            is_field = name in _STORED or name == "status"
            (record if is_field else extra)[name] = value
        if "parent_event" in record:
            record["parent_event"] = self._now(record["parent_event"])
        if "related_events" in record:
            now = [self._now(one) for one in record["related_events"]]
            record["related_events"] = [one for one in now if one]
        if order in self._details:
            record["detail_orders"] = self._details[order]
        if extra:
            record["extra"] = extra
        record |= event.get("stored", {})
        return record

    def _now(self, order: int) -> int:
        """What is beyond the sound run was given so; what was dropped is no order any more."""
        return self._orders.get(order, order if order > self._last else 0)

    def _told_anew(self) -> dict[int, list[int]]:
        """Of each wrapper the direct details that follow it without another event between."""
        details: dict[int, list[int]] = {}
        open_: list[int] = []
        for order, event in enumerate(self._run, 1):
            parent = self._orders.get(event.get("parent_event") or 0)
            while open_ and open_[-1] != parent:
                open_.pop()
            if open_:
                details.setdefault(open_[-1], []).append(order)
            if event.get("detail_orders"):
                open_.append(order)
        return details

    def _transitions(
        self, order: int, record: dict[str, Any], event: Event
    ) -> Iterator[tuple[str, Transition]]:
        lifecycle: EventLifecycle | None = None
        for update in event.get("updates", ()):
            at = update["at"]
            changes = {name: one for name, one in update.items() if name not in _OF_THE_UPDATE}
            if lifecycle is None:
                lifecycle = EventLifecycle.start(
                    self._log.id, self._log.name, order, record, changes
                )
            else:
                lifecycle.update(changes)
            if lifecycle is None:
                continue
            for told in lifecycle.collect_events():
                stored = self._logs.mapper.to_stored_event(told)
                state = decode(stored.state, str) | {"recorded_at": at} | update.get("stored", {})
                vars(stored)["state"] = encode(state)
                if state["status"] != state["from_status"]:
                    lifecycle.since = at
                yield at, Transition(order, stored, 0, changes.get("tx_hash"))
