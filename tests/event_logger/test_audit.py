"""Audits in Python: which rules run, on which logger, and what is refused."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from event_logger import (
    AsyncEventLogger,
    AuditFileError,
    AuditRuleError,
    EventLogger,
    Horizon,
    LogConfigurationError,
    UnknownRuleError,
    open_log,
)
from infrastructure.audit_rules import all_rules
from infrastructure.files.baseline import read_baseline, write_baseline
from projections.audit import RULES, STRUCTURE, Finding, Rule, Severity
from projections.audit.rule import AuditedEvent
from tests.support import HOUR, url_of

EARLIER = HOUR - timedelta(hours=1)
NAMES = [rule.NAME for rule in RULES]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A log with one warning, at order 2."""
    path = tmp_path / "runs.db"
    with EventLogger(store=url_of(path)) as logger:
        logger.log_stake(HOUR, "LIDO", 5, 4, 1.25)
        logger.log_stake(EARLIER, "LIDO", 5, 4, 1.25)
    return path


def test_a_log_is_audited_by_its_logger_and_by_a_reader(path: Path) -> None:
    with open_log(url_of(path)) as reader:
        report = reader.audit(["times", "orders"])
    assert [(one.rule, one.severity, one.orders) for one in report] == [
        ("times", Severity.WARNING, (2,))
    ]
    assert [one.rule for one in report.results] == ["times", "orders"]
    assert report.is_sound
    assert (report.log, str(report.horizon)) == ("default", "2")
    with EventLogger(store=url_of(path)) as logger:
        logger.log_stake(HOUR, "LIDO", 5, 4, 1.25)
        # What waits to be committed is audited, too.
        assert [one.rule for one in logger.audit("orders").results] == ["orders"]
        assert logger.audit("orders").results[0].looked_at == 3
        assert [one.rule for one in logger.audit().results] == NAMES


def test_a_log_is_audited_as_it_was_known(tmp_path: Path) -> None:
    store = url_of(tmp_path / "live.db")
    with EventLogger("live", store=store, redis=False) as logger:
        logger.log_stake(HOUR, "LIDO", 5, 4, 1.25)
        logger.log_stake(HOUR, "LIDO", 5, 4, 1.25)
        logger.update_event(1, {"status": "submitted", "tx_hash": "0xa"})
        logger.log_stake(HOUR, "LIDO", 5, 4, 1.25)
        logger.update_event(3, {"status": "submitted", "tx_hash": "0xb"})
        logger.live_status()
    structure = [rule.NAME for rule in STRUCTURE]
    with open_log(store) as reader:
        for when, seen in ((0, 0), (1, 1), (Horizon(2, 1), 2), (3, 3), (reader.horizon, 3)):
            report = reader.as_of(when).audit(structure)
            assert report.is_sound
            assert list(report) == []
            assert report.results[0].looked_at == seen
            assert report.horizon.order == seen


def test_an_asynchronous_logger_gives_the_same_report() -> None:
    async def audited() -> Any:
        async with AsyncEventLogger() as logger:
            await logger.log_stake(HOUR, "LIDO", 5, 4, 1.25)
            return await logger.audit(["orders"], tolerance=0)

    report = asyncio.run(audited())
    assert (report.is_sound, report.results[0].looked_at) == (True, 1)


def test_a_rule_that_does_not_exist_names_the_nearest(path: Path) -> None:
    with open_log(url_of(path)) as reader:
        with pytest.raises(UnknownRuleError, match=r"^there is no audit rule 'tmies'; the nearest"):
            reader.audit(["orders", "tmies"])


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"tolerance": -1}, "tolerance must be a fraction of 0 or more, such as 1e-9, not -1"),
        ({"tolerance": "much"}, "tolerance must be a fraction"),
        ({"tolerance": float("nan")}, "tolerance must be a fraction"),
        ({"late_after": "soon"}, "late_after must be"),
        ({"unsettled_after": "soon"}, "unsettled_after must be"),
    ],
)
def test_what_an_audit_cannot_be_asked_for(path: Path, asked: Any, sentence: str) -> None:
    with open_log(url_of(path)) as reader:
        with pytest.raises(LogConfigurationError, match=f"^{sentence}"):
            reader.audit(**asked)
        with pytest.raises(TypeError, match="takes no 'tolerence'"):
            reader.audit(tolerence=0)  # type: ignore[call-arg]


