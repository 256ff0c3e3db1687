"""
`teleinfo simulate`: play a meter on a pseudo-terminal, which any reader of TIC opens like a serial port.

The first line on standard output is the path of the port and nothing else, so that a script can read it; the
second says how to read the port. It ends at Ctrl-C, SIGTERM or SIGHUP, after `--frames` or after `--seconds`,
and removes its link. Exit status 0; 1 where the port or the link cannot be made or the recording not be read.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import random
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from teleinfo.cli.arguments import count, not_negative, share
from teleinfo.common.i18n import N_, _
from teleinfo.simulator.catalogue import DEFAULT, METERS, build
from teleinfo.simulator.play import baudrate_of, play, replay
from teleinfo.simulator.pseudo_terminal import BAUDRATES
from teleinfo.simulator.serial_line import SerialLine

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

HELP = N_("play a meter on a pseudo-terminal, in place of a real one on a serial port")

# How long the reader may take for the last bytes: what it has not read is lost when the port closes.
_LAST_BYTES_SECONDS = 2.0


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command to `parser`."""
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--meter",
        choices=METERS,
        default=DEFAULT,
        help=_("which meter to simulate: {names} (default: %(default)s)").format(names=", ".join(METERS)),
        metavar="NAME",
    )
    what.add_argument(
        "--replay", type=Path, metavar="FILE", help=_("send the bytes of a recording, again and again")
    )
    parser.add_argument(
        "--link", type=Path, metavar="PATH", help=_("make PATH a symbolic link to the port, while it lasts")
    )
    _configure_line(parser)
    _configure_life(parser)


def main(arguments: argparse.Namespace) -> int:
    """Play until the end; return the exit status (0 or 1, see the module)."""
    try:
        asyncio.run(_simulate(arguments))
    except OSError as error:
        sys.stderr.write(_("The simulated meter cannot run: {error}\n").format(error=error))
        return 1
    except KeyboardInterrupt:  # before the signal handlers were there
        return 0
    return 0


def _configure_line(parser: argparse.ArgumentParser) -> None:
    line = parser.add_argument_group(_("the line"))
    line.add_argument(
        "--speed",
        type=not_negative,
        default=1.0,
        metavar="N",
        help=_("N times faster than a real line; 0: as fast as it is read (default: 1)"),
    )
    line.add_argument(
        "--baudrate",
        type=int,
        choices=BAUDRATES,
        metavar="BAUD",
        help=_("speed of the line (default: 1200 for historique, 9600 for standard)"),
    )
    parity = line.add_mutually_exclusive_group()
    parity.add_argument(
        "--parity",
        action="store_true",
        default=True,
        help=_("send the parity in bit 7, as a real line arrives when it is read as 8N1 (the default)"),
    )
    parity.add_argument(
        "--stripped",
        action="store_false",
        dest="parity",
        help=_("send seven-bit characters, as they arrive when it is read as 7E1"),
    )
    line.add_argument(
        "--noise",
        type=share,
        default=0.0,
        metavar="BER",
        help=_("share of bits that arrive wrong, for example 0.001 (default: 0)"),
    )
    line.add_argument(
        "--strict-speed",
        action="store_true",
        help=_("a reader that listens at another speed gets what a real port would make of it"),
    )


def _configure_life(parser: argparse.ArgumentParser) -> None:
    life = parser.add_argument_group(_("its life"))
    life.add_argument(
        "--seed", type=int, metavar="N", help=_("the same N gives the same day and the same noise")
    )
    life.add_argument(
        "--start",
        type=_local_time,
        metavar="TIME",
        help=_("when the meter's day begins, for example 2026-01-15T18:30 (default: now)"),
    )
    life.add_argument("--wait", action="store_true", help=_("send nothing before somebody opens the port"))
    life.add_argument("--frames", type=count, metavar="N", help=_("end after N frames"))
    life.add_argument("--seconds", type=not_negative, metavar="N", help=_("end after N seconds"))


async def _simulate(arguments: argparse.Namespace) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    line, playing = _prepare(arguments)
    with line:
        task = asyncio.create_task(playing(), name="teleinfo.simulate")
        end = asyncio.create_task(stop.wait(), name="teleinfo.simulate.end")
        how = _("Read it with: TELEINFO_SERIAL_PORT={port} teleinfo run").format(port=line.port)
        sys.stdout.write(f"{line.port}\n{how}\n")
        sys.stdout.flush()
        done, rest = await asyncio.wait(
            {task, end}, timeout=arguments.seconds, return_when=asyncio.FIRST_COMPLETED
        )
        for other in rest:
            other.cancel()
        await asyncio.wait({task, end})
        if task in done:
            task.result()
            await line.until_read(within=_LAST_BYTES_SECONDS)


def _prepare(arguments: argparse.Namespace) -> tuple[SerialLine, Callable[[], Coroutine[None, None, None]]]:
    """Return the line, not yet open, and what plays on it."""
    start = arguments.start or dt.datetime.now()  # noqa: DTZ005 -- a meter knows local time only
    recording = None if arguments.replay is None else arguments.replay.read_bytes()
    meter = build(arguments.meter, start=start, rng=random.Random(arguments.seed))  # noqa: S311 -- a household, not a secret
    line = SerialLine(
        baudrate=arguments.baudrate or (meter.baudrate if recording is None else baudrate_of(recording)),
        link=arguments.link,
        speed=arguments.speed,
        parity=arguments.parity,
        noise=arguments.noise,
        # Its own, so that the noise changes what arrives, but not what the household does.
        rng=random.Random(arguments.seed),  # noqa: S311 -- noise, not a secret
        strict_speed=arguments.strict_speed,
    )

    async def playing() -> None:
        if arguments.wait:
            await line.until_attached()
        if recording is None:
            await play(meter, line, start=start, frames=arguments.frames)
        else:
            await replay(recording, line, frames=arguments.frames)

    return line, playing


def _local_time(text: str) -> dt.datetime:
    try:
        return dt.datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError as error:
        message = _("{text} is not a time such as 2026-01-15T18:30").format(text=text)
        raise argparse.ArgumentTypeError(message) from error
