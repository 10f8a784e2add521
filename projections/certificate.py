"""A rebuild certificate: what a log gives at one horizon, to be held against it years later.

The document is strict JSON, and the same for the same log wherever it is kept, but for the store's
name. `docs/certificates.md` describes it field by field.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, NamedTuple

from domain.checks import is_identity
from domain.errors import shown
from domain.horizon import Horizon
from projections.merkle import HASH_BYTES, Tree

FORMAT = "event-logger/certificate/v1"
MOST_PREFIXES = 65_536
"""How many prefixes a certificate tells of at most: of a log that long, every one."""

PREFIX_BYTES = 3
_FORMATS = "event-logger/certificate/v"


class Prefixes:
    """The log's tree as it grows, and a short digest of every prefix or of every so many.

    A prefix's digest is the first three bytes of the SHA-256 of its leaves' hashes, one after the
    other. They tell where two logs part; whether they do is told by the root alone.
    """

    def __init__(self, size: int) -> None:
        self.every = 1
        while size > self.every * MOST_PREFIXES:
            self.every *= 2
        self.tree = Tree()
        self._running = sha256()
        self._told = bytearray()

    def append(self, leaf: bytes) -> bytes | None:
        """Add a leaf by its hash; the digest of the prefix that ends here, where one is told."""
        self.tree.append(leaf)
        self._running.update(leaf)
        if self.tree.size % self.every:
            return None
        told = self._running.copy().digest()[:PREFIX_BYTES]
        self._told += told
        return told

    def as_dict(self) -> dict[str, Any]:
        """What the certificate says of them."""
        return {"every": self.every, "digests": b64encode(self._told).decode()}


class Difference(NamedTuple):
    """One thing of which the certificate says something else than the log gives now."""

    what: str
    certified: Any
    found: Any


@dataclass(frozen=True, slots=True)
class CertificateCheck:
    """Whether a log still gives what its certificate says, and where it first does not.

    `orders` are the first that differs and the last that may be it, equal in a log of up to 65,536
    entries (0: the opening); None where all entries are the same. `position` is where they stand in
    the order of commit. What was not compared, because another version makes it now, is named.
    """

    holds: bool
    message: str
    orders: tuple[int, int] | None = None
    position: int | None = None
    differences: tuple[Difference, ...] = ()
    not_compared: tuple[str, ...] = ()


class Certificate:
    """A certificate that was read; `said` is the document.

    Raises `ValueError` with the end of a sentence for what is none.
    """

    def __init__(self, said: object) -> None:
        if not isinstance(said, dict):
            raise ValueError("is no certificate")
        form = said.get("format")
        if form != FORMAT:
            is_other = isinstance(form, str) and form.startswith(_FORMATS)
            raise ValueError(
                f"is a certificate of format {shown(form)}, and this version reads {FORMAT!r}"
                if is_other
                else "is no certificate"
            )
        problem = next(_problems(said), None)
        if problem is not None:
            raise ValueError(f"is no whole certificate: {problem}")
        self.said: dict[str, Any] = said
        horizon = Horizon.parse(said["horizon"])
        if horizon is None or horizon.position + 1 != said["tree"]["size"]:
            raise ValueError(
                f"contradicts itself: up to {said['horizon']} there are not"
                f" {said['tree']['size']} leaves"
            )
        self.horizon = horizon
        prefixes = said["tree"]["prefixes"]
        self._every = prefixes["every"]
        try:
            told = b64decode(prefixes["digests"], validate=True)
        except ValueError as error:
            raise ValueError(f"is no whole certificate: its prefixes are none ({error})") from None
        if self._every != Prefixes(self.size).every or len(told) != PREFIX_BYTES * (
            self.size // self._every
        ):
            raise ValueError("contradicts itself: it does not tell of as many prefixes as it has")
        self._told = told

    @classmethod
    def parse(cls, text: str | bytes) -> Certificate:
        """The certificate that the text is; raises `ValueError`."""
        try:
            said = json.loads(text, object_pairs_hook=_once, parse_constant=_refused)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"is no JSON, or was cut ({error})") from None
        return cls(said)

    @property
    def size(self) -> int:
        """How many leaves the tree has at the horizon, the opening among them."""
        return int(self.said["tree"]["size"])

    @property
    def root(self) -> bytes:
        """The root of the tree at the horizon."""
        return bytes.fromhex(self.said["tree"]["root"])

    def prefix(self, size: int) -> bytes:
        """What it tells of the prefix of so many leaves, which is one that it tells of."""
        first = (size // self._every - 1) * PREFIX_BYTES
        return self._told[first : first + PREFIX_BYTES]

    def compared(self, found: dict[str, Any]) -> tuple[list[Difference], list[str]]:
        """Where the log says something else now, and what other versions make incomparable."""
        differences: list[Difference] = []
        not_compared: list[str] = []
        for what, certified, now in _pairs(self.said, found):
            if certified == now:
                continue
            versions = [_version_of(what, one) for one in (certified, now)]
            if versions[0] == versions[1]:
                differences.append(Difference(what, certified, now))
            else:
                not_compared.append(f"{what}, of version {versions[0]}; now it has {versions[1]}")
        return differences, not_compared


_ALIKE = ("log", "mode", "metadata", "committed_at", "counts", "writers")
_OF_THE_TREE = ("root", "prefixes", "leaf")
_VERSIONED = ("projection ", "control_totals")


def _pairs(said: dict[str, Any], found: dict[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    yield from ((name, said[name], found[name]) for name in _ALIKE)
    yield from ((name, said["tree"][name], found["tree"][name]) for name in _OF_THE_TREE)
    made, now_made = said["projections"], found["projections"]
    for name in dict.fromkeys((*made, *now_made)):
        yield f"projection {name}", made.get(name), now_made.get(name)
    totals, now_totals = said["control_totals"], found["control_totals"]
    if totals["version"] != now_totals["version"]:
        yield "control_totals", totals, now_totals
        return
    by_kind, now_by_kind = _by_kind(totals["totals"]), _by_kind(now_totals["totals"])
    for kind in dict.fromkeys((*by_kind, *now_by_kind)):
        yield f"control total {kind}", by_kind.get(kind), now_by_kind.get(kind)


def _by_kind(totals: list[Any]) -> dict[str, Any]:
    """The totals by type and token; what is no total stands under its own text."""
    return {
        f"{one.get('event_type')} of {one.get('token')}" if isinstance(one, dict) else str(one): one
        for one in totals
    }


def _version_of(what: str, made: Any) -> Any:
    """The version of what was made; None where nothing was, or where it is of no version."""
    is_versioned = what.startswith(_VERSIONED) and isinstance(made, dict)
    return made.get("version") if is_versioned else None


_SHAPE: dict[str, type | tuple[type, ...]] = {
    "format": str,
    "store": str,
    "log": str,
    "identity": str,
    "mode": str,
    "metadata": dict,
    "horizon": str,
    "committed_at": (str, type(None)),
    "counts": dict,
    "tree": dict,
    "projections": dict,
    "control_totals": dict,
    "rules": (dict, type(None)),
    "writers": list,
    "versions": dict,
}
_TREE: dict[str, type | tuple[type, ...]] = {
    "leaf": str,
    "size": int,
    "root": str,
    "prefixes": dict,
}


def _problems(said: dict[str, Any]) -> Iterator[str]:
    yield from _misshapen(said, _SHAPE)
    yield from _misshapen(said["tree"], _TREE)
    yield from _misshapen(said["tree"]["prefixes"], {"every": int, "digests": str})
    yield from _misshapen(said["control_totals"], {"version": int, "totals": list})
    for name, one in said["projections"].items():
        if not isinstance(one, dict):
            yield f"its projection {shown(name)} is {shown(one)}"
        yield from _misshapen(one, {"version": int, "sha256": str})
        if not _is_hash(one["sha256"]):
            yield f"its projection {shown(name)} has no SHA-256"
    if not is_identity(said["identity"]):
        yield f"its identity is {shown(said['identity'])}"
    if not _is_hash(said["tree"]["root"]):
        yield f"its root is {shown(said['tree']['root'])}"


def _misshapen(said: dict[str, Any], shape: dict[str, type | tuple[type, ...]]) -> Iterator[str]:
    for name in shape.keys() ^ said.keys():
        yield f"it has no {name}" if name in shape else f"{shown(name)} is unknown"
    for name, kind in shape.items():
        if not isinstance(said[name], kind) or isinstance(said[name], bool):
            yield f"its {name} is {shown(said[name])}"


def _is_hash(text: str) -> bool:
    return len(text) == 2 * HASH_BYTES and all(one in "0123456789abcdef" for one in text)


def as_text(document: dict[str, Any]) -> str:
    """The document as it stands in a file: strict JSON in ASCII, with a line end."""
    return json.dumps(document, indent=2, allow_nan=False) + "\n"


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    named = dict(pairs)
    if len(named) != len(pairs):
        raise ValueError("a name stands there twice")
    return named


def _refused(constant: str) -> Any:
    raise ValueError(f"{constant} is no number")
