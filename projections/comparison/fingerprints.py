"""A run read through once: of each event its time, what it is, and a digest of all that it says.

These take 28 bytes an event; the records themselves are let go of. What an event is (its key) is
told four times, from narrow to broad, so that what has no partner under the first is looked for
under the next; `KEYS` says how each is called.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Hashable, MutableSequence
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any

from domain.errors import CorruptLogError, shown
from domain.times import is_on_the_hour
from domain.values import encode
from projections.comparison.costs import Costs
from projections.comparison.places import Places
from projections.comparison.run import Run
from projections.comparison.totals import Totals
from projections.event_dicts import Record

_KIND_FIELDS = ("transaction_type", "iteration")
_KIND_EXTRAS = (
    "operation_type",
    "instrument",
    "pair",
    "side",
    "input_token",
    "output_token",
    "bundle_name",
)
KIND = (*_KIND_FIELDS, *_KIND_EXTRAS)
"""What is compared beside type, venue and token to tell what an event is, where it has it."""

KEYS = (
    "time, type, venue, token, bundle, step, kind",
    "time, type, venue, token, bundle, kind",
    "time, type, venue, token, kind",
    "time, type, venue, token",
)
"""What partners have in common, from narrow to broad; kind: the fields of `KIND`."""

TRADES = frozenset(("SPOT_TRADE", "TRADE_EXECUTED"))
"""Types of which several may be the parts of one."""

DIGEST_BYTES = 16
_TEXTS = ("event_type", "venue", "token", "fee_token")
_LINKS = frozenset(("parent_event", "related_events", "detail_orders"))
_APART = frozenset(("recorded_at", "timestamp"))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Keys:
    """Numbers for keys, shared by the runs that are compared: one for each of the four."""

    def __init__(self) -> None:
        self._numbers: dict[int, int] = {}
        self.of_level: tuple[array[int], ...] = tuple(array("q") for _ in KEYS)
        self.is_trade = bytearray()

    def number(self, event_type: str, venue: Any, token: Any, path: Any, kind: Any) -> int:
        """The number of the narrowest key."""
        # Of many different keys the hashes alone are kept, as a number each.
        narrow = hash((event_type, venue, token, path, kind))
        number = self._numbers.get(narrow)
        if number is None:
            number = self._numbers[narrow] = len(self._numbers)
            names = tuple(name for name, _ in path)
            # A renamed wrapper is still one.
            unnamed = kind[:-1]
            for level, key in enumerate(
                (
                    narrow,
                    hash((event_type, venue, token, names, kind, 2)),
                    hash((event_type, venue, token, unnamed, 3)),
                    hash((event_type, venue, token, 4)),
                )
            ):
                self.of_level[level].append(key)
            self.is_trade.append(event_type in TRADES)
        return number


class Fingerprints:
    """What is kept of every event of a run, by order less one; and what the run adds up to."""

    def __init__(self, run: Run, keys: Keys) -> None:
        self.run = run
        self.keys = keys
        self.times: MutableSequence[int] = array("q")
        self.numbers: array[int] = array("l")
        self.digests = bytearray()
        self.totals = Totals()
        self.costs = Costs()
        self.shapes: Counter[tuple[Hashable, ...]] = Counter()
        self.has_snapshots = False
        self.is_on_the_hour = True
        self.statuses: set[str] = set()
        self._whole = sha256()
        places = Places(run)
        for order, record, stored in run.records():
            try:
                self._take(order, record, stored, places)
            except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError) as error:
                if isinstance(error, CorruptLogError):
                    raise
                raise CorruptLogError(run.name, order, f"it is no event: {error}") from error

    def __len__(self) -> int:
        return len(self.times)

    @property
    def digest(self) -> str:
        """The SHA-256 over what every event says, in order, but for when it was recorded."""
        return self._whole.hexdigest()

    def digest_of(self, order: int) -> bytes:
        """A digest of all that the event says but for its time."""
        return bytes(self.digests[(order - 1) * DIGEST_BYTES : order * DIGEST_BYTES])

    def _take(self, order: int, record: Record, stored: bytes | None, places: Places) -> None:
        for name in _TEXTS:
            value = record.get(name)
            if value is not None and type(value) is not str:
                raise ValueError(f"its {name} is {shown(value)}")
        extra = record.get("extra") or {}
        shape = (record["event_type"] in TRADES, tuple(record), tuple(extra))
        self.shapes[shape] += 1
        timestamp = record["timestamp"]
        self._take_time(nanoseconds(timestamp))
        kind = (*map(record.get, _KIND_FIELDS), *map(extra.get, _KIND_EXTRAS))
        path = places.path(order, record)
        what = record["event_type"], record["venue"], record.get("token"), path
        try:
            self.numbers.append(self.keys.number(*what, kind))
        except TypeError:
            # A list or a dict where a name should be.
            self.numbers.append(self.keys.number(*what, tuple(map(repr, kind))))
        digest = sha256(_said(order, record, stored)).digest()[:DIGEST_BYTES]
        self.digests += digest
        self._whole.update(digest + timestamp.encode())
        self.totals.add(record)
        self.costs.add(record)
        if self.is_on_the_hour and not is_on_the_hour(timestamp):
            self.is_on_the_hour = False
        if not self.has_snapshots and record.get("position_snapshot") is not None:
            self.has_snapshots = True
        status = record.get("status")
        if status is not None:
            self.statuses.add(status)

    def _take_time(self, time: int) -> None:
        try:
            self.times.append(time)
        except OverflowError:
            # 64 bits of nanoseconds end in 2262.
            self.times = [*self.times, time]


def _said(order: int, record: Record, stored: bytes | None) -> bytes:
    """All that an event says but for its times, the orders that it names as how far back."""
    links = _LINKS & record.keys()
    if stored is not None and not links:
        # A third of the time that encoding takes; what is stored begins with the two times.
        times = f'{{"recorded_at":"{record["recorded_at"]}","timestamp":"{record["timestamp"]}",'
        if stored.startswith(times.encode()):
            return stored[len(times) :]
    said = record.copy()
    for name in _APART & record.keys():
        del said[name]
    for name in links:
        said[name] = _relative(order, record[name])
    return encode(said)[1:]


def _relative(order: int, link: Any) -> Any:
    """Orders that an event names, as how far back they are: that of like runs is the same."""
    if isinstance(link, list):
        return [_relative(order, one) for one in link]
    return order - link if type(link) is int else link


@lru_cache(maxsize=4096)
def nanoseconds(iso: str) -> int:
    """A time of the log, ISO 8601 text in UTC, as nanoseconds since 1970; raises `ValueError`."""
    moment = datetime.fromisoformat(iso)
    if moment.tzinfo is None:
        raise ValueError(f"its timestamp {iso!r} names no offset")
    since = moment - _EPOCH
    whole = (since.days * 86400 + since.seconds) * 10**9 + since.microseconds * 1000
    return whole + (int(iso[-4:-1]) if len(iso) == _WITH_NANOSECONDS else 0)


_WITH_NANOSECONDS = len("2024-05-12T14:00:00.123456789Z")
