"""Pages drawn from their templates: whatever a log holds stands there as text."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from domain.printable import printable
from event_logger.web.asked import address
from event_logger.web.exact import Shown, cut_for_page, figure, shown, text_of

_LONGEST_COPIED = 20_000

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
    text = _environment().get_template(template).render(**shows)
    # What is no valid Unicode, as a damaged record may hold, must not end the page.
    return text.encode("utf-8", "backslashreplace")


def copied(value: Any) -> str:
    """The whole value as a JSON string: what a copy button gives, whatever HTML does to text.

    Nothing where it is too long to be kept in the page.
    """
    whole = value.whole if isinstance(value, Shown) else text_of(value)
    return json.dumps(whole) if len(whole) <= _LONGEST_COPIED else ""


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
        "static": static_address,
        "version": version("event-logger"),
    }
    return environment
