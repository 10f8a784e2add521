"""A view: what an address shows, as a page, as JSON and as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from event_logger.web.asked import Asked, Param
from event_logger.web.exact import plain, strict_json, text_of


@dataclass(frozen=True)
class Page:
    """What a view made: `data` for programs, `rows` for spreadsheets, `shows` for its template.

    `refresh` is after how many seconds the page is to be asked for again, where it is not whole.
    """

    template: str
    title: str
    data: Mapping[str, Any]
    rows: Sequence[Mapping[str, Any]] = ()
    shows: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200
    refresh: int | None = None

    def as_json(self) -> str:
        """The data as strict JSON, in which numbers and times are text."""
        return strict_json(plain(self.data))

    def as_csv(self) -> str:
        """The rows, their columns by first appearance; every value is whole."""
        columns = list(dict.fromkeys(name for row in self.rows for name in row))
        file = io.StringIO()
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        for row in self.rows:
            writer.writerow([text_of(row.get(name)) for name in columns])
        return file.getvalue()


@dataclass(frozen=True)
class View:
    """An address: its path, what it is for, its parameters, and what makes its page."""

    path: str
    about: str
    params: tuple[Param, ...]
    make: Callable[[Asked], Page]
    has_rows: bool = True
