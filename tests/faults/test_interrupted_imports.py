"""Ctrl-C while a first read imports what it needs: the next read reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import run_program, url_of

INTERRUPTED = """
import signal

class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == sys.argv[2]:
            sys.meta_path.remove(self)
            os.kill(os.getpid(), signal.SIGINT)

signal.signal(signal.SIGINT, signal.default_int_handler)
logger = EventLogger(store=sys.argv[1])
logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE", "ETH", 1)
logger.flush()
path = logger.export_to_csv(sys.argv[1].removeprefix("sqlite:///") + ".csv")
read = eval("lambda: " + sys.argv[3])
sys.meta_path.insert(0, Interrupting())
try:
    read()
except KeyboardInterrupt:
    print("interrupted")
read()
print([event["amount"] for event in logger.events])
"""


@pytest.mark.parametrize(
    ("module", "read"),
    [
        ("numpy.linalg", "list(logger.events)"),
        ("pandas._libs.interval", "logger.history(1)"),
        ("pandas._libs.interval", "logger.to_dataframe()"),
        ("pandas._libs.interval", "__import__('event_logger').read_event_log(path)"),
        ("numpy.linalg", "logger.to_arrow()"),
        ("pandas._libs.interval", "logger.to_dataframe(backend='pyarrow')"),
    ],
)
def test_what_was_to_be_imported_can_still_be(tmp_path: Path, module: str, read: str) -> None:
    said = run_program(INTERRUPTED, url_of(tmp_path / "runs.db"), module, read)
    assert said == "interrupted\n[1]\n"
