"""Which arguments name a file."""

from __future__ import annotations

import os


def why_no_path(path: object) -> str | None:
    """What keeps an argument from being a path, as a sentence goes on; None where nothing does."""
    try:
        text = os.fspath(path)  # type: ignore[call-overload]
    except TypeError:
        text = None
    if not isinstance(text, str):
        return "is no path; give text or a pathlib.Path"
    if "\0" in text:
        return "is no path; no file's name holds a NUL character"
    try:
        os.fsencode(text)
    except UnicodeEncodeError:
        return "is no path; its text is no valid Unicode"
    return None
