"""The commands that look into a log: `events`, `show`, `history`, `tree`, `stats`, `logs`."""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import typer

from domain.audit_log import AuditLog
from domain.errors import InvalidTimestampError
from event_logger.cli import output
from event_logger.cli.named import opened
from event_logger.cli.options import AsJson, AsOf, Log, MaybeStore, Store
from event_logger.search import checked_moment
from infrastructure.audit_logs import AuditLogs
from infrastructure.files.paths import why_no_path

commands = typer.Typer()


@commands.command()
def events(
    store: Store,
    log: Log = None,
    as_of: AsOf = None,
    event_type: Annotated[
        str | None, typer.Option("--type", metavar="TYPE", help="Only this event type.")
    ] = None,
    venue: Annotated[
        str | None,
        typer.Option(metavar="VENUE", help="Only this venue, or either side of a transfer."),
    ] = None,
    token: Annotated[str | None, typer.Option(metavar="TOKEN", help="Only this token.")] = None,
    status: Annotated[
        str | None, typer.Option(metavar="STATUS", help="Only what has this status now.")
    ] = None,
    tx_hash: Annotated[
        str | None,
        typer.Option("--tx-hash", metavar="HASH", help="Only what ever had this transaction hash."),
    ] = None,
    event_id: Annotated[
        str | None, typer.Option(metavar="ID", help="Only the event with this id.")
    ] = None,
    text: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Only where the purpose holds this.")
    ] = None,
    parent: Annotated[
        int | None, typer.Option(min=1, metavar="ORDER", help="Only details of this wrapper.")
    ] = None,
    from_order: Annotated[
        int, typer.Option(min=1, metavar="ORDER", help="From this order on.")
    ] = 1,
    to_order: Annotated[
        int | None, typer.Option(min=1, metavar="ORDER", help="Up to this order.")
    ] = None,
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="From this time on (ISO 8601, UTC).")
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="TIME", help="Before this time (ISO 8601, UTC).")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, metavar="N", help="At most so many.")] = None,
    as_json: AsJson = False,
) -> None:
    """List events; with --json one JSON object a line."""
    for name, time in (("--since", since), ("--until", until)):
        if time is not None:
            _refuse_no_time(name, time)
    with opened(store, log, as_of) as reader:
        found = reader.search(
            event_type=event_type,
            venue=venue,
            token=token,
            status=status,
            tx_hash=tx_hash,
            event_id=event_id,
            text=text,
            parent=parent,
            orders=(from_order, to_order),
            since=since,
            until=until,
            limit=limit,
        )
        output.print_events(found, as_json)


def _refuse_no_time(option: str, text: str) -> None:
    try:
        checked_moment(option, text)
    except InvalidTimestampError as error:
        raise typer.BadParameter(error.problem, param_hint=option) from error


@commands.command()
def show(
    what: Annotated[
        str,
        typer.Argument(
            metavar="ORDER",
            help="The event's order. Or a file that prove, checkpoint or export --certified wrote.",
        ),
    ],
    store: MaybeStore = None,
    log: Log = None,
    as_of: AsOf = None,
    as_json: AsJson = False,
) -> None:
    """Show one event whole, with its history, and by whom and when that was committed.

    Of a proof's file, show what it claims.
    """
    if re.fullmatch(r"[+-]?[0-9]{1,4000}", what, re.ASCII) is None:
        from event_logger.cli.explaining import explain

        if why_no_path(what) is not None or not Path(what).is_file():
            raise typer.BadParameter(
                "it is no whole number, and no proof's file", param_hint="'ORDER'"
            )
        explain(Path(what), as_json)
        return
    if store is None:
        raise typer.BadParameter(
            "is missing: name the store, or set EVENT_LOGGER_STORE", param_hint="--store"
        )
    order = int(what)
    with opened(store, log, as_of) as reader:
        history = reader.history(order)
        event, committed = reader.events[order - 1], reader.committed(order)
    output.print_event(event, history, committed, as_json)


@commands.command()
def history(
    order: Annotated[int, typer.Argument(metavar="ORDER", help="The event's order.")],
    store: Store,
    log: Log = None,
    as_of: AsOf = None,
    as_json: AsJson = False,
) -> None:
    """List an event's statuses, what changed, and by whom and when it was committed."""
    with opened(store, log, as_of) as reader:
        steps, committed = reader.history(order), reader.committed(order)
    output.print_history(steps, committed, as_json)


@commands.command()
def tree(
    store: Store,
    order: Annotated[
        int | None, typer.Argument(metavar="ORDER", help="Any event of the bundle.")
    ] = None,
    log: Log = None,
    as_of: AsOf = None,
    as_json: AsJson = False,
) -> None:
    """Show the bundle that an event belongs to, or without an order every bundle."""
    with opened(store, log, as_of) as reader:
        trees = reader.bundle_trees() if order is None else iter([reader.bundle_tree(order)])
        for one in trees:
            output.print_tree(one, as_json)


@commands.command()
def stats(store: Store, log: Log = None, as_of: AsOf = None, as_json: AsJson = False) -> None:
    """Show the figures of the log: counts, what flowed of each asset, prices, balances found."""
    with opened(store, log, as_of) as reader:
        output.print_stats(reader.get_summary_stats() | reader.asset_figures(), as_json)


@commands.command()
def logs(store: Store, as_json: AsJson = False) -> None:
    """List what is in a store, with the times of each log's first and last event."""
    with closing(AuditLogs(store, must_exist=True)) as audit_logs:
        found: list[dict[str, Any]] = [
            {
                "log": one.name,
                "mode": one.mode,
                "events": one.last_order,
                "size": audit_logs.store.reads.size(one.id),
                "first": _timestamp(audit_logs, one, 1),
                "last": _timestamp(audit_logs, one, one.last_order),
                "opened": one.created_on,
                "metadata": one.metadata,
            }
            for one in map(audit_logs.get, audit_logs.names())
        ]
    output.print_logs(found, as_json)


def _timestamp(logs: AuditLogs, log: AuditLog, order: int) -> str | None:
    """The time of the event with this order; None in a log without events."""
    if not log.last_order:
        return None
    timestamp: str = logs.reading(log).record(order)["timestamp"]
    return timestamp
