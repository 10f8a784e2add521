"""The report: one file that asks nobody for anything, bounded, and true to the log."""

from __future__ import annotations

import base64
import hashlib
import re
import sqlite3
from pathlib import Path

import pandas as pd
import pytest

from event_logger import EventLogger, open_log
from event_logger.web import report
from event_logger.web.report import report_of
from tests.commands import run
from tests.support import HOUR, url_of
from tests.web.client import HOSTILE, LARGE, PRECISE
from tests.web.test_pages import Markup


@pytest.fixture(scope="module")
def made(store: str) -> str:
    with open_log(store, "desk") as reader:
        return report_of(reader).decode()


def test_it_stands_alone_and_executes_nothing(made: str) -> None:
    found = Markup()
    found.feed(made)
    assert not found.tags & {"script", "img", "link", "iframe", "object", "form", "base"}
    assert not found.attributes & {"src", "style", "href", "onclick", "onload", "onerror"}
    assert not re.findall(r"url\(|@import|https?://", made)
    (style,) = re.findall(r"<style>(.*?)</style>", made, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"sha256-{digest}" in made.replace("&#39;", "'")
    assert "\x1b" not in made
    assert "\u202e" not in made
    assert HOSTILE not in made


def test_it_tells_what_the_log_holds_to_the_last_digit(made: str, store: str) -> None:
    assert str(PRECISE) in made
    assert str(LARGE) in made
    assert "ENTRY" in made
    assert "The log moves nothing" not in made
    with open_log(store, "desk") as reader:
        certificate = reader.certify()
        assert f"<td>{reader.horizon}</td>" in made
    assert certificate["tree"]["root"] in made
    assert certificate["projections"]["csv"]["sha256"] in made


def test_its_digest_is_that_of_the_export(store: str, tmp_path: Path) -> None:
    with open_log(store, "run") as reader:
        made = report_of(reader).decode()
        exported = Path(reader.export_to_csv(str(tmp_path / "run.csv"))).read_bytes()
    assert hashlib.sha256(exported).hexdigest() in made
    assert '<svg viewBox="0 0 400 150"' in made


def test_it_is_bounded_and_says_what_was_left_out(
    store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_log(store, "desk") as reader:
        whole = report_of(reader)
        monkeypatch.setattr(report, "LARGEST", len(whole) * 3 // 4)
        cut = report_of(reader)
    assert len(cut) <= len(whole) * 3 // 4
    assert b"left out" in cut


def test_the_command_writes_it_as_of_then(store: str, tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    done = run("report", "--store", store, "--log", "desk", "--as-of", "1+1", "-o", str(target))
    assert done.stdout == f"{target}\n"
    assert "Up to 1+1, committed" in target.read_text()


def test_it_is_not_written_over_the_store(store: str) -> None:
    path = store.removeprefix("sqlite:///")
    said = run("report", "--store", store, "--log", "run", "-o", path, code=1).stderr
    assert "it is the store of this log" in said


def test_of_a_damaged_log_none_is_written(store: str, tmp_path: Path) -> None:
    with sqlite3.connect(store.removeprefix("sqlite:///")) as whole:
        whole.execute("VACUUM INTO ?", (str(tmp_path / "cut.db"),))
    whole.close()
    with sqlite3.connect(tmp_path / "cut.db") as connection:
        connection.execute("DELETE FROM stored_events WHERE originator_version=3")
    connection.close()
    target = tmp_path / "report.html"
    damaged = f"sqlite:///{tmp_path / 'cut.db'}"
    said = run("report", "--store", damaged, "--log", "run", "-o", str(target), code=1).stderr
    assert "is damaged at order 3" in said
    assert not target.exists()


def test_it_says_when_the_first_and_the_last_event_were(tmp_path: Path) -> None:
    url = url_of(tmp_path / "run.db")
    with EventLogger(store=url, hourly_timestamps=False) as logger:
        for minutes in (20, 70):
            logger.log_event(HOUR + pd.Timedelta(minutes=minutes), "X", "V")
        made = report_of(logger).decode()
    assert "<dt>from</dt><dd>2024-05-12T14:20:00Z</dd>" in made
    assert "<dt>to</dt><dd>2024-05-12T15:10:00Z</dd>" in made
