"""What a request asks for: its parameters, checked, and the log that they name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from functools import cached_property
from typing import Any, NamedTuple
from urllib.parse import urlencode

from domain.errors import shown
from domain.errors.base import nearest
from domain.horizon import Horizon
from event_logger.paging import LogPages
from event_logger.reader import LogReader
from event_logger.web.errors import PageError
from event_logger.web.site import Site
from event_logger.web.zones import in_utc, zone_of

_LARGEST = 2**63 - 1
_LONGEST = 2000


class Param(NamedTuple):
    """A parameter of an address: its name, what it means, and whether it is a whole number."""

    name: str
    about: str
    is_whole: bool = False
    choices: tuple[str, ...] = ()
    is_required: bool = False


LOG = Param("log", "The log's name; may be left out where the store holds one log.")
AS_OF = Param("as_of", "The log as it was known then: 1523, 1523+40, or a time (ISO 8601, UTC).")
ZONE = Param("zone", "The zone in which a page tells times and is told them; data is in UTC.")
"""Taken by every view."""


class Asked:
    """One request of a view that takes these parameters.

    Raises `PageError` for a parameter that the view does not take, or that makes no sense.
    """

    def __init__(
        self, site: Site, path: str, given: Sequence[tuple[str, str]], params: Sequence[Param]
    ) -> None:
        self.site = site
        self.path = path
        self.form = "json"
        """What the answer is: html, json or csv."""
        self.patience = 1.0
        """Seconds that are waited for what is made in the background."""
        self._params = {param.name: param for param in (*params, ZONE)}
        self.given: dict[str, str] = {}
        for name, value in given:
            self._take(name, value)

    def _take(self, name: str, value: str) -> None:
        param = self._params.get(name)
        if param is None:
            near = nearest(name, self._params)
            hint = "none is taken here" if near is None else f"the nearest is {near}"
            raise PageError(400, f"there is no parameter {shown(name)}: {hint}")
        if name in self.given:
            raise PageError(400, f"the parameter {name} is given twice; give it once")
        if len(value) > _LONGEST or "\0" in value:
            raise PageError(400, f"the parameter {name} is longer than {_LONGEST:,} characters")
        # Forms send their empty fields, too.
        if value or name == "log":
            self.given[name] = value

    def text(self, name: str) -> str | None:
        """The parameter; raises `PageError` for what is none of its choices."""
        value, choices = self.given.get(name), self._params[name].choices
        if value is not None and choices and value not in choices:
            near = nearest(value, choices)
            raise PageError(400, f"{name} {shown(value)} is none; the nearest is {near}")
        return value

    def time(self, name: str) -> str | None:
        """The time, or what else is given; one without an offset is of the page's zone."""
        value = self.text(name)
        return None if value is None else in_utc(value, self.zone)

    def whole(self, name: str, default: int, least: int = 1, most: int = _LARGEST) -> int:
        """The whole number; raises `PageError` for what is none, or beyond these bounds."""
        value = self.given.get(name)
        if value is None:
            return default
        digits = value.strip()
        if digits.isascii() and digits.isdecimal() and len(digits) < 20:
            number = int(digits)
            if least <= number <= most:
                return number
        raise PageError(
            400, f"{name} must be a whole number from {least} to {most:,}, not {shown(value)}"
        )

    @cached_property
    def zone(self) -> tzinfo:
        """The zone of the page's times; raises `PageError` for one that is not known."""
        return zone_of(self.given.get("zone"))

    @cached_property
    def head(self) -> LogReader:
        """The log as it is now."""
        return self.site.reader(self.given.get("log"))

    @cached_property
    def reader(self) -> LogReader:
        """The log as of what the request asks for."""
        if "as_of" not in self.given:
            return self.head
        return self.head.as_of(self.time("as_of"))

    @cached_property
    def pages(self) -> LogPages:
        """The pages of that log."""
        return LogPages(self.reader)

    @property
    def as_of(self) -> Horizon | None:
        """The horizon that was asked for; None: the log goes on."""
        return self.reader.horizon if "as_of" in self.given else None

    def link(self, path: str, /, **parameters: Any) -> str:
        """The address of another page of the same log as of the same horizon, in the same zone."""
        kept = {name: self.given[name] for name in ("log", "as_of", "zone") if name in self.given}
        if "log" not in kept and "log" in self._params:
            kept["log"] = self.head.log_name
        return address(path, kept | parameters)

    def here(self, suffix: str = "", /, **changes: Any) -> str:
        """This page's address with some parameters changed; None leaves one out."""
        return address(f"{self.path}{suffix}", self.given | changes)


def address(path: str, parameters: Mapping[str, Any]) -> str:
    """A path with its parameters; those that are None are left out."""
    given = {name: value for name, value in parameters.items() if value is not None}
    return f"{path}?{urlencode(given, errors='surrogatepass')}" if given else path
