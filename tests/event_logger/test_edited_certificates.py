"""What is no certificate is refused, and what was edited in one is not what the log gives."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from event_logger import CertificateError, open_log
from tests.event_logger.test_certify import run, written


def edited(text: str, **changes: Any) -> str:
    return json.dumps(json.loads(text) | changes)


def other_root(text: str) -> str:
    tree = json.loads(text)["tree"]
    return edited(text, tree=tree | {"root": "0" * 64})


def other_prefixes(text: str, digests: str) -> str:
    tree = json.loads(text)["tree"]
    return edited(text, tree=tree | {"prefixes": {"every": 1, "digests": digests}})


EDITED: dict[str, tuple[Callable[[str], str], str]] = {
    "root": (other_root, "do not agree in root, and no prefix tells where"),
    "count": (lambda text: edited(text, counts={}), "do not agree in counts, though"),
    "log": (lambda text: edited(text, log="x"), "do not agree in log, though"),
    "mode": (lambda text: edited(text, mode="live"), "do not agree in mode, though"),
    "metadata": (lambda text: edited(text, metadata={}), "do not agree in metadata, though"),
    "time": (lambda text: edited(text, committed_at=None), "do not agree in committed_at"),
    "writers": (lambda text: edited(text, writers=[]), "do not agree in writers, though"),
    "a rule": (lambda text: text.replace('"errors": 0', '"errors": 1', 1), "rule orders"),
    "text in a rule's place": (lambda text: edited(text, rules={"orders": "x"}), "rule orders"),
    "a number in a rule's place": (lambda text: edited(text, rules={"orders": 1}), "rule orders"),
    "a count that says a version": (
        lambda text: edited(text, counts={"version": 1}),
        "do not agree in counts, though",
    ),
    "metadata that say a version": (
        lambda text: edited(text, metadata={"version": 1}),
        "do not agree in metadata, though",
    ),
    "the leaf": (lambda text: text.replace("/leaf/v1", "/leaf/v7"), "do not agree in leaf, though"),
    "prefixes": (lambda text: other_prefixes(text, "AAAA" * 12), "its opening"),
}


@pytest.mark.parametrize("what", EDITED)
def test_a_certificate_that_was_edited_is_not_what_the_log_gives(tmp_path: Path, what: str) -> None:
    edit, sentence = EDITED[what]
    url, target = written(tmp_path / "runs.db"), tmp_path / "certificate.json"
    run("certify", "--store", url, "-o", target)
    target.write_text(edit(target.read_text()))
    result = run("certify", "--store", url, "--check", target)
    assert result.exit_code == 1
    assert sentence in result.stdout


NONE: dict[str, tuple[Callable[[str], str], str]] = {
    "nothing": (lambda text: "", "is no JSON, or was cut"),
    "cut": (lambda text: text[:-200], "is no JSON, or was cut"),
    "no object": (lambda text: "[]", "is no certificate"),
    "no identity": (lambda text: edited(text, identity="9" * 5000), "its identity is '9999"),
    "another document": (lambda text: "{}", "is no certificate"),
    "a name twice": (lambda text: text.replace("{", '{"log": "x",', 1), "stands there twice"),
    "no number": (lambda text: text.replace('"errors": 0', '"errors": NaN', 1), "NaN is no number"),
    "deeply nested": (lambda text: "[" * 100_000, "is no JSON, or was cut"),
    "newer": (
        lambda text: edited(text, format="event-logger/certificate/v2"),
        "is a certificate of format 'event-logger/certificate/v2', and this version reads"
        " 'event-logger/certificate/v1'",
    ),
    "a field missing": (
        lambda text: edited(text, format="event-logger/certificate/v1").replace("mode", "mod"),
        "is no whole certificate",
    ),
    "a field too many": (lambda text: edited(text, colour="red"), "'colour' is unknown"),
    "a wrong type": (lambda text: edited(text, log=7), "its log is 7"),
    "no hash": (
        lambda text: edited(text, projections={"csv": {"version": 1, "sha256": "x"}}),
        "no SHA",
    ),
    "no horizon": (lambda text: edited(text, horizon="-1"), "contradicts itself"),
    "another horizon": (lambda text: edited(text, horizon="7"), "contradicts itself"),
    "too few prefixes": (lambda text: other_prefixes(text, "AAAA"), "contradicts itself"),
    "no base64": (lambda text: other_prefixes(text, "?"), "is no whole certificate"),
}


@pytest.mark.parametrize("what", NONE)
def test_what_is_no_certificate_is_refused_in_one_sentence(tmp_path: Path, what: str) -> None:
    edit, sentence = NONE[what]
    url, target = written(tmp_path / "runs.db"), tmp_path / "certificate.json"
    run("certify", "--store", url, "-o", target)
    target.write_text(edit(target.read_text()))
    result = run("certify", "--store", url, "--check", target)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"event-logger: {target} ")
    assert sentence in result.stderr
    assert result.stderr.count("\n") == 1
    with open_log(url) as reader, pytest.raises(CertificateError) as caught:
        reader.check_certificate(target)
    assert caught.value.certificate == str(target)


@pytest.mark.parametrize("name", ["missing.json", ".", "a\0b"])
def test_what_cannot_be_read_is_said(tmp_path: Path, name: str) -> None:
    with open_log(written(tmp_path / "runs.db")) as reader:
        with pytest.raises(CertificateError, match=r"cannot be read|NUL"):
            reader.check_certificate(str(tmp_path / name))
        for document in ({}, {"format": object()}):
            with pytest.raises(CertificateError, match=r"^the certificate is no certificate"):
                reader.check_certificate(document)
