"""Certificates of a log: made, and held against it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from domain.errors import CertificateError, ExportError
from infrastructure.stores import holds_store, is_part_of_store

if TYPE_CHECKING:
    from event_logger.reader import LogReader
    from projections.certificate import CertificateCheck


def certify(reader: LogReader, filepath: str | None = None) -> dict[str, Any]:
    """The rebuild certificate of the log as it is now, described in `docs/certificates.md`.

    The same log gives the same certificate wherever it is kept, but for the store's name. It
    is written to a file where one is named; over a file that is there only if that is a certificate
    of this log that still holds: another is evidence, or none. Raises `CorruptLogError` for a log
    that is damaged, and `ExportError`.
    """
    from infrastructure.certifying import Certifying
    from infrastructure.files.replaced_file import OUTPUT_FILES, refuse_no_path, replaced_file
    from projections.certificate import as_text

    if filepath is not None:
        refuse_no_path(filepath)
    if filepath is not None and is_part_of_store(reader._logs.store.url, filepath):
        raise ExportError(filepath, "it is the store of this log; name another file")
    reader._last_order()
    if filepath is not None and filepath not in OUTPUT_FILES:
        _refuse_to_replace(reader, filepath)
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


def _refuse_to_replace(reader: LogReader, filepath: str) -> None:
    """Raises `ExportError` for a file that a certificate of this log is not written over."""
    from infrastructure.certificate_checks import checked, read_certificate

    path = Path(filepath)
    if not path.is_file() or path.stat().st_size == 0:
        return
    kept = "and is not written over; name another file"
    # A store is not even opened: that would drop the locks that this process holds on it.
    if holds_store(filepath) or path.stat().st_size > _LARGEST:
        raise ExportError(filepath, f"what is there is no certificate, {kept}")
    try:
        name, read = read_certificate(filepath)
    except CertificateError as error:
        raise ExportError(filepath, f"what is there is no certificate, {kept}") from error
    if read.said["identity"] != reader._log.identity:
        raise ExportError(filepath, f"what is there is the certificate of another log, {kept}")
    if not checked(reader._logs.store, reader._log, name, read).holds:
        problem = "what is there is a certificate of what the log does not give any more"
        raise ExportError(filepath, f"{problem}: it is evidence, {kept}")


_LARGEST = 64 * 2**20
"""Bytes; a certificate has less than a tenth of that."""
