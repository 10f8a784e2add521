"""Every promise, checked against what the callers were told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from event_logger import EventLogger, UnknownLogError, open_log
from infrastructure.audit_logs import AuditLogs
from infrastructure.auditing import audited
from projections.audit import STRUCTURE, Severity
from tests.redis_server import RedisServer, eventually
from tests.support import PATIENCE
from tests.torture.caller import HOUR
from tests.torture.journal import Call, Told
from tests.torture.places import Place
from tests.torture.plan import ASYNC, COMMIT_EVERY, LIVE, LOGS
from tests.torture.processes import Running
from tests.torture.worker import options

LARGEST_BUNDLE = 8
RUINED = {"StoreError", "CorruptLogError", "DatabaseError"}
"""What is said of a store that was ruined, and what SQLite said that it comes from."""


def verified(
    place: Place, former: list[Running], server: RedisServer, counts: Counter[str]
) -> list[str]:
    """What does not hold of the promises; nothing when all do."""
    told = Told()
    for one in former:
        if one.journal.exists():
            told.read(one.journal, one.ended)
        if b"Traceback" in one.errors.read_bytes() and not _is_interrupted(one):
            told.faults.append(f"{one.errors.name}: {one.errors.read_text()[-2000:]}")
    if counts["did not end"]:
        told.faults.append("a process did not end")
    counts["acknowledged"] += told.acknowledged
    counts["calls"] += len(told.calls) + len(told.updates)
    faults = told.faults
    faults += place.unsound()
    for log, kinds in LOGS.items():
        faults += _of_log(place.url, log, kinds[0], told, server)
    return faults


def _is_interrupted(one: Running) -> bool:
    """Whether its tracebacks are of interruptions alone, such as Python swallows in finalizers."""
    said = one.errors.read_text().splitlines()
    raised = []
    for number, line in enumerate(said):
        if line.startswith("Traceback"):
            rest = (later for later in said[number + 1 :] if later and not later.startswith(" "))
            raised.append(next(rest, "").partition(":")[0])
    names = {name.rpartition(".")[2] for name in raised}
    # Of a store that was ruined under it, a process says so to the last.
    return names <= {"KeyboardInterrupt", "SystemExit"} | (RUINED if one.was_stopped else set())


def _of_log(url: str, log: str, kind: str, told: Told, server: RedisServer) -> Iterator[str]:
    job = {"kind": kind, "store": url, "log": log, "redis": server.url}
    # It opens, and goes on where it was: no lease is left, nothing needs to be mended by hand.
    with EventLogger(**options(job)) as logger:
        before = logger.global_order
        order = logger.log_event(HOUR, "STAKE_DEPOSIT", "LIDO", call="the last")
        logger.flush()
        if order != before + 1:
            yield f"{log}: the next order is {order}, and the last was {before}"
        if kind in (LIVE, ASYNC):
            yield from _published(logger, log, server)
    try:
        with AuditLogs(url, must_exist=True) as logs:
            for finding in audited(logs.store, logs.get(log), STRUCTURE):
                if finding.severity is Severity.ERROR:
                    yield f"{log}: {finding}"
    except UnknownLogError as error:
        yield f"{log}: {error}"
        return
    calls = {name: call for name, call in told.calls.items() if call.log == log}
    with open_log(url, log) as reader:
        there: dict[str, list[int]] = {}
        for event in reader.events:
            there.setdefault(event["call"], []).append(event["order"])
        there.pop("the last", None)
        yield from of_calls(log, calls, there)
        yield from _of_updates(log, reader, told)


def of_calls(log: str, calls: dict[str, Call], there: dict[str, list[int]]) -> Iterator[str]:
    for name in there.keys() - calls.keys():
        yield f"{log}: order {there[name]} is of a call {name} that nobody made"
    for name, call in calls.items():
        orders = there.get(name)
        if orders is not None and orders != list(range(orders[0], orders[0] + call.size)):
            yield f"{log}: {name} of {call.size} events is there as {orders}"
        if call.is_refused and orders is not None:
            yield f"{log}: {name} was refused ({call.refused}), and is there as {orders}"
        if call.told is None:
            continue
        if orders is None:
            if call.is_promised:
                yield f"{log}: {name} was told {call.told}, and is not there"
        elif call.told not in (orders, orders[:1]):
            yield f"{log}: {name} was told {call.told}, and is there as {orders}"
    yield from _of_what_was_lost(log, calls, there)


def _of_what_was_lost(
    log: str, calls: dict[str, Call], there: dict[str, list[int]]
) -> Iterator[str]:
    """A process that is killed loses at most the batch that was not yet committed."""
    by_process: dict[str, list[Call]] = {}
    for call in calls.values():
        if call.told is not None:
            by_process.setdefault(call.name.partition(".")[0], []).append(call)
    for process, mine in by_process.items():
        lost = [call for call in mine if call.name not in there]
        events = sum(call.size for call in lost)
        if events > COMMIT_EVERY + 2 * LARGEST_BUNDLE:
            yield f"{log}: {process} lost {events} events"


def _of_updates(log: str, reader: object, told: Told) -> Iterator[str]:
    found: Counter[str] = Counter()
    last = reader.global_order  # type: ignore[attr-defined]
    updated = {
        call.told[0]: True for call in told.updates.values() if call.log == log and call.told
    }
    for order in updated:
        if order > last:
            yield f"{log}: order {order} was updated, and is not there"
            continue
        for step in reader.history(order):  # type: ignore[attr-defined]
            if step.get("reason"):
                found[step["reason"]] += 1
    for name, call in told.updates.items():
        if call.log != log:
            continue
        if call.told is not None and found[name] != 1:
            yield f"{log}: the update {name} of {call.told} is there {found[name]} times"
        if call.is_refused and found[name]:
            yield f"{log}: the update {name} was refused ({call.refused}), and is there"


def _published(logger: EventLogger, log: str, server: RedisServer) -> Iterator[str]:
    last = logger.global_order

    def orders() -> list[int]:
        return [
            data["order"]
            for channel, data in server.streamed(f"{log}:")
            if channel == "events:logged"
        ]

    try:
        eventually(lambda: orders()[-1:] == [last], timeout=PATIENCE)
    except AssertionError:
        yield f"{log}: {last} orders are logged, and the last published are {orders()[-3:]}"
        return
    found = orders()
    if found != list(range(1, last + 1)):
        doubled = [order for order, times in Counter(found).items() if times > 1]
        missing = sorted(set(range(1, last + 1)) - set(found))
        yield f"{log}: published are not 1 to {last}: doubled {doubled[:5]}, missing {missing[:5]}"
