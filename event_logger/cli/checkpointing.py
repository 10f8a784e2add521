"""The command `checkpoint`: one of now, or one after the other until it is told to stop."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from domain.errors import ExportError
from event_logger.cli.options import AsJson, Log, Prefix, Store
from event_logger.cli.proof_files import (
    Output,
    PolicyFile,
    refuse_precious,
    refuse_unwritable,
    written,
)
from event_logger.cli.signed import (
    KeyFile,
    continue_log,
    given_key,
    keep_tiles,
    log_of,
    signed_note,
)
from event_logger.cli.strict_json import strict_json
from event_logger.cli.terminal import say, say_error

if TYPE_CHECKING:
    from event_logger.cli.cosigning import Witnesses
    from infrastructure.followers.announcing import Outlet
    from infrastructure.followers.checkpointer import Checkpointer, Pace

commands = typer.Typer()

_LAST_SECONDS = 5
"""How long it may go on with what it is at once it is told to stop."""


@commands.command()
def checkpoint(
    store: Store,
    log: Log = None,
    key: KeyFile = None,
    witness: Annotated[
        list[str] | None,
        typer.Option(
            metavar="URL", help="Have it cosigned by the witness there; may be given repeatedly."
        ),
    ] = None,
    policy: PolicyFile = None,
    output_file: Output = None,
    every: Annotated[
        float | None,
        typer.Option(
            min=0.01,
            max=86_400,
            metavar="SECONDS",
            help="Go on until Ctrl-C: sign whenever something was logged for so long.",
        ),
    ] = None,
    every_entries: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Go on as well, and sign after so many entries."),
    ] = None,
    heartbeat: Annotated[
        float | None,
        typer.Option(
            min=0.01,
            max=86_400,
            metavar="SECONDS",
            help="Say it anew, with a fresh cosignature, when nothing happens for so long (60).",
        ),
    ] = None,
    redis: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Publish them there as well, on events:checkpoint."),
    ] = None,
    channel_prefix: Prefix = "",
    after_restore: Annotated[
        bool,
        typer.Option(
            "--after-restore",
            help="Let a log that lost what was signed here go on under a new identity.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Sign a checkpoint of the log as it is now; who holds it can tell any later change.

    With a policy the witnesses that it names with their URLs are asked, and its quorum is needed.
    """
    is_running = every is not None or every_entries is not None
    if not is_running and (heartbeat is not None or redis is not None or as_json):
        raise typer.BadParameter("is missing: the others go with it", param_hint="--every")
    refuse_precious(output_file, store)
    if after_restore and key is not None:
        continue_log(store, log)
    if is_running:
        pace = _pace(every, every_entries, heartbeat)
        running = _Running(output_file, redis, channel_prefix, as_json)
        running.run(store, log, key, _witnesses(witness or [], policy), pace)
        return
    if not witness and policy is None:
        written(signed_note(store, log, key), output_file, store)
        return
    from infrastructure.proving import Proving

    asked = _witnesses(witness or [], policy)
    owner = given_key(key)
    with log_of(store, log) as (opened, audit_log):
        asked.refuse_other_log(owner.verifier_key(audit_log.identity or ""))
        proving = Proving(opened, audit_log)
        note = asked.cosigned(proving, owner)
    keep_tiles(store, log, proving.tree)
    written(note, output_file, store)


def _witnesses(urls: list[str], policy: Path | None) -> Witnesses:
    from event_logger.cli.cosigning import Witnesses

    return Witnesses(urls, policy)


def _pace(every: float | None, entries: int | None, heartbeat: float | None) -> Pace:
    from infrastructure.followers.checkpointer import Pace

    given = {"seconds": every, "entries": entries, "heartbeat_seconds": heartbeat}
    return Pace(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]


