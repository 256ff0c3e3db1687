"""
What the log says of a meter that is not heard although its port is open, and no more.

Such a silence is two lines: a WARNING when it begins, with what it means, and an INFO when it ends, with how
long it lasted. Where nothing comes at all, wires and power are at fault; where bytes come and make no sense,
it is the speed or a bad line. A silence that turns from the one into the other is one more line, and a meter
that is heard now and then is one silence, not many. Of a port that is away nothing is said here:
`port.outage` does.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from teleinfo.common.durations import duration
from teleinfo.port.baud_detector import SPEEDS

if TYPE_CHECKING:
    from teleinfo.port.baud_detector import BaudDetector

log = logging.getLogger(__name__)

QUIET = 10.0
"""No byte for so long, seconds: nothing comes. Enedis-NOI-CPT_54E v3 and 02E v6, rules for receivers."""

NONSENSE = 30.0
"""Bytes without a sound frame for so long, seconds, mean that a fixed speed is wrong."""

NONSENSE_SEARCHING = 60.0
"""The same where the speed is searched: a search takes up to 15 s."""

SETTLED = 60.0
"""A meter that was heard for so long without a silence, seconds, is back for good."""

_AGAIN = "again"


class Silence:
    """The story of the meter at `url`, heard at the speed of `tuner`. Times are monotonic, in seconds."""

    def __init__(self, url: str, tuner: BaudDetector) -> None:
        self._url = url
        self._tuner = tuner
        self._patience = NONSENSE if tuner.fixed else NONSENSE_SEARCHING
        self._heard: float | None = None  # the last frame, or the first opening of the port
        self._ever = False
        self._byte = 0.0  # the last byte
        self._sense = 0.0  # the last time when bytes made sense, or did not come
        self._silent = False
        self._began = 0.0  # the silence, with the last frame before it
        self._back: float | None = None  # the first frame after it; None once it holds
        self._said: set[str] = set()  # since it held last

    def opened(self, now: float) -> None:
        """Note that the port is open again: while it was away there was nothing to hear."""
        self._byte = self._sense = now
        if self._heard is None:
            self._heard = now

    def bytes_came(self, now: float) -> None:
        """Note that the line is not dead."""
        self._byte = now

    def frame_came(self, now: float) -> None:
        """Note a sound frame: the meter is heard."""
        if self._silent:
            self._silent, self._back = False, now
            if _AGAIN not in self._said:
                self._say_its_end(now)
        elif self._back is not None and now - self._back >= SETTLED:
            if _AGAIN in self._said:
                self._say_its_end(self._back)
            self._said.clear()
            self._back = None
        self._ever = True
        self._heard = self._byte = self._sense = now

    def check(self, now: float) -> None:
        """Say what there is to say at this moment; to be called every second while the port is open."""
        if now - self._byte >= QUIET:
            self._sense = now
            self._say(now, "quiet", self._nothing_comes())
        elif now - self._sense >= self._patience:
            self._say(now, "nonsense", self._no_sense())

    def _say(self, now: float, cause: str, text: str) -> None:
        if not self._silent:
            self._silent = True
            if self._back is None:
                self._began = now if self._heard is None else self._heard
            else:
                cause, text = _AGAIN, f"the meter comes and goes: {text}"
        if cause not in self._said:
            self._said.add(cause)
            log.warning("%s", text)

    def _say_its_end(self, heard: float) -> None:
        log.info("the meter is heard again, after %s", duration(heard - self._began))

    def _nothing_comes(self) -> str:
        advice = (
            "it may be interrupted, without power, or its wires loose"
            if self._ever
            else "check its wires (terminals I1 and I2) and the adapter"
        )
        return f"no sound frame from the meter for {duration(QUIET)}, and no byte at all: {advice}"

    def _no_sense(self) -> str:
        if not self._tuner.fixed:
            return (
                f"bytes come from {self._url}, but none makes sense, at 1200 baud or at 9600: check the "
                "wiring (terminals I1 and I2, a long or bad cable, the adapter)"
            )
        baudrate = self._tuner.baudrate
        current, other = "historique", "standard at 9600 baud"
        if baudrate not in SPEEDS["historique"]:
            current, other = "standard", "historique at 1200 baud"
        return (
            f"bytes come from {self._url} at {baudrate} baud, but none makes sense: the speed is probably "
            f"wrong. It is that of mode {current}; the meter may be in mode {other}. Set "
            "TELEINFO_SERIAL_MODE=auto, without TELEINFO_SERIAL_BAUDRATE; if that does not help, check the "
            "wiring"
        )
