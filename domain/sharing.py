"""What of a wrapper's transition holds for its details: they are one transaction.

Its status, and what belongs to the transaction; its costs and its snapshot stay the wrapper's, so
that sums are not doubled.
"""

from __future__ import annotations

from typing import Any

from domain.fields import TRANSACTION_FIELDS


def shared(changes: dict[str, Any]) -> dict[str, Any]:
    """Those of a wrapper's values that hold for its details."""
    return {name: value for name, value in changes.items() if name in TRANSACTION_FIELDS}


def shared_of(transition: dict[str, Any]) -> dict[str, Any]:
    """What a wrapper's stored transition says of its details.

    The first one also tells what the wrapper was logged with.
    """
    return shared(transition.get("logged", {}) | transition["changes"])
