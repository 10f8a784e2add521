"""The specification's own logger, written out as the specification has it, without Redis."""

from __future__ import annotations

import asyncio
from typing import Any


class ListLogger:
    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.global_order = 0
        self._order_lock = asyncio.Lock()

    async def log_event(
        self,
        timestamp: Any,
        event_type: str,
        venue: str,
        token: str | None = None,
        amount: float | None = None,
        position_snapshot: dict[str, Any] | None = None,
        **event_data: Any,
    ) -> int:
        async with self._order_lock:
            self.global_order += 1
            event = {
                "timestamp": timestamp,
                "order": self.global_order,
                "event_type": event_type,
                "venue": venue,
                "token": token,
                "amount": amount,
                "status": "completed",
                **event_data,
            }
            if position_snapshot:
                event["wallet_balance_after"] = position_snapshot
                event["cex_balance_after"] = position_snapshot.get("cex_accounts")
                event["aave_position_after"] = {
                    "wallet": position_snapshot.get("wallet"),
                    "perp_positions": position_snapshot.get("perp_positions"),
                }
            self.events.append(event)
            return self.global_order
