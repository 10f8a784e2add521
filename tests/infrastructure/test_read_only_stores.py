"""Stores that may not be written to: read all the same, and refused for logging at the first event.

The system's own permissions decide, so that a test that runs as root tries it as another user.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from event_logger import EventLogger
from infrastructure.audit_logs import AuditLogs
from tests.support import log_amounts, numbered, run_program, stored, url_of

AS_A_STRANGER = """
import tempfile
from domain.errors import StoreError
from event_logger import open_log
url, folder = sys.argv[1:]
# Every module that is used is imported before the user changes, who may not be able to read it.
with tempfile.TemporaryDirectory() as warm, EventLogger(store=f"sqlite:///{warm}/runs.db") as first:
    first.log_event(HOUR, "PRICE_UPDATE", "BINANCE")
    first.get_all_events()
if os.getuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
def files():
    return sorted(os.listdir(folder))
def refusal(call, *arguments):
    try:
        call(*arguments)
    except StoreError as error:
        return f"{type(error).__name__}: {error}"
    return "no error"
"""


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that other users reach, which pytest's own is not, and which is open again after."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        yield folder
        folder.chmod(0o700)


def as_a_stranger(program: str, path: Path, *, file: int, folder: int) -> list[str]:
    if path.exists():
        path.chmod(file)
    path.parent.chmod(folder)
    return run_program(AS_A_STRANGER + program, url_of(path), path.parent).splitlines()


READ = """
before = files()
reader = open_log(url)
print([event["amount"] for event in reader.events], reader.get_summary_stats()["total_events"])
print(files() == before)
"""

APPEND = """
def write():
    logger = EventLogger(store=url)
    try:
        logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE", "ETH", 4)
        print("logged")
    finally:
        logger.close()
print(refusal(write))
"""

NEW_LOG = """
print(refusal(lambda: EventLogger(store=url, log="another")))
"""


@pytest.fixture
def store_of_three(open_folder: Path) -> Path:
    path = open_folder / "runs.db"
    with EventLogger(store=url_of(path)) as logger:
        log_amounts(logger, 1, 2, 3)
    for lease in open_folder.glob("*.lease"):
        lease.unlink()
    return path


def test_a_store_in_a_read_only_folder_can_be_read(store_of_three: Path) -> None:
    read, untouched = as_a_stranger(READ, store_of_three, file=0o444, folder=0o555)
    assert read == "[1, 2, 3] 3"
    assert untouched == "True"


def test_a_read_only_file_in_a_writable_folder_can_be_read(store_of_three: Path) -> None:
    read, *_ = as_a_stranger(READ, store_of_three, file=0o444, folder=0o777)
    assert read == "[1, 2, 3] 3"
    assert stored(store_of_three) == numbered(3)


@pytest.mark.parametrize("folder", [0o555, 0o777])
def test_logging_to_a_read_only_store_is_refused_at_the_event(
    store_of_three: Path, folder: int
) -> None:
    before = store_of_three.read_bytes()
    printed = as_a_stranger(APPEND, store_of_three, file=0o444, folder=folder)
    assert len(printed) == 1, printed
    assert printed[0].startswith("ReadOnlyStoreError: ")
    assert "is read-only; make the file and its folder writable" in printed[0]
    assert store_of_three.read_bytes() == before


@pytest.mark.parametrize("folder", [0o555, 0o777])
def test_a_new_log_in_a_read_only_store_is_refused(store_of_three: Path, folder: int) -> None:
    (refusal,) = as_a_stranger(NEW_LOG, store_of_three, file=0o444, folder=folder)
    assert refusal.startswith("ReadOnlyStoreError: ")
    store_of_three.parent.chmod(0o755)
    with AuditLogs(url_of(store_of_three), must_exist=True) as logs:
        assert logs.names() == ["default"]


def test_a_store_in_a_read_only_folder_cannot_be_made(open_folder: Path) -> None:
    path = open_folder / "runs.db"
    (refusal,) = as_a_stranger(NEW_LOG, path, file=0, folder=0o555)
    assert refusal.startswith("StoreError: ")
    assert "cannot be created" in refusal
    assert not path.exists()


def test_a_store_that_may_not_be_read_is_an_error_of_the_store(store_of_three: Path) -> None:
    program = "print(refusal(open_log, url))\nprint(refusal(lambda: EventLogger(store=url)))"
    for refusal in as_a_stranger(program, store_of_three, file=0o000, folder=0o777):
        assert refusal.startswith("StoreError: ")
        assert "cannot be read (Permission denied)" in refusal


@pytest.mark.parametrize("name", ["runs.db", "no.db"])
def test_a_folder_that_may_not_be_entered_is_an_error_of_the_store(
    store_of_three: Path, name: str
) -> None:
    program = "print(refusal(open_log, url))\nprint(refusal(lambda: EventLogger(store=url)))"
    path = store_of_three.with_name(name)
    store_of_three.parent.chmod(0o700)
    refusals = as_a_stranger(program, path, file=0o644, folder=0o000)
    assert len(refusals) == 2
    for refusal in refusals:
        assert refusal.startswith("StoreUrlError: ")
        assert refusal.endswith("names no file (Permission denied)")
