"""A copy that is killed in the middle leaves a beginning of the log, and goes on from there."""

from __future__ import annotations

from pathlib import Path

import pytest

from event_logger import EventLogger, LogClosedError, open_log
from infrastructure.copying import copy_logs
from tests.support import HOUR, PATIENCE, log_amounts, start_program, url_of

COPY = """
import time
from infrastructure import commit_batch
from infrastructure.copying import copy_logs
commit_batch._ENTRIES = 20
lines = int(sys.argv[3])

def told(what, done, total):
    global lines
    lines -= 1
    print(what, done, flush=True)
    while not lines:
        time.sleep(1)

copy_logs(sys.argv[1], sys.argv[2], close_source="--close-source" in sys.argv, progress=told)
print("done", flush=True)
"""

BUNDLES, BUNDLE = 120, 4


@pytest.fixture
def source(tmp_path: Path) -> str:
    url = url_of(tmp_path / "source.db")
    detail = {"event_type": "STAKE_DEPOSIT", "venue": "LIDO"}
    with EventLogger(store=url) as logger:
        for _ in range(BUNDLES):
            logger.log_atomic_transaction(HOUR, "ENTRY", [detail] * (BUNDLE - 1))
    return url


def kill_after(lines: int, source: str, target: str, *options: str) -> bool:
    """Begin to copy, and kill the copy after so many lines; whether it had come to its end."""
    with start_program(COPY, source, target, lines, *options) as program:
        assert program.stdout is not None
        read = [program.stdout.readline() for _ in range(lines)]
        program.kill()
        program.communicate(timeout=PATIENCE)
    return "done\n" in read


@pytest.mark.parametrize("lines", [1, 9])
def test_a_killed_copy_goes_on_where_it_was(tmp_path: Path, source: str, lines: int) -> None:
    target = url_of(tmp_path / "target.db")
    for _ in range(2):
        assert not kill_after(lines, source, target)
        with open_log(target) as reader:
            assert 0 < reader.global_order < BUNDLES * BUNDLE
            assert reader.global_order % BUNDLE == 0
            assert len(list(reader.bundle_trees())) == reader.global_order // BUNDLE
            there = reader.global_order
    (done,) = copy_logs(source, target)
    assert done.copied <= BUNDLES * BUNDLE - there
    exported = []
    for url in (source, target):
        with open_log(url) as reader:
            path = reader.export_to_jsonl(str(tmp_path / "log.jsonl"))
            exported.append(Path(path).read_bytes())
    assert exported[0] == exported[1]


def test_a_killed_move_leaves_one_log_that_goes_on(tmp_path: Path, source: str) -> None:
    target = url_of(tmp_path / "target.db")
    assert not kill_after(9, source, target, "--close-source")
    assert kill_after(BUNDLES, source, target, "--close-source")
    with EventLogger(store=target) as logger:
        assert log_amounts(logger, 1) == [BUNDLES * BUNDLE + 2]
    with pytest.raises(LogClosedError):
        EventLogger(store=source)
