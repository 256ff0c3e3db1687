"""
`teleinfo record`: write the bytes of the line to a file, or to standard output (`-`), exactly as they come.

Bit 7 is the parity, since the port is opened 8N1. In mode auto the recording begins once the speed is found.
It ends after `--seconds`, at `--max-bytes`, at Ctrl-C or SIGTERM. A second file has the times of the bytes.
A file is never overwritten, and only its owner may read it, since it holds identifiers. The exit status is 0,
or 1 if the port or the file cannot be used, the speed is not found or no byte comes.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from teleinfo.common import event_loop
from teleinfo.common.files import file_error
from teleinfo.common.i18n import N_, _
from teleinfo.common.recording_times import SUFFIX
from teleinfo.console.arguments import count, positive
from teleinfo.console.output import fail, say
from teleinfo.port.errors import PortError
from teleinfo.port.line_socket import line_of
from teleinfo.port.search import candidates
from teleinfo.record.anonymise import Anonymiser
from teleinfo.record.capture import RecordError, Recording
from teleinfo.settings import default_env_file
from teleinfo.settings.sources import load

if TYPE_CHECKING:
    from collections.abc import Iterator

HELP = N_(
    "Record the bytes of the line into a file, exactly as they come, parity included, "
    "and their times into a second file."
)

SECONDS: Final = 60.0
DEFAULT_MAX_BYTES: Final = 10_000_000
STANDARD_OUTPUT: Final = Path("-")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command to `parser`."""
    add = parser.add_argument
    file = _("where to (default: teleinfo-DATE-TIME.tic in this directory; -: standard output)")
    add("file", metavar="FILE", nargs="?", type=Path, help=file)
    seconds = _("end after N seconds (default: %(default)g)")
    add("--seconds", type=positive, default=SECONDS, metavar="N", help=seconds)
    most = _("end after N bytes of the line (default: %(default)d)")
    add("--max-bytes", type=count, default=DEFAULT_MAX_BYTES, metavar="N", help=most)
    add("--baudrate", type=count, metavar="N", help=_("listen at this speed, whether it makes sense or not"))
    anonymize = _("make ADCO, ADSC, ADS and PRM zeros, and drop what is damaged and may hold a piece of them")
    add("--anonymize", action="store_true", help=anonymize)
    add("--anonymise", dest="anonymize", action="store_true", help=argparse.SUPPRESS)


def main(arguments: argparse.Namespace) -> int:
    """Record; return the exit status (0 or 1, see the module), raise SettingsError."""
    settings = load(arguments.env_file or default_env_file())
    path = arguments.file or Path(time.strftime("teleinfo-%Y%m%d-%H%M%S.tic"))
    baudrates = candidates(settings.serial_mode, arguments.baudrate or settings.serial_baudrate)
    try:
        with contextlib.ExitStack() as stack:
            file = stack.enter_context(_opened(path))
            times_file = None
            if path != STANDARD_OUTPUT:
                times_file = stack.enter_context(_opened(Path(f"{path}{SUFFIX}")))
            recording = Recording(
                line_of(settings.serial_port),
                baudrates,
                file,
                times_file,
                anonymiser=Anonymiser() if arguments.anonymize else None,
                most=arguments.max_bytes,
            )
            event_loop.run(recording.run(arguments.seconds))
    except OSError as error:
        path_of_error = error.filename or path
        reason = _("{path} cannot be written: {error}").format(path=path_of_error, error=_(file_error(error)))
    except RecordError as error:
        reason = f"{error}{_kept(path)}"
    except PortError as error:
        reason = f"{error.localized()}{_kept(path)}"
    else:
        say(_summary(path, recording))
        return 0
    return fail("record", reason)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """Yield standard output, or a new file that only its owner may read; remove a file that stays empty."""
    if path == STANDARD_OUTPUT:
        yield sys.stdout.buffer
        return
    path.touch(mode=0o600, exist_ok=False)
    with path.open("wb") as file:
        try:
            yield file
        finally:
            if not file.tell():
                path.unlink()


def _summary(path: Path, recording: Recording) -> str:
    """Return what the recording has: bytes, seconds, frames, what was made anonymous; and how to read it."""
    summary = _("{path}: {count} bytes in {seconds} s, sound frames: {frames}\n").format(
        path=path,
        count=recording.decoder.counts.bytes_read,
        seconds=round(recording.seconds),
        frames=recording.decoder.counts.frames,
    )
    if recording.anonymiser is not None:
        summary += _(
            "Identifiers made zeros: {replaced}. "
            "Damaged pieces dropped, since they might hold one: {dropped}\n"
        ).format(replaced=recording.anonymiser.replaced, dropped=recording.anonymiser.dropped)
    if path == STANDARD_OUTPUT:
        return summary
    return summary + _("See what is in it with:  teleinfo decode {path}\n").format(path=path)


def _kept(path: Path) -> str:
    """Return a line that says where the bytes before an error are; "" if none came."""
    if not path.exists():
        return ""
    return "\n" + _("What came before is in {path}").format(path=path)
