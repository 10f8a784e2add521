"""What a witness refuses, with which status and alarm, is not kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from projections.checkpoint import COSIGNATURE, Checkpoint, Note, Signature
from projections.merkle import EMPTY_ROOT
from tests.infrastructure.witness_desk import (
    HASH,
    Desk,
    another_past,
    body,
    signed,
)
from tests.projections.test_verification import (
    LOG,
    ORIGIN,
    STRANGER,
    Signer,
    forged,
    growth,
    note_of,
)

OTHER_KEY = Signer(ORIGIN, COSIGNATURE)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "state")


REFUSED: dict[str, tuple[Callable[[], bytes], int, str, list[tuple[str, int | None]]]] = {
    "nothing": (lambda: b"", 400, "begins with the old size", []),
    "no text": (lambda: b"\xff\n\n", 400, "begins with the old size", []),
    "a note alone": (lambda: note_of(9), 400, "begins with the old size", []),
    "no size": (lambda: body("", note_of(9)), 400, "no number", []),
    "a size with a zero": (lambda: body("05", note_of(9)), 400, "no number", []),
    "a size below zero": (lambda: body(-5, note_of(9)), 400, "no number", []),
    "a huge size": (lambda: body(2**63, note_of(9)), 400, "no number", []),
    "a size without end": (lambda: body("9" * 5000, note_of(9)), 400, "no number", []),
    "a size beyond": (lambda: body(2**63 - 1, note_of(9)), 400, "is more than", []),
    "the size and a blank": (lambda: body("5 ", note_of(9)), 400, "no number", []),
    "carriage returns": (lambda: growth(5, 9).replace(b"\n", b"\r\n"), 400, "old size", []),
    "no note": (lambda: b"old 5\n\n", 400, "no signed note", []),
    "a note that is cut": (lambda: growth(5, 9)[:-1], 400, "no signed note", []),
    "no checkpoint": (lambda: body(5, signed("x\n")), 400, "no checkpoint", []),
    "a size that is none": (
        lambda: body(5, signed(f"{ORIGIN}\n09\n{HASH}\n")),
        400,
        "no number",
        [],
    ),
    "a root too short": (lambda: body(5, signed(f"{ORIGIN}\n9\nAAAA\n")), 400, "3 bytes", []),
    "an empty line in the text": (
        lambda: body(5, signed(f"{ORIGIN}\n9\n{HASH}\n\nx\n")),
        400,
        "no checkpoint",
        [],
    ),
    "a hash that is none": (lambda: body(5, note_of(9), "AAAA"), 400, "3 bytes", []),
    "a hash in other base64": (
        lambda: body(5, note_of(9), HASH.replace("2I=", "2J=")),
        400,
        "no base64",
        [],
    ),
    "too many hashes": (lambda: body(5, note_of(9), *[HASH] * 64), 400, "more than 63", []),
    "another log": (
        lambda: body(0, note_of(5, STRANGER, origin="example.org/other")),
        404,
        "no log of this origin",
        [],
    ),
    "an origin that is no key's": (lambda: body(0, note_of(5, origin="a log+")), 404, "no log", []),
    "a stranger's signature": (lambda: body(5, note_of(9, Signer("x"))), 403, "known key", []),
    "a stranger under its name": (
        lambda: body(5, str(Note(Note.parse(note_of(9)).text, [renamed()])).encode()),
        403,
        "known key",
        [],
    ),
    "the log's key as a cosigner": (lambda: body(5, note_of(9, OTHER_KEY)), 403, "known key", []),
    "a signature that fails": (
        lambda: growth(5, 9).replace(note_of(9), forged(note_of(9, STRANGER), LOG)),
        403,
        "does not hold",
        [],
    ),
    "one that holds and one that fails": (
        lambda: growth(5, 9).replace(note_of(9), forged(note_of(9), LOG)),
        403,
        "does not hold",
        [],
    ),
    "an older size told": (lambda: growth(3, 9), 409, "5\n", []),
    "a newer size told": (lambda: growth(7, 9), 409, "5\n", []),
    "none told": (lambda: growth(0, 9), 409, "5\n", []),
    "an older checkpoint": (lambda: growth(3, 4), 409, "5\n", [("rollback", 4)]),
    "an older one, sizes as they are": (
        lambda: body(5, note_of(4)),
        400,
        "is more than",
        [("rollback", 4)],
    ),
    "an empty log": (
        lambda: body(0, signed(str(Checkpoint(ORIGIN, 0, EMPTY_ROOT)))),
        409,
        "5\n",
        [("rollback", 0)],
    ),
    "another root of this size": (
        lambda: body(5, another_past(5)),
        422,
        "not shown",
        [("fork", 5)],
    ),
    "another root, another size told": (
        lambda: body(3, another_past(5)),
        409,
        "5\n",
        [("fork", 5)],
    ),
    "another past": (
        lambda: growth(5, 9).replace(note_of(9), another_past(9)),
        422,
        "not shown",
        [("fork", 9)],
    ),
    "no proof": (lambda: body(5, note_of(9)), 422, "not shown", [("fork", 9)]),
    "a proof of nothing": (lambda: body(5, note_of(5), HASH), 422, "not shown", [("fork", 5)]),
    "a proof and more": (
        lambda: growth(5, 9).replace(b"\n\n", f"\n{HASH}\n\n".encode(), 1),
        422,
        "not shown",
        [("fork", 9)],
    ),
}


def renamed() -> Signature:
    """A stranger's signature under the log's name: another key, and so another id."""
    return Signer("x").sign(Note.parse(note_of(9)).text)._replace(name=ORIGIN)


@pytest.mark.parametrize("what", REFUSED)
def test_what_it_refuses_is_not_kept(desk: Desk, what: str) -> None:
    made, status, sentence, alarms = REFUSED[what]
    assert desk.post(growth(0, 5))[0] == 200
    for _ in range(2):
        answered, said = desk.post(made())
        assert (answered, sentence in said) == (status, True), said
    assert desk.kinds == alarms
    assert desk.kept == 5
    assert desk.post(growth(5, 13))[0] == 200


NOT_FIRST: dict[str, tuple[Callable[[], bytes], int, list[tuple[str, int | None]]]] = {
    "a proof beside nothing": (lambda: body(0, note_of(5), HASH), 422, []),
    "a size that is not kept": (lambda: growth(3, 5), 409, []),
    "an empty tree with a root": (
        lambda: body(0, signed(str(Checkpoint(ORIGIN, 0, bytes(32))))),
        422,
        [("fork", 0)],
    ),
}


@pytest.mark.parametrize("what", NOT_FIRST)
def test_what_cannot_be_the_first(desk: Desk, what: str) -> None:
    made, status, alarms = NOT_FIRST[what]
    answered, said = desk.post(made())
    assert answered == status
    assert status != 409 or said == "0\n"
    assert desk.kinds == alarms
    assert desk.kept is None
