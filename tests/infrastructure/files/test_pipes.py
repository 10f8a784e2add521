"""An import from a pipe reads it once, and a device not at all."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from event_logger import EventLogFileError, EventLogger, open_log
from infrastructure.files.importing import import_file
from tests.support import HOUR, PATIENCE, ROOT, log_amounts, url_of


@pytest.fixture(params=["csv", "jsonl"])
def export(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    path = tmp_path / f"run.{request.param}"
    with EventLogger() as logger:
        log_amounts(logger, 1, 2, 3)
        logger.log_event(HOUR, "A", "V", purpose="x" * 200_000)
        logger.export_to_csv(str(path)) if request.param == "csv" else logger.export_to_jsonl(
            str(path)
        )
    return path


@pytest.mark.timeout(60)
def test_a_fifo_is_imported(tmp_path: Path, export: Path) -> None:
    fifo, store = tmp_path / "fifo", url_of(tmp_path / "new.db")
    os.mkfifo(fifo)
    writer = threading.Thread(target=lambda: fifo.write_bytes(export.read_bytes()))
    writer.start()
    assert import_file(fifo, store, "run").events == 4
    writer.join()
    with open_log(store, "run") as reader:
        assert [event["amount"] for event in reader.events] == [1, 2, 3, None]
        assert reader.metadata["imported_from"]


def test_standard_input_is_imported_and_errors_name_it(tmp_path: Path, export: Path) -> None:
    store = url_of(tmp_path / "new.db")
    command = [sys.executable, "-W", "error", "-m", "event_logger.cli", "import", "-"]
    done = [
        subprocess.run(
            [*command, "--store", store, "--log", name],
            input=given,
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
        for name, given in (("run", export.read_bytes()), ("other", b"a,b\n1,2\n"))
    ]
    assert (done[0].returncode, done[0].stderr) == (0, b"")
    assert done[1].returncode == 1
    assert done[1].stderr.decode().startswith("event-logger: -, row 0: the header has no column")


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null"])
def test_a_device_is_refused(tmp_path: Path, device: str) -> None:
    with pytest.raises(EventLogFileError, match="is a device; name a file"):
        import_file(device, url_of(tmp_path / "new.db"), "run")
    assert list(tmp_path.iterdir()) == []
