"""Positions of followers, and the rows of the status board."""

from __future__ import annotations

from itertools import count

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.audit_log import log_id
from domain.horizon import START, Horizon
from infrastructure.store import LogStore
from infrastructure.stored import BoardRows
from projections.status_board import LiveStatus, OpenEvent
from tests.infrastructure.stores.contract_following import SHARED
from tests.infrastructure.stores.written import OnStore

LOG, OTHER = log_id("run"), log_id("other")
WAITING = ("LIDO", "STAKE_DEPOSIT", "pending")
CONFIRMED = ("LIDO", "STAKE_DEPOSIT", "confirmed")
NO_ROWS = BoardRows(START, LiveStatus().counts, {})
NO_TIMES: dict[str, float | None] = {"median": None, "p95": None}

_names = count()


def is_open(order: int, tx_hash: str | None = None) -> OpenEvent:
    return OpenEvent(
        order, "STAKE_DEPOSIT", "LIDO", "pending", tx_hash, "2024-05-12T14:00:00Z", 17 * order
    )


def logged(*orders: int) -> LiveStatus:
    """What folding the logging of these events changes."""
    changes = LiveStatus()
    changes.counts[WAITING] = len(orders)
    changes.open = {order: is_open(order) for order in orders}
    return changes


def confirmed(order: int, microseconds: int, position: int) -> LiveStatus:
    """What folding the confirmation of an event changes."""
    changes = LiveStatus()
    changes.counts.update({WAITING: -1, CONFIRMED: 1})
    changes.open = {order: None}
    changes.confirmations = [(microseconds, position)]
    return changes


def rows(horizon: Horizon, counts: dict[tuple[str, str, str], int], *orders: int) -> BoardRows:
    changes = LiveStatus()
    changes.counts.update(counts)
    return BoardRows(horizon, changes.counts, {order: is_open(order) for order in orders})


class FollowersContract(OnStore):
    """How far each follower has come."""

    def test_a_new_follower_has_no_position(self, store: LogStore) -> None:
        assert store.followers.position("redis", LOG) is None
        store.followers.forget_position("redis", LOG)

    def test_a_position_is_of_one_follower_and_one_log(self, store: LogStore) -> None:
        positions = {
            ("redis", LOG): Horizon(5, 2),
            ("redis", OTHER): Horizon(3),
            ("checkpoint", LOG): Horizon(1, 1),
        }
        for (follower, log), position in positions.items():
            store.followers.store_position(follower, log, position)
        for (follower, log), position in positions.items():
            assert store.followers.position(follower, log) == position
        store.followers.forget_position("redis", LOG)
        assert store.followers.position("redis", LOG) is None
        assert store.followers.position("redis", OTHER) == Horizon(3)

    @pytest.mark.parametrize("earlier", [START, Horizon(4, 2), Horizon(5, 1), Horizon(5, 2)])
    def test_a_position_never_goes_back(self, store: LogStore, earlier: Horizon) -> None:
        store.followers.store_position("redis", LOG, Horizon(5, 2))
        store.followers.store_position("redis", LOG, earlier)
        assert store.followers.position("redis", LOG) == Horizon(5, 2)
        store.followers.store_position("redis", LOG, Horizon(5, 3))
        assert store.followers.position("redis", LOG) == Horizon(5, 3)


