"""A log held against its certificate: whether it gives the same, and where it first does not."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from domain.audit_log import AuditLog
from domain.errors import CertificateError, CorruptLogError, shown
from domain.horizon import Horizon
from infrastructure.audit_rules import rules_named
from infrastructure.certifying import Certifying, PrefixDiffersError
from infrastructure.continued import has_had_identity
from infrastructure.files.paths import why_no_path
from infrastructure.leaves import Leaf
from infrastructure.store import LogStore
from projections.certificate import Certificate, CertificateCheck, Difference


def read_certificate(source: str | os.PathLike[str] | Mapping[str, Any]) -> tuple[str, Certificate]:
    """The certificate at a path, or the document itself, and what errors call it.

    Raises `CertificateError` for what cannot be read, or is no certificate of this version.
    """
    if isinstance(source, Mapping):
        name = "the certificate"
        try:
            return name, Certificate.parse(json.dumps(source))
        except (TypeError, ValueError) as error:
            problem = f"is no certificate ({error})" if isinstance(error, TypeError) else str(error)
            raise CertificateError(name, problem) from None
    no_path = why_no_path(source)
    if no_path is not None:
        raise CertificateError(shown(source), no_path)
    name = str(source)
    try:
        return name, Certificate.parse(Path(source).read_bytes())
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise CertificateError(name, f"cannot be read ({reason})") from error
    except ValueError as error:
        raise CertificateError(name, str(error)) from None


def checked(
    store: LogStore, log: AuditLog, name: str, certificate: Certificate
) -> CertificateCheck:
    """Whether the log gives what the certificate says, at the certificate's horizon.

    What was logged since is not looked at. Raises `CertificateError` for one of another log.
    """
    said = certificate.said
    try:
        is_of_it = has_had_identity(store, log, said["identity"])
    except CorruptLogError:
        is_of_it = False
    if not is_of_it:
        raise CertificateError(name, _of_another(said, log))
    end = store.reads.end(log.id).horizon
    upto = min(certificate.horizon, end, key=lambda horizon: horizon.position)
    making = Certifying(store, log, upto, certificate)
    try:
        if end.position < certificate.horizon.position:
            making.take_leaves()
            return _cut(log, certificate.horizon, end)
        found = making.document(with_rules=False)
    except PrefixDiffersError as error:
        return _differs(log, error)
    except CorruptLogError as error:
        first = min(error.order, _order(making.uncompared[0]) if making.uncompared else error.order)
        message = f"log {shown(log.name)} is not what the certificate says: {error}"
        return CertificateCheck(False, message, (first, error.order))
    found = json.loads(json.dumps(found))
    differences, not_compared = certificate.compared(found)
    if said["rules"] is not None:
        differences += _rules(making.rules(), said["rules"], not_compared)
    return _result(log, certificate, differences, not_compared)


def _of_another(said: dict[str, Any], log: AuditLog) -> str:
    other = f"is of log {shown(said['log'])} of the identity {said['identity']}"
    origin = log.metadata.get("imported_from")
    while isinstance(origin, dict):
        if origin.get("identity") == said["identity"]:
            return (
                f"{other}, from which log {shown(log.name)} was imported as a log of its own: check"
                " it against the log that it is of"
            )
        origin = origin.get("imported_from")
    return f"{other}, and log {shown(log.name)} is another: its identity is {log.identity}"


def _cut(log: AuditLog, certified: Horizon, end: Horizon) -> CertificateCheck:
    """All that is there is as it was, and the rest is gone."""
    position = end.position + 1
    if end.order < certified.order:
        order = end.order + 1
        what = f"order {order} is missing, and what came after it"
        orders = (order, order)
    else:
        what, orders = f"its transition {end.transition + 1} is missing", None
    return CertificateCheck(
        False,
        f"log {shown(log.name)} ends at {end}, and the certificate goes up to {certified}: {what}",
        orders,
        position,
    )


def _differs(log: AuditLog, error: PrefixDiffersError) -> CertificateCheck:
    orders = _order(error.first), _order(error.last)
    where = _where(error.last)
    if error.first is not error.last:
        where = f"one of those between {_where(error.first)} and {where}"
    return CertificateCheck(
        False,
        f"log {shown(log.name)} is not what the certificate says, from {where} on",
        (min(orders), max(orders)),
        error.position,
    )


def _order(leaf: Leaf) -> int:
    return 0 if leaf.entry is None else leaf.entry.order


def _where(leaf: Leaf) -> str:
    if leaf.entry is None:
        return "its opening"
    order, number = leaf.entry.order, leaf.entry.number
    position = f"position {leaf.entry.horizon.position}"
    if number is None:
        return f"order {order} ({position})"
    return f"transition {number}, of order {order} ({position})"


def _rules(
    found: dict[str, Any], said: dict[str, Any], not_compared: list[str]
) -> list[Difference]:
    # The others judge what may change while the entries stay: tables beside them, a writer's end.
    of_entries = {rule.NAME for rule in rules_named(None) if rule.IS_OF_ENTRIES}
    differences = []
    for name, certified in said.items():
        now = found.get(name)
        # What was put in a rule's place has no version, and is no result of any.
        is_result = isinstance(certified, dict)
        if now is None or (is_result and now["version"] != certified.get("version")):
            not_compared.append(f"rule {name}: of another version now")
        elif name in of_entries and now != certified:
            differences.append(Difference(f"rule {name}", certified, now))
    return differences


def _result(
    log: AuditLog,
    certificate: Certificate,
    differences: list[Difference],
    not_compared: list[str],
) -> CertificateCheck:
    if not differences:
        tree = certificate.said["tree"]
        message = (
            f"log {shown(log.name)} gives what the certificate says: {tree['size']:,} leaves up to"
            f" {certificate.horizon} under the root {tree['root']}"
        )
        return CertificateCheck(True, message, not_compared=tuple(not_compared))
    named = ", ".join(one.what for one in differences)
    message = (
        f"log {shown(log.name)} and the certificate do not agree in {named}, though every entry is"
        " as it was: the certificate was changed, or the log gives something else now"
    )
    if any(one.what == "root" for one in differences):
        message = (
            f"log {shown(log.name)} and the certificate do not agree in {named}, and no prefix"
            " tells where: the certificate itself was changed"
        )
    return CertificateCheck(
        False, message, differences=tuple(differences), not_compared=tuple(not_compared)
    )
