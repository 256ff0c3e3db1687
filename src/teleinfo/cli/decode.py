"""`teleinfo decode`: print the messages that the daemon would publish for a recording or a port."""

from __future__ import annotations

import contextlib
import math
import os
import stat
import sys
import time
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeAlias

from teleinfo.common.files import file_error
from teleinfo.common.i18n import N_, _, in_words, use_language
from teleinfo.common.recording_times import UP_TO_ETX, RecordingTimes
from teleinfo.common.times_file import read_times
from teleinfo.console.output import fail, say
from teleinfo.payload import Options, encode
from teleinfo.settings.sources import load
from teleinfo.tic.decoder import SECONDS_PER_BYTE, Decoder
from teleinfo.tic.labels import Mode
from teleinfo.vocabulary.moment import Moment

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping

    from teleinfo.settings import Settings
    from teleinfo.tic.reading import Reading

    Encode: TypeAlias = Callable[[Reading, float], list[bytes]]
    """Return the lines of a reading that came at this time, s since 1970."""

HELP = N_(
    "Print what would be published of a recording, one JSON object a line, and a summary on standard error. "
    "The exit status is 1 where it has no sound frame. "
    "Of a port: until Ctrl-C, without a broker, and without a summary."
)
CHUNK_SIZE = 1 << 16  # bytes


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments: the recording or the port, and the kind of its lines."""
    file = _("raw bytes of the line, or the port of a meter (default: standard input)")
    parser.add_argument("file", metavar="FILE", nargs="?", default="-", help=file)
    kind = parser.add_mutually_exclusive_group()
    state = _("print the decoded state after each frame: what a daemon without a memory would publish")
    kind.add_argument("--state", action="store_true", help=state)
    events = _("print its events")
    kind.add_argument("--events", action="store_true", help=events)


def main(arguments: argparse.Namespace) -> int:
    """
    Decode the recording or the port; return 1 if it cannot be read or has no sound frame, else 0.

    PUBLISH_INTERVAL does not apply. `timestamp` is the time at which the frame came, or if that is not known,
    the time of decoding. Raises SettingsError.
    """
    settings = load(arguments.env_file)
    derives = arguments.state or arguments.events
    if derives:
        encode = _derive(settings, events=arguments.events)
    else:
        encode = partial(_encode, settings.payload)
    if _is_port(arguments.file):
        return _decode_port(arguments.file, settings, encode)
    clock = _FrameClock(time.time()) if derives else None
    return _decode_recording(arguments.file, settings, encode, clock)


def _encode(options: Options, reading: Reading, now: float) -> list[bytes]:
    """Encode a reading."""
    text = encode(reading, options, now=now)
    return [] if text is None else [text]


def _derive(settings: Settings, *, events: bool) -> Encode:
    """Return the function that encodes the state after a reading, or the events that the reading shows."""
    # Imported here, since decoding alone does not need them.
    from teleinfo.contract.price_source import PriceSource  # noqa: PLC0415
    from teleinfo.port.link_status import SILENT_AFTER  # noqa: PLC0415
    from teleinfo.state.tracker import StateTracker  # noqa: PLC0415
    from teleinfo.state.tracker import encode as encode_state  # noqa: PLC0415

    prices = PriceSource(Path(settings.offers), settings.prices)
    if prices.loaded.fault is not None:
        say(_(prices.loaded.fault))
    tracker = StateTracker(
        topic=settings.mqtt_topic, exclude=settings.payload_exclude, prices=prices.loaded.prices
    )
    silent_at = math.inf

    def encode(reading: Reading, now: float) -> list[bytes]:
        nonlocal silent_at
        if now >= silent_at:
            tracker.silence(_moment(silent_at))
        silent_at = now + SILENT_AFTER
        tracker.update(reading, _moment(now))
        new_events = tracker.take_events()
        if events:
            messages = new_events
        elif tracker.is_known:
            messages = [tracker.state(_moment(now))]
        else:
            messages = []
        with use_language(settings.language):
            return [encode_state(in_words(message)) for message in messages]

    return encode


def _moment(seconds: float) -> Moment:
    """Return the moment so many seconds since 1970, on both clocks."""
    return Moment(seconds, datetime.fromtimestamp(int(seconds)).astimezone())


@dataclass
class _FrameClock:
    """The time at which each frame ended, s since 1970; without times, at the speed of the line."""

    now: float
    _last_recorded: float | None = None
    _mode: Mode = Mode.HISTORIQUE

    def advance(self, data: bytes, recorded: float | None, readings: list[Reading]) -> float:
        """Return the time at which `data` came: `recorded`, unless that is the time of earlier data."""
        if readings:
            self._mode = readings[-1].mode
        if recorded is None or recorded == self._last_recorded:
            self.now += len(data) * SECONDS_PER_BYTE[self._mode]
        else:
            self.now = recorded
        self._last_recorded = recorded
        return self.now


def _decode_recording(name: str, settings: Settings, encode: Encode, clock: _FrameClock | None) -> int:
    """Print the lines of a recording, and a summary of it; return the exit status."""
    decoder = Decoder(plausibility=settings.plausibility)
    note = ""
    try:
        if name == "-":
            _decode_file(sys.stdin.buffer, RecordingTimes(), decoder, encode, clock)
        else:
            with Path(name).open("rb") as recording:
                times, note = read_times(Path(name))
                _decode_file(recording, times, decoder, encode, clock)
    except OSError as error:
        reason = _(file_error(error))
        path = name or "''"
        return fail("decode", _("{path} cannot be read: {error}").format(path=path, error=reason))
    decoder.close()
    sys.stderr.write(_summary(decoder))
    if note:
        say(note)
    if not decoder.counts.frames:
        text = _("{path} has no sound frame: is it the bytes of the line, as teleinfo record saves them?")
        return fail("decode", text.format(path=name))
    return 0


def _decode_file(
    recording: BinaryIO, times: RecordingTimes, decoder: Decoder, encode: Encode, clock: _FrameClock | None
) -> None:
    """Print the lines of the readings in `recording` as its bytes come; with `clock`, frame by frame."""
    while data := recording.read1(CHUNK_SIZE):  # type: ignore[attr-defined]  # of buffered files
        for piece, recorded in times.split(data, decoder.counts.bytes_read):
            if clock is None:
                _print(decoder.feed(piece, now=recorded), encode, recorded)
                continue
            for frame in UP_TO_ETX.findall(piece):
                readings = decoder.feed(frame, now=recorded)
                _print(readings, encode, clock.advance(frame, recorded, readings))


def _is_port(name: str) -> bool:
    """Return True for a bridge and for a device, even a missing one, but not for /dev/null."""
    if name.startswith(("socket://", "rfc2217://")):
        return True
    try:
        status = os.stat(name)  # noqa: PTH116 - a name that cannot be a path raises ValueError
    except (OSError, ValueError):
        return name.startswith("/dev/")
    return stat.S_ISCHR(status.st_mode) and name != os.devnull


def _decode_port(url: str, settings: Settings, encode: Encode) -> int:
    """Print the lines of a meter until KeyboardInterrupt (Ctrl-C); return 1 when its port is lost."""
    # Imported here, since decoding a recording does not need them.
    from teleinfo.common import event_loop  # noqa: PLC0415
    from teleinfo.port.errors import PortError  # noqa: PLC0415
    from teleinfo.port.library import read  # noqa: PLC0415
    from teleinfo.port.line_socket import line_of  # noqa: PLC0415

    mode = settings.serial_mode

    async def decode() -> None:
        readings = read(
            line_of(url),
            mode=mode if mode == "auto" else Mode(mode),
            baudrate=settings.serial_baudrate,
            decoder=Decoder(plausibility=settings.plausibility),
        )
        async with contextlib.aclosing(readings):
            async for reading in readings:
                _print([reading], encode)

    try:
        event_loop.run(decode())
    except PortError as error:
        return fail("decode", error.localized())
    return 0


def _print(readings: list[Reading], encode: Encode, now: float | None = None) -> None:
    """Print the lines of readings that came at `now`, s since 1970 (None: at this moment)."""
    if now is None:
        now = time.time()
    for reading in readings:
        for line in encode(reading, now):
            sys.stdout.buffer.write(line + b"\n")
    sys.stdout.buffer.flush()


def _summary(decoder: Decoder) -> str:
    """Return what was counted in a recording, a line for each."""
    counts = decoder.counts
    if decoder.parity is None:
        arrived = _("unknown: there is no complete frame")
    elif decoder.parity:
        arrived = _("yes: each character was checked")
    else:
        arrived = _("no: it was stripped, only checksums and character classes were checked")
    figures: dict[str, object] = asdict(counts)
    figures["rejected"] = counts.rejected
    figures["withheld"] = counts.unconfirmed + counts.implausible
    figures["unconfirmed"] = _with_labels(counts.unconfirmed, decoder.unconfirmed)
    figures["implausible"] = _with_labels(counts.implausible, decoder.implausible)
    figures["arrived"] = arrived
    template = _(
        "frames       {frames}\n"
        "groups       {groups}\n"
        "rejected     {rejected} (parity {parity}, checksum {checksum}, malformed {malformed})\n"
        "withheld     {withheld} (unconfirmed {unconfirmed}, implausible {implausible})\n"
        "interrupted  {interrupted}\n"
        "parity       {arrived}\n"
    )
    return template.format(**figures)


def _with_labels(count: int, by_label: Mapping[str, int]) -> str:
    """Return the number of withheld groups, followed by the number for each étiquette."""
    labels = ", ".join(f"{label} {number}" for label, number in by_label.items())
    return f"{count}: {labels}" if labels else str(count)
