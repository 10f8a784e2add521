"""Whoever has docs/proofs.md alone computes a store's root and a proof's without this program."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from infrastructure.audit_logs import AuditLogs
from infrastructure.log_tree import LogTree
from tests.commands import run
from tests.infrastructure.stores.sqlite.former import format_1_store
from tests.proofs.desk import Desk
from tests.proofs.stranger import root_of_store
from tests.support import ROOT, url_of


def roots(*arguments: str) -> list[str]:
    """What the stranger's program prints, run where nothing but Python is installed."""
    program = str(ROOT / "tests/proofs/stranger.py")
    command = [sys.executable, "-I", "-S", program, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()


def test_a_stranger_computes_the_roots_of_a_store_and_of_proofs(desk: Desk) -> None:
    origin, size, root = Path(desk.held).read_text().splitlines()[:3]
    assert int(size) == 16
    proofs = []
    for number, what in enumerate((("0",), ("7",), ("10",), ("2", "--transition", "2"))):
        path = Path(desk.prove(*what, "--checkpoint", desk.held))
        proofs.append(str(path.rename(desk.folder / f"{number}.proof")))
    assert roots(str(desk.path), origin.rpartition("/")[2], *proofs) == [root] * 5
    desk.run_sql("UPDATE stored_events SET committed_at=committed_at+1 WHERE number=2")
    assert roots(str(desk.path), origin.rpartition("/")[2]) != [root]


def test_a_stranger_computes_the_roots_of_a_store_from_format_1(tmp_path: Path) -> None:
    path = format_1_store(tmp_path)
    run("upgrade", "--store", url_of(path))
    with AuditLogs(url_of(path), must_exist=True) as logs:
        names = logs.names()
        assert len(names) > 1
        for name in names:
            log = logs.get(name)
            tree = LogTree(logs.store, log)
            tree.grow_to(logs.horizon(log).position + 1)
            assert root_of_store(str(path), log.identity or "") == tree.root(tree.size)
