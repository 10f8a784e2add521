"""Who a writer says it is."""

from __future__ import annotations

import sys
from pathlib import Path

import orjson
import pytest

from domain.audit_log import AuditLog
from infrastructure.audit_logs import AuditLogs
from infrastructure.writers import introduce
from tests.support import url_of


def test_a_program_whose_name_is_no_text_is_introduced_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "argv", ["/opt/strat\udce9gie.py"])
    assert orjson.loads(introduce().introduction)["program"] == r"strat\udce9gie.py"


def test_a_writer_that_makes_a_log_whole_and_appends_nothing_says_when_it_ends(
    tmp_path: Path,
) -> None:
    url = url_of(tmp_path / "imported.db")
    with AuditLogs(url) as logs:
        logs.save_new(AuditLog.open("whole"), [])
    with AuditLogs(url, must_exist=True) as logs:
        ((_, ended_at),) = logs.store.reads.writers(logs.get("whole").id).values()
    assert ended_at is not None