RULE = """
from projections.audit.rule import Rule
class Odd(Rule):
    NAME = "odd"
    CHECKS = "orders are even"
    def event(self, event):
        self.looked_at += 1
        if event.order % 2:
            yield self.error([event.order], f"order {event.order} is odd")
class Taken(Odd):
    NAME = "times"
class Unnamed(Rule):
    CHECKS = "nothing"
NOTHING = 7
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Installs a package `oddity` with these entry points, on the path alone."""

    def install(*entry_points: str) -> None:
        place = tmp_path / "site"
        info = place / "oddity-1.0.dist-info"
        info.mkdir(parents=True)
        (place / "oddity.py").write_text(RULE)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: oddity\nVersion: 1.0\n")
        lines = "\n".join(("[event_logger.audit_rules]", *entry_points))
        (info / "entry_points.txt").write_text(lines)
        monkeypatch.syspath_prepend(str(place))
        monkeypatch.delitem(sys.modules, "oddity", raising=False)

    return install


def test_a_rule_of_another_package_runs_with_the_others(path: Path, package: Any) -> None:
    package("odd = oddity:Odd")
    with open_log(url_of(path)) as reader:
        report = reader.audit()
        assert [one.orders for one in reader.audit(["odd"])] == [(1,)]
    assert [one.rule for one in report.results] == [*NAMES, "odd"]
    assert [one.rule for one in report if one.rule in {"odd", "times"}] == ["odd", "times"]
    assert not report.is_sound


@pytest.mark.parametrize(
    ("entry_point", "problem"),
    [
        ("broken = oddity:Missing", "oddity:Missing cannot be imported (AttributeError: "),
        ("broken = nowhere:Odd", "nowhere:Odd cannot be imported (ModuleNotFoundError: "),
        ("broken = oddity:NOTHING", "oddity:NOTHING is no class that is a projections.audit.Rule"),
        ("broken = oddity:Unnamed", "oddity:Unnamed has no NAME"),
        ("broken = oddity:Taken", "oddity:Taken is called 'times', as another rule is"),
    ],
)
def test_a_broken_rule_says_so_and_stops_no_other(
    path: Path, package: Any, entry_point: str, problem: str
) -> None:
    package(entry_point)
    start = f"the audit rule 'broken' of oddity cannot be used: {problem}"
    with open_log(url_of(path)) as reader:
        report = reader.audit()
        with pytest.raises(AuditRuleError) as raised:
            reader.audit(["broken"])
    assert str(raised.value).startswith(start)
    assert [one.rule for one in report.results] == [*NAMES, "broken"]
    assert (report.results[-1].why or "").startswith(start)
    assert not report.is_sound
    assert all_rules()[-1].CHECKS.startswith(start)


def accepted_once(path: Path, file: Path, until: str | None = None) -> None:
    with open_log(url_of(path)) as reader:
        assert write_baseline(file, reader.audit("times"), "Ann", "a test run", until) == 1


def test_what_a_baseline_accepts_is_marked(path: Path, tmp_path: Path) -> None:
    file = tmp_path / "baseline.json"
    accepted_once(path, file)
    with open_log(url_of(path)) as reader:
        (finding,) = reader.audit("times", baseline=file)
        assert finding.accepted is not None
        assert (finding.accepted.by, finding.accepted.why) == ("Ann", "a test run")
        # Written once more over itself, each keeps who accepted it.
        assert write_baseline(file, reader.audit("times", baseline=file), "Bob", "later") == 1
        assert [one.by for one in read_baseline(file, "default", identity(reader)).values()] == [
            "Ann"
        ]


