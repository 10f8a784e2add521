"""A file that is mounted by itself is refused: its write-ahead log would be another's."""

from __future__ import annotations

from pathlib import Path

import pytest

from domain.errors import StoreError
from event_logger import EventLogger, open_log
from infrastructure.stores import back_up_store
from infrastructure.stores.sqlite import mounts
from tests.support import log_amounts, url_of

LINE = "36 35 98:0 /srv/{root} {point} rw,noatime master:1 - ext4 /dev/root rw,errors=continue\n"
OTHERS = (
    "22 1 0:20 / /proc rw - proc proc rw\n\n36\n"
    "50 1 0:31 / /tmp rw - tmpfs tmpfs rw\n"
    "51 1 0:31 /a /tmp/runs.db.d rw - tmpfs tmpfs rw\n"
)


def mount(monkeypatch: pytest.MonkeyPatch, folder: Path, point: str) -> None:
    escaped = point.replace("\\", r"\134").replace(" ", r"\040").replace("\n", r"\012")
    table = folder / "mountinfo"
    table.write_text(OTHERS + LINE.format(root="runs.db", point=escaped))
    monkeypatch.setattr(mounts, "MOUNTS", table)


@pytest.mark.parametrize("name", ["runs.db", "two words.db", "a\\b.db", "a\nb.db", "größe.db"])
@pytest.mark.parametrize("is_empty", [False, True])
def test_a_store_that_is_mounted_by_itself_is_refused_by_whatever_opens_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, is_empty: bool
) -> None:
    path, link = tmp_path / name, tmp_path / "link.db"
    link.symlink_to(path)
    path.touch()
    if not is_empty:
        with EventLogger(store=url_of(path)) as logger:
            log_amounts(logger, 1)
    before = path.read_bytes()
    mount(monkeypatch, tmp_path, str(path))
    for one in (path, link):
        for opening in (
            lambda: EventLogger(store=url_of(one)),  # noqa: B023
            lambda: open_log(url_of(one)),  # noqa: B023
            lambda: back_up_store(url_of(one), str(tmp_path / "copy.db")),  # noqa: B023
        ):
            with pytest.raises(StoreError, match=r"is mounted by itself.*mount its folder"):
                opening()
    assert path.read_bytes() == before


@pytest.mark.parametrize("point", ["", "runs", "runs.db-wal", "runs.db/x", "other.db"])
def test_what_else_is_mounted_is_no_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    mount(monkeypatch, tmp_path, str(tmp_path / point) if point else str(tmp_path))
    with EventLogger(store=url_of(tmp_path / "runs.db")) as logger:
        assert log_amounts(logger, 1) == [1]


def test_where_nothing_tells_what_is_mounted_a_store_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mounts, "MOUNTS", tmp_path / "no" / "mountinfo")
    with EventLogger(store=url_of(tmp_path / "runs.db")) as logger:
        assert log_amounts(logger, 1) == [1]
