"""What the commands of live operation print: the status board, once or as it changes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

from rich.console import Group, RenderableType
from rich.live import Live
from rich.markup import escape

from event_logger.cli.output import console, new_table, print_json, text_of

Board = dict[str, Any]


def print_status(board: Board, as_json: bool, *, only_stuck: bool = False) -> None:
    """The board, or of it only what is stuck."""
    if as_json:
        print_json(board["stuck"] if only_stuck else board)
    elif only_stuck and not board["stuck"]:
        print("nothing is stuck")
    else:
        console().print(Group(*_board(board, only_stuck)))


def watch_status(read: Callable[[], Board], interval: float, only_stuck: bool) -> None:
    """The board as it changes, until Ctrl-C; where no terminal watches, a block per change."""
    screen = console()
    try:
        if screen.is_terminal:
            with Live(console=screen, auto_refresh=False) as live:
                while True:
                    live.update(Group(*_board(read(), only_stuck)), refresh=True)
                    time.sleep(interval)
        shown: Any = None
        while True:
            board = read()
            seen = (board["counts"], [row["order"] for row in board["stuck"]])
            if seen != shown:
                screen.print(Group(*_board(board, only_stuck)))
                shown = seen
            time.sleep(interval)
    except KeyboardInterrupt:
        return


def print_message(channel: str, data: str, as_json: bool) -> None:
    """A message as it was published; as JSON with its channel."""
    line = f'{{"channel":"{channel}","data":{data}}}' if as_json else f"{channel} {data}"
    print(line, flush=True)


def _board(board: Board, only_stuck: bool) -> Iterator[RenderableType]:
    if only_stuck:
        yield _waiting("stuck", board["stuck"])
        return
    counts = "  ".join(f"{name} {count}" for name, count in board["counts"].items())
    yield counts or "empty"
    for title in ("by_venue", "by_type"):
        table = new_table(title[3:], "status", "events")
        for name, statuses in board[title].items():
            for one, count in statuses.items():
                table.add_row(escape(name), one, str(count))
        yield table
    if board["open"]:
        yield _waiting("open", board["open"])
    median, p95 = board["confirmation_seconds"].values()
    if median is not None:
        yield f"submitted to confirmed: median {median:.3f} s, 95th percentile {p95:.3f} s"


def _waiting(title: str, rows: list[dict[str, Any]]) -> RenderableType:
    table = new_table(title, "event type", "venue", "status", "since", "age", "tx_hash")
    table.columns[4].no_wrap = True
    for row in rows:
        table.add_row(
            str(row["order"]),
            row["event_type"],
            escape(row["venue"]),
            row["status"],
            # Whole seconds, for the width; the JSON has all digits.
            f"{text_of(row['since'])[:19]}Z",
            _age(row["age_seconds"]),
            escape(row["tx_hash"] or ""),
        )
    return table


def _age(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f}s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h {minutes:02d}m" if hours else f"{minutes}m {rest:02d}s"
