"""Pages drawn from their templates: whatever a log holds stands there as text."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context

from domain.printable import printable
from domain.times import iso_of
from event_logger.web.asked import address
from event_logger.web.exact import Shown, cut_for_page, figure, shown, text_of
from event_logger.web.zones import zoned

_LONGEST_COPIED = 20_000
_PLAIN = {"zone_name": "UTC", "home": "/"}
"""What a page shows that is asked for nothing, such as a refusal."""

STATIC = {
    "page.css": "text/css; charset=utf-8",
    "page.js": "text/javascript; charset=utf-8",
    "favicon.svg": "image/svg+xml",
}


@cache
def static(name: str) -> bytes:
    """A file that pages refer to; only those of `STATIC` are there."""
    return (files("event_logger.web") / "static" / name).read_bytes()


@cache
def static_address(name: str) -> str:
    """The address of such a file, which changes with it."""
    return f"/static/{name}?v={hashlib.sha256(static(name)).hexdigest()[:12]}"


def draw(template: str, **shows: Any) -> bytes:
    """A page, or a part of one."""
    text = _environment().get_template(template).render(_PLAIN | shows)
    # What is no valid Unicode, as a damaged record may hold, must not end the page.
    return text.encode("utf-8", "backslashreplace")


def copied(value: Any) -> str:
    """The whole value as a JSON string: what a copy button gives, whatever HTML does to text.

    Nothing where it is too long to be kept in the page.
    """
    whole = value.whole if isinstance(value, Shown) else text_of(value)
    return json.dumps(whole) if len(whole) <= _LONGEST_COPIED else ""


def is_time(value: Any) -> bool:
    """Whether the value is a time, which the page tells in its zone."""
    return iso_of(value) is not None


def lasting(seconds: float) -> str:
    """A time span in its two largest units."""
    rest = round(seconds)
    told: list[str] = []
    for name, size in (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)):
        count, rest = divmod(rest, size)
        if count or told or size == 1:
            told.append(f"{count} {name}")
    return " ".join(told[:2])


@pass_context
def when(context: Context, value: Any) -> str:
    """A time in the page's zone; UTC where it has none."""
    return zoned(value, context.get("zone", UTC))


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("event_logger.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {
        "shown": shown,
        "figure": figure,
        "copied": copied,
        "cut": cut_for_page,
        "address": address,
        "printable": printable,
        "text_of": text_of,
        "when": when,
        "is_time": is_time,
        "lasting": lasting,
        "static": static_address,
        "version": version("event-logger"),
    }
    return environment
