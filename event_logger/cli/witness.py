"""The command `witness`: a server that cosigns what is consistent, and raises an alarm."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from domain.errors import LogConfigurationError, RedisError, shown
from event_logger.cli.options import AsJson, Prefix, file_path
from event_logger.cli.strict_json import strict_json
from event_logger.cli.terminal import say, say_error

if TYPE_CHECKING:
    import asyncio

    from infrastructure.http_server import HttpServer
    from infrastructure.redis.alarms import AlarmChannel
    from infrastructure.witness import Witness
    from projections.witnessing import Alarm

commands = typer.Typer()


@commands.command()
def witness(
    listen: Annotated[
        str, typer.Option(metavar="ADDRESS", help="HOST:PORT; port 0 is any that is free.")
    ],
    policy: Annotated[
        Path,
        typer.Option(
            metavar="FILE", help="The logs that are cosigned: a tlog-policy.", parser=file_path
        ),
    ],
    key: Annotated[
        Path,
        typer.Option(
            envvar="EVENT_LOGGER_WITNESS_KEY",
            metavar="FILE",
            help="The witness' key, as event-logger key new --witness makes it.",
            parser=file_path,
        ),
    ],
    state: Annotated[
        Path,
        typer.Option(
            metavar="FOLDER",
            help="Where the last checkpoint of each log is kept.",
            parser=file_path,
        ),
    ],
    expect: Annotated[
        float | None,
        typer.Option(
            min=0.1,
            metavar="SECONDS",
            help="Alarm where no checkpoint of a log comes for so long.",
        ),
    ] = None,
    exit_on_alarm: Annotated[
        bool, typer.Option("--exit-on-alarm", help="End at the first alarm.")
    ] = False,
    redis: Annotated[
        str | None,
        typer.Option(
            envvar="EVENT_LOGGER_REDIS",
            metavar="URL",
            help="Publish alarms there, on events:alarm.",
        ),
    ] = None,
    channel_prefix: Prefix = "",
    as_json: AsJson = False,
) -> None:
    """Cosign the checkpoints of logs that only grow, until Ctrl-C; exit 1 if there was an alarm."""
    import asyncio

    from infrastructure.cosigning import read_witness_key
    from infrastructure.files.policy_file import read_policy
    from infrastructure.http_server import HttpServer
    from infrastructure.redis.alarms import AlarmChannel
    from infrastructure.witness import MOST_BYTES, Witness

    host, port = _address(listen)
    cosigner = read_witness_key(key)
    channel = None if redis is None else AlarmChannel(redis, channel_prefix)
    alarms = _Alarms(channel, as_json)
    serving = Witness(cosigner, read_policy(policy), state, alarms.raise_)
    server = HttpServer(serving.answer, most_bytes=MOST_BYTES)
    asyncio.run(_served(server, serving, alarms, (host, port), expect, exit_on_alarm))
    if alarms.count:
        raise typer.Exit(1)


class _Alarms:
    """Says each alarm on standard output, and on Redis where there is one."""

    def __init__(self, channel: AlarmChannel | None, as_json: bool) -> None:
        self._channel = channel
        self._as_json = as_json
        self.count = 0
        self.told: Callable[[], object] = lambda: None
        """Called at each alarm."""

    def raise_(self, alarm: Alarm) -> None:
        self.count += 1
        try:
            if self._as_json:
                say(strict_json(alarm._asdict()), at_once=True)
            else:
                say(str(alarm), at_once=True)
            if self._channel is not None:
                self._channel.publish(alarm)
        except RedisError as error:
            say_error(f"event-logger: the alarm was not published: {error}")
        except OSError as error:
            say_error(f"event-logger: {alarm} (standard output: {error.strerror})")
        finally:
            self.told()


async def _served(
    server: HttpServer,
    serving: Witness,
    alarms: _Alarms,
    address: tuple[str, int],
    expect: float | None,
    exit_on_alarm: bool,
) -> None:
    import asyncio

    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for one in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(one, stop.set)
    if exit_on_alarm:
        alarms.told = lambda: loop.call_soon_threadsafe(stop.set)
    try:
        port = await server.start(*address)
    except OSError as error:
        where = f"{_shown_host(address[0])}:{address[1]}"
        # asyncio's own sentence quotes the address once more.
        number = error.errno or 0
        reason = os.strerror(number) if number > 0 else error.strerror or str(error)
        problem = f"{where} cannot be had: {reason}; name another address"
        raise LogConfigurationError("listen", where, problem) from error
    try:
        say_error(f"witness listening on http://{_shown_host(address[0])}:{port}")
        await asyncio.to_thread(serving.tell_unsaid)
        while not stop.is_set():
            if expect is None:
                await stop.wait()
                continue
            await asyncio.to_thread(serving.look_for_absent, expect)
            await _wait(stop, min(1.0, expect / 4))
    finally:
        await server.stop()


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    import asyncio

    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return


def _shown_host(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _address(given: str) -> tuple[str, int]:
    host, separator, port = given.rpartition(":")
    is_port = port.isascii() and port.isdecimal() and len(port) <= 5 and int(port) < 2**16
    if not separator or not host or not is_port:
        raise typer.BadParameter(
            f"{shown(given)} is no address: write it as 127.0.0.1:8080", param_hint="--listen"
        )
    return host.removeprefix("[").removesuffix("]"), int(port)
