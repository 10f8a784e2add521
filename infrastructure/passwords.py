"""URLs as logs and errors may show them."""

from __future__ import annotations

import re

_CERTAIN_PARTS = re.compile(
    r"((?:(?i:rediss?|valkeys?|unix|https?)://)?)"
    r"(?:[^/?#@]*@)?"
    r"([\w.-]+(?::\d+)?|\[[\da-fA-F:.]+\](?::\d+)?|)"
    r"((?:/[\w./-]*)?)"
    r"((?:\?[^@]*)?)",
    re.ASCII,
)
_MAY_HOLD_A_PASSWORD = re.compile(r"@|\?|%40|(?i:pass|pwd|secret|token)")


def without_password(url: str) -> str:
    """The URL without what stands before its host or after a `?`.

    `***` stands for a text in which it is not certain what the password is.
    """
    certain = _CERTAIN_PARTS.fullmatch(url)
    if certain is None:
        return "***"
    scheme, host, path, options = certain.groups()
    return f"{scheme}{host}{path}{'?***' if options else ''}"


def shown_place(url: str) -> str:
    """A text that should have been a store's URL: as it is, unless it may hold a password."""
    return without_password(url) if _MAY_HOLD_A_PASSWORD.search(url) else url
