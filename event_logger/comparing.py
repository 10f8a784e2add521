"""Two runs compared: logs of any stores, or what was exported of them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from domain.errors import EventLogFileError, LogConfigurationError, shown
from domain.errors.base import nearest
from domain.times import checked_duration
from event_logger.audits import checked_tolerance
from event_logger.opening import open_named_log, split_store
from event_logger.reader import LogReader
from infrastructure.audit_logs import AuditLogs
from infrastructure.files.paths import why_no_path
from infrastructure.passwords import shown_place
from infrastructure.stores import holds_store

if TYPE_CHECKING:
    from projections.comparison.fingerprints import Fingerprints
    from projections.comparison.report import Comparison
    from projections.comparison.run import Run


class Named(NamedTuple):
    """A log of a store by its name, whatever characters it has."""

    store: str
    log: str


Compared = LogReader | str | os.PathLike[str] | Named
"""A reader or logger; `URL#NAME`, or the URL of a store that holds one log; an export's path."""


def compare(
    a: Compared, b: Compared, *, window: Any = None, tolerance: Any = 0, most: int | None = 1000
) -> Comparison:
    """Compare two runs, as `docs/compare.md` describes it.

    Each is a reader or logger, a log's `URL#NAME`, or the path of an export (CSV, JSON lines). What
    is logged meanwhile is not looked at. `window` is how far the times of partners may be apart (a
    timedelta, seconds, or text such as "30m"; None: half an hour where either run is live, else
    nothing), `tolerance` how far their numbers may be, as a fraction of the larger, and `most` how
    many differences are told of one by one (None: all).

    Raises `LogConfigurationError`, `StoreError`, `UnknownLogError`, `EventLogFileError`, or
    `CorruptLogError` for a log that is damaged.
    """
    from projections.comparison.comparing import compared

    window_ns, allowed = checked_window(window), checked_tolerance(tolerance)
    with ExitStack() as stack:
        runs = [stack.enter_context(run_of(one)) for one in (a, b)]
        one, other = fingerprints_of(runs)
        return compared(one, other, window=window_ns, tolerance=allowed, most=most)


def compare_all(
    run: Compared, others: Iterable[Compared], *, window: Any = None, tolerance: Any = 0
) -> Iterator[Comparison]:
    """Compare each of the others with one run, which is read once.

    Raises as `compare` does.
    """
    from projections.comparison.comparing import compared
    from projections.comparison.fingerprints import Fingerprints

    window_ns, allowed = checked_window(window), checked_tolerance(tolerance)
    with run_of(run) as first:
        (one,) = fingerprints_of([first])
        for name in others:
            with run_of(name) as second:
                other = Fingerprints(second, one.keys)
                yield compared(one, other, window=window_ns, tolerance=allowed)


def fingerprints_of(runs: Iterable[Run]) -> list[Fingerprints]:
    """The runs read through, to be compared with each other."""
    from projections.comparison.fingerprints import Fingerprints, Keys

    keys = Keys()
    return [Fingerprints(run, keys) for run in runs]


def checked_window(window: Any) -> int | None:
    """The window in nanoseconds; raises `LogConfigurationError` for what is no time."""
    if window is None:
        return None
    if isinstance(window, str) and window.strip() == "0":
        return 0
    return int(Decimal(str(checked_duration("window", window))).scaleb(9))


@contextmanager
def run_of(what: Compared) -> Iterator[Run]:
    """The run that is meant, as it is now, as long as the block lasts."""
    if isinstance(what, LogReader):
        yield _run_of_reader(what)
        return
    if isinstance(what, Named):
        with open_named_log(*what) as reader:
            yield _run_of_reader(reader)
        return
    if not isinstance(what, str | os.PathLike):
        raise LogConfigurationError(
            "compare",
            what,
            f"takes a reader, a log as URL#NAME, or the path of an export, and not {shown(what)}",
        )
    text = os.fspath(what)
    if is_store(text):
        with _only_log(text) as reader:
            yield _run_of_reader(reader)
        return
    from infrastructure.files.compared import exported_run

    _refuse_no_export(text)
    with exported_run(text) as run:
        yield run


def is_store(text: Any) -> bool:
    """Whether the text is a store's URL, and no path."""
    return "://" in str(text) or str(text).startswith(":memory:")


def logs_of(store: str) -> list[Named]:
    """Every log of a store, by name."""
    with closing(AuditLogs(store, must_exist=True)) as logs:
        return [Named(store, name) for name in logs.names()]


def _only_log(text: str) -> LogReader:
    """The log that `URL#NAME` names, or the only one of the store."""
    store, name = split_store(text)
    try:
        return open_named_log(store, name)
    except LogConfigurationError as error:
        if name is not None:
            raise
        problem = str(error).removeprefix(f"{error.option} ")
        raise LogConfigurationError("#NAME", text, problem) from error


def _run_of_reader(reader: LogReader) -> Run:
    from event_logger.log_as_of import LogAsOf
    from infrastructure.compared import LogRun

    # As of one moment, whatever is logged or updated meanwhile.
    there = LogAsOf(reader, reader.horizon, None)
    store, log = there._logs.store, there._log
    return LogRun(f"{shown_place(store.url)}#{log.name}", store, log)


def _refuse_no_export(path: str) -> None:
    """Raises `EventLogFileError` for a store's file, and for one that is not there."""
    if why_no_path(path) is not None:
        # Its reader says why.
        return
    if holds_store(path):
        raise EventLogFileError(path, 0, f"is a store, and no export; write sqlite:///{path}#NAME")
    if not Path(path).exists():
        near = nearest(Path(path).name, _exports_beside(path))
        hint = "" if near is None else f"; the nearest export there is {shown(near)}"
        raise EventLogFileError(path, 0, f"there is no such file{hint}")


def _exports_beside(path: str) -> list[str]:
    try:
        return [one.name for one in Path(path).parent.iterdir() if one.suffix in _EXPORTS]
    except OSError:
        return []


_EXPORTS = (".csv", ".jsonl")
