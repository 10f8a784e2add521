"""Tiles of a log's tree: kept beside the log, each giving way only to a longer one."""

from __future__ import annotations

from uuid import uuid4

from domain.horizon import Horizon
from infrastructure.as_of import StoreAsOf
from infrastructure.store import LogStore
from projections.tiles import Tile
from tests.infrastructure.stores.written import OnStore

LOG, OTHER = uuid4(), uuid4()
HASH, WHOLE = b"h" * 32, b"w" * 32 * 256


class TilesContract(OnStore):
    """What a store says of a log's tiles."""

    def test_a_log_has_none_at_first(self, store: LogStore) -> None:
        assert store.tiles.leaves(LOG) == 0
        assert store.tiles.read(LOG, 0, 0) is None

    def test_a_tile_is_of_one_log_level_and_index(self, store: LogStore) -> None:
        tiles = [Tile(0, 0, WHOLE), Tile(0, 1, HASH * 3), Tile(1, 0, HASH)]
        store.tiles.write(LOG, tiles)
        store.tiles.write(OTHER, [Tile(0, 0, HASH * 2)])
        for level, index, hashes in tiles:
            assert store.tiles.read(LOG, level, index) == hashes
        assert store.tiles.read(LOG, 1, 1) is None
        assert store.tiles.leaves(LOG) == 259
        assert (store.tiles.leaves(OTHER), store.tiles.read(OTHER, 0, 1)) == (2, None)
        assert StoreAsOf(store, LOG, Horizon(1)).tiles.leaves(LOG) == 259

    def test_a_tile_gives_way_to_a_longer_one_alone(self, store: LogStore) -> None:
        store.tiles.write(LOG, [Tile(0, 0, HASH * 2)])
        store.tiles.write(LOG, [Tile(0, 0, HASH)])
        assert store.tiles.read(LOG, 0, 0) == HASH * 2
        store.tiles.write(LOG, [Tile(0, 0, b"x" * 32 * 2)])
        assert store.tiles.read(LOG, 0, 0) == HASH * 2
        store.tiles.write(LOG, [Tile(0, 0, HASH * 3)])
        assert store.tiles.leaves(LOG) == 3

    def test_made_anew_all_of_the_log_give_way(self, store: LogStore) -> None:
        store.tiles.write(LOG, [Tile(0, 0, WHOLE), Tile(0, 1, HASH), Tile(1, 0, HASH)])
        store.tiles.write(OTHER, [Tile(0, 0, HASH)])
        store.tiles.write(LOG, [Tile(0, 0, HASH * 2)], is_anew=True)
        assert (store.tiles.leaves(LOG), store.tiles.read(LOG, 1, 0)) == (2, None)
        assert store.tiles.leaves(OTHER) == 1
