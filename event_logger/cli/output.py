"""What the command line prints: tables and trees for people, JSON for programs."""

from __future__ import annotations

import codecs
import io
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import chain, islice
from typing import Any, TextIO

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.tree import Tree

from domain.times import iso_of
from domain.values import int_text
from projections.csv_cells import json_cell
from projections.event_dicts import EventDict


def _as_json_escapes(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[i : i + 4]}" for i in range(0, len(units), 4)), error.end


codecs.register_error("event_logger.json_escapes", _as_json_escapes)


def escape_what_the_encoding_lacks(stream: TextIO) -> None:
    """Have the stream write as \\u00e9 what its encoding lacks: JSON reads that as it was."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="event_logger.json_escapes")


class _Output(Console):
    def on_broken_pipe(self) -> None:
        """Leave the end to the one place that knows what it means for us."""
        raise


def console() -> Console:
    """Standard output as it is now: its width, its colours, and whether anybody watches.

    Where no terminal watches, the width is what the lines need, so that a hash can be searched for.
    """
    out = _Output(highlight=False, soft_wrap=True)
    if not out.is_terminal and not os.environ.get("COLUMNS"):
        out.width = _WIDTH_IN_A_FILE
    return out


_WIDTH_IN_A_FILE = 10_000


def counted(count: int, noun: str) -> str:
    """How many there are: 1 event, 1,000 events."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on stderr, told (done, total); nothing at all where no terminal watches."""
    errors = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    bar = Progress(
        *columns,
        TimeRemainingColumn(),
        console=errors,
        transient=True,
        disable=not errors.is_terminal,
    )
    with bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total or None)


def print_json(value: Any) -> None:
    """One line of JSON; Decimals are numbers to the last digit, times ISO 8601 text."""
    print(json_cell(_plain(value)))


def print_events(events: Iterable[EventDict], as_json: bool) -> None:
    """Events as lines of JSON, or as columns that are printed as they are read."""
    if as_json:
        for event in events:
            print_json(event)
        return
    found = iter(events)
    first = list(islice(found, 1))
    width = max(20, *(len(text_of(event["timestamp"])) for event in first), 0)
    console().print(
        _LINE.format("order", "timestamp", width, "event_type", "venue", "amount"), style="bold"
    )
    for event in chain(first, found):
        print(
            _LINE.format(
                event["order"],
                text_of(event["timestamp"]),
                width,
                event["event_type"],
                event["venue"],
                _amount(event),
            ).rstrip()
        )


_LINE = "{:>8} {:{}} {:22} {:14} {}"


def print_event(event: EventDict, history: list[dict[str, Any]], as_json: bool) -> None:
    """One event's fields that are set, and its history."""
    if as_json:
        print_json({"event": event, "history": history})
        return
    table = new_table("field", "value")
    for name, value in event.items():
        if value is not None:
            table.add_row(escape(name), escape(text_of(value)))
    console().print(table)
    past = new_table("status", "recorded_at", "changed")
    for step in history:
        changed = {name: value for name, value in step.items() if name not in _STEP}
        past.add_row(
            step["status"],
            text_of(step["recorded_at"]),
            escape(", ".join(f"{name} {text_of(value)}" for name, value in changed.items())),
        )
    console().print(past)


_STEP = ("status", "recorded_at")


def print_tree(tree: dict[str, Any], as_json: bool) -> None:
    """A bundle, its details below their wrapper."""
    if as_json:
        print_json(tree)
        return
    root = Tree(_label(tree["event"]))
    waiting = [(root, tree)]
    while waiting:
        branch, node = waiting.pop()
        waiting += [(branch.add(_label(one["event"])), one) for one in node["details"]]
    console().print(root)


def print_stats(stats: dict[str, Any], as_json: bool) -> None:
    """The summary."""
    if as_json:
        print_json(stats)
        return
    console().print(
        f"{counted(stats['total_events'], 'event')}, orders {stats['first_event_order']} to"
        f" {stats['last_event_order']}"
    )
    for title in ("event_types", "venues", "amount_by_token"):
        table = new_table(title.replace("_", " "), "")
        for name, value in stats[title].items():
            table.add_row(escape(name), text_of(value))
        console().print(table)


def print_logs(logs: list[dict[str, Any]], as_json: bool) -> None:
    """What is in a store."""
    if as_json:
        for log in logs:
            print_json(log)
        return
    table = new_table("log", "mode", "events", "opened", "metadata")
    for log in logs:
        table.add_row(*(escape(text_of(value)) for value in log.values()))
    console().print(table)


def _label(event: EventDict) -> str:
    what = f"{event['event_type']} {event.get('bundle_name') or _amount(event)}".rstrip()
    return escape(f"{event['order']} {what} @ {event['venue']}")


def _amount(event: EventDict) -> str:
    if event["amount"] is None:
        return ""
    return f"{text_of(event['amount'])} {event['token'] or ''}".rstrip()


def new_table(*columns: str) -> Table:
    """A table with these columns, in the style of all."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def text_of(value: Any) -> str:
    """A value as a table shows it: times as ISO 8601, dicts and lists as JSON."""
    if isinstance(value, dict | list):
        return json_cell(_plain(value))
    if type(value) is int:
        return int_text(value)
    iso = iso_of(value)
    return str(value) if iso is None else iso


def _plain(value: Any) -> Any:
    """The value with its times as ISO 8601 text."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    iso = iso_of(value)
    return value if iso is None else iso
