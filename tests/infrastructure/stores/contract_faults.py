"""Whatever fails, and wherever: stored or not is decided once, and what a call says is true."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from domain.audit_log import AuditLog, numbered
from domain.errors import StoreError
from domain.horizon import Horizon
from infrastructure.store import LogStore
from tests.infrastructure.stores.written import (
    ALL,
    Backend,
    Move,
    OnStore,
    Part,
    Step,
    Written,
    bundle,
    entries_of,
    entry,
    new_log,
    writer,
)

APPENDED: tuple[Part, ...] = (
    *entries_of(range(101)),
    bundle(2, event_id="entry", tx_hash="0xa"),
    Move(1, "0xb"),
    entry(9, parent_event=1),
    Move(1),
)
"""An append that makes use of every table."""


class Interrupted(BaseException):
    """What no code expects, as KeyboardInterrupt is."""


def at(place: int, act: Callable[[], None]) -> Callable[[Step], None]:
    """A hook that acts at one step, counted from 0, and not during what it does itself."""
    steps = iter(range(ALL))
    is_acting = False

    def hook(step: Step) -> None:
        nonlocal is_acting
        if not is_acting and next(steps) == place:
            is_acting = True
            act()
            is_acting = False

    return hook


def raising(error: BaseException) -> Callable[[], None]:
    def act() -> None:
        raise error

    return act


def steps_of(backend: Backend, append: Callable[[], object]) -> list[Step]:
    """The steps that an append takes."""
    steps: list[Step] = []
    with backend.at_each_step(steps.append):
        append()
    return steps


class FaultsContract(OnStore):
    """Faults that failed, faults that failed but persisted, and handlers in the midst of it."""

    def test_a_fault_at_any_step_stores_all_or_nothing_and_says_which(
        self, store: LogStore, backend: Backend
    ) -> None:
        log = new_log(store)
        log.append(entry())
        steps = steps_of(backend, lambda: log.append(*APPENDED))
        log.check()
        errors = [*backend.driver_errors, KeyboardInterrupt, Interrupted, MemoryError]
        for kind in errors:
            for place, step in enumerate(steps):
                rival = new_log(store, f"{kind.__name__} {place}")
                rival.append(entry())
                expected = StoreError if kind in backend.driver_errors else kind
                persists = step == Step(is_commit=True, is_after=True)
                with backend.at_each_step(at(place, raising(kind("disk I/O error")))):
                    self._append_failing(rival, expected, persists=persists)
                rival.append(entry(1, event_id="after"))
                rival.check()

    def _append_failing(
        self, log: Written, expected: type[BaseException], *, persists: bool
    ) -> None:
        before = log.horizon
        if persists and issubclass(expected, Exception):
            # The answer was lost, and the store has looked.
            log.append(*APPENDED)
            log.check()
            return
        with pytest.raises(expected):
            log.append(*APPENDED)
        found = log.store.reads.end(log.log.id).horizon
        if not persists:
            assert found == before
            log.check()
            return
        assert found == Horizon(before.order + 105, before.transition + 2)
        log.records = log.states()
        log.committed = [one.horizon for one in log.entries()]

    @pytest.mark.parametrize("kind", [KeyboardInterrupt, None])
    def test_a_log_whose_creation_failed_is_there_or_not(
        self, store: LogStore, backend: Backend, kind: type[BaseException] | None
    ) -> None:
        steps = steps_of(backend, lambda: new_log(store))
        error = backend.driver_errors[0] if kind is None else kind
        for place, step in enumerate(steps):
            log = Written(store, f"run {place}")
            persists = step == Step(is_commit=True, is_after=True)
            with backend.at_each_step(at(place, raising(error("disk I/O error")))):
                if persists and kind is None:
                    assert log.create()
                else:
                    with pytest.raises(StoreError if kind is None else kind):
                        log.create()
            assert (store.reads.opened(log.log.id) is not None) == persists
            assert log.create() is not persists
            log.append(entry())
            log.check()
            assert set(store.reads.writers(log.log.id)) == {1}

    def test_a_writer_is_introduced_once_though_its_first_commit_failed(
        self, store: LogStore, backend: Backend
    ) -> None:
        steps = steps_of(backend, lambda: new_log(store).append(entry(), by=writer()))
        for place, step in enumerate(steps[len(steps_of(backend, lambda: new_log(store, "2"))) :]):
            log, second = new_log(store, f"run {place}"), writer()
            with backend.at_each_step(at(place, raising(KeyboardInterrupt()))):
                with pytest.raises(KeyboardInterrupt):
                    log.append(entry(), by=second)
            persists = step == Step(is_commit=True, is_after=True)
            assert (second.number is not None) == persists
            log.append(entry(), by=second)
            introductions = [intro for intro, _ in store.reads.writers(log.log.id).values()]
            assert introductions.count(second.introduction) == 1
            assert store.reads.writers(log.log.id)[second.number or 0][0] == second.introduction

    @pytest.mark.parametrize("appended", [APPENDED, (Move(1),), (entry(),)])
    def test_a_handler_that_appends_in_the_midst_is_served_first(
        self, store: LogStore, backend: Backend, appended: tuple[Part, ...]
    ) -> None:
        log = new_log(store, "steps")
        log.append(entry())
        for place, step in enumerate(steps_of(backend, lambda: log.append(*appended))):
            each = new_log(store, f"run {place}")
            each.append(entry())
            outer = Written(store, f"run {place}")
            is_nested: list[bool] = []
            outer.writer = each.writer

            def append_too(each: Written = each, is_nested: list[bool] = is_nested) -> None:
                is_nested.append(True)
                each.append(entry(7, event_id="handler"), Move(1, "0xc"))

            with backend.at_each_step(at(place, append_too)):
                outer.append(*appended)
            assert is_nested
            if step == Step(is_commit=True, is_after=True):
                # The one that was interrupted is stored already, and comes before.
                each.committed[1:1] = outer.committed
                each.records[1:1] = outer.records
            else:
                each.committed += outer.committed
                each.records += outer.records
            each.check()
            each.append(entry(), Move(1))
            each.check()
            assert set(store.reads.writers(each.log.id)) == {1}

    def test_a_handler_that_appends_to_another_log_is_served_first(
        self, store: LogStore, backend: Backend
    ) -> None:
        log = new_log(store)
        for place, _ in enumerate(steps_of(backend, lambda: log.append(*APPENDED[:3]))):
            other = new_log(store, f"other {place}")

            def append_too(other: Written = other) -> None:
                other.append(entry(), Move(1))

            with backend.at_each_step(at(place, append_too)):
                log.append(entry(), Move(1), entry())
            other.append(entry())
            log.check()
            other.check()

    def test_a_handler_that_appends_while_a_log_is_created_leaves_it_whole(
        self, store: LogStore, backend: Backend
    ) -> None:
        other = new_log(store, "other")

        def create(log: Written) -> bool:
            events = numbered(log.log.id, 1, entries_of(range(5)))

            def batches() -> Iterator[list[AuditLog.EventLogged]]:
                yield events[:3]
                yield events[3:]

            return store.appends.create_filled(
                log.opened, log.log.name, log.identity, log.writer, batches()
            )

        for place, _ in enumerate(steps_of(backend, lambda: create(Written(store, "steps")))):
            log = Written(store, f"run {place}")

            def append_too() -> None:
                other.append(entry())

            with backend.at_each_step(at(place, append_too)):
                try:
                    is_stored = create(log)
                except StoreError:
                    is_stored = False
            other.check()
            if is_stored:
                assert store.reads.end(log.log.id).horizon == Horizon(5)
                assert len(log.states()) == 5
            else:
                assert store.reads.opened(log.log.id) is None
                assert create(log)

    def test_an_interrupted_handler_leaves_the_append_unstored(
        self, store: LogStore, backend: Backend
    ) -> None:
        log = new_log(store)
        log.append(entry())
        steps = steps_of(backend, lambda: log.append(*APPENDED))
        for place, step in enumerate(steps):
            each = new_log(store, f"run {place}")
            each.append(entry())

            def append_and_leave(each: Written = each) -> None:
                each.append(entry(7))
                raise KeyboardInterrupt

            with backend.at_each_step(at(place, append_and_leave)):
                with pytest.raises(KeyboardInterrupt):
                    Written(store, each.log.name).append(*APPENDED, by=each.writer)
            stored = store.reads.end(each.log.id).horizon
            persists = step == Step(is_commit=True, is_after=True)
            assert stored == (Horizon(107, 2) if persists else Horizon(2))
            assert each.states()[-1] == each.records[-1]
            each.append(entry())
            assert store.reads.end(each.log.id).horizon.order == stored.order + 1

    @pytest.mark.parametrize("part", [entry(), Move(1)])
    def test_a_handler_that_took_the_place_is_not_mistaken_for_the_append(
        self, store: LogStore, backend: Backend, part: Part
    ) -> None:
        """The same writer, the same order, the same time: only the state tells them apart."""
        log = new_log(store)
        log.append(entry())
        other = entry(7) if part != Move(1) else Move(1, "0xc")

        def append_and_fail() -> None:
            log.append(other)
            raise backend.driver_errors[0]("disk I/O error")

        with backend.at_time(2_000_000_000_000_000):
            steps = steps_of(backend, lambda: log.append(part))
            before_commit = steps.index(Step(is_commit=True, is_after=False))
            with backend.at_each_step(at(before_commit, append_and_fail)):
                with pytest.raises(StoreError):
                    Written(store).append(part, by=log.writer)
        log.append(entry(), Move(1))
        log.check()
