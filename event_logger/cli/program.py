"""How the program as a whole runs and ends: its errors, its output, its signals."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, NoReturn

import typer
from typer.core import TyperGroup

from domain.errors import EventLoggerError
from event_logger.cli import INTERRUPTED
from event_logger.cli.terminal import escape_what_the_encoding_lacks, say_error, warn_in_lines

_UsageError: type[Exception] = typer.BadParameter.__mro__[1]

_TERMINATED = 143
"""What shells take for the end by SIGTERM."""


_NO_INT = "Input should be a valid integer, unable to parse string as an integer"
_NO_TEXT = "Input should be a valid string, unable to parse raw data as a unicode string"
_PHRASES = {
    "Value error, ": "",
    _NO_INT: "it is no whole number",
    _NO_TEXT: "it is no valid Unicode",
}
"""What the library's own checks of a value say, and how it is said here."""


class Typeless(TyperGroup):
    """Commands whose help shows no Python types: of a flag, or of an argument that has a name."""

    def get_params(self, ctx: Any) -> Any:
        """The options."""
        return _typeless(super().get_params(ctx))

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of this name."""
        command = super().get_command(ctx, cmd_name)
        if command is not None:
            _typeless(command.get_params(ctx))
        return command


def _typeless(params: Any) -> Any:
    for param in params:
        if param.param_type_name == "argument":
            param.display_type_rich = _no_type
        elif getattr(param, "is_flag", False):
            param.metavar = ""
    return params


def _no_type(ctx: object) -> None:
    return None


class Commands(Typeless):
    """The commands. Our errors are one sentence on stderr and exit code 1, usage is exit code 2.

    A reader that goes away (`| head`) is no error; a standard output that cannot be written is.
    SIGINT and SIGTERM end a command that has an end of its own with 130 and 143.
    """

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run what the arguments say and exit."""
        if sys.stdout is None:
            _end("standard output is closed, and nothing can be written to it", 1)
        escape_what_the_encoding_lacks(sys.stdout)
        try:
            with _terminated_like_interrupted():
                try:
                    super().main(*args, **kwargs)
                finally:
                    sys.stdout.flush()
        except BrokenPipeError:
            _drop_what_is_unwritten()
            sys.exit(0)
        except SystemExit as end:
            # rich, which writes the help, takes a reader that went away for a failure.
            if isinstance(end.__context__, BrokenPipeError):
                _drop_what_is_unwritten()
                sys.exit(0)
            raise
        except OSError as error:
            _drop_what_is_unwritten()
            _end(f"the output was not written: {_reason(error)}", 1)

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        """Read the arguments that come before the command."""
        with _one_sentence_each():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: Any) -> Any:
        """Run the command that the arguments name."""
        warn_in_lines()
        with _one_sentence_each():
            super().invoke(ctx)
            sys.stdout.flush()


@contextmanager
def _one_sentence_each() -> Iterator[None]:
    try:
        yield
    except EventLoggerError as error:
        # What was printed before it comes before it.
        with suppress(OSError):
            sys.stdout.flush()
        say_error(f"event-logger: {error}")
        raise typer.Exit(1) from error
    except _UsageError as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            raise
        context = getattr(error, "ctx", None)
        sentence = getattr(error, "format_message", error.__str__)()
        for theirs, ours in _PHRASES.items():
            sentence = sentence.replace(theirs, ours)
        say_error(f"event-logger: {sentence}")
        say_error(f"see {getattr(context, 'command_path', 'event-logger')} --help")
        raise typer.Exit(2) from error
    except Terminated as error:
        raise typer.Exit(_TERMINATED) from error
    except KeyboardInterrupt as error:
        raise typer.Exit(INTERRUPTED) from error
    except BrokenPipeError as error:
        _drop_what_is_unwritten()
        raise typer.Exit from error
    except OSError as error:
        # Whatever else may fail has an error of ours: this is standard output.
        _drop_what_is_unwritten()
        say_error(f"event-logger: the output was not written: {_reason(error)}")
        raise typer.Exit(1) from error


class Terminated(KeyboardInterrupt):
    """SIGTERM: what an interruption ends ends by this, too."""


@contextmanager
def _terminated_like_interrupted() -> Iterator[None]:
    def terminate(number: int, frame: object) -> NoReturn:
        raise Terminated

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    former = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, former)


def _end(sentence: str, code: int) -> NoReturn:
    say_error(f"event-logger: {sentence}")
    sys.exit(code)


def _reason(error: OSError) -> str:
    return error.strerror or str(error) or type(error).__name__


def _drop_what_is_unwritten() -> None:
    # What is still in the buffer has nowhere to go when the interpreter flushes it.
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
