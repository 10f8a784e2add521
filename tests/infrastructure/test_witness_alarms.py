"""An alarm that a witness has kept is said, however it ended before it could say it."""

from __future__ import annotations

from pathlib import Path

import pytest

from infrastructure.witness import Witness
from projections.witnessing import Alarm
from tests.infrastructure.witness_desk import KEY, POLICY, Desk, another_past, body
from tests.projections.test_verification import growth


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "state")


def killed_before_it_says(desk: Desk, asked: bytes) -> None:
    """The witness ends once it has kept what speaks against a log, and says nothing."""

    def dies(alarm: Alarm) -> None:
        raise KeyboardInterrupt

    desk.witness = Witness(KEY, POLICY, desk.folder, dies)
    with pytest.raises(KeyboardInterrupt):
        desk.post(asked)


def test_an_alarm_that_was_kept_and_not_said_is_said_at_the_next_start(desk: Desk) -> None:
    desk.post(growth(0, 5))
    killed_before_it_says(desk, body(5, another_past(5)))
    killed_before_it_says(desk, growth(3, 4))
    for found in ([("fork", 5), ("rollback", 4)], []):
        desk.open()
        desk.witness.tell_unsaid()
        assert desk.kinds == found
        desk.alarms.clear()
    # What was said is not said again, and what comes anew is.
    desk.post(growth(2, 3))
    assert desk.kinds == [("rollback", 3)]


@pytest.mark.parametrize("kept", [b"", b"{}", b"nonsense", b'{"kind": 1}', b"\xff" * 9])
def test_an_alarm_whose_keeping_was_damaged_is_said_all_the_same(desk: Desk, kept: bytes) -> None:
    desk.post(growth(0, 5))
    killed_before_it_says(desk, growth(3, 4))
    (path,) = desk.folder.glob("*.rollback-unsaid")
    path.write_bytes(kept)
    desk.open()
    desk.witness.tell_unsaid()
    assert desk.kinds == [("rollback", None)]
    assert not path.exists()


def test_a_full_disk_hides_no_fork(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.post(growth(0, 5))

    def fails(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", fails)
        assert desk.post(body(5, another_past(5)))[0] == 422
    assert desk.kinds == [("fork", 5)]
