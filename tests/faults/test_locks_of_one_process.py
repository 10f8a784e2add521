"""Several connections of one process to one store: none costs another its locks on the file."""

from __future__ import annotations

from pathlib import Path

from event_logger import EventLogger
from tests.support import HOUR, run_program, start_program, url_of

LIVE_PROCESS = """
from event_logger import open_log
store = sys.argv[1]
def price(logger, amount):
    print(logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE", "ETH", amount), flush=True)
first = EventLogger("live", store=store, redis=False)
price(first, 1)
second = EventLogger("live", store=store, log="other", redis=False)
reader = open_log(store)
reader.close()
second.close()
for amount in (2, 3):
    price(first, amount)
print("ready", flush=True)
sys.stdin.readline()
for amount in (4, 5, 6, 7, 8):
    price(first, amount)
print("ready", flush=True)
sys.stdin.readline()
"""

OPENS_AND_CLOSES = """
from event_logger import open_log
open_log(sys.argv[1]).close()
with EventLogger("live", store=sys.argv[1], log="third", redis=False) as logger:
    logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE", "ETH", 1)
"""


def test_what_was_acknowledged_survives_others_that_open_and_close(tmp_path: Path) -> None:
    store = url_of(tmp_path / "live.db")
    told: list[int] = []
    with start_program(LIVE_PROCESS, store) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        for _ in range(2):
            while (line := program.stdout.readline().strip()) != "ready":
                told.append(int(line))
            run_program(OPENS_AND_CLOSES, store)
            program.stdin.write("\n")
            if len(told) < 8:
                program.stdin.flush()
        program.kill()
        program.communicate()
    assert told == [1, 2, 3, 4, 5, 6, 7, 8]
    with EventLogger("live", store=store, redis=False) as logger:
        assert [event["amount"] for event in logger.events] == [1, 2, 3, 4, 5, 6, 7, 8]


def test_a_store_whose_checkpoint_was_cut_off_is_still_known_as_ours(tmp_path: Path) -> None:
    path, cut = tmp_path / "live.db", tmp_path / "cut.db"
    with EventLogger("live", store=url_of(path), redis=False) as logger:
        orders = [logger.log_event(HOUR, "X", "V", note="x" * 5000) for _ in range(20)]
        before, waiting = path.read_bytes(), Path(f"{path}-wal").read_bytes()
    # Killed when the first page was written, which says that there are more than there are yet.
    page = int.from_bytes(before[16:18], "big")
    cut.write_bytes(path.read_bytes()[:page] + before[page:])
    Path(f"{cut}-wal").write_bytes(waiting)
    with EventLogger("live", store=url_of(cut), redis=False) as logger:
        assert [event["order"] for event in logger.events] == orders
