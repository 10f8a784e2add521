"""What the commands of live operation print: the status board, once or as it changes."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.text import Text

from event_logger.cli.output import counted, print_json, text_of
from event_logger.cli.tables import table_lines
from event_logger.cli.terminal import say, width

Board = dict[str, Any]

_WAITING = ("order", "event type", "venue", "status", "since", "age", "tx_hash")


def print_status(board: Board, as_json: bool, *, only_stuck: bool = False) -> None:
    """The board, or of it only what is stuck."""
    if as_json:
        print_json(board["stuck"] if only_stuck else board)
    else:
        _say_all(_whole(board, only_stuck))


def print_health(health: Board, as_json: bool) -> None:
    """The log's followers and Redis, and what waits."""
    if as_json:
        print_json(health)
        return
    last = health["last_commit"]
    say(
        f"log {text_of(health['log'])} ({health['mode']}): {counted(health['events'], 'event')},"
        f" {counted(health['transitions'], 'transition')}"
        + (f", last commit {last}" if last else "")
    )
    for follower in health["followers"]:
        seconds = follower["seconds"]
        age = "" if seconds is None else f", the oldest for {seconds:.1f} s"
        say(f"{follower['name']}: at {follower['position']}, {follower['entries']} behind{age}")
    if health["redis"] is not None:
        say("redis: answers" if health["redis"]["answers"] else "redis: does not answer")
    kept = health["checkpoints"]
    if kept["size"] is not None or kept["signs"]:
        folder = text_of(kept["error"] or f"kept in {kept['folder']}")
        size = kept["size"]
        what = "none was signed here" if size is None else f"the last is of {size:,} leaves"
        say(f"checkpoints: {what}; {folder}")
    for sentence in health["waiting"] or ["nothing waits"]:
        say(text_of(sentence))


def watch_status(read: Callable[[], Board], interval: float, only_stuck: bool) -> None:
    """The board as it changes, until it is interrupted; without a terminal a block per change.

    On a terminal it has the screen for itself, and leaves it as it was.
    """
    if sys.stdout.isatty():
        with Live(console=Console(), auto_refresh=False, screen=True) as live:
            while True:
                columns, height = shutil.get_terminal_size()
                lines = screen_lines(read(), only_stuck, columns, height)
                live.update(Text("\n".join(lines), no_wrap=True, overflow="crop"), refresh=True)
                time.sleep(interval)
    shown: Any = None
    while True:
        board = read()
        seen = (board["counts"], [row["order"] for row in board["stuck"]])
        if seen != shown:
            _say_all(_whole(board, only_stuck))
            shown = seen
        time.sleep(interval)


def print_message(channel: str, data: str, as_json: bool) -> None:
    """A message as it was published; as JSON with its channel."""
    line = f'{{"channel":"{channel}","data":{data}}}' if as_json else f"{channel} {data}"
    say(line, at_once=True)


def screen_lines(board: Board, only_stuck: bool, columns: int, height: int) -> list[str]:
    """As much of the board as a screen holds, the open events first; says what is left out."""
    lines = [] if only_stuck else [_counts(board)]
    rows = board["stuck"] if only_stuck else board["open"]
    lines += _fitting(rows, only_stuck, columns, height - len(lines))
    for block in () if only_stuck else _figures(board, columns):
        if len(lines) + 1 + len(block) <= height:
            lines += ["", *block]
    return lines[:height]


def _fitting(rows: list[dict[str, Any]], only_stuck: bool, columns: int, room: int) -> list[str]:
    if not rows:
        return [_nothing(only_stuck)]
    for held in range(min(len(rows), room), 0, -1):
        left_out = len(rows) - held
        lines = list(table_lines(_WAITING, _cells(rows[:held]), columns))
        if left_out:
            lines.append(f"and {counted(left_out, 'more event')} that wait less long")
        if len(lines) <= room:
            return lines
    return [f"{counted(len(rows), 'event')} {'stuck' if only_stuck else 'open'}"]


def _whole(board: Board, only_stuck: bool) -> Iterator[str]:
    columns = width()
    rows = board["stuck"] if only_stuck else board["open"]
    if not only_stuck:
        yield _counts(board)
        for block in _figures(board, columns):
            yield ""
            yield from block
        if rows:
            yield ""
    if rows:
        yield from table_lines(_WAITING, _cells(rows), columns)
    elif only_stuck:
        yield _nothing(only_stuck)


def _counts(board: Board) -> str:
    return "  ".join(f"{name} {count}" for name, count in board["counts"].items()) or "no events"


def _nothing(only_stuck: bool) -> str:
    return "nothing is stuck" if only_stuck else "nothing is open"


def _figures(board: Board, columns: int) -> Iterator[list[str]]:
    median, p95 = board["confirmation_seconds"].values()
    if median is not None:
        yield [f"submitted to confirmed: median {median:.3f} s, 95th percentile {p95:.3f} s"]
    for title in ("by_venue", "by_type"):
        rows = [
            (name, str(count), status)
            for name, statuses in board[title].items()
            for status, count in statuses.items()
        ]
        if rows:
            yield list(table_lines((title[3:], "events", "status"), rows, columns))


def _cells(rows: Iterable[dict[str, Any]]) -> Iterator[tuple[str, ...]]:
    for row in rows:
        # Whole seconds, for the width; the JSON has all digits.
        since = f"{text_of(row['since'])[:19]}Z"
        told = str(row["order"]), row["event_type"], row["venue"], row["status"], since
        yield *told, _age(row["age_seconds"]), row["tx_hash"] or ""


def _say_all(lines: Iterable[str]) -> None:
    for line in lines:
        say(line)
    sys.stdout.flush()


def _age(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f}s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h {minutes:02d}m" if hours else f"{minutes}m {rest:02d}s"
