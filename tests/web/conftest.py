"""What tests of the page are given."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.web.client import asking, desk

if TYPE_CHECKING:
    from starlette.testclient import TestClient


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The store that `tests.web.client.desk` makes."""
    return desk(tmp_path_factory.mktemp("desk"))


@pytest.fixture(scope="module")
def client(store: str) -> Iterator[TestClient]:
    """A client of its page."""
    with asking(store) as client:
        yield client
