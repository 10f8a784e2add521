"""What a caller knows: each call that it made, and what came of it, in a file of its own.

A line is one write, so that a process that is killed leaves whole lines.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


class Journal:
    """The file, as the process that calls writes it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def write(self, **line: Any) -> None:
        os.write(self._file, json.dumps(line).encode() + b"\n")


@dataclass
class Call:
    """A call as its caller knows it; `told` is None where no answer was heard."""

    name: str
    log: str
    kind: str
    size: int
    told: list[int] | None = None
    refused: str | None = None
    attempts: int = 0
    refusals: int = 0
    is_promised: bool = False
    """Whether what was told must be on the disk."""

    @property
    def is_refused(self) -> bool:
        """Whether every attempt was answered by a refusal."""
        return self.told is None and self.refusals == self.attempts


@dataclass
class Told:
    """What all journals say together."""

    calls: dict[str, Call] = field(default_factory=dict)
    updates: dict[str, Call] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    acknowledged: int = 0

    def read(self, path: Path, ended: str | None) -> None:
        """Take over one process's journal; `ended` says how it ended: "orderly", or None."""
        mine: list[Call] = []
        told: list[Call] = []
        all_told: list[Call] = []
        for line in _lines(path):
            match line:
                case {"fault": fault}:
                    self.faults.append(f"{path.name}: {fault}")
                case {"call": name, "log": log, "kind": kind, "size": size}:
                    into = self.updates if kind == "update" else self.calls
                    call = into.setdefault(name, Call(name, log, kind, size))
                    call.attempts += 1
                    mine.append(call)
                case {"told": name, "orders": orders, "live": live}:
                    call = self.updates.get(name) or self.calls[name]
                    self.acknowledged += 1
                    if call.told is not None and call.told != orders:
                        self.faults.append(f"{name} was told {call.told}, and again {orders}")
                    call.told = orders
                    call.is_promised |= live
                    told.append(call)
                    all_told.append(call)
                case {"refused": name, "why": why}:
                    call = self.updates.get(name) or self.calls[name]
                    call.refused = why
                    call.refusals += 1
                case {"dropped": _}:
                    # What the former logger holds is stored once it is found, and not by a flush.
                    told.clear()
                case {"committed": _}:
                    for call in told:
                        call.is_promised = True
        if ended == "orderly":
            for call in all_told:
                call.is_promised = True


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_bytes().splitlines():
        # Where no more room was left, a line is cut.
        with suppress(json.JSONDecodeError):
            yield json.loads(line)
