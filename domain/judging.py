"""Whether an update may follow what a live event is by now, and what it then changes."""

from __future__ import annotations

from typing import Any, NamedTuple

from domain.errors import IllegalTransitionError, InvalidUpdateError, shown
from domain.fields import CLEARED_BY_REORG, OF_THE_UPDATE
from domain.fills import refuse_fills
from domain.statuses import CONFIRMED, REORGED, SUBMITTED, table_of
from domain.values import canonical

Changes = dict[str, Any]

_OF_THE_BLOCK = ("tx_hash", "block_number", "block_hash")
_NAMES_WHAT_WAS_SENT = ("tx_hash", "exchange_order_id")


class Present(NamedTuple):
    """What a live event is by now: its values are those that an update may change, and `amount`."""

    order: int
    status: str
    values: Changes
    has_event_id: bool
    is_order: bool


def decided(present: Present, update: Changes) -> tuple[str, Changes] | None:
    """The next status and what changes, or None when nothing does.

    Raises `IllegalTransitionError` or `InvalidUpdateError`.
    """
    order, status, values, has_event_id, is_order = present
    target = update.get("status", status)
    changes = {
        name: value
        for name, value in update.items()
        if name != "status" and canonical({name: value}) != canonical({name: values.get(name)})
    }
    if target == status and not changes:
        return None
    legal = table_of(is_order=is_order)[status]
    if target != status and target not in legal:
        raise IllegalTransitionError(order, status, target, legal)
    if target == status and not legal:
        raise IllegalTransitionError(order, status, None, ())
    _refuse_contradictions(order, status, target, values, changes)
    refuse_fills(order, values, changes)
    if target == SUBMITTED and not has_event_id:
        after = values | changes
        if all(after.get(name) is None for name in _NAMES_WHAT_WAS_SENT):
            needed = "exchange_order_id" if is_order else "tx_hash"
            raise InvalidUpdateError(
                needed,
                None,
                f"is missing: order {order} was logged without an event_id, so submitting it needs"
                f" {'an' if is_order else 'a'} {needed}",
            )
    # The same words as of the update before are still this one's.
    changes |= {name: update[name] for name in OF_THE_UPDATE if name in update}
    if target == REORGED:
        changes |= {name: None for name in CLEARED_BY_REORG if values.get(name) is not None}
    return target, changes


def _refuse_contradictions(
    order: int, status: str, target: str, values: Changes, changes: Changes
) -> None:
    blocks, had = changes.get("confirmation_blocks"), values.get("confirmation_blocks")
    if target == REORGED:
        for name in CLEARED_BY_REORG:
            if name in changes:
                raise InvalidUpdateError(
                    name, changes[name], f"is cleared by a reorg of order {order}; leave it out"
                )
    elif blocks is not None and had is not None and blocks < had:
        raise InvalidUpdateError(
            "confirmation_blocks",
            blocks,
            f"never decreases: order {order} has {shown(had)} already, not {shown(blocks)}; a"
            " reorganised chain is told as status 'reorged'",
        )
    if status != CONFIRMED:
        return
    for name in _OF_THE_BLOCK:
        if name in changes and values.get(name) is not None:
            raise InvalidUpdateError(
                name,
                changes[name],
                f"of order {order} is confirmed as {shown(values[name])}; another"
                f" {'transaction' if name == 'tx_hash' else 'block'} needs status 'reorged' first",
            )
