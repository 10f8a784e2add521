"""Who a writer says it is."""

from __future__ import annotations

import sys

import orjson
import pytest

from infrastructure.writers import introduce


def test_a_program_whose_name_is_no_text_is_introduced_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "argv", ["/opt/strat\udce9gie.py"])
    assert orjson.loads(introduce().introduction)["program"] == r"strat\udce9gie.py"
