"""The model of a stored event: it validates a record whole, as an audit does."""

from __future__ import annotations

from functools import cache
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, create_model

from domain.fields import Event, stored_fields


@cache
def event_model() -> type[BaseModel]:
    """The pydantic model of `domain.fields.Event`; a name that is none of its fields is refused."""
    fields: dict[str, Any] = {
        name: (annotation, getattr(Event, name, ...))
        for name, annotation in stored_fields().items()
    }
    # Left out where nothing else was given, and never None.
    fields["extra"] = fields["extra"][0], Field(default_factory=dict)
    return create_model("Event", __config__=ConfigDict(extra="forbid", frozen=True), **fields)
