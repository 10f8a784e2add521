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
sys.meta_path.insert(0, Interrupting())
try:
    list(logger.events)
except KeyboardInterrupt:
    print("interrupted")
print([event["amount"] for event in logger.events])
"""


@pytest.mark.parametrize("module", ["numpy.linalg", "pandas.core"])
def test_what_was_to_be_imported_can_still_be(tmp_path: Path, module: str) -> None:
    said = run_program(INTERRUPTED, url_of(tmp_path / "runs.db"), module)
    assert said == "interrupted\n[1]\n"
