"""`teleinfo decode`: print the messages that the daemon would publish for a recording or a port."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from teleinfo.cli.output import fail, say
from teleinfo.common.file_errors import file_error
from teleinfo.common.i18n import N_, _
from teleinfo.common.recording_times import RecordingTimes
from teleinfo.common.times_file import read_times
from teleinfo.settings import Settings, load
from teleinfo.state.payload import Options, encode
from teleinfo.tic.decoder import Decoder

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping
    from contextlib import AbstractContextManager

    from teleinfo.tic.reading import Reading

HELP = N_(
    "Print what would be published of a recording, one JSON object a line, and a summary on standard error. "
    "The exit status is 1 where it has no sound frame. "
    "Of a port: until Ctrl-C, without a broker, and without a summary."
)
CHUNK_SIZE = 1 << 16  # bytes
MARKS = (b"\x02\x82", b"\x03", b"\r\x8d")
"""STX, ETX and CR, without and with parity; a terminal in cooked mode removes ETX and CR (ICRNL, ISIG)."""
MEMORY_DEVICES = 1
"""Major number of /dev/null, /dev/zero … (devices.txt of the kernel), which are no serial ports."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the argument: the path of the recording, or the port."""
    parser.add_argument(
        "file",
        metavar="FILE",
        nargs="?",
        default="-",
        help=_("raw bytes of the line, or the port of a meter (default: standard input)"),
    )


def main(arguments: argparse.Namespace) -> int:
    """
    Decode the recording or the port; return 1 if it cannot be read or has no sound frame, else 0.

    PUBLISH_INTERVAL does not apply. `timestamp` is the time at which the frame came, or if that is not known,
    the time of decoding. Raises SettingsError.
    """
    settings = load(arguments.env_file)
    decode = _decode_port if _is_port(arguments.file) else _decode_recording
    return decode(arguments.file, settings)


def _decode_recording(name: str, settings: Settings) -> int:
    decoder, marks = Decoder(plausibility=settings.plausibility), dict.fromkeys(b"".join(MARKS), 0)
    try:
        with _opened(name) as recording:
            times, note = (RecordingTimes(), "") if name == "-" else read_times(Path(name))
            while data := recording.read1(CHUNK_SIZE):  # type: ignore[attr-defined]  # of buffered files
                for mark in marks:
                    marks[mark] += data.count(mark)
                for piece, now in times.split(data, decoder.counts.bytes_):
                    _print(decoder.feed(piece, now=now), settings.payload, now)
    except OSError as error:
        reason = _(file_error(error))
        return fail("decode", _("{path} cannot be read: {error}").format(path=name or "''", error=reason))
    decoder.close()
    sys.stderr.write(_summary(decoder))
    if note:
        say(note)
    stx, etx, cr = (sum(marks[mark] for mark in forms) for forms in MARKS)
    if stx > 1 and not etx and not cr:
        text = _(
            "{path} was recorded on a terminal that was not raw: CR has become LF, and ETX is "
            "missing; record it again, with teleinfo record"
        )
        return fail("decode", text.format(path=name))
    if not decoder.counts.frames:
        text = _("{path} has no sound frame: is it the bytes of the line, as teleinfo record saves them?")
        return fail("decode", text.format(path=name))
    return 0


def _is_port(name: str) -> bool:
    """Return True for a bridge and for a device, even a missing one, but not for a memory device."""
    if name.startswith(("socket://", "rfc2217://")):
        return True
    try:
        status = os.stat(name)  # noqa: PTH116 - a name that cannot be a path raises ValueError
    except (OSError, ValueError):
        return name.startswith("/dev/")
    return stat.S_ISCHR(status.st_mode) and os.major(status.st_rdev) != MEMORY_DEVICES


def _decode_port(url: str, settings: Settings) -> int:
    """Print the messages of a meter until KeyboardInterrupt (Ctrl-C); return 1 when its port is lost."""
    # Imported here, since decoding a recording does not need them.
    from teleinfo.common import event_loop  # noqa: PLC0415
    from teleinfo.port.errors import PortError  # noqa: PLC0415
    from teleinfo.port.library import read  # noqa: PLC0415
    from teleinfo.port.line_socket import line_of  # noqa: PLC0415

    async def decode() -> None:
        readings = read(
            line_of(url),
            mode=settings.serial_mode,
            baudrate=settings.serial_baudrate,
            decoder=Decoder(plausibility=settings.plausibility),
        )
        async with contextlib.aclosing(readings):
            async for reading in readings:
                _print([reading], settings.payload)

    try:
        event_loop.run(decode())
    except PortError as error:
        return fail("decode", error.localized())
    return 0


def _print(readings: list[Reading], options: Options, now: float | None = None) -> None:
    now = time.time() if now is None else now
    texts = [text for reading in readings if (text := encode(reading, options, now=now)) is not None]
    if texts:
        sys.stdout.buffer.write(b"\n".join(texts) + b"\n")
    sys.stdout.buffer.flush()


def _opened(name: str) -> AbstractContextManager[BinaryIO]:
    return contextlib.nullcontext(sys.stdin.buffer) if name == "-" else Path(name).open("rb")


def _summary(decoder: Decoder) -> str:
    counts = decoder.counts
    parity = {
        True: _("yes: each character was checked"),
        False: _("no: it was stripped, only checksums and character classes were checked"),
        None: _("unknown: there is no complete frame"),
    }[decoder.parity]
    return _(
        "frames       {frames}\n"
        "groups       {groups}\n"
        "rejected     {rejected} (parity {parity}, checksum {checksum}, malformed {malformed})\n"
        "withheld     {withheld} (unconfirmed {unconfirmed}, implausible {implausible})\n"
        "interrupted  {interrupted}\n"
        "parity       {arrived}\n"
    ).format(
        **asdict(counts)
        | {
            "rejected": counts.rejected,
            "withheld": counts.unconfirmed + counts.implausible,
            "unconfirmed": _with_labels(counts.unconfirmed, decoder.unconfirmed),
            "implausible": _with_labels(counts.implausible, decoder.implausible),
            "arrived": parity,
        }
    )


def _with_labels(count: int, by_label: Mapping[str, int]) -> str:
    """Return the number of withheld groups, followed by the number for each étiquette."""
    labels = ", ".join(f"{label} {number}" for label, number in by_label.items())
    return f"{count}: {labels}" if labels else str(count)
