"""Where an export goes: a file replaced whole, a link's target, a stream, a name of its own."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from domain.errors import ExportError
from event_logger import EventLogger, read_event_log
from infrastructure.files.replaced_file import named_or_new, replaced_file
from infrastructure.signing import new_key
from tests.commands import run
from tests.support import log_amounts, run_program, url_of


def write(path: Path | str, data: bytes) -> None:
    with replaced_file(path) as file:
        file.write(data)


def test_a_symbolic_link_stays_and_its_target_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    target, link = tmp_path / "there" / "target.csv", tmp_path / "link.csv"
    target.write_text("old")
    link.symlink_to(target)
    write(link, b"new")
    assert link.is_symlink()
    assert target.read_text() == "new"
    assert sorted(os.listdir(tmp_path)) == ["link.csv", "there"]
    assert os.listdir(tmp_path / "there") == ["target.csv"]


def test_a_link_whose_target_is_not_there_yet_makes_it(tmp_path: Path) -> None:
    link = tmp_path / "link.csv"
    link.symlink_to("target.csv")
    write(link, b"new")
    assert (tmp_path / "target.csv").read_text() == "new"
    assert link.is_symlink()


def test_a_link_to_itself_is_refused(tmp_path: Path) -> None:
    link = tmp_path / "link.csv"
    link.symlink_to(link)
    with pytest.raises(ExportError, match="Too many levels of symbolic links"):
        write(link, b"new")


def test_a_fifo_is_written_into_as_a_stream(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(fifo.read_text()))
    reader.start()
    with EventLogger() as logger:
        log_amounts(logger, 1, 2)
        logger.export_to_csv(str(fifo))
    reader.join()
    assert len(read[0].splitlines()) == 3
    assert os.listdir(tmp_path) == ["fifo"]


def test_a_device_is_written_into(tmp_path: Path) -> None:
    with EventLogger() as logger:
        log_amounts(logger, 1)
        assert logger.export_to_csv("/dev/null") == "/dev/null"
    assert not Path("/dev/null").is_file()
    with EventLogger() as logger, pytest.raises(ExportError, match=r"No space left on device$"):
        log_amounts(logger, 1)
        logger.export_to_csv("/dev/full")


TO_STANDARD_OUTPUT = """
with EventLogger() as logger:
    for n in range(3):
        logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE", "ETH", n, **({"late": 1} if n else {}))
    print("before")
    assert logger.export_to_csv("-") == "-"
"""


def test_a_hyphen_is_standard_output(tmp_path: Path) -> None:
    before, header, *rows = run_program(TO_STANDARD_OUTPUT).splitlines()
    assert before == "before"
    assert header.startswith("timestamp,order,status")
    assert len(rows) == 3


def test_default_names_never_collide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with EventLogger() as logger:
        names = {logger.export_to_csv() for _ in range(5)}
    assert len(names) == 5
    assert set(os.listdir(tmp_path)) == names
    assert all(len(read_event_log(name)) == 0 for name in names)


def test_a_default_name_is_given_back_when_the_export_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RuntimeError), named_or_new(None, "log", ".csv") as path:
        assert Path(path).exists()
        raise RuntimeError
    assert os.listdir(tmp_path) == []


def test_what_was_written_can_be_read_back_and_written_anew(tmp_path: Path) -> None:
    with replaced_file(tmp_path / "file") as file:
        file.write(b"draft")
        file.seek(0)
        assert file.read() == b"draft"
        file.seek(0)
        file.truncate()
        file.write(b"new")
    assert (tmp_path / "file").read_bytes() == b"new"


@pytest.mark.parametrize(
    "command",
    [
        ("export", "-o"),
        ("certify", "-o"),
        ("report", "-o"),
        ("sql", "SELECT 1", "--format", "json", "-o"),
        ("audit", "--by", "ana", "--why", "known", "--write-baseline"),
    ],
)
@pytest.mark.parametrize("name", ["owner.key", "link.key"])
def test_no_command_writes_over_a_secret_key(
    tmp_path: Path, command: tuple[str, ...], name: str
) -> None:
    key, url = tmp_path / "owner.key", url_of(tmp_path / "a.db")
    new_key(key, "example.com/desk")
    (tmp_path / "link.key").symlink_to(key)
    with EventLogger(store=url) as logger:
        log_amounts(logger, 1)
    before = key.read_bytes()
    run(*command, str(tmp_path / name), "--store", url, code=1)
    assert key.read_bytes() == before
