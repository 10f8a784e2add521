"""Runs the strategy over a market, checks the log, and leaves log and CSV in a folder."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from domain.errors import EventLoggerError, ExportError, StoreError
from event_logger import EventLogger
from event_logger.demo.market import Cleaning, load_market
from event_logger.demo.strategy import Parameters, RestakingStrategy
from infrastructure.audit_logs import AuditLogs
from infrastructure.stores import lasting_url
from projections.audit.report import AuditReport
from projections.balances import Difference, check_balances

SHIPPED_MARKET = Path(__file__).parent / "data"
DATABASE = "event_log.db"
CSV_FILE = "event_log.csv"
LOG = "leveraged-restaking"
MEMORY = ":memory:"


class DemoFolderError(EventLoggerError, ValueError):
    """The folder cannot take the run: it holds something else, or cannot be written."""

    def __init__(
        self, folder: Path, problem: str = "is there and is no former demo run alone"
    ) -> None:
        self.folder = folder
        super().__init__(f"{folder} {problem}; name another folder with --folder")


@dataclass(frozen=True)
class DemoResult:
    """What the run left behind."""

    hours: int
    cleaning: list[Cleaning]
    stats: dict[str, Any]
    differences: list[Difference]
    entry: dict[str, Any]
    final_equity_usdt: Any
    pnl_usdt: Any
    audit: AuditReport
    certificate: dict[str, Any]
    store: str
    log: str
    csv: Path | None


def run_demo(
    market: Path | None = None,
    folder: Path = Path("demo-run"),
    progress: Callable[[int, int], None] | None = None,
) -> DemoResult:
    """Run on a folder of market data (None: the month that is shipped) and write into `folder`.

    A former run in the folder is replaced once the new one is whole. Raises `DemoFolderError` for a
    folder of another kind, `MarketDataError` for market data that cannot be used.
    """
    try:
        is_taken = (folder.exists() or folder.is_symlink()) and not _is_former_run(folder)
    except (OSError, ValueError) as error:
        raise DemoFolderError(folder, f"cannot be looked into ({_reason(error)})") from error
    if is_taken:
        raise DemoFolderError(folder)
    run = _Run(market, progress)
    place = folder.absolute()
    beside = place.with_name(f".{place.name}.{uuid4().hex}")
    try:
        beside.mkdir(parents=True)
    except (OSError, ValueError) as error:
        raise DemoFolderError(folder, f"cannot be made ({_reason(error)})") from error
    try:
        made = run.on(f"sqlite:///{(beside / DATABASE).absolute()}", beside / CSV_FILE)
        for lease in beside.glob("*.lease"):
            lease.unlink()
        _replace(place, beside)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return replace(made, store=f"sqlite:///{folder / DATABASE}", csv=folder / CSV_FILE)


def run_demo_on(
    store: str,
    market: Path | None = None,
    csv: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
    durability: str = "full",
) -> DemoResult:
    """Run on a store that is named, in a log of its own, whatever the store holds.

    `csv` is a new file. Raises `MarketDataError`, `ExportError` for a file that is there, or
    `StoreError`; what was logged by then stays.
    """
    if csv is not None and csv.exists():
        raise ExportError(str(csv), "there is such a file already; name another folder")
    if lasting_url(store) == MEMORY:
        raise StoreError(store, "is memory, which ends with the demo; name a file or server")
    return _Run(market, progress).on(store, csv, durability)


class _Run:
    """The strategy's run over one market, wherever it is logged."""

    def __init__(self, market: Path | None, progress: Callable[[int, int], None] | None) -> None:
        self._market = load_market(SHIPPED_MARKET if market is None else market)
        self._parameters = Parameters()
        self._progress = progress
        self._metadata = {
            "strategy": "market-neutral leveraged restaking",
            "market": "shipped month" if market is None else str(market),
            "first_hour": self._market.hours[0].time,
            "last_hour": self._market.hours[-1].time,
            "parameters": self._parameters.as_metadata(),
        }

    def on(self, store: str, csv: Path | None, durability: str = "full") -> DemoResult:
        """Trade, log it to a new log of the store, and see what came of it."""
        with EventLogger(
            store=store, log=LOG, metadata=self._metadata, if_exists="new", durability=durability
        ) as logger:
            log = logger.log_name
            RestakingStrategy(logger, self._parameters).run(self._market, self._progress)
        # An auditor notes a writer that has not ended; one that only reads is none, and leaves no
        # write-ahead log behind as `open_log` does.
        with EventLogger(store=store, log=log, durability=durability) as reader:
            if csv is not None:
                reader.export_to_csv(str(csv))
            last = reader.events[-1]
            return DemoResult(
                hours=len(self._market.hours),
                cleaning=self._market.cleaning,
                stats=reader.get_summary_stats(),
                differences=check_balances(reader.events),
                entry=next(reader.bundle_trees()),
                final_equity_usdt=last["amount"],
                pnl_usdt=last["pnl_usd"],
                audit=reader.audit(),
                certificate=reader.certify(),
                store=lasting_url(store),
                log=log,
                csv=csv,
            )


def _reason(error: OSError | ValueError) -> str:
    return getattr(error, "strerror", None) or str(error)


def _replace(folder: Path, beside: Path) -> None:
    former = folder.with_name(f".{folder.name}.{uuid4().hex}.former")
    if folder.exists():
        folder.rename(former)
    try:
        beside.rename(folder)
    except BaseException:
        if former.exists():
            former.rename(folder)
        raise
    shutil.rmtree(former, ignore_errors=True)


def _is_former_run(folder: Path) -> bool:
    """Whether the folder is empty, or holds what a former demo leaves and nothing else.

    Replacing deletes the folder, so the file's name is not enough: a live strategy's store may
    well be called the same, and whatever else lies there is somebody's.
    """
    if folder.is_symlink() or not folder.is_dir():
        return False
    held = {path.name for path in folder.iterdir() if path.suffix != ".lease"}
    if not held:
        return not any(folder.iterdir())
    if not held <= _OURS or any(not path.is_file() for path in folder.iterdir()):
        return False
    try:
        with AuditLogs(f"sqlite:///{(folder / DATABASE).absolute()}", must_exist=True) as logs:
            return logs.names() == [LOG]
    except StoreError:
        return False


_OURS = {DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm", CSV_FILE}
