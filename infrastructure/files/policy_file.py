"""A policy's file: which logs and witnesses are trusted."""

from __future__ import annotations

from pathlib import Path

from domain.errors import ProofError
from projections.policy import MOST_BYTES, Policy


def read_policy(path: Path) -> Policy:
    """The policy in a file (C2SP's tlog-policy); raises `ProofError` where it is none."""
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = (isinstance(error, OSError) and error.strerror) or str(error)
        raise ProofError(str(path), f"cannot be read ({reason})") from error
    try:
        return Policy.parse(data)
    except ValueError as error:
        raise ProofError(str(path), str(error)) from None
