"""What tests of proofs are given: a desk of their own, copied from one that is made once."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.proofs.desk import Desk


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("desk")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EVENT_LOGGER_CHECKPOINTS", str(folder / "kept"))
        Desk(folder).make()
    return folder


@pytest.fixture
def desk(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setenv("EVENT_LOGGER_CHECKPOINTS", str(tmp_path / "kept"))
    monkeypatch.delenv("EVENT_LOGGER_KEY", raising=False)
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return Desk(tmp_path)
