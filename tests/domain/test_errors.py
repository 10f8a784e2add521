"""Errors: one line of text whatever they speak of, and the same in another process."""

from __future__ import annotations

import copy
import inspect
import pickle
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

import event_logger.demo.market_files
import event_logger.demo.run  # noqa: F401 - for the errors that it defines
from domain.errors import EventLoggerError, InvalidAmountError

HOSTILE = "a\x1b[31m\n\u202eb\u200b\x9b\ud800\ufe0f\u00a0c"
VALUES: dict[str, Any] = {
    "order": 7,
    "version": 7,
    "last_order": 6,
    "row": 3,
    "found": 6,
    "size": 7,
    "names": [HOSTILE, "b"],
    "fields": (HOSTILE,),
    "legal": ("submitted", HOSTILE),
    "tx_hash": HOSTILE,
    "value": {"amount": HOSTILE},
    "folder": Path("a"),
    "file": Path("a"),
}


def kinds(root: type[EventLoggerError] = EventLoggerError) -> Iterator[type[EventLoggerError]]:
    for kind in root.__subclasses__():
        yield kind
        yield from kinds(kind)


ALL = sorted(set(kinds()), key=lambda kind: kind.__name__)


def made(kind: type[EventLoggerError]) -> EventLoggerError:
    names = list(inspect.signature(kind).parameters)
    return kind(*(VALUES.get(name, HOSTILE) for name in names))


def raise_one(name: str) -> None:
    raise made(next(kind for kind in ALL if kind.__name__ == name))


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_the_text_is_one_line_that_no_terminal_obeys(kind: type[EventLoggerError]) -> None:
    text = str(made(kind))
    assert text.isprintable()
    assert "\ufe0f" not in text


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_it_comes_back_as_itself_with_its_fields(kind: type[EventLoggerError]) -> None:
    error = made(kind)
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert type(again) is kind
        assert (str(again), again.args, vars(again)) == (str(error), error.args, vars(error))


def test_it_does_so_out_of_a_pool_of_processes() -> None:
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        for kind in ALL:
            with pytest.raises(kind) as raised:
                pool.submit(raise_one, kind.__name__).result()
            assert vars(raised.value).keys() == vars(made(kind)).keys()


class _NotMadeAgain:
    def __reduce__(self) -> tuple[Any, ...]:
        return int, ("no number",)


@pytest.mark.parametrize(
    "value", [threading.Lock(), lambda: 1, iter(lambda: 1, 2), _NotMadeAgain()], ids=type
)
def test_a_value_that_cannot_be_pickled_goes_as_its_text(value: object) -> None:
    again = pickle.loads(pickle.dumps(InvalidAmountError("amount", value, "is none")))
    assert (type(again), again.path, str(again)) == (InvalidAmountError, "amount", "amount is none")
    assert isinstance(again.value, str)
