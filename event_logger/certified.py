"""Certificates of a log: made, and held against it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from domain.errors import ExportError
from infrastructure.stores import is_part_of_store

if TYPE_CHECKING:
    from event_logger.reader import LogReader
    from projections.certificate import CertificateCheck


def certify(reader: LogReader, filepath: str | None = None) -> dict[str, Any]:
    """The rebuild certificate of the log as it is now, described in `docs/certificates.md`.

    The same log gives the same certificate wherever it is kept, but for the store's name. It
    is written to a file where one is named. Raises `CorruptLogError` for a log that is damaged,
    and `ExportError`.
    """
    from infrastructure.certifying import Certifying
    from infrastructure.files.replaced_file import refuse_no_path, replaced_file
    from projections.certificate import as_text

    if filepath is not None:
        refuse_no_path(filepath)
    if filepath is not None and is_part_of_store(reader._logs.store.url, filepath):
        raise ExportError(filepath, "it is the store of this log; name another file")
    reader._last_order()
    end = reader._logs.store.reads.end(reader._log.id).horizon
    made = Certifying(reader._logs.store, reader._log, end).document()
    if filepath is not None:
        with replaced_file(filepath) as file:
            file.write(as_text(made).encode())
    return made


def check_certificate(
    reader: LogReader, certificate: str | os.PathLike[str] | Mapping[str, Any]
) -> CertificateCheck:
    """Whether the log still gives what a certificate says, and the first order that differs.

    The certificate is a file's path, or the document as `certify` gives it. Raises
    `CertificateError` for what is none, is of a newer format, or is of another log.
    """
    from infrastructure.certificate_checks import checked, read_certificate

    name, read = read_certificate(certificate)
    reader._last_order()
    return checked(reader._logs.store, reader._log, name, read)
