"""The commands about a log that another store is to hold: `copy`, `take-over`."""

from __future__ import annotations

from typing import Annotated

import typer

from domain.errors import shown
from event_logger.cli import output
from event_logger.cli.named import named
from event_logger.cli.options import AsJson, Log, Store
from event_logger.cli.terminal import say
from event_logger.opening import chosen
from infrastructure.audit_logs import AuditLogs

commands = typer.Typer()


@commands.command()
def copy(
    source: Annotated[
        str,
        typer.Option("--from", metavar="URL", help="The store that holds the logs; #NAME: one."),
    ],
    target: Annotated[
        str, typer.Option("--to", metavar="URL", help="The store that is to hold them, too.")
    ],
    log: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="This log alone; may be given again. Else all."),
    ] = None,
    close_source: Annotated[
        bool,
        typer.Option(
            "--close-source",
            help="Move: each log ends in the source, and goes on in the other store.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Copy logs whole into another store, and check them; goes on where it was interrupted."""
    from infrastructure.copying import copy_logs

    url, name = named(source, None)
    if name is not None and log not in (None, [name]):
        raise typer.BadParameter(f"is not {shown(name)}, which --from names", param_hint="--log")
    names = log or ([] if name is None else [name])
    with output.progress("Copying") as advance:
        done = copy_logs(
            url,
            target,
            names,
            close_source=close_source,
            progress=lambda what, at, total: advance(at, total),
        )
    for one in done:
        if as_json:
            output.print_json(one._asdict())
            continue
        events = output.counted(one.events, "event")
        moves = output.counted(one.transitions, "transition")
        say(f"log {one.log!r}: {events}, {moves}, the same in both; {one.copied:,} copied now")
        say(f"root {one.root}")
        if one.is_copy:
            say("a copy: it is not published or signed there until event-logger take-over says so")


@commands.command("take-over")
def take_over(store: Store, log: Log = None, as_json: AsJson = False) -> None:
    """Let a copied or closed log go on in this store: written to, published and signed here."""
    from infrastructure.closing import where_it_went_on
    from infrastructure.standing import is_copy
    from infrastructure.standing import take_over as take

    url, name = named(store, log)
    # A store that is not there is not made.
    AuditLogs(url, must_exist=True).close()
    with AuditLogs(url) as logs:
        audit_log = logs.get(chosen(logs, name))
        logs.store.refuse_writing()
        where = where_it_went_on(logs.store, audit_log)
        was_copy = is_copy(logs.store, audit_log.id)
        if was_copy or where is not None:
            take(logs.store, audit_log.id)
    if as_json:
        output.print_json({"log": audit_log.name, "was_copy": was_copy, "was_closed_for": where})
    elif was_copy or where is not None:
        elsewhere = "" if where is None else f"; it had gone on in {where}"
        say(f"log {audit_log.name!r} goes on in {logs.store.url}{elsewhere}")
    else:
        say(f"log {audit_log.name!r} is no copy and not closed, nothing changed")
