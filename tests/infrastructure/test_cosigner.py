"""What a live log's cosigner was given by its witnesses, read while one of them answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from domain.audit_log import AuditLog
from infrastructure.cosigned import Cosigned
from infrastructure.followers import cosigner
from infrastructure.stores import open_store
from infrastructure.witness_client import Asked
from projections.checkpoint import COSIGNATURE, Note
from tests.projections.test_verification import LOG, Signer, note_of

WITNESS = Signer("witness.example/w1", COSIGNATURE)


class Interrupted(str):
    """A text with which something else has happened by the time that it is compared."""

    before: Callable[[], object]
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        is_same = str.__eq__(self, other)
        self.before()
        return is_same


def test_no_cosignature_stands_under_another_checkpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    def answered(proving: Any, note: bytes, *rest: Any) -> Cosigned:
        read = Note.parse(note)
        return Cosigned(
            str(Note(read.text, [*read.signatures, WITNESS.sign(read.text)])).encode(), []
        )

    monkeypatch.setattr(cosigner, "cosigned", answered)
    former, later = note_of(5, LOG), note_of(9, LOG)
    text = Note.parse(former).text
    with open_store(":memory:") as store:
        asking = cosigner.Cosigner(store, AuditLog.open("live"), [Asked("http://w1.example")], 0.0)
        asking.offer(former)
        asking.thread._round()
        assert asking.lines(text) == [WITNESS.sign(text)]
        asking.offer(later)
        compared = Interrupted(text)
        compared.before = asking.thread._round
        assert set(asking.lines(compared)) <= {WITNESS.sign(text)}
