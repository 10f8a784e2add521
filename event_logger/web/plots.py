"""Plots as the coordinates of an SVG: drawn by the server, so that they print and need no script.

Where a point stands is a matter of pixels; what it says is its exact figure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, timedelta, tzinfo
from decimal import Context, Decimal
from typing import NamedTuple

from domain.moments import EPOCH, Moment
from event_logger.web.exact import Shown, figure, short_text
from event_logger.web.zones import zoned
from projections.timelines import Figure, Point, Timelines

HEIGHT = 150
_LINE_WIDTH, _BARS_WIDTH = 400, 1200
_LEFT, _RIGHT, _TOP, _BOTTOM = 78, 10, 10, 24
_MOST_LINKS = 120
MOST_ROWS = 60
"""Rows of the table beside a plot, the last ones; all are in the data."""
_MOST_BARS = 160
_MOST_TYPES = 6
_WIDE = Context(prec=60, traps=[])


class Tick(NamedTuple):
    """A mark on an axis, in pixels, and what it says."""

    place: str
    text: str


class Mark(NamedTuple):
    """A point: where it is drawn, and what it says."""

    x: str
    y: str
    at: str
    order: int
    value: Shown


class Bar(NamedTuple):
    """A part of a bar; `style` is the number of its colour."""

    x: str
    y: str
    width: str
    height: str
    style: int
    about: str
    since: str
    until: str
    type: str | None


class Window(NamedTuple):
    """The time that plots show, in microseconds since 1970."""

    first: int
    last: int
    width: int = _LINE_WIDTH
    zone: tzinfo = UTC

    def x(self, at: int) -> float:
        """Where a time stands, in pixels."""
        span = max(1, self.last - self.first)
        return _LEFT + (self.width - _LEFT - _RIGHT) * (at - self.first) / span

    def ticks(self) -> list[Tick]:
        """Some times along the axis, as many as there is room for."""
        span, parts = self.last - self.first, 2 if self.width == _LINE_WIDTH else 6
        times = dict.fromkeys(self.first + span * n // parts for n in range(parts + 1))
        return [Tick(f"{self.x(at):.1f}", axis_time(at, span, self.zone)) for at in times]

    def at(self, at: int) -> str:
        """A time as text, in the window's zone."""
        return zoned(iso(at), self.zone)


class Plot(NamedTuple):
    """One plot, and the table that says exactly what it shows."""

    title: str
    unit: str
    width: int
    path: str
    marks: list[Mark]
    bars: list[Bar]
    legend: list[tuple[int, str]]
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    last: Shown | None
    said: str
    rows: list[Point]
    table: list[Mark]
    columns: tuple[str, ...] = ()
    counts: Sequence[Sequence[str]] = ()


def iso(at: int) -> str:
    """A time in microseconds since 1970 as ISO 8601 text."""
    return str(Moment(at))


def axis_time(at: int, span: int, zone: tzinfo = UTC) -> str:
    """A time as an axis says it: the day, or where the axis is short, the time of the day."""
    moment = EPOCH + timedelta(microseconds=at)
    with suppress(OverflowError):
        # At the ends of the calendar only UTC can name it.
        moment = moment.astimezone(zone)
    if span >= 4 * 86_400_000_000:
        return f"{moment:%Y-%m-%d}"
    return f"{moment:%d. %H:%M}" if span >= 3_600_000_000 else f"{moment:%H:%M:%S}"


def window_of(
    timelines: Timelines, since: int | None, until: int | None, zone: tzinfo = UTC
) -> Window | None:
    """The time that is looked at: what is asked for, within what the log spans."""
    if timelines.first is None or timelines.last is None:
        return None
    first = timelines.first.at if since is None else since
    last = timelines.last.at if until is None else until
    return Window(min(first, last), max(first, last, first + 1), zone=zone)


