"""A forked child: refused with a sentence, harmless to its parent."""

from __future__ import annotations

from pathlib import Path

from event_logger import EventLogger
from tests.support import log_amounts, numbered, run_program, stored, url_of

SENTENCE = "the logger of log 'default' was opened before this process was forked; open one here"

FORK = """
from domain.errors import ForkedLoggerError, LogInUseError
logger = EventLogger(store=sys.argv[1])
logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE", "ETH", 1)
logger.flush()
logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE", "ETH", 2)

def child(run):
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        run()
        sys.exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0

def refused(call, *arguments):
    try:
        call(*arguments)
    except ForkedLoggerError as error:
        return str(error)
    return f"{call} was not refused"
"""

EVERY_CALL_IN_A_CHILD = """
events = logger.events
def calls():
    print(len({
        refused(logger.log_event, HOUR, "PRICE_UPDATE", "BINANCE"),
        refused(logger.log_atomic_transaction, HOUR, "ENTRY", []),
        refused(logger.bundle, HOUR, "ENTRY"),
        refused(logger.flush),
        refused(logger.get_all_events),
        refused(logger.get_summary_stats),
        refused(logger.to_dataframe),
        refused(lambda: logger.global_order),
        refused(lambda: logger.events),
        refused(lambda: events[0]),
        refused(lambda: list(events)),
    }))
    print(refused(logger.log_event, HOUR, "PRICE_UPDATE", "BINANCE"))
child(calls)
"""

CLOSE_IN_A_CHILD = """
import gc
def close():
    global logger
    logger.close()
    del logger
    gc.collect()
child(close)
child(lambda: None)
"""

PARENT_GOES_ON = """
logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE", "ETH", 3)
logger.close()
"""


def test_a_forked_child_is_refused_and_the_parent_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    printed = run_program(FORK + EVERY_CALL_IN_A_CHILD + PARENT_GOES_ON, url_of(path))
    assert printed.splitlines() == ["1", SENTENCE]
    assert stored(path) == numbered(3)


def test_a_child_that_closes_or_exits_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    program = """
import sqlite3
print(sqlite3.connect(sys.argv[2]).execute("SELECT MAX(originator_version) FROM stored_events")
    .fetchone()[0])
"""
    printed = run_program(FORK + CLOSE_IN_A_CHILD + program + PARENT_GOES_ON, url_of(path), path)
    assert printed == "1\n"
    assert stored(path) == numbered(3)


def test_a_child_that_exits_does_not_give_back_its_parents_lease(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    program = """
other = EventLogger(store=sys.argv[1])
try:
    other.log_event(HOUR, "PRICE_UPDATE", "BINANCE", "ETH", 999)
except LogInUseError:
    print("refused")
"""
    printed = run_program(FORK + CLOSE_IN_A_CHILD + program + PARENT_GOES_ON, url_of(path))
    assert printed == "refused\n"
    assert stored(path) == numbered(3)


def test_a_child_may_open_a_logger_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    program = """
def open_one():
    with EventLogger(store=sys.argv[1], log="child") as own:
        own.log_event(HOUR, "PRICE_UPDATE", "BINANCE", "ETH", 1)
        print(len(own.events))
child(open_one)
"""
    assert run_program(FORK + program + PARENT_GOES_ON, url_of(path)) == "1\n"
    assert stored(path) == numbered(3)
    assert stored(path, "child") == numbered(1)


def test_a_fork_while_another_thread_logs_leaves_no_lock_held(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    program = """
import threading
stop = threading.Event()
def work():
    while not stop.is_set():
        logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE")
thread = threading.Thread(target=work)
thread.start()
for _ in range(8):
    child(lambda: refused(logger.flush))
    child(lambda: refused(logger.log_event, HOUR, "PRICE_UPDATE", "BINANCE"))
stop.set()
thread.join()
print(logger.global_order == len(logger.events))
logger.close()
"""
    assert run_program(FORK + program, url_of(path)) == "True\n"
    with EventLogger(store=url_of(path)) as logger:
        orders = [event["order"] for event in logger.events]
        assert orders == list(range(1, len(orders) + 1))
        assert log_amounts(logger, 1) == [len(orders) + 1]


def test_a_child_forked_inside_a_call_is_refused_and_does_not_wait(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    program = """
import threading
lock = logger.writer._lock
held, let_go = threading.Event(), threading.Event()
def hold():
    with lock:
        held.set()
        let_go.wait()
thread = threading.Thread(target=hold)
thread.start()
held.wait()
child(lambda: print(refused(logger.log_event, HOUR, "PRICE_UPDATE", "BINANCE")))
let_go.set()
thread.join()
"""
    assert run_program(FORK + program + PARENT_GOES_ON, url_of(path)) == f"{SENTENCE}\n"
    assert stored(path) == numbered(3)