def identity(reader: Any) -> str:
    return str(reader.audit("orders").identity)


def test_what_was_accepted_until_yesterday_counts_again(path: Path, tmp_path: Path) -> None:
    file = tmp_path / "baseline.json"
    accepted_once(path, file, date.today().isoformat())
    document = json.loads(file.read_text())
    document["accepted"][0]["until"] = "2024-05-12"
    with open_log(url_of(path)) as reader:
        assert reader.audit("times", baseline=file).results[0].accepted == 1
        file.write_text(json.dumps(document))
        report = reader.audit("times", baseline=file)
    assert [one.accepted for one in report] == [None]
    assert [one.until for one in report.expired] == ["2024-05-12"]
    assert report.disappeared == ()


BROKEN: list[tuple[Any, str]] = [
    (lambda text: text[:-40], "is cut off, or is no JSON ("),
    (lambda text: "[]", "is no baseline: it names no format"),
    (lambda text: text.replace("baseline/v1", "trace/v1"), "is no baseline: its format is "),
    (
        lambda text: text.replace("baseline/v1", "baseline/v2"),
        "has the newer format event-logger/baseline/v2: upgrade event-logger to read it",
    ),
    (lambda text: text.replace('"identity": "', '"identity": "9'), "is of another log: "),
    (lambda text: text.replace('"accepted"', '"taken"'), "is cut off: it has no list"),
    (lambda text: text.replace('"Ann"', '" "'), "says no by of what is accepted at place 1"),
    (lambda text: text.replace("null", '"soon"'), "has 'soon' for a date at place 1; write"),
    (lambda text: text.replace("null", "7"), "has 7 for a date at place 1; write"),
    (lambda text: "[" * 100_000, "is cut off, or is no JSON ("),
    (lambda text: '{"a":' * 50_000, "is cut off, or is no JSON ("),
    (
        lambda text: text.replace('"Ann"', '"\\ud800"'),
        "has '\\ud800' for the by of what is accepted at place 1, which is no valid text",
    ),
]


@pytest.mark.parametrize(("broken", "sentence"), BROKEN)
def test_a_baseline_that_is_none_is_refused(
    path: Path, tmp_path: Path, broken: Any, sentence: str
) -> None:
    file = tmp_path / "baseline.json"
    accepted_once(path, file)
    file.write_text(broken(file.read_text()))
    before = file.read_bytes()
    with open_log(url_of(path)) as reader:
        for refused in (
            lambda: reader.audit(baseline=file),
            lambda: write_baseline(file, reader.audit(), "Ann", "again"),
        ):
            with pytest.raises(AuditFileError) as raised:
                refused()
            assert str(raised.value).startswith(f"{file} {sentence}")
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (("", "x", None), "by must be text"),
        (("\ud800", "x", None), "by must be text"),
        (("x", " ", None), "why must be text"),
        (("x", "y", "soon"), "until must be a date such as"),
        (("x", "y", "2024-05-12"), "until must not be over"),
    ],
)
def test_who_accepts_says_why_and_for_how_long(
    path: Path, tmp_path: Path, said: tuple[str, str, str | None], sentence: str
) -> None:
    file = tmp_path / "baseline.json"
    with open_log(url_of(path)) as reader:
        with pytest.raises(LogConfigurationError, match=f"^{sentence}"):
            write_baseline(file, reader.audit(), *said)
    assert not file.exists()


class Stopped(Rule):
    NAME = "stopped"
    CHECKS = "nothing"

    def event(self, event: AuditedEvent) -> Iterator[Finding]:
        raise ZeroDivisionError("it has a fault")


def test_what_a_stopped_rule_did_not_see_is_not_accepted(path: Path, tmp_path: Path) -> None:
    file = tmp_path / "baseline.json"
    with open_log(url_of(path)) as reader:
        report = reader.audit([Stopped])
        with pytest.raises(AuditFileError, match="not written: the rule stopped was stopped"):
            write_baseline(file, report, "Ann", "known")
    assert not file.exists()
