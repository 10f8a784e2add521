"""What is trusted: a file of C2SP's tlog-policy, read to the byte, and whether a note satisfies it.

It names the keys of logs and of witnesses, and the quorum: which witnesses must have cosigned a
checkpoint, singly or in groups. `ValueError` says which line cannot be, and why.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple, Self

from domain.errors import shown
from projections.checkpoint import COSIGNATURE, ED25519, Note, VerifierKey

NONE = "none"
"""The quorum that needs no cosignature."""

MOST_BYTES = 1_000_000
"""What a policy's file is never larger than."""

_ALLOWED = re.compile(rb"[\t\n\x20-\x7e\x80-\xff]*\Z")
_THRESHOLD = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)


class Named(NamedTuple):
    """A log or a witness: its key and, where it has one, the URL where it is reached.

    `name` is what a witness is called in the policy; of a log it is its origin.
    """

    name: str
    key: VerifierKey
    url: str | None


class Group(NamedTuple):
    """So many of these witnesses and groups make the group one that has witnessed."""

    threshold: int
    members: tuple[str, ...]


class Policy(NamedTuple):
    """Which logs and witnesses are known, and which of them must have cosigned."""

    logs: tuple[Named, ...]
    witnesses: tuple[Named, ...]
    groups: Mapping[str, Group]
    quorum: str

    @property
    def keys(self) -> list[VerifierKey]:
        """The keys of all logs and witnesses."""
        return [one.key for one in (*self.logs, *self.witnesses)]

    def is_reached(self, cosigners: Iterable[VerifierKey]) -> bool:
        """Whether these keys, whose cosignatures hold, are a quorum."""
        signed = set(cosigners)
        reached = {one.name for one in self.witnesses if one.key in signed}
        # A group's members stand before it.
        for name, group in self.groups.items():
            if sum(member in reached for member in group.members) >= group.threshold:
                reached.add(name)
        return self.quorum == NONE or self.quorum in reached

    def with_log(self, key: VerifierKey) -> Policy:
        """The policy that also knows a log by this key; `ValueError` for the key of a witness."""
        if any(one.key == key for one in self.logs):
            return self
        policy = self._replace(logs=(*self.logs, Named(key.name, key, None)))
        _refuse_logs_that_cosign(policy)
        return policy

    def refuse_without_quorum(self, signers: Sequence[VerifierKey]) -> None:
        """Raises `ValueError` where those who signed are no quorum."""
        if not self.is_reached(signers):
            names = [one.name for one in self.witnesses if one.key in signers]
            raise ValueError(
                f"is cosigned by {', '.join(map(shown, names)) or 'no known witness'}, which is not"
                f" the quorum {shown(self.quorum)} of the policy"
            )

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """The policy that a file says; `ValueError` names the line that says none."""
        if len(data) > MOST_BYTES:
            raise ValueError(f"has {len(data):,} bytes, and no policy more than {MOST_BYTES:,}")
        if data and not data.endswith(b"\n"):
            raise ValueError("is cut: its last line has no end")
        reading = _Reading()
        for number, line in enumerate(data.split(b"\n"), 1):
            try:
                reading.line(line)
            except ValueError as error:
                raise ValueError(f"cannot be used: line {number} {error}") from None
        if reading.quorum is None:
            raise ValueError(
                "has no quorum line; where no cosignature is needed, write quorum none"
            )
        policy = cls(
            tuple(reading.logs), tuple(reading.witnesses), dict(reading.groups), reading.quorum
        )
        _refuse_logs_that_cosign(policy)
        return policy


def cosigned_at(note: Note, key: VerifierKey) -> int | None:
    """When this key cosigned the note last, in seconds since 1970; None where it did not.

    Whether its signatures hold was told before.
    """
    lines = [one for one in note.signatures if (one.name, one.key_id) == (key.name, key.key_id)]
    times = [int.from_bytes(one.signed[:8], "big") for one in lines]
    return max(times, default=None) if key.kind == COSIGNATURE else None


def moment_text(seconds: int) -> str:
    """A time in seconds since 1970 as people read it; beyond the calendar, the seconds."""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return f"{seconds} s"


