"""
`teleinfo simulate`: a meter on a pseudo-terminal, which any reader of TIC opens like a serial port.

The first line on standard output is the path of the port and nothing else, so that a script can read it; the
next lines are for people. The command ends at Ctrl-C, SIGTERM or SIGHUP, after `--frames` or after
`--seconds`, and removes its link. With `--conformance` it only writes a folder. The exit status is 0, or 1 if
the port, the link or the folder cannot be created, or the recording cannot be read.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import datetime as dt
import errno
import random
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from teleinfo.common import event_loop
from teleinfo.common.files import file_error
from teleinfo.common.i18n import N_, _
from teleinfo.common.times_file import read_times
from teleinfo.console.arguments import count, local_time, not_negative, positive, share
from teleinfo.console.output import fail, say
from teleinfo.simulator import conformance
from teleinfo.simulator.catalogue import DEFAULT, METERS, build
from teleinfo.simulator.encode import ETX
from teleinfo.simulator.households import HOUSEHOLDS
from teleinfo.simulator.play import baudrate_of, play, replay
from teleinfo.simulator.serial_line import SPEED_CODES, SerialLine
from teleinfo.simulator.tariff import FRANCE

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from teleinfo.simulator.play import Pieces

HELP = N_("play a meter on a pseudo-terminal, in place of a real one on a serial port")

# Seconds for the reader to read the last bytes: unread bytes are lost when the port closes.
_LAST_READ_TIMEOUT = 5.0
_CHUNK = 1 << 14  # bytes of a recording in memory
_HEAD = 1 << 12  # bytes to find the mode of a recording, unless it has `_ENOUGH_FRAMES` earlier
_ENOUGH_FRAMES = 2


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command to `parser`."""
    source = parser.add_mutually_exclusive_group()
    recording = _("send the bytes of a recording, again and again; those of a pipe once")
    source.add_argument("--replay", type=Path, metavar="FILE", help=recording)
    kit = _("write lines and their readings to FOLDER, to test any reader of TIC; play nothing")
    source.add_argument("--conformance", type=Path, metavar="FOLDER", help=kit)
    which = _("which meter to simulate: {names} (default: %(default)s)").format(names=", ".join(METERS))
    source.add_argument("--meter", choices=METERS, default=DEFAULT, metavar="NAME", help=which)
    link = _("make PATH a symbolic link to the port, while it lasts")
    parser.add_argument("--link", type=Path, metavar="PATH", help=link)
    line = parser.add_argument_group(_("the line"))
    speed = _("N times faster than a real line; 0: as fast as it is read (default: 1)")
    line.add_argument("--speed", type=not_negative, default=1.0, metavar="N", help=speed)
    baudrate = _("speed of the line (default: 1200 for historique, 9600 for standard)")
    line.add_argument("--baudrate", type=int, choices=SPEED_CODES, metavar="BAUD", help=baudrate)
    strict = _(
        "a reader at another speed receives what a real port would make of it (the default),"
        " or all of it nevertheless"
    )
    line.add_argument("--strict-speed", action=argparse.BooleanOptionalAction, default=True, help=strict)
    noise = _("share of bits that arrive wrong, for example 0.001 (default: %(default)g)")
    line.add_argument("--noise", type=share, default=0.0, metavar="BER", help=noise)
    lost = _("share of bytes that are lost, eight at a time, for example 0.01 (default: %(default)g)")
    line.add_argument("--lost", type=share, default=0.0, metavar="SHARE", help=lost)
    stripped = _("send seven-bit characters without parity, as they arrive when it is read as 7E1")
    line.add_argument("--stripped", action="store_false", dest="parity", help=stripped)
    meter = parser.add_argument_group(_("the meter"))
    number = _("the meter's number (ADCO or ADSC), twelve digits, so that two meters differ")
    meter.add_argument("--number", type=_number, metavar="NUMBER", help=number)
    which = _("the household behind the meter, in place of its usual one: {names}")
    which = which.format(names=", ".join(HOUSEHOLDS))
    meter.add_argument("--household", choices=HOUSEHOLDS, metavar="NAME", help=which)
    same = _("the same N gives the same day and the same noise")
    meter.add_argument("--seed", type=int, metavar="N", help=same)
    begin = _("when the meter's day begins, for example 2026-01-15T18:30 (default: now)")
    meter.add_argument("--start", type=local_time, metavar="TIME", help=begin)
    fast = _("the meter's clock runs N times faster than its line (default: %(default)g)")
    meter.add_argument("--time-lapse", type=positive, default=1.0, metavar="N", help=fast)
    meter.add_argument("--wait", action="store_true", help=_("send nothing before somebody opens the port"))
    meter.add_argument("--frames", type=count, metavar="N", help=_("end after N frames"))
    meter.add_argument("--seconds", type=not_negative, metavar="N", help=_("end after N seconds"))


