"""Text on a terminal is nothing but text, and one line."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.printable import printable

ANY_TEXT = st.text(st.characters())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("WALLET→BINANCE", "WALLET→BINANCE"),
        ("börse \U0001f980 :crab: [bold]", "börse \U0001f980 :crab: [bold]"),
        ("\x1b[31mred", r"\u001b[31mred"),
        ("\x1b]0;title\x07", r"\u001b]0;title\u0007"),
        ("one\ntwo\r\ttab", r"one\ntwo\r\ttab"),
        ("\x00\x7f\x85\x9b", r"\u0000\u007f\u0085\u009b"),
        ("a\u202eb\u2066c\u200fd\u061c", r"a\u202eb\u2066c\u200fd\u061c"),
        ("a\u200bb\u200dc\u2060d\ufeff\u00ad", r"a\u200bb\u200dc\u2060d\ufeff\u00ad"),
        ("a\u2028b\u2029c\x0bd\x0c", r"a\u2028b\u2029c\u000bd\u000c"),
        ("\ud800x\udfff", r"\ud800x\udfff"),
        ("a\u00a0b\u3000", r"a\u00a0b\u3000"),
        ("a\ufe0f\u3164\u115f\u034f", r"a\ufe0f\u3164\u115f\u034f"),
        ("\U000e0041\U000e0101\ue000", r"\udb40\udc41\udb40\udd01\ue000"),
    ],
)
def test_what_acts_or_is_not_seen_is_escaped(text: str, expected: str) -> None:
    assert printable(text) == expected


@given(ANY_TEXT)
def test_nothing_else_is_left(text: str) -> None:
    shown = printable(text)
    assert all(unicodedata.category(one)[0] not in "CZ" or one == " " for one in shown)
    assert printable(shown) == shown
    shown.encode()


@given(ANY_TEXT)
def test_a_line_of_json_says_what_it_said(text: str) -> None:
    assert json.loads(printable(json.dumps({text: text}, ensure_ascii=False))) == {text: text}
