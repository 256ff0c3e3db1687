"""`teleinfo decode`: a recording in, the payloads that would have been published out."""

from __future__ import annotations

import sys
import time
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from teleinfo.cli.output import wrapped
from teleinfo.common.file_errors import file_error
from teleinfo.common.i18n import N_, _
from teleinfo.settings import load
from teleinfo.tic.decoder import Decoder
from teleinfo.tic.payload import encode

if TYPE_CHECKING:
    import argparse
    from contextlib import AbstractContextManager

HELP = N_(
    "Print what would be published of a recording, one JSON object a line, and a summary on standard error."
)
CHUNK = 1 << 16


def configure(parser: argparse.ArgumentParser) -> None:
    """Take the recording's path."""
    parser.add_argument(
        "file",
        metavar="FILE",
        nargs="?",
        default="-",
        help=_("raw bytes of the line (default: standard input)"),
    )


def main(arguments: argparse.Namespace) -> int:
    """
    Decode the recording and return 0, or 1 where it cannot be read; raise SettingsError.

    PUBLISH_INTERVAL does not apply: a recording has no clock. `timestamp` is the time of decoding.
    """
    options = load(arguments.env_file).payload
    decoder = Decoder()
    try:
        with _opened(arguments.file) as recording:
            while data := recording.read1(CHUNK):  # type: ignore[attr-defined]  # of buffered files
                for reading in decoder.feed(data):
                    text = encode(reading, options, now=time.time())
                    if text is not None:
                        sys.stdout.buffer.write(text + b"\n")
                sys.stdout.buffer.flush()
    except OSError as error:
        reason = file_error(error).localized()
        message = _("{path} cannot be read: {error}").format(path=arguments.file, error=reason)
        sys.stderr.write(wrapped(f"teleinfo decode: {message}\n", sys.stderr))
        return 1
    decoder.close()
    sys.stderr.write(_summary(decoder))
    return 0


def _opened(name: str) -> AbstractContextManager[BinaryIO]:
    return nullcontext(sys.stdin.buffer) if name == "-" else Path(name).open("rb")


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
        "rejected     {rejected} (parity {bad_parity}, checksum {bad_sum}, malformed {malformed})\n"
        "interrupted  {interrupted}\n"
        "parity       {parity}\n"
    ).format(
        frames=counts.frames,
        groups=counts.groups,
        rejected=counts.rejected,
        bad_parity=counts.parity,
        bad_sum=counts.checksum,
        malformed=counts.malformed,
        interrupted=counts.interrupted,
        parity=parity,
    )