class _Reading:
    """What the lines so far said."""

    def __init__(self) -> None:
        self.logs: list[Named] = []
        self.witnesses: list[Named] = []
        self.groups: dict[str, Group] = {}
        self.quorum: str | None = None
        self._defined: set[str] = set()
        self._members: set[str] = set()

    def line(self, line: bytes) -> None:
        if _ALLOWED.match(line) is None:
            raise ValueError("holds a control character")
        # Names are opaque octets: what is no UTF-8 is kept apart, and compared as it is.
        words = re.split(r"[ \t]+", line.decode(errors="surrogateescape").strip(" \t"))
        keyword, *given = words
        if keyword == "" or keyword.startswith("#"):
            return
        read = {
            "log": self._log,
            "witness": self._witness,
            "group": self._group,
            "quorum": self._quorum,
        }.get(keyword)
        if read is None:
            raise ValueError(f"begins with {shown(keyword)}: log, witness, group and quorum can be")
        read(given)

    def _log(self, given: list[str]) -> None:
        if len(given) not in (1, 2):
            raise ValueError("is not written as: log VKEY [URL]")
        key = _key(given[0], ED25519)
        _refuse_twice(key, self.logs, "log")
        self.logs.append(Named(key.name, key, _url(given[1:])))

    def _witness(self, given: list[str]) -> None:
        if len(given) not in (2, 3):
            raise ValueError("is not written as: witness NAME VKEY [URL]")
        name = given[0]
        key = _key(given[1], COSIGNATURE)
        _refuse_twice(key, self.witnesses, "witness")
        self._define(name)
        self.witnesses.append(Named(name, key, _url(given[2:])))

    def _group(self, given: list[str]) -> None:
        if len(given) < 3:
            raise ValueError("is not written as: group NAME all, any or NUMBER MEMBER …")
        name, wanted, *members = given
        for place, member in enumerate(members):
            self._refuse_unknown(member)
            if member in self._members or member in members[:place]:
                raise ValueError(f"has the member {shown(member)} that a group has already")
        self._define(name)
        self._members.update(members)
        self.groups[name] = Group(_threshold(wanted, len(members)), tuple(members))

    def _quorum(self, given: list[str]) -> None:
        if len(given) != 1:
            raise ValueError("is not written as: quorum NAME")
        if self.quorum is not None:
            raise ValueError("is a second quorum, and a policy has one")
        if given[0] != NONE:
            self._refuse_unknown(given[0])
        self.quorum = given[0]

    def _define(self, name: str) -> None:
        if name == NONE:
            raise ValueError(f"names something {NONE}, which is the quorum of nobody")
        if name in self._defined:
            raise ValueError(f"names something {shown(name)}, which a line before it did")
        self._defined.add(name)

    def _refuse_unknown(self, name: str) -> None:
        if name not in self._defined:
            raise ValueError(f"names {shown(name)}, which no line before it defines")


def _key(text: str, kind: int) -> VerifierKey:
    key = VerifierKey.parse(text)
    if key.kind != kind:
        has = {ED25519: "signs for a log (1)", COSIGNATURE: "cosigns (4)"}
        raise ValueError(
            f"has the key of {shown(key.name)}, which {has[key.kind]}: {has[kind]} can be"
        )
    return key


def _url(given: list[str]) -> str | None:
    return given[0] if given else None


def _threshold(wanted: str, members: int) -> int:
    if wanted in ("all", "any"):
        return members if wanted == "all" else 1
    if _THRESHOLD.fullmatch(wanted) is None or int(wanted) > members:
        raise ValueError(
            f"wants {shown(wanted)} of {members}: all, any or a number up to that can be"
        )
    return int(wanted)


def _refuse_twice(key: VerifierKey, known: Iterable[Named], what: str) -> None:
    if any(key.public == one.key.public for one in known):
        raise ValueError(f"names a {what} by a public key that a line before it has")


def _refuse_logs_that_cosign(policy: Policy) -> None:
    """Raises `ValueError` where a log would be its own witness.

    What it cosigns by a key of its own, under its own name as a heartbeat, may be known: it then
    tells a time, and counts toward no quorum.
    """
    of_logs = {one.key.public: one.name for one in policy.logs}
    counted = {policy.quorum}.union(*(group.members for group in policy.groups.values()))
    for one in policy.witnesses:
        log = of_logs.get(one.key.public)
        if log is None and one.name in counted:
            log = next((log for log in of_logs.values() if _is_under(one.key.name, log)), None)
        if log is not None:
            raise ValueError(
                f"cannot be used: the witness {shown(one.name)} has a key of the log {shown(log)},"
                " and no log is its own witness"
            )


def _is_under(name: str, origin: str) -> bool:
    return name == origin or name.startswith(f"{origin}/")
