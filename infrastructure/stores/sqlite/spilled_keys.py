"""A set of keys that does not stay in memory when it is long."""

from __future__ import annotations

import sqlite3
from hashlib import blake2b

from infrastructure.stores.sqlite.errors import store_errors

MOST_IN_MEMORY = 50_000
_FILTER_BITS = 24
_MASK = (1 << _FILTER_BITS) - 1
_TABLE = "CREATE TABLE keys (key BLOB PRIMARY KEY, first INTEGER NOT NULL) WITHOUT ROWID"


class SpillingKeys:
    """`projections.audit.rule.Keys` in a dict, and from so many on in a temporary file of SQLite's.

    The file has no name and is gone when this is. Keys are known by 16 bytes of a hash of theirs
    (no two that differ share one, but for once in 2^64 keys).
    """

    def __init__(self, most_in_memory: int = MOST_IN_MEMORY) -> None:
        self._most = most_in_memory
        self._recent: dict[bytes, int] = {}
        self._file: sqlite3.Connection | None = None
        # What is surely not in the file needs no look: most keys are new.
        self._maybe = bytearray(0)

    def first(self, key: str, order: int) -> int | None:
        """See `Keys.first`."""
        digest = blake2b(key.encode(errors="surrogatepass"), digest_size=16).digest()
        seen = self._recent.get(digest)
        if seen is None:
            seen = self._in_the_file(digest)
        if seen is not None:
            return None if seen == order else seen
        self._recent[digest] = order
        if len(self._recent) >= self._most:
            self._spill()
        return None

    def _in_the_file(self, digest: bytes) -> int | None:
        if self._file is None or not self._may_be_there(digest):
            return None
        with store_errors(_PLACE):
            row = self._file.execute("SELECT first FROM keys WHERE key=?", (digest,)).fetchone()
        return None if row is None else int(row[0])

    def _may_be_there(self, digest: bytes) -> bool:
        return all(self._maybe[place >> 3] & (1 << (place & 7)) for place in _places(digest))

    def _spill(self) -> None:
        with store_errors(_PLACE):
            if self._file is None:
                self._file = sqlite3.connect("", isolation_level=None, check_same_thread=False)
                self._file.execute("PRAGMA journal_mode = OFF")
                self._file.execute("PRAGMA synchronous = OFF")
                self._file.execute(_TABLE)
                self._maybe = bytearray(1 << (_FILTER_BITS - 3))
            self._file.execute("BEGIN")
            self._file.executemany("INSERT INTO keys VALUES (?,?)", sorted(self._recent.items()))
            self._file.execute("COMMIT")
        for digest in self._recent:
            for place in _places(digest):
                self._maybe[place >> 3] |= 1 << (place & 7)
        self._recent.clear()

    def __del__(self) -> None:
        if self._file is not None:
            self._file.close()


_PLACE = "a temporary file"


def _places(digest: bytes) -> tuple[int, int]:
    """Two places in the filter, of bits of the digest that are independent."""
    return int.from_bytes(digest[:4]) & _MASK, int.from_bytes(digest[4:8]) & _MASK
