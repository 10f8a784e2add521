"""The status boards of a PostgreSQL store's logs, in tables that follow from the events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from domain.horizon import START, Horizon
from infrastructure.stored import BoardRows
from infrastructure.stores.postgres.confirmation_times import ConfirmationTimes
from infrastructure.stores.postgres.connections import Connections
from infrastructure.stores.postgres.driver import ServerConnection
from infrastructure.stores.postgres.schema import key_of
from infrastructure.stores.running_quantiles import Time, quantiles
from projections.status_board import LiveStatus, OpenEvent

FOLLOWER = "status-board"

_OPEN = "event_order, event_type, venue, status, tx_hash, since, since_commit"
_BOARD_TABLES = ("status_counts", "open_events", "confirmation_times", "confirmation_quantiles")


class PostgresBoard:
    """`infrastructure.store.Board` on PostgreSQL."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._schema = connections.location.schema

    def read(self, log_id: UUID) -> BoardRows:
        """See `Board.read`."""

        def read(connection: ServerConnection) -> BoardRows:
            with moment(connection):
                counts = connection.run(
                    f"SELECT venue, event_type, status, events FROM {self._schema}.status_counts"
                    " WHERE log_id = %s",
                    (log_id,),
                ).fetchall()
                rows = connection.run(
                    f"SELECT {_OPEN} FROM {self._schema}.open_events WHERE log_id = %s", (log_id,)
                ).fetchall()
                return BoardRows(
                    self._horizon(connection, log_id) or START,
                    Counter(
                        {(v.decode(), t.decode(), s.decode()): events for v, t, s, events in counts}
                    ),
                    {row[0]: _open_event(row) for row in rows},
                )

        return self._connections.reading(read)

    def quantiles(
        self, log_id: UUID, further: Sequence[Time]
    ) -> tuple[Horizon, dict[str, float | None]]:
        """See `Board.quantiles`."""

        def read(connection: ServerConnection) -> tuple[Horizon, dict[str, float | None]]:
            with moment(connection):
                times = quantiles(ConfirmationTimes(connection, self._schema, log_id), further)
                return self._horizon(connection, log_id) or START, times

        return self._connections.reading(read)

    def open_rows(self, log_id: UUID, orders: Sequence[int]) -> dict[int, OpenEvent]:
        """See `Board.open_rows`."""
        rows = self._connections.all(
            f"SELECT {_OPEN} FROM {self._schema}.open_events WHERE log_id = %s"
            " AND event_order = ANY(%s)",
            log_id,
            list(orders),
        )
        return {row[0]: _open_event(row) for row in rows}

    def fold(self, log_id: UUID, changes: LiveStatus, after: Horizon, upto: Horizon) -> bool:
        """See `Board.fold`."""

        def fold(connection: ServerConnection) -> bool:
            position = (FOLLOWER, log_id, *START)
            table = f"{self._schema}.follower_positions"
            # The row is there, and held, whoever else folds.
            connection.run(
                f"INSERT INTO {table} VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING", position
            )
            moved = connection.run(
                f"UPDATE {table} SET event_order = %s, transition = %s WHERE follower = %s"
                " AND log_id = %s AND event_order = %s AND transition = %s",
                (*upto, FOLLOWER, log_id, *after),
            )
            if moved.rowcount != 1:
                return False
            self._apply(connection, log_id, changes)
            return True

        return self._connections.writing(fold)

    def clear(self, log_id: UUID) -> None:
        """See `Board.clear`."""

        def clear(connection: ServerConnection) -> None:
            connection.run(
                f"DELETE FROM {self._schema}.follower_positions WHERE follower = %s"
                " AND log_id = %s",
                (FOLLOWER, log_id),
            )
            for table in _BOARD_TABLES:
                connection.run(f"DELETE FROM {self._schema}.{table} WHERE log_id = %s", (log_id,))

        self._connections.writing(clear)

    def _horizon(self, connection: ServerConnection, log_id: UUID) -> Horizon | None:
        row = connection.run(
            f"SELECT event_order, transition FROM {self._schema}.follower_positions"
            " WHERE follower = %s AND log_id = %s",
            (FOLLOWER, log_id),
        ).fetchone()
        return None if row is None else Horizon(row[0], row[1])

    def _apply(self, connection: ServerConnection, log_id: UUID, changes: LiveStatus) -> None:
        counts = [(key_of("\0".join(kind)), *kind, n) for kind, n in changes.counts.items() if n]
        if counts:
            keys, venues, types, statuses, numbers = zip(*sorted(counts), strict=True)
            connection.run(
                f"INSERT INTO {self._schema}.status_counts AS c SELECT %s, u.* FROM unnest("
                "%s::bytea[], %s::bytea[], %s::bytea[], %s::bytea[], %s::bigint[]) u"
                " ON CONFLICT (log_id, kind) DO UPDATE SET events = c.events + EXCLUDED.events",
                (log_id, list(keys), *map(_bytes, (venues, types, statuses)), list(numbers)),
            )
        if changes.open:
            connection.run(
                f"DELETE FROM {self._schema}.open_events WHERE log_id = %s"
                " AND event_order = ANY(%s)",
                (log_id, list(changes.open)),
            )
        waiting = [tuple(event) for event in changes.open.values() if event is not None]
        if waiting:
            orders, types, venues, statuses, hashes, since, commits = zip(*waiting, strict=True)
            connection.run(
                f"INSERT INTO {self._schema}.open_events SELECT %s, u.* FROM unnest(%s::bigint[],"
                " %s::bytea[], %s::bytea[], %s::bytea[], %s::bytea[], %s::bytea[], %s::bigint[]) u",
                (
                    log_id,
                    list(orders),
                    *map(_bytes, (types, venues, statuses, hashes, since)),
                    list(commits),
                ),
            )
        ConfirmationTimes(connection, self._schema, log_id).add(changes.confirmations)


class moment:  # noqa: N801 - a context manager, named as contextlib's are
    """A transaction that reads, all of it as of one moment."""

    def __init__(self, connection: ServerConnection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        self._connection.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        if kind is None:
            self._connection.run("COMMIT")


def _bytes(texts: Sequence[str | None]) -> list[bytes | None]:
    return [None if text is None else text.encode() for text in texts]


def _open_event(row: Any) -> OpenEvent:
    order, event_type, venue, status, tx_hash, since, since_commit = row
    return OpenEvent(
        order,
        event_type.decode(),
        venue.decode(),
        status.decode(),
        None if tx_hash is None else tx_hash.decode(),
        since.decode(),
        since_commit,
    )
