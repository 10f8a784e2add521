"""What cannot name a file is said in a sentence of ours, by every option that takes one."""

from __future__ import annotations

from pathlib import Path

import pytest

from event_logger import EventLogger
from tests.commands import run
from tests.support import log_amounts, url_of

OF_A_STORE = [
    ("export", "--output"), ("import",), ("certify", "--output"), ("certify", "--check"),
    ("audit", "--baseline"), ("audit", "--by", "a", "--why", "b", "--write-baseline"),
]  # fmt: skip
UNSAYABLE = {"\ud800": "no valid Unicode", "a\0b": "a NUL character"}


@pytest.mark.parametrize("path", UNSAYABLE)
@pytest.mark.parametrize("command", [*OF_A_STORE, ("demo", "--folder"), ("demo", "--market")])
def test_it_is_a_usage_error_of_one_sentence(
    tmp_path: Path, command: tuple[str, ...], path: str
) -> None:
    url = url_of(tmp_path / "a.db")
    with EventLogger(store=url) as logger:
        log_amounts(logger, 1)
    store = () if command[0] == "demo" else ("--store", url)
    sentence, hint = run(*command, path, *store, code=2).stderr.splitlines()
    assert sentence.endswith(UNSAYABLE[path])
    assert "is no path; " in sentence
    assert hint.endswith(f"{command[0]} --help")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("show", "one"), "Invalid value for 'ORDER': it is no whole number"),
        (("events", "--limit", "\udcff"), "Invalid value for '--limit': it is no valid Unicode"),
        (("export", "--format", "xml"), "Invalid value for '--format': 'xml' is not one of"),
    ],
)
def test_what_the_library_says_is_said_as_the_rest(arguments: tuple[str, ...], said: str) -> None:
    told = run(*arguments, "--store", "sqlite:///no.db", code=2).stderr
    assert told.startswith(f"event-logger: {said}")


KEPT = [
    ("backup",), ("upgrade", "--to"), ("key", "new", "--prefix", "example.com/desk"),
    ("audit", "--by", "a", "--why", "b", "--write-baseline"),
]  # fmt: skip


@pytest.mark.parametrize("command", KEPT, ids=" ".join)
def test_what_is_kept_is_not_written_to_standard_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    url = url_of(tmp_path / "a.db")
    with EventLogger(store=url) as logger:
        log_amounts(logger, 1)
    store = () if command[0] == "key" else ("--store", url)
    for target in ("-", "/dev/stdout"):
        done = run(*command, target, *store, code=2)
        assert "is standard output; name a file" in done.stderr
        assert not Path("-").exists()


WRITERS = [
    ("export",), ("export", "--format", "jsonl"), ("export", "--format", "parquet"),
    ("sql", "SELECT 1", "--format", "csv"), ("certify",), ("report",), ("checkpoint",),
    ("prove", "1"), ("key", "show", "KEY", "--log", "default"),
]  # fmt: skip


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two stores, a link to the second, and a key."""
    folder = tmp_path_factory.mktemp("desk")
    for name in ("own", "other"):
        with EventLogger(store=url_of(folder / f"{name}.db")) as logger:
            log_amounts(logger, 1)
    (folder / "link").symlink_to(folder / "other.db")
    run("key", "new", str(folder / "KEY"), "--prefix", "example.com/desk")
    return folder


@pytest.mark.parametrize("command", WRITERS, ids=" ".join)
def test_no_command_writes_over_a_store_or_takes_a_folder_for_a_file(
    desk: Path, command: tuple[str, ...]
) -> None:
    given = [str(desk / one) if one == "KEY" else one for one in command]
    key = {"EVENT_LOGGER_KEY": str(desk / "KEY"), "EVENT_LOGGER_CHECKPOINTS": str(desk / "kept")}
    url = url_of(desk / "own.db")
    for target, said in {
        "new/": "a folder",
        "own.db": "store",
        "other.db": "store",
        "link": "store",
        "other.db-wal": "store",
    }.items():
        before = _held(desk)
        done = run(*given, "--store", url, "-o", f"{desk}/{target}", code=1, **key)
        (sentence,) = done.stderr.splitlines()
        assert said in sentence or "is no certificate, and is not written over" in sentence
        assert f"{desk}/{target}" in sentence
        assert _held(desk) == before


def _held(desk: Path) -> dict[Path, bytes]:
    """What is there; of the store that is read its events, since reading leaves traces in it."""
    files = {path: path.read_bytes() for path in desk.iterdir() if path.is_file()}
    held = {path: data for path, data in files.items() if not path.name.startswith("own.db")}
    told = run("events", "--json", "--store", url_of(desk / "own.db")).stdout.encode()
    return held | {desk / "own.db": told}
