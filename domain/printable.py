"""Text as a terminal may be shown it: what cannot be seen, or acts, stands there escaped."""

from __future__ import annotations

import re

_NAMED = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}

# Printable by their category, and yet nothing is seen of them: fillers, joiners, variation
# selectors (Unicode's Default_Ignorable_Code_Point).
_UNSEEN = (
    "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef"
)

_IS_UNSEEN = re.compile(f"[{_UNSEEN}]")
# Of these nothing is escaped, and nearly all text is made of nothing else.
_IS_PLAIN = re.compile(r"[ -~]*\Z").match


def printable(text: str) -> str:
    r"""The text on one line, with nothing in it that a terminal obeys or that nobody sees.

    Control characters (C0, C1), bidirectional marks, line separators, zero-width characters, blanks
    other than the space and lone surrogates are written as JSON writes them: `\n`, `\u001b`,
    `\u202e`. In a line of JSON it changes nothing of what the line says.
    """
    if _IS_PLAIN(text) or (text.isprintable() and not _IS_UNSEEN.search(text)):
        return text
    return "".join(map(_shown, text))


def _shown(character: str) -> str:
    if character.isprintable() and not _IS_UNSEEN.match(character):
        return character
    return _NAMED.get(character) or json_escapes(character)


def json_escapes(text: str) -> str:
    r"""Each character as JSON can always write it: `\u00e9`, or two of them beyond the BMP."""
    units = text.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[i : i + 4]}" for i in range(0, len(units), 4))
