"""`checkpoint --every` and what happens beside it: health, signals, an output that is full."""

from __future__ import annotations

import errno
import os
import signal

import pytest

from domain.audit_log import AuditLog
from infrastructure.checkpointing import Checkpointing
from infrastructure.signing import read_key
from infrastructure.store import LogStore
from tests.commands import run
from tests.event_logger.test_cosigned_checkpoints import Desk, made  # noqa: F401
from tests.event_logger.test_running_checkpoints import desk, running  # noqa: F401
from tests.redis_server import eventually


def test_what_is_signed_while_health_is_asked_is_no_lost_tail(
    desk: Desk,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def meanwhile(store: LogStore, log: AuditLog) -> list[object]:
        desk.log(4)
        assert Checkpointing(store, log, read_key(desk.key)).sign().checkpoint.size == 5
        return []

    monkeypatch.setattr("infrastructure.health._positions", meanwhile)
    run("health", "--store", desk.url)


def test_to_be_told_again_and_again_is_to_wait_no_longer(
    desk: Desk,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    alarms: list[int] = []
    monkeypatch.setattr(signal, "alarm", alarms.append)

    def stuck(*_: object) -> None:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGTERM):
            os.kill(os.getpid(), number)

    monkeypatch.setattr("infrastructure.files.checkpoint_file.CheckpointFile.publish", stuck)
    run("checkpoint", "--store", desk.url, "--key", desk.key, "--every", "1", "-o", str(desk.out))
    assert alarms == [5, 0]


@pytest.mark.parametrize("how", [(), ("--json",)])
def test_an_output_that_is_full_is_said_and_signing_goes_on(
    desk: Desk,  # noqa: F811
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch,
    how: tuple[str, ...],
) -> None:  # fmt: skip
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("infrastructure.files.replaced_file._standard_output", full)
    monkeypatch.setattr("event_logger.cli.checkpointing.say", full)
    running(desk, lambda: eventually(lambda: "No space left" in caplog.text), "--every", "1", *how)
    assert "- was not written: No space left on device; log 'default' is signed" in caplog.text
