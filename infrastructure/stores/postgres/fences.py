"""Which logs this store's writer has to itself, and the epoch by which the head knows it."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from domain.errors import StoreError


class Fences:
    """The epochs of the leases that are held for writing.

    Every append names the epoch that it knows, and whoever takes the lease moves it on: a former
    holder that was stopped or cut off cannot write any more, whatever it believes.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._epochs: dict[UUID, int | None] = {}
        self._renewals: dict[UUID, Callable[[], None]] = {}

    def raise_for(self, log_id: UUID, epoch: int | None, renew: Callable[[], None]) -> None:
        """Take note that the lease is held from this epoch on; None: the log is yet to be made.

        `renew` takes the session's lock again where the session has ended.
        """
        self._epochs[log_id] = epoch
        self._renewals[log_id] = renew

    def renew(self, log_id: UUID) -> None:
        """Have others see again, after connections broke, that the lease is held."""
        if log_id in self._renewals:
            self._renewals[log_id]()

    def drop(self, log_id: UUID) -> None:
        """Take note that the lease is held no more."""
        self._epochs.pop(log_id, None)
        self._renewals.pop(log_id, None)

    def is_up(self, log_id: UUID) -> bool:
        """Whether the log has one writer, which is this."""
        return log_id in self._epochs

    def knows(self, log_id: UUID, epoch: int) -> bool:
        """Whether it is the epoch to be named, as far as this process knows."""
        return self._epochs.get(log_id, epoch) == epoch

    def check(self, log_id: UUID, epoch: int) -> None:
        """Raises `StoreError` when another has taken the lease since; `epoch` is the head's."""
        held = self._epochs.get(log_id, epoch)
        if held is None:
            self._epochs[log_id] = epoch
        elif held != epoch:
            raise StoreError(
                self._url,
                "gave the lease of this log to another writer meanwhile, and nothing of this batch"
                " is stored; end the other, and open the log again",
            )

    def move(self, log_id: UUID, former: int, epoch: int) -> None:
        """Take note that this writer itself has moved the epoch on from the one that it held."""
        if self._epochs.get(log_id) == former:
            self._epochs[log_id] = epoch
