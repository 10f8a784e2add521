"""The sentences that typed methods write about what was done."""

from __future__ import annotations

from domain.errors import shown


def sentence(template: str, *values: object) -> str:
    """What a typed method says that was done; a value that Python does not write out is named."""
    try:
        return template % values
    except Exception:
        return template % tuple(map(_written, values))


def _written(value: object) -> str:
    return value if isinstance(value, str) else shown(value)
