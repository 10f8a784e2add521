"""What `compare` prints: the ladder, each rung a table of what changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from event_logger.cli.output import counted, figure_text, print_json, text_of
from event_logger.cli.tables import print_table
from event_logger.cli.terminal import say
from projections.audit.moments import told
from projections.comparison.fields import NOT_CONTENT
from projections.comparison.fingerprints import nanoseconds
from projections.comparison.report import VERDICTS, ComparedRun, Comparison, Difference, Row

_SHOWN = 20
"""So many differences are shown one by one, unless all are asked for."""

_MARKS = {
    "equal": "=",
    "within tolerance": "~",
    "different": "!",
    "only in A": "<",
    "only in B": ">",
    "ambiguous": "?",
}


_LONGEST = 60

_LEGEND = "= equal, ~ within tolerance, ! different, < only in A, > only in B, ? ambiguous"


def print_comparison(found: Comparison, *, as_json: bool, with_all: bool) -> None:
    """The comparison; what is the same only with `with_all`."""
    if as_json:
        print_json(found.as_dict(with_all=with_all))
        return
    _print_runs(found, with_all)
    say("")
    _print_alignment(found)
    say("")
    _print_counts(found)
    if not found.is_same or with_all:
        _print_fields(found, with_all)
        _print_first(found)
        _print_differences(found, with_all)
        _print_totals(found, with_all)
        _print_costs(found, with_all)
    say("")
    say(_last_line(found))


def print_comparisons(all_found: Iterable[Comparison], as_json: bool) -> bool:
    """A line for each comparison with one run; whether all are the same as it."""
    is_same, rows = True, []
    for found in all_found:
        is_same &= found.is_same
        if as_json:
            print_json(found.as_dict())
        else:
            rows.append(_row_of_many(found))
    if not as_json:
        titles = ("log", "=", "~", "!", "<", ">", "?", "first at", "USD", "run with")
        print_table(titles, rows)
        say(_LEGEND)
    return is_same


def _row_of_many(found: Comparison) -> list[str]:
    in_usd = next((one["difference"] for one in found.costs if one["unit"] == "USD"), 0)
    inputs = "; ".join(
        f"{one.what} {_value(one.a)} → {_value(one.b)}" for one in found.inputs_differing
    )
    return [
        found.b.log or found.b.name,
        *(_number(max(found.counts[verdict])) for verdict in VERDICTS),
        "" if found.first is None else found.first.timestamp,
        figure_text(in_usd) if in_usd else "",
        inputs,
    ]


def _print_runs(found: Comparison, with_all: bool) -> None:
    for letter, run in (("A", found.a), ("B", found.b)):
        say(f"{letter}: {_named(run)}")
    shown = found.inputs_differing + (found.inputs_same if with_all else [])
    if shown:
        say("")
        rows = ((one.what, _value(one.a), _value(one.b)) for one in shown)
        print_table(("run with", "A", "B"), rows)


def _named(run: ComparedRun) -> str:
    mode = f", {run.mode}" if run.mode else ""
    return f"{run.name}{mode}, {counted(run.events, 'event')}"


def _print_alignment(found: Comparison) -> None:
    window = "the same" if not found.window else f"at most {told(found.window // 1000)} apart"
    say(f"times of partners: {window} ({found.window_why})")
    for key, pairs in found.aligned_by.items():
        say(f"{counted(pairs, 'partner')} by {key}")


def _print_counts(found: Comparison) -> None:
    rows = [
        (verdict, _number(a), _number(b))
        for verdict in VERDICTS
        for a, b in [found.counts[verdict]]
        if a or b
    ]
    print_table(
        ("verdict", "of A", "of B"), [*rows, ("all", f"{found.a.events:,}", f"{found.b.events:,}")]
    )
    if found.in_parts:
        say(f"{counted(found.in_parts, 'trade')} in parts, which are held together against one")


def _print_fields(found: Comparison, with_all: bool) -> None:
    shown = found.shown_fields(with_all=with_all)
    if not shown:
        return
    say("")
    titles = ("field", "equal", "within", "not in A", "not in B", "conflicting", "first (A, B)")
    rows = (
        (
            name if name not in NOT_CONTENT else f"({name})",
            *map(
                _number,
                (one.equal, one.within, one.missing_a, one.missing_b, one.conflicting),
            ),
            "" if one.first is None else ", ".join(map(str, one.first)),
        )
        for name, one in shown
    )
    print_table(titles, rows)
    if any(name in NOT_CONTENT for name, _ in shown):
        say("(in brackets: no content, and no difference by itself)")


def _print_first(found: Comparison) -> None:
    if found.first is None:
        return
    say("")
    say(f"first divergence: {_what(found.first)}")
    titles = ("", "of A", "of B", "time", "event")
    print_table(titles, map(_context, found.around))


def _context(row: Row) -> list[str]:
    known: dict[str, Any] = row.a or row.b or {}
    amounts = [
        text_of(one["amount"]) for one in (row.a, row.b) if one and one["amount"] is not None
    ]
    amount = " / ".join(dict.fromkeys(amounts))
    event = f"{known['event_type']} {amount} {known['token'] or ''}".rstrip()
    return [
        _MARKS[row.verdict],
        *("" if one is None else ",".join(map(str, one["orders"])) for one in (row.a, row.b)),
        known["timestamp"] + _later(row),
        f"{' '.join(event.split())} @ {known['venue']}",
    ]


def _later(row: Row) -> str:
    """How much later B has it than A."""
    if row.a is None or row.b is None:
        return ""
    times = [nanoseconds(one["timestamp"]) for one in (row.a, row.b)]
    apart = (times[1] - times[0]) // 1000
    return f" {'-' if apart < 0 else '+'}{told(abs(apart))}" if apart else ""


def _print_differences(found: Comparison, with_all: bool) -> None:
    shown = found.differences if with_all else found.differences[:_SHOWN]
    if not shown:
        return
    say("")
    print_table(("", "of A", "of B", "time", "event", "what"), map(_difference, shown))
    more = len(found.differences) - len(shown) + found.left_out
    if more:
        say(f"and {counted(more, 'difference')} more, which --all shows")
    say(_LEGEND)


def _difference(one: Difference) -> list[str]:
    return [
        _MARKS[one.verdict],
        ",".join(map(str, one.a)),
        ",".join(map(str, one.b)),
        one.timestamp,
        f"{one.event_type} {one.token or ''}".rstrip() + f" @ {one.venue}",
        "; ".join(_told(one)),
    ]


def _told(one: Difference) -> Iterator[str]:
    if one.verdict == "ambiguous":
        yield f"ambiguous: nothing tells which is which of {len(one.a)} and {len(one.b)}"
    elif one.like is not None:
        other = "B" if one.a else "A"
        yield f"{one.verdict}; the nearest like it: {other} {one.like}, {one.like_timestamp}"
    for name, a, b, verdict in one.changes:
        is_missing = verdict.startswith("missing")
        said = _value(b if a is None else a) if is_missing else f"{_value(a)} → {_value(b)}"
        yield f"{name} {said}" + ("" if verdict == "conflicting" else f" ({verdict})")


def _print_totals(found: Comparison, with_all: bool) -> None:
    shown = found.shown_totals(with_all=with_all)
    if not shown:
        return
    say("")
    titles = ("type", "token", "events A", "events B", "amount A", "amount B", "difference")
    rows = (
        (
            one["event_type"],
            one["token"] or "",
            f"{one['events_a']:,}",
            f"{one['events_b']:,}",
            *map(figure_text, (one["amount_a"], one["amount_b"], one["difference"])),
        )
        for one in shown
    )
    print_table(titles, rows)


def _print_costs(found: Comparison, with_all: bool) -> None:
    for one in found.shown_costs(with_all=with_all):
        say("")
        rows = [(kind, figure_text(amount)) for kind, amount in one["of_which"].items() if amount]
        whole = (f"in all, from {figure_text(one['a'])} to {figure_text(one['b'])}",)
        titles = (f"costs and income in {one['unit']}, B less A", "")
        print_table(titles, [*rows, (*whole, figure_text(one["difference"]))])


def _last_line(found: Comparison) -> str:
    if found.is_identical:
        return f"identical: {counted(found.a.events, 'event')}, each written the same in both"
    if found.is_same:
        return "the same: what differs is how it is written, or no content"
    if not any(sum(found.counts[one]) for one in VERDICTS[2:]):
        return "the events are the same, and the position snapshots differ"
    return f"different; {found.cause}"


def _what(one: Difference) -> str:
    orders = [
        f"order {', '.join(map(str, of_side))} of {letter}"
        for letter, of_side in (("A", one.a), ("B", one.b))
        if of_side
    ]
    return f"{one.verdict}, {one.timestamp}, {' and '.join(orders)}"


def _number(value: int) -> str:
    return f"{value:,}" if value else ""


def _value(value: Any) -> str:
    """The value, cut where it is long; in JSON it stands whole."""
    text = "" if value is None else text_of(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