class _Running:
    """Signs one checkpoint after the other, and says each where the options have it."""

    def __init__(
        self, output_file: str | None, redis: str | None, prefix: str, as_json: bool
    ) -> None:
        from infrastructure.files.replaced_file import OUTPUT_FILES

        self._printed: _Printed | None = None
        if output_file is None or output_file in OUTPUT_FILES:
            output_file = None
            self._printed = _Printed(as_json)
        self._file = output_file
        self._channel: Outlet | None = None
        if redis is not None:
            from infrastructure.redis.checkpoints import CheckpointChannel

            self._channel = CheckpointChannel(redis, prefix)

    def run(
        self, store: str, log: str | None, key: Path | None, asked: Witnesses, pace: Pace
    ) -> None:
        from infrastructure.followers.checkpointer import Checkpointer

        owner = given_key(key)
        if self._file is not None:
            refuse_unwritable(self._file)
        asked.refuse_unreachable()
        with log_of(store, log) as (opened, audit_log):
            asked.refuse_other_log(owner.verifier_key(audit_log.identity or ""))
            checkpointer = Checkpointer(
                opened,
                audit_log,
                owner,
                self._outlets(asked.is_enough),
                pace,
                asked.asked,
                is_alone=True,
                keep_tiles=lambda tree: keep_tiles(store, log, tree),
            )
            # What is refused now is an error; what fails later is said, and tried again.
            checkpointer.sign()
            if self._printed is not None:
                self._printed.gone = checkpointer.thread.request_stop
            with _told_to_stop(checkpointer):
                say_error(f"signing log {audit_log.name!r} of {opened.url}")
                checkpointer.thread.run()
        if self._printed is not None and self._printed.is_gone:
            raise BrokenPipeError
        if checkpointer.thread.failure is not None:
            raise checkpointer.thread.failure
        if checkpointer.thread.outage is not None:
            raise typer.Exit(1)

    def _outlets(self, enough: Callable[[bytes], bool]) -> list[Outlet]:
        from infrastructure.files.checkpoint_file import CheckpointFile

        found: list[Outlet] = [] if self._channel is None else [self._channel]
        if self._file is not None:
            found.append(CheckpointFile(Path(self._file), enough))
        if self._printed is not None:
            self._printed.enough = enough
            found.append(self._printed)
        return found


class _Printed:
    """Prints checkpoints: each note with an empty line after it, or one object a line."""

    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json
        self.enough: Callable[[bytes], bool] = lambda note: True
        self.gone: Callable[[], object] = lambda: None
        """Called when the reader went away."""
        self.is_gone = False

    def publish(self, log: str, said: dict[str, Any]) -> None:
        """Print it at once; raises `ExportError`."""
        from infrastructure.files.replaced_file import STANDARD_OUTPUT, replaced_file

        note = said["note"].encode()
        if not self.enough(note) or self.is_gone:
            return
        try:
            if self._as_json:
                say(strict_json(said), at_once=True)
            else:
                with replaced_file(STANDARD_OUTPUT) as file:
                    file.write(note + b"\n")
        except BrokenPipeError:
            self.is_gone = True
            self.gone()
        except ExportError:
            raise
        except OSError as error:
            raise ExportError(STANDARD_OUTPUT, error.strerror or str(error)) from error

    def close(self) -> None:
        """There is nothing to let go of."""


@contextmanager
def _told_to_stop(checkpointer: Checkpointer) -> Iterator[None]:
    """SIGINT and SIGTERM have it sign for the last time; what hangs is left after a while."""

    def leave(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    def stop(*_: object) -> None:
        # Whoever tells it again and again waits no longer for it.
        if not checkpointer.thread.is_stopping:
            signal.signal(signal.SIGALRM, leave)
            signal.alarm(_LAST_SECONDS)
        checkpointer.thread.request_stop()

    former = [(one, signal.signal(one, stop)) for one in (signal.SIGINT, signal.SIGTERM)]
    try:
        yield
    finally:
        signal.alarm(0)
        for one, handler in former:
            signal.signal(one, handler)
