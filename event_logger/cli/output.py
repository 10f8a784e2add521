"""What the command line prints: tables and trees for people, JSON for programs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from itertools import chain, islice
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from domain.printable import printable
from domain.times import iso_of
from domain.values import int_text
from event_logger.cli.strict_json import strict_json
from event_logger.cli.tables import Branch, print_branches, print_table
from event_logger.cli.terminal import say, say_title
from projections.event_dicts import EventDict

Steps = list[dict[str, Any]]
"""What `LogReader.history` and `LogReader.committed` give."""


def counted(count: int, noun: str) -> str:
    """How many there are: 1 event, 1,000 events."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


@contextmanager
def progress(what: str, *, is_shown: bool = True) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on stderr, told (done, total); nothing at all where no terminal watches."""
    errors = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    bar = Progress(
        *columns,
        TimeRemainingColumn(),
        console=errors,
        transient=True,
        disable=not (is_shown and errors.is_terminal),
    )
    with bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total or None)


def print_json(value: Any) -> None:
    """One line of strict JSON; Decimals are numbers to the last digit, times ISO 8601 text."""
    say(strict_json(value))


def print_events(events: Iterable[EventDict], as_json: bool) -> None:
    """Events as lines of JSON, or as columns that are printed as they are read."""
    if as_json:
        for event in events:
            print_json(event)
        return
    found = iter(events)
    first = list(islice(found, 1))
    width = max(20, *(len(text_of(event["timestamp"])) for event in first), 0)
    say_title(_LINE.format("order", "timestamp", width, "event_type", "venue", "amount"))
    for event in chain(first, found):
        say(
            _LINE.format(
                event["order"],
                text_of(event["timestamp"]),
                width,
                event["event_type"],
                printable(event["venue"]),
                _amount(event) + _corrected(event),
            ).rstrip()
        )


_LINE = "{:>8} {:{}} {:22} {:14} {}"


def print_event(event: EventDict, history: Steps, committed: Steps, as_json: bool) -> None:
    """One event's fields that are set, its history, and who committed that."""
    if as_json:
        print_json({"event": event, "history": history, "committed": committed})
        return
    fields = (
        (name, text_of(value))
        for name, value in event.items()
        if value is not None and name != _CORRECTED_BY
    )
    print_table(("field", "value"), fields)
    say("")
    if corrected := _corrected(event):
        say(corrected.strip(" ()"))
        say("")
    print_history(history, committed, as_json=False)


def print_history(history: Steps, committed: Steps, as_json: bool) -> None:
    """An event's statuses, what changed with each, and by whom and when it was committed."""
    if as_json:
        for step, commit in zip(history, committed, strict=True):
            print_json(step | commit)
        return
    print_table(("status", "recorded_at", "changed"), map(_step, history))
    say("")
    print_table(("committed", "by"), map(_commit, committed))


def _commit(commit: dict[str, Any]) -> tuple[str, str]:
    if commit["committed_at"] is None:
        return "before format 2", ""
    writer = commit["writer"]
    if writer is None:
        return text_of(commit["committed_at"]), ""
    who = "{user}@{host}, process {process}, {program}".format_map(writer)
    actor = "" if writer["actor"] is None else f", for {writer['actor']}"
    return text_of(commit["committed_at"]), who + actor


def _step(step: dict[str, Any]) -> tuple[str, str, str]:
    changed = ((name, value) for name, value in step.items() if name not in _STEP)
    told = ", ".join(f"{name} {text_of(value)}" for name, value in changed)
    return step["status"], text_of(step["recorded_at"]), told


_STEP = ("status", "recorded_at")
_CORRECTED_BY = "corrected_by"


def _corrected(event: EventDict) -> str:
    """What stands behind an event that was corrected."""
    orders = event.get(_CORRECTED_BY)
    return f" (corrected by {', '.join(map(str, orders))})" if orders else ""


def print_tree(tree: dict[str, Any], as_json: bool) -> None:
    """A bundle, its details below their wrapper."""
    if as_json:
        print_json(tree)
        return
    root = Branch(_label(tree["event"]))
    waiting = [(root, tree)]
    while waiting:
        branch, node = waiting.pop()
        for one in node["details"]:
            branch.below.append(Branch(_label(one["event"])))
            waiting.append((branch.below[-1], one))
    print_branches(root)


def print_stats(stats: dict[str, Any], as_json: bool) -> None:
    """The summary."""
    if as_json:
        print_json(stats)
        return
    say(
        f"{counted(stats['total_events'], 'event')}, orders {stats['first_event_order']} to"
        f" {stats['last_event_order']}"
    )
    for title in ("event_types", "venues"):
        say("")
        rows = ((name, text_of(value)) for name, value in stats[title].items())
        print_table((title.replace("_", " "), ""), rows)
    for titles, figures in (
        (("flows", "in", "out", "net"), _named(stats["flows"])),
        (("prices", "updates", "low", "high", "last"), _named(stats["prices"])),
        (("balances found", "token", "times", "last"), (row.values() for row in stats["balances"])),
    ):
        cells = [[figure_text(value) for value in row][: len(titles)] for row in figures]
        if cells:
            say("")
            print_table(titles, cells)


def _named(figures: dict[str, dict[str, Any]]) -> Iterator[list[Any]]:
    return ([name, *figure.values()] for name, figure in figures.items())


def print_logs(logs: list[dict[str, Any]], as_json: bool) -> None:
    """What is in a store."""
    if as_json:
        for log in logs:
            print_json(log)
        return
    titles = ("log", "mode", "events", "size", "first", "last", "opened", "metadata")
    print_table(titles, (_log_cells(log) for log in logs))


def _log_cells(log: dict[str, Any]) -> list[str]:
    shown = log | {"size": size_text(log["size"])}
    return ["" if value is None else text_of(value) for value in shown.values()]


def size_text(size: int) -> str:
    """Bytes as people read them: 482 B, 1.2 kB, 3.4 MB."""
    if size < 1000:
        return f"{size} B"
    power = min(len(str(size)) - 1, 3 * len(_UNITS)) // 3
    return f"{size / 1000**power:.1f} {_UNITS[power - 1]}"


_UNITS = ("kB", "MB", "GB", "TB")


def _label(event: EventDict) -> str:
    what = f"{event['event_type']} {event.get('bundle_name') or _amount(event)}".rstrip()
    return f"{event['order']} {what} @ {event['venue']}{_corrected(event)}"


def _amount(event: EventDict) -> str:
    if event["amount"] is None:
        return ""
    return f"{text_of(event['amount'])} {event['token'] or ''}".rstrip()


def figure_text(value: Any) -> str:
    """A figure as a table shows it: nothing at all is 0, however many digits it was told in."""
    return "0" if isinstance(value, Decimal) and not value else text_of(value)


def text_of(value: Any) -> str:
    """A value as a table shows it: times as ISO 8601, dicts and lists as JSON with spaces."""
    if isinstance(value, dict | list):
        return strict_json(value, ", ", ": ")
    if type(value) is int:
        return int_text(value)
    iso = iso_of(value)
    return str(value) if iso is None else iso
