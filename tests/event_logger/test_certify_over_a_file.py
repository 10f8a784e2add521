"""A certificate is written over one that its log still fulfils, and over nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from event_logger import EventLogger, ExportError, open_log
from tests.commands import run
from tests.support import HOUR, log_amounts, url_of


@pytest.fixture
def url(tmp_path: Path) -> str:
    url = url_of(tmp_path / "runs.db")
    with EventLogger(store=url) as logger:
        log_amounts(logger, 1, 2, 3)
    return url


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "certificate.json"


NO_CERTIFICATES = {
    "notes": b"what the auditor said\n",
    "another JSON": b'{"format": "event-logger/baseline/v1"}\n',
    "a cut certificate": b'{\n  "format": "event-logger/certificate/v1",\n  "store": "sql',
    "bytes": bytes(range(256)),
}


@pytest.mark.parametrize("content", NO_CERTIFICATES.values(), ids=NO_CERTIFICATES)
def test_a_file_that_is_no_certificate_stays(url: str, target: Path, content: bytes) -> None:
    target.write_bytes(content)
    with open_log(url) as reader, pytest.raises(ExportError) as raised:
        reader.certify(str(target))
    assert "what is there is no certificate, and is not written over; name another file" in str(
        raised.value
    )
    assert target.read_bytes() == content
    assert "is not written over" in run("certify", "--store", url, "-o", str(target), code=1).stderr


def test_another_store_stays(url: str, target: Path) -> None:
    with EventLogger(store=url_of(target)) as other:
        log_amounts(other, 1)
        with open_log(url) as reader, pytest.raises(ExportError, match="is not written over"):
            reader.certify(str(target))
        log_amounts(other, 2)
    assert open_log(url_of(target)).global_order == 2


def test_the_certificate_of_another_log_stays(url: str, target: Path) -> None:
    with EventLogger() as other:
        other.certify(str(target))
    before = target.read_bytes()
    with open_log(url) as reader, pytest.raises(ExportError, match="of another log"):
        reader.certify(str(target))
    assert target.read_bytes() == before


def test_a_certificate_that_the_log_does_not_fulfil_any_more_is_evidence_and_stays(
    url: str, target: Path
) -> None:
    run("certify", "--store", url, "-o", str(target))
    changed = target.read_bytes().replace(b'"sum": "6"', b'"sum": "7"')
    target.write_bytes(changed)
    with open_log(url) as reader, pytest.raises(ExportError, match="does not give any more"):
        reader.certify(str(target))
    assert target.read_bytes() == changed


def test_the_log_s_own_certificate_is_replaced_by_that_of_a_longer_log(
    url: str, target: Path
) -> None:
    target.touch()
    run("certify", "--store", url, "-o", str(target))
    before = target.read_bytes()
    with EventLogger(store=url) as logger:
        logger.log_event(HOUR, "NOTE", "V")
        logger.certify(str(target))
        assert target.read_bytes() != before
        assert logger.check_certificate(str(target)).holds


def test_what_is_no_file_is_written_into(url: str) -> None:
    run("certify", "--store", url, "-o", os.devnull)
