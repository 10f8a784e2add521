"""What a live event cannot become."""

from __future__ import annotations

from domain.errors.base import EventLoggerError, shown
from domain.errors.events import InvalidEventError


class InvalidUpdateError(InvalidEventError):
    """An update of a live event is empty, has a field that cannot be, or contradicts itself."""


class UpdateNotAllowedError(EventLoggerError, ValueError):
    """Events of a backtest log are completed when logged and never change."""

    def __init__(self, order: object) -> None:
        self.order = order
        super().__init__(
            f"order {shown(order)} cannot be updated: every event of a backtest log is completed"
            " when it is logged; log a further event instead"
        )


class IllegalTransitionError(EventLoggerError, ValueError):
    """The status cannot follow the present one; `target` is None for values on a final status."""

    def __init__(self, order: int, status: str, target: str | None, legal: tuple[str, ...]) -> None:
        self.order = order
        self.status = status
        self.target = target
        self.legal = legal
        wanted = "cannot be updated" if target is None else f"cannot become {target!r}"
        after = f"legal next: {', '.join(legal)}" if legal else "that is final; log a further event"
        super().__init__(f"order {order} is {status!r} and {wanted}; {after}")


class UpdateConflictError(EventLoggerError, RuntimeError):
    """Another process updated the event at the same moment; nothing of this update is stored."""

    def __init__(self, order: int, status: str, tx_hash: str | None) -> None:
        self.order = order
        self.status = status
        self.tx_hash = tx_hash
        hashed = f" with tx_hash {shown(tx_hash)}" if tx_hash else ""
        super().__init__(
            f"order {order} was updated by another process at the same moment and is now"
            f" {status!r}{hashed}; look at it and update it again if that is still right"
        )