class BoardContract(OnStore):
    """Rows that follow from the events, each folded in once."""

    def test_an_empty_board_begins_at_the_start(self, store: LogStore) -> None:
        assert store.board.read(LOG) == NO_ROWS
        assert store.board.quantiles(LOG, []) == (START, NO_TIMES)
        assert store.board.open_rows(LOG, [1]) == {}

    def test_changes_are_folded_in(self, store: LogStore) -> None:
        board = store.board
        assert board.fold(LOG, logged(1, 2, 3), START, Horizon(3))
        assert board.read(LOG) == rows(Horizon(3), {WAITING: 3}, 1, 2, 3)
        assert board.fold(LOG, confirmed(2, 1500, 4), Horizon(3), Horizon(3, 1))
        assert board.read(LOG) == rows(Horizon(3, 1), {WAITING: 2, CONFIRMED: 1}, 1, 3)
        assert board.quantiles(LOG, []) == (Horizon(3, 1), {"median": 1500, "p95": 1500})
        assert board.open_rows(LOG, [1, 2, 9]) == {1: is_open(1)}

    def test_an_open_event_is_replaced(self, store: LogStore) -> None:
        store.board.fold(LOG, logged(1), START, Horizon(1))
        changes = LiveStatus()
        changes.open = {1: is_open(1, "0xa")}
        store.board.fold(LOG, changes, Horizon(1), Horizon(1, 1))
        assert store.board.read(LOG).open == {1: is_open(1, "0xa")}

    def test_what_another_follower_has_moved_is_not_folded_twice(self, store: LogStore) -> None:
        board = store.board
        assert board.fold(LOG, logged(1), START, Horizon(1))
        before = board.read(LOG)
        assert not board.fold(LOG, logged(1, 2), START, Horizon(2))
        assert not board.fold(LOG, confirmed(1, 7, 3), Horizon(2), Horizon(2, 1))
        assert board.read(LOG) == before
        assert board.quantiles(LOG, []) == (Horizon(1), NO_TIMES)

    def test_each_log_has_a_board_of_its_own(self, store: LogStore) -> None:
        store.board.fold(LOG, logged(1, 2), START, Horizon(2))
        store.board.fold(OTHER, logged(1), START, Horizon(1))
        store.board.fold(OTHER, confirmed(1, 9, 2), Horizon(1), Horizon(1, 1))
        assert store.board.read(LOG) == rows(Horizon(2), {WAITING: 2}, 1, 2)
        assert store.board.quantiles(LOG, []) == (Horizon(2), NO_TIMES)
        store.board.clear(LOG)
        assert store.board.read(LOG) == NO_ROWS
        assert store.board.read(OTHER).horizon == Horizon(1, 1)
        assert store.board.quantiles(OTHER, [])[1] == {"median": 9, "p95": 9}

    def test_a_cleared_board_is_folded_anew(self, store: LogStore) -> None:
        store.board.fold(LOG, logged(1), START, Horizon(1))
        store.board.fold(LOG, confirmed(1, 9, 2), Horizon(1), Horizon(1, 1))
        store.board.clear(LOG)
        assert store.board.quantiles(LOG, []) == (START, NO_TIMES)
        assert store.board.fold(LOG, confirmed(1, 9, 2), START, Horizon(1, 1))
        assert store.board.quantiles(LOG, [])[1] == {"median": 9, "p95": 9}

    def test_a_board_is_no_other_followers_position(self, store: LogStore) -> None:
        store.followers.store_position("redis", LOG, Horizon(7))
        store.board.fold(LOG, logged(1), START, Horizon(1))
        store.board.clear(LOG)
        assert store.followers.position("redis", LOG) == Horizon(7)

    @settings(
        max_examples=60,
        suppress_health_check=SHARED,
    )
    @given(
        stored=st.lists(st.lists(st.integers(0, 40), max_size=8), max_size=8),
        further=st.lists(st.integers(0, 40), max_size=8),
    )
    def test_the_quantiles_are_exact(
        self, store: LogStore, stored: list[list[int]], further: list[int]
    ) -> None:
        log, position, horizon = log_id(f"times {next(_names)}"), 0, START
        for batch in stored:
            changes = LiveStatus()
            changes.confirmations = [(taken, position + i) for i, taken in enumerate(batch)]
            position += len(batch)
            upto = Horizon(horizon.order + 1)
            assert store.board.fold(log, changes, horizon, upto)
            horizon = upto
        last = [(taken, position + i) for i, taken in enumerate(further)]
        times = [taken for batch in [*stored, further] for taken in batch]
        at, found = store.board.quantiles(log, last)
        assert at == horizon
        if not times:
            assert found == NO_TIMES
            return
        expected = np.quantile(times, [0.5, 0.95])
        assert [found["median"], found["p95"]] == pytest.approx(expected.tolist())
