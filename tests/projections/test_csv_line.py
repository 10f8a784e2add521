"""A line of CSV is what the standard library reads back, cell by cell."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from projections.csv_cells import RESTORED

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=120)
cells = st.none() | texts | st.floats() | st.integers() | st.sampled_from(['"', ",", "\r", "\n"])


def csv_line(row: list[Any]) -> str:
    return ",".join(RESTORED[type(value)](value) for value in row) + "\n"


@given(st.lists(cells, min_size=2, max_size=8))
def test_the_standard_library_reads_every_cell_back(row: list[Any]) -> None:
    (read,) = csv.reader(io.StringIO(csv_line(row), newline=""), strict=True)
    assert read == ["" if cell is None else str(cell) for cell in row]


def test_cells_are_quoted_only_where_they_must_be() -> None:
    assert csv_line(["a b", 'a"b', "a,b", None, 1, 1.5]) == 'a b,"a""b","a,b",,1,1.5\n'
    assert csv_line([True, Decimal("1.10"), [1, 2], {"a": Decimal("1.10")}]) == (
        'True,1.10,"[1,2]","{""a"":1.10}"\n'
    )
