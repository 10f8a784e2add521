"""The suite that every store passes, written against `infrastructure.store` alone.

A backend's test file says how to make one: a subclass of `StoreContract`, or of
`DurableStoreContract` for a store that outlives its process, with a fixture `backend`
(`written.Backend`).
"""

from __future__ import annotations

from tests.infrastructure.stores.contract_appending import AppendingContract
from tests.infrastructure.stores.contract_as_of import AsOfContract
from tests.infrastructure.stores.contract_board import BoardContract, FollowersContract
from tests.infrastructure.stores.contract_closing import ClosingContract
from tests.infrastructure.stores.contract_continuing import (
    ClosedContract,
    ContinuingContract,
    SharedClosedContract,
)
from tests.infrastructure.stores.contract_copying import CopyingContract
from tests.infrastructure.stores.contract_faults import FaultsContract
from tests.infrastructure.stores.contract_following import FollowingContract
from tests.infrastructure.stores.contract_history import HistoryContract
from tests.infrastructure.stores.contract_indexes import IndexesContract
from tests.infrastructure.stores.contract_sharing import SharingContract
from tests.infrastructure.stores.contract_tiles import TilesContract


class StoreContract(
    AppendingContract,
    HistoryContract,
    AsOfContract,
    CopyingContract,
    ContinuingContract,
    ClosedContract,
    FollowingContract,
    FollowersContract,
    BoardContract,
    IndexesContract,
    TilesContract,
    FaultsContract,
    ClosingContract,
):
    """What every store promises, one in memory too."""


class DurableStoreContract(StoreContract, SharingContract, SharedClosedContract):
    """And what one promises that several processes share, and that outlives them."""