def main(arguments: argparse.Namespace) -> int:
    """Play until the end; return the exit status (0 or 1, see the module)."""
    try:
        if arguments.conformance is None:
            event_loop.run(_simulate(arguments))
        else:
            conformance.write(arguments.conformance)
    except OSError as error:
        reason = _(file_error(error))
        if error.filename is not None:
            reason = _("{path}: {reason}").format(path=error.filename, reason=reason)
        return fail("simulate", reason)
    except KeyboardInterrupt:  # before the signal handlers were installed
        pass
    return 0


async def _simulate(arguments: argparse.Namespace) -> None:
    """Play until the frames, the recording or `--seconds` end, or a signal arrives."""
    event_loop.cancel_on_stop()
    # A meter knows only the local time of France.
    start = arguments.start or dt.datetime.now(FRANCE).replace(tzinfo=None)
    rng = random.Random(arguments.seed)  # noqa: S311 -- a household, not a secret
    meter = build(
        arguments.meter, start=start, rng=rng, household=arguments.household, number=arguments.number
    )
    with contextlib.suppress(asyncio.CancelledError, TimeoutError):
        chunks: AsyncGenerator[Pieces, None] | None = None
        first: Pieces = []
        baudrate = meter.baudrate
        if arguments.replay is not None:
            chunks = _recording(arguments.replay)
            first = await anext(chunks)
            head = b"".join(data for data, _time in first)
            baudrate = baudrate_of(head)
        if arguments.baudrate is not None:
            baudrate = arguments.baudrate
        # A generator of its own, so that the line changes the bytes that arrive, but not the load.
        line = SerialLine(
            baudrate=baudrate,
            link=arguments.link,
            speed=arguments.speed,
            parity=arguments.parity,
            noise=arguments.noise,
            lost=arguments.lost,
            rng=random.Random(arguments.seed),  # noqa: S311 -- noise, not a secret
            strict_speed=arguments.strict_speed,
        )
        with line:
            sys.stdout.write(f"{line.port}\n{_instructions(line.port, arguments)}")
            sys.stdout.flush()
            async with asyncio.timeout(arguments.seconds):
                if arguments.wait:
                    await line.until_attached()
                frames = arguments.frames
                if chunks is None:
                    await play(meter, line, start=start, time_lapse=arguments.time_lapse, frames=frames)
                else:
                    await replay(chunks, line, first=first, frames=frames)
            async with asyncio.timeout(_LAST_READ_TIMEOUT):
                await line.until_read()


def _instructions(port: str, arguments: argparse.Namespace) -> str:
    """Return the command that reads the port; if the clock of the meter is fast, a line about it follows."""
    settings = f"TELEINFO_SERIAL_PORT={port}"
    # With a fast clock the indexes rise too fast for the plausibility checks of a daemon.
    if (arguments.speed, arguments.time_lapse) != (1, 1):
        settings += " TELEINFO_PLAUSIBILITY=false"
    text = _("Read it with: {settings} teleinfo run").format(settings=settings) + "\n"
    if arguments.time_lapse != 1:
        fast = _("Time-lapse: the meter's clock runs {factor:g} times faster than its line.")
        text += fast.format(factor=arguments.time_lapse) + "\n"
    return text


async def _recording(path: Path) -> AsyncGenerator[Pieces, None]:
    """
    Yield the bytes of a recording with their times, again and again, but only once if it is a pipe.

    The first chunk is long enough to show the mode. Raises OSError, for an empty recording too.
    """
    # In a thread: opening or reading a pipe may last for ever.
    with await asyncio.to_thread(path.open, "rb", buffering=0) as file:
        chunk = b""
        while len(chunk) < _HEAD and chunk.count(ETX) < _ENOUGH_FRAMES:
            data = await _read(file)
            if not data:
                break
            chunk += data
        if not chunk:
            raise OSError(errno.ENODATA, N_("the recording is empty"), str(path))
        times, note = read_times(path)
        if note:
            say(note)
        while chunk:
            begin = 0  # the times of a pipe are not known
            if file.seekable():
                begin = file.tell() - len(chunk)
            yield [*times.split(chunk, begin)]
            chunk = await _read(file)
            if not chunk and file.seekable():
                file.seek(0)
                chunk = await _read(file)


async def _read(file: BinaryIO) -> bytes:
    return await asyncio.to_thread(file.read, _CHUNK)


def _number(text: str) -> str:
    if not re.fullmatch(r"\d{12}", text, re.ASCII):
        raise argparse.ArgumentTypeError(_("{text} is not a number of twelve digits").format(text=text))
    return text
