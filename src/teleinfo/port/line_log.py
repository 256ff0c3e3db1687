"""
Log the faults of the line while the port is open; the reader logs a port that is away.

- A meter that is not heard. If no byte comes, the fault is in the wires or the power; if bytes make no sense,
  it is the speed or the line. A meter that is heard now and then is logged as one outage.
- Values that the decoder withholds.
- The mode in which the meter is heard, and its changes.

Times are monotonic, in seconds.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from teleinfo.common.durations import duration
from teleinfo.common.i18n import N_
from teleinfo.common.outage_log import QUIET, OutageLog, OutageTexts
from teleinfo.port.link_status import SILENT_AFTER, LinkStatus
from teleinfo.vocabulary.line import LinkProblem
from teleinfo.vocabulary.words import Message

if TYPE_CHECKING:
    from collections.abc import Mapping

    from teleinfo.tic.labels import Mode

log = logging.getLogger(__name__)

MODE_CHANGE_INTERVAL = 60.0
"""Seconds between two lines about a mode that changes at one speed."""

OPENING: Final = N_("opening the serial port")
NO_FRAME: Final = N_("no frame yet")
SILENT: Final = N_("the meter is silent, frames: {frames}, the last {ago} ago")
"""Parts of the line of status that report a fault; the doctor looks for them."""

SEPARATOR: Final = N_("; ")
"""Text between two parts of that line."""

_COMES_AND_GOES: Final = N_("the meter comes and goes: {reason}")
_NO_BYTE: Final = N_(
    "no sound frame from the meter for {silent}, and no byte at all: it may be interrupted, without power, "
    "or its wires loose"
)
_NO_BYTE_YET: Final = N_(
    "no sound frame from the meter for {silent}, and no byte at all: check its wires (terminals I1 and I2) "
    "and the adapter"
)
_NONSENSE: Final = N_(
    "bytes come from {url}, but none makes sense, at 1200 baud or at 9600: check the wiring (terminals I1 "
    "and I2, a long or bad cable, the adapter)"
)
_NONSENSE_AT_SPEED: Final = N_(
    "bytes come from {url} at {baudrate} baud, but none makes sense: the speed is probably wrong. Set "
    "TELEINFO_SERIAL_MODE=auto, without TELEINFO_SERIAL_BAUDRATE; if that does not help, check the wiring"
)
_NONSENSE_AT_BRIDGE: Final = N_(
    "bytes come from {url}, but none makes sense: the bridge probably has another speed than the meter. Set "
    "it to 1200 baud (mode historique) or 9600 (mode standard), 7E1 or 8N1; if that does not help, check the "
    "wiring"
)
PASSING: Final = (
    _COMES_AND_GOES,
    _NO_BYTE,
    _NO_BYTE_YET,
    _NONSENSE,
    _NONSENSE_AT_SPEED,
    _NONSENSE_AT_BRIDGE,
)
"""Warnings about a meter that is not heard; they are over once it is heard again."""

_NO_DATA_TEXTS: Final = OutageTexts(
    begins="{reason}",
    lost_again=_COMES_AND_GOES,
    ends=N_("the meter is heard again, after {lasted}"),
)
_WITHHELD_TEXTS: Final = OutageTexts(
    begins=N_(
        "values that cannot follow those before are withheld, of {reason}: bytes get lost on the line, or "
        "the meter was replaced"
    ),
    ends=N_("no value has been withheld for 2 h; before, some were for {lasted}"),
)


class LineLog:
    """Log of the faults of the line to a meter, which it reads from `status`."""

    def __init__(self, status: LinkStatus) -> None:
        self._status = status
        self._unheard = OutageLog(status.url, _NO_DATA_TEXTS)
        self._withheld = OutageLog("values", _WITHHELD_TEXTS)
        self._withheld_counts: dict[str, int] = {}
        self._last_withheld = 0.0
        self._mode: tuple[Mode, int | None] | None = None
        self._mode_quiet_until = 0.0

    def check(self, withheld: Mapping[str, int], now: float) -> None:
        """
        Log changes of the status, and the étiquettes with more `withheld` values than before.

        Call this every second while the port is open.
        """
        self._check_mode(now)
        problem = self._status.problem(now)
        if problem in {LinkProblem.NO_DATA, LinkProblem.NONSENSE}:
            last = self._status.last_frame
            url = self._status.url
            baudrate = self._status.baudrate
            if problem is LinkProblem.NO_DATA:
                text = _NO_BYTE_YET if last is None else _NO_BYTE
            elif baudrate is None:
                text = _NONSENSE_AT_BRIDGE
            elif self._status.searching:
                text = _NONSENSE
            else:
                text = _NONSENSE_AT_SPEED
            reason = Message(text, silent=duration(SILENT_AFTER), url=url, baudrate=baudrate)
            since = self._status.listening_since if last is None else last
            self._unheard.failed(problem, reason, now, since=since)
        elif problem is None:
            self._unheard.works(now)
        # While the port is opened or listened to, nothing is known yet.
        labels = [label for label, count in withheld.items() if count > self._withheld_counts.get(label, 0)]
        if labels:
            self._withheld_counts = dict(withheld)
            self._last_withheld = now
            self._withheld.failed(None, ", ".join(labels), now)
        elif now - self._last_withheld >= QUIET:
            self._withheld.works(now, since=self._last_withheld)

    def _check_mode(self, now: float) -> None:
        """Log that a meter is read, or that its mode or speed changed; a mode that changes often, rarely."""
        mode = self._status.mode
        baudrate = self._status.baudrate
        before = self._mode
        if mode is None or before == (mode, baudrate):
            return
        if before is None:
            log.info("reading a meter in %s", mode_at(mode, baudrate))
        elif before[1] != baudrate or now >= self._mode_quiet_until:
            modes = mode_at(mode, baudrate), mode_at(*before)
            log.info("the meter changed its mode: now %s, before %s", *modes)
        else:
            return
        self._mode = (mode, baudrate)
        self._mode_quiet_until = now + MODE_CHANGE_INTERVAL


def mode_at(mode: Mode, baudrate: int | None) -> Message:
    """Return a mode and its speed in words; a bridge has no speed."""
    words = N_("mode {mode}") if baudrate is None else N_("mode {mode} at {baudrate} baud")
    return Message(words, mode=mode, baudrate=baudrate)
