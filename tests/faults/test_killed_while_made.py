"""`kill -9` while a store is being made, at moments all the way: its path serves the next."""

from __future__ import annotations

import json
from pathlib import Path

from event_logger import EventLogger
from tests.support import log_amounts, run_program, stored, url_of

MOMENTS = 25

PROGRAM = """
import json, signal
from pathlib import Path
from tests.faults.interrupted import one_of_each, run

folder, moments = Path(sys.argv[1]), int(sys.argv[2])

def make(path):
    EventLogger("live", store=f"sqlite:///{path}", redis=False)

def killed(path, at):
    child = os.fork()
    if child == 0:
        run(lambda: make(path), lambda: os.kill(os.getpid(), signal.SIGKILL), at)
        os._exit(0)
    os.waitpid(child, 0)

def log_there(path):
    child = os.fork()
    if child == 0:
        code = 1
        try:
            with EventLogger("live", store=f"sqlite:///{path}", redis=False) as logger:
                orders = [logger.log_event(HOUR, "A", "V", "ETH", n) for n in (1, 2)]
            code = 0 if orders == [1, 2] else 2
        finally:
            os._exit(code)
    return os.waitpid(child, 0)[1]

# What is imported is imported before.
with EventLogger("live", store=f"sqlite:///{folder / 'warm.db'}", redis=False) as logger:
    logger.log_event(HOUR, "A", "V", "ETH", 0)

child = os.fork()
if child == 0:
    places = one_of_each(run(lambda: make(folder / "first.db")), seed=7)
    (folder / "places").write_text(json.dumps(places))
    os._exit(0)
os.waitpid(child, 0)
places = json.loads((folder / "places").read_text())
failed = []
for n, at in enumerate(places[:: max(1, len(places) // moments)]):
    for path in (folder / f"{n}.db", folder / f"empty-{n}.db")[: 1 + n % 2]:
        if path.name.startswith("empty"):
            path.touch()
        killed(path, at)
        if log_there(path):
            failed.append([path.name, at])
print(json.dumps([len(places), failed]))
"""


def test_is_made_by_the_next(tmp_path: Path) -> None:
    places, failed = json.loads(run_program(PROGRAM, tmp_path, MOMENTS))
    assert places >= MOMENTS
    assert failed == []
    with EventLogger("live", store=url_of(tmp_path / "0.db"), redis=False) as logger:
        assert log_amounts(logger, 3) == [3]
    assert stored(tmp_path / "0.db") == [(1, 1), (2, 2), (3, 3)]
