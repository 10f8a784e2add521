"""A bundle built step by step, logged whole when its block ends."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from types import TracebackType
from typing import Any, NoReturn, Self

from domain.bundle import Step, atomic_wrapper
from domain.bundle_planner import ARGUMENTS
from domain.checks import Number
from domain.errors import InvalidEventError, shown
from domain.intake import LoggingRules
from domain.logged_status import refuse_status_of_detail
from domain.values import decode, encode
from domain.vocabulary import Snapshot, Vocabulary
from event_logger.order import Orders
from infrastructure.timestamps import timestamp_of

LogBundle = Callable[["BundleBuilder"], Orders]
LogBundleAsync = Callable[["BundleBuilder"], Awaitable[Orders]]


class BundleBuilder(Vocabulary[Step]):
    """Collects the steps of an atomic bundle; each is checked and captured when it is logged.

    So is what the bundle itself is given, when it is made.

    Every typed method gives a `Step`, a handle that later steps can name in `related_events`. When
    the block ends the bundle is logged in one transaction and `orders` holds its orders, the
    wrapper's first: `bundle.orders[step]`. An exception inside the block logs nothing.

    `async with` does what `with` does, and a step may be awaited, which gives the step at once.
    """

    def __init__(
        self,
        rules: LoggingRules,
        finish: LogBundle,
        timestamp: datetime,
        bundle_name: str,
        net_result: dict[str, Any] | None,
        position_snapshot: Snapshot,
        event_data: dict[str, Any],
        steps: list[Step] | None = None,
    ) -> None:
        given = atomic_wrapper(timestamp, bundle_name, net_result, position_snapshot, event_data)
        captured = _captured(rules, given)
        self.timestamp = timestamp
        self.bundle_name = bundle_name
        self.net_result = captured["net_result"]
        self.position_snapshot = captured["position_snapshot"]
        self.event_data = {name: captured[name] for name in event_data}
        self.details: list[dict[str, Any]] = []
        self.orders: Orders | None = None
        self._rules = rules
        self._finish = finish
        self._steps = [Step(0)] if steps is None else steps
        self._first_step = len(self._steps)
        self._is_open = True
        self._inner: BundleBuilder | None = None

    def log_event(
        self,
        timestamp: datetime | None,
        event_type: str,
        venue: str,
        token: str | None = None,
        amount: Number | None = None,
        position_snapshot: Snapshot = None,
        **event_data: Any,
    ) -> Step:
        """Add a step; without a timestamp of its own it takes the bundle's.

        Raises `InvalidEventError` for what cannot be logged, and when the block has ended.
        """
        self._refuse_unless_open()
        refuse_status_of_detail("status", event_data.pop("status", None))
        given = {
            "timestamp": self.timestamp if timestamp is None else timestamp,
            "event_type": event_type,
            "venue": venue,
            "token": token,
            "amount": amount,
            "position_snapshot": position_snapshot,
        }
        self.details.append(_captured(self._rules, given | event_data))
        return self._next_step()

    def bundle(
        self,
        timestamp: datetime | None,
        bundle_name: str,
        net_result: dict[str, Any] | None = None,
        position_snapshot: Snapshot = None,
        **event_data: Any,
    ) -> BundleBuilder:
        """A bundle inside this one, such as a leverage loop inside an atomic entry."""
        self._refuse_unless_open()
        refuse_status_of_detail("status", event_data.pop("status", None))
        self._inner = BundleBuilder(
            self._rules,
            self._add_inner,
            self.timestamp if timestamp is None else timestamp,
            bundle_name,
            net_result,
            position_snapshot,
            event_data,
            self._steps,
        )
        self._next_step()
        return self._inner

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        """Log the bundle, unless an exception ended the block."""
        self._end(exc_type)
        if exc_type is None:
            self.orders = self._finish(self)

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        """As the end of a `with` block: the bundle is logged without yielding to the loop."""
        self.__exit__(exc_type, exc_val, exc_tb)

    def _end(self, exc_type: type[BaseException] | None) -> None:
        self._is_open = False
        if exc_type is not None:
            del self._steps[self._first_step :]

    def wrapper(self) -> dict[str, Any]:
        """This bundle as a detail of an outer one."""
        wrapper = atomic_wrapper(
            self.timestamp,
            self.bundle_name,
            self.net_result,
            self.position_snapshot,
            self.event_data,
        )
        return wrapper | {"detail_events": self.details}

    def _add_inner(self, inner: BundleBuilder) -> Orders:
        self.details.append(inner.wrapper())
        return Orders()

    def _next_step(self) -> Step:
        step = Step(len(self._steps))
        self._steps.append(step)
        return step

    def _refuse_unless_open(self) -> None:
        if not self._is_open:
            raise InvalidEventError(
                "bundle",
                self.bundle_name,
                f"{shown(self.bundle_name)} has ended; log its steps inside its with block",
            )
        if self._inner is not None and self._inner._is_open:
            inner = self._inner.bundle_name
            raise InvalidEventError(
                "bundle",
                inner,
                f"{shown(inner)} is still open inside this bundle; end its with block first",
            )


class AsyncBundleBuilder(BundleBuilder):
    """A bundle of an asynchronous logger: the end of its `async with` block waits for the commit.

    Bundles inside it do no I/O of their own, and take `with` and `async with` alike.
    """

    def __init__(self, rules: LoggingRules, log: LogBundleAsync, *arguments: Any) -> None:
        super().__init__(rules, _refuse_plain_with, *arguments)
        self._log = log

    def __enter__(self) -> Self:
        """Raises `InvalidEventError`: the commit must be awaited."""
        _refuse_plain_with(self)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        """Log the bundle, unless an exception ended the block."""
        self._end(exc_type)
        if exc_type is None:
            self.orders = await self._log(self)


def _captured(rules: LoggingRules, arguments: dict[str, Any]) -> dict[str, Any]:
    """What `log_event` takes, checked, its snapshot and extras apart from the caller's dicts.

    `related_events` stay as they are, and are checked when the bundle is logged: they may name
    steps.
    """
    data = dict(arguments)
    related = data.pop("related_events", None)
    named = {name: data.pop(name, None) for name in ARGUMENTS}
    record = rules.record("", **named, event_data=data)
    captured = decode(encode(record), timestamp_of)
    return {
        **arguments,
        "position_snapshot": captured.get("position_snapshot"),
        **captured.get("extra", {}),
        "related_events": list(related) if isinstance(related, tuple | list) else related,
    }


def _refuse_plain_with(built: BundleBuilder) -> NoReturn:
    raise InvalidEventError(
        "bundle",
        built.bundle_name,
        "of an asynchronous logger needs `async with`; nothing is logged",
    )
