"""Folders and files that may not be written: one sentence, exit code 1, and nothing is left there.

The system's own permissions decide: what would run as root runs as another user.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import run_program

PROGRAM = """
import contextlib, json, tempfile
from pathlib import Path
from typer.testing import CliRunner
from event_logger import EventLoggerError, open_log, read_event_log
from event_logger.cli import app

closed, work = map(Path, sys.argv[1:])
store = f"sqlite:///{work}/runs.db"
os.environ["EVENT_LOGGER_CHECKPOINTS"] = str(work / "kept")
key = str(work / "owner.key")

parquet = "export", "--store", store, "--format", "parquet"
audit = "audit", "--store", store, "--rule", "orders", "--by", "Ann", "--why", "a test"

def commands(to):
    yield "export", "--store", store, "-o", f"{to}/out.csv"
    yield "export", "--store", store, "--format", "jsonl", "-o", f"{to}/out.jsonl"
    yield "export", "--store", store, "-o", f"{to}/there.csv"
    yield "import", f"{work}/run.csv", "--store", f"sqlite:///{to}/new.db", "--log", "run"
    yield "backup", f"{to}/backup.db", "--store", store
    yield "certify", "--store", store, "-o", f"{to}/certificate.json"
    yield "checkpoint", "--store", store, "--key", key, "-o", f"{to}/checkpoint"
    yield "prove", "1", "--store", store, "--key", key, "-o", f"{to}/proof"
    yield "key", "new", f"{to}/new.key", "--prefix", "example.com/desk"
    yield "key", "show", key, "--log", "default", "--store", store, "-o", f"{to}/line"
    yield "upgrade", "--store", store, "--to", f"{to}/upgraded.db"
    yield "copy", "--from", store, "--to", f"sqlite:///{to}/copy.db"
    yield "export", "--store", store, "--format", "parquet", "-o", f"{to}/out.parquet"
    yield (*parquet, "--partition", "log", "-o", f"{to}/set")
    yield "export", "--store", store, "--certified", "--key", key, "-o", f"{to}/certified.csv"
    yield "report", "--store", store, "-o", f"{to}/report.html"
    yield "sql", "SELECT 1", "--store", store, "--format", "csv", "-o", f"{to}/answer.csv"
    yield (*audit, "--write-baseline", f"{to}/baseline.json")
    yield "demo", "--folder", f"{to}/demo/run"

def run(arguments):
    done = CliRunner().invoke(app, arguments, prog_name="event-logger")
    error = None if isinstance(done.exception, SystemExit) else done.exception
    return [" ".join(arguments), done.exit_code, done.stderr, repr(error)]

def refused(call):
    try:
        call()
    except EventLoggerError as error:
        return [type(error).__name__, str(error)]
    return ["nothing", ""]

def python(to):
    yield lambda: EventLogger(store=f"sqlite:///{to}/runs.db", log="new")
    yield lambda: EventLogger("live", store=f"sqlite:///{to}/live.db", redis=False)
    for name in ("out.csv", "there.csv"):
        with open_log(store) as reader:
            yield lambda: reader.export_to_csv(f"{to}/{name}")
    with open_log(store) as reader:
        yield lambda: reader.export_to_jsonl(f"{to}/out.jsonl")

with EventLogger(store=store) as logger:
    logger.log_event(HOUR, "A", "V", "ETH", 1)
    logger.export_to_csv(f"{work}/run.csv")
run(["key", "new", key, "--prefix", "example.com/desk"])
# Every module that is used is imported before the user changes, who may not be able to read it.
with tempfile.TemporaryDirectory() as warm:
    import event_logger.demo.run
    warmed = [run(one)[1] for one in commands(warm) if one[0] != "demo"]
    for call in python(warm):
        refused(call)
        refused(call)
closed.joinpath("there.csv").write_text("former")
closed.joinpath("there.csv").chmod(0o444)
closed.chmod(0o555)
if os.getuid() == 0:
    for path in (work, *work.rglob("*")):
        os.chown(path, 65534, 65534)
    os.setgid(65534)
    os.setuid(65534)
before = sorted(os.listdir(closed))
print(json.dumps({
    "warmed": warmed,
    "commands": [run(one) for one in commands(closed)],
    "python": [refused(call) for call in python(closed)],
    "left": sorted(set(os.listdir(closed)) - set(before)),
    "there": closed.joinpath("there.csv").read_text(),
}))
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """Pytest's own folder is closed to other users."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        for part in ("closed", "work"):
            (folder / part).mkdir()
        yield folder
        (folder / "closed").chmod(0o700)


def test_whatever_cannot_be_written_is_one_sentence_and_leaves_nothing(folder: Path) -> None:
    done = json.loads(run_program(PROGRAM, folder / "closed", folder / "work"))
    assert set(done["warmed"]) == {0}
    for command, code, stderr, error in done["commands"]:
        assert (code, error) == (1, "None"), (command, stderr)
        assert len(stderr.splitlines()) == 1, (command, stderr)
        assert stderr.startswith("event-logger: "), (command, stderr)
        assert "ermission denied" in stderr or "read-only" in stderr, (command, stderr)
    for kind, sentence in done["python"]:
        assert kind in {"StoreError", "ReadOnlyStoreError", "ExportError"}, sentence
    assert done["left"] == []
    assert done["there"] == "former"