def line_plot(one: Figure, window: Window) -> Plot | None:
    """A figure as steps: it is what it was last, until it changes. None: nothing is known of it."""
    points = _within(one.points, window)
    if not points:
        return None
    values = [point.value for point in points]
    low, high = min(values), max(values)
    places = [
        (f"{window.x(max(point.when.at, window.first)):.1f}", f"{_y(point.value, low, high):.1f}")
        for point in points
    ]
    steps = [f"M{places[0][0]} {places[0][1]}"]
    steps += [f"H{x}V{y}" for x, y in places[1:]]
    steps.append(f"H{window.x(window.last):.1f}")
    stride = max(1, -(-len(points) // _MOST_LINKS))
    marks = [
        _mark(point, window, *place)
        for place, point in zip(places[::stride], points[::stride], strict=True)
    ]
    said = ""
    if one.is_thinned:
        said = f"{len(points):,} of {one.count:,} changes are drawn, of neighbours the extremes."
    return Plot(
        title=one.name if one.name.startswith(one.kind) else f"{one.kind} {one.name}".strip(),
        unit=one.unit,
        width=window.width,
        path="".join(steps),
        marks=marks,
        bars=[],
        legend=[],
        x_ticks=window.ticks(),
        y_ticks=[Tick(f"{_y(v, low, high):.1f}", _axis(v)) for v in dict.fromkeys((low, high))],
        last=figure(points[-1].value),
        said=said,
        rows=points,
        table=[_mark(point, window) for point in points[-MOST_ROWS:]],
    )


def _mark(point: Point, window: Window, x: str = "", y: str = "") -> Mark:
    at = zoned(point.when.timestamp, window.zone)
    return Mark(x, y, at, point.when.order, figure(point.value))


def bar_plot(timelines: Timelines, window: Window) -> Plot | None:
    """How many events there were in each hour, by type; wider bars where there are many hours."""
    window = window._replace(width=_BARS_WIDTH)
    bins, width = _bins(timelines, window)
    if not bins:
        return None
    totals: Counter[str] = Counter()
    for counts in bins.values():
        totals.update(counts)
    types = [name for name, _ in totals.most_common(_MOST_TYPES)]
    highest = max(sum(counts.values()) for counts in bins.values())
    bars = []
    for began, counts in sorted(bins.items()):
        bars += _stack(began, width, counts, types, highest, window)
    others = len(totals) - len(types)
    legend = list(enumerate(types)) + ([(len(types), f"{others} other types")] if others else [])
    named = (*types, *(["other types"] if others else []))
    return Plot(
        title=f"events per {_length(width)} by type",
        unit="events",
        width=window.width,
        path="",
        marks=[],
        bars=bars,
        legend=legend,
        x_ticks=window.ticks(),
        y_ticks=[Tick(f"{_base()}", "0"), Tick(f"{_TOP}", f"{highest}")],
        last=None,
        said="",
        rows=[],
        table=[],
        columns=("from", *named),
        counts=[
            (window.at(began), *map(str, _by_type(counts, types)[: len(named)]))
            for began, counts in sorted(bins.items())
        ],
    )


def _bins(timelines: Timelines, window: Window) -> tuple[dict[int, Counter[str]], int]:
    width = timelines.bin
    while (window.last - window.first) // width >= _MOST_BARS:
        width *= 2
    bins: dict[int, Counter[str]] = {}
    for began, counts in timelines.hours.items():
        if began + timelines.bin > window.first and began <= window.last:
            bins.setdefault(began // width * width, Counter()).update(counts)
    return bins, width


def _stack(
    began: int, width: int, counts: Counter[str], types: list[str], highest: int, window: Window
) -> list[Bar]:
    left = window.x(max(began, window.first))
    right = max(window.x(min(began + width, window.last)), left + 2)
    bars, top = [], float(_base())
    for style, count in enumerate(_by_type(counts, types)):
        if count:
            height = (_base() - _TOP) * count / highest
            top -= height
            name = types[style] if style < len(types) else None
            about = f"{window.at(began)}: {count} {name or 'other types'}"
            bars.append(
                Bar(
                    f"{left:.1f}",
                    f"{top:.1f}",
                    f"{max(1.0, right - left - 0.5):.1f}",
                    f"{height:.1f}",
                    style,
                    about,
                    iso(began),
                    iso(began + width),
                    name,
                )
            )
    return bars


def _by_type(counts: Counter[str], types: list[str]) -> list[int]:
    return [*(counts[name] for name in types), sum(counts.values()) - sum(counts[t] for t in types)]


def _within(points: list[Point], window: Window) -> list[Point]:
    """The points of the window, and the last one before it, which holds at its beginning."""
    inside = [point for point in points if window.first <= point.when.at <= window.last]
    before = [point for point in points if point.when.at < window.first]
    return [*before[-1:], *inside]


def _y(value: Decimal, low: Decimal, high: Decimal) -> float:
    if low == high:
        return (_TOP + _base()) / 2
    share = _WIDE.divide(_WIDE.subtract(value, low), _WIDE.subtract(high, low))
    return float(_base()) - (_base() - _TOP) * float(share)


def _base() -> int:
    return HEIGHT - _BOTTOM


def _axis(value: Decimal) -> str:
    text = figure(value).text
    return text if len(text) <= 11 else f"≈ {short_text(value, 6)}"


def _length(width: int) -> str:
    hours = width // 3_600_000_000
    return "hour" if hours == 1 else f"{hours} hours"
