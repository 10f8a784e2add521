"""What the extra `analytics` brings; imported where it is used, and said where it is missing."""

from __future__ import annotations

from domain.errors import MissingExtraError
from infrastructure.importing import import_apart


def require(what: str, *modules: str) -> None:
    """Raises `MissingExtraError` where one of the modules cannot be imported."""
    for module in modules:
        try:
            import_apart(module)
        except ImportError as error:
            raise MissingExtraError("analytics", what, str(error)) from None


def require_arrow(what: str) -> None:
    """See `require`, of pyarrow."""
    require(what, "pyarrow", "pyarrow.compute", "pyarrow.parquet")
