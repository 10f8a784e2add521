"""What cannot be logged."""

from __future__ import annotations

from domain.errors.base import EventLoggerError, shown


class InvalidEventError(EventLoggerError, ValueError):
    """A field of an event cannot be logged; `path` names it, `value` is what was given."""

    def __init__(self, path: str, value: object, problem: str) -> None:
        self.path = path
        self.value = value
        self.problem = problem
        super().__init__(f"{path} {problem}")

    def within(self, prefix: str) -> InvalidEventError:
        """The same error with its path read from further out, as for a detail of a bundle."""
        return type(self)(f"{prefix}.{self.path}", self.value, self.problem)


class InvalidTimestampError(InvalidEventError):
    """The timestamp is no time, or not on the hour where the log keeps to hours."""


class InvalidEventTypeError(InvalidEventError):
    """The event type is not UPPER_SNAKE_CASE, or not in the catalogue of a strict log."""


class InvalidAmountError(InvalidEventError):
    """A numeric field holds no finite number."""


class ReservedFieldError(InvalidEventError):
    """An extra is called like a field that the log itself fills."""


class UnsupportedValueError(InvalidEventError):
    """A value cannot be held by JSON, and so not by the log."""


class UnknownOrderError(EventLoggerError, LookupError):
    """No event of the log has this order."""

    def __init__(self, order: object, last_order: int, field: str = "order") -> None:
        self.order = order
        self.last_order = last_order
        self.field = field
        there = f"orders run from 1 to {last_order}" if last_order else "the log is empty"
        super().__init__(f"{field} {shown(order)} names no event of this log: {there}")


class EventIdConflictError(EventLoggerError, ValueError):
    """The event_id was logged before, with different content; `fields` names what differs.

    `order` is None when the id stands twice in one bundle.
    """

    def __init__(self, event_id: str, order: int | None, fields: tuple[str, ...]) -> None:
        self.event_id = event_id
        self.order = order
        self.fields = fields
        super().__init__(
            f"event_id {shown(event_id)} stands twice in one bundle; give each event its own"
            if order is None
            else f"event_id {shown(event_id)} was logged before as order {order} with different"
            f" content ({', '.join(fields)}); use a new event_id for a new event"
        )
