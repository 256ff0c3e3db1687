"""
The present state of the line to the meter.

Only the reader writes a `LinkStatus`; status, health, the watchdog, the log and the screen of `watch` read it
and keep no copy. Pure: times are arguments, in seconds on the clock of the event loop.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from teleinfo.vocabulary.line import LinkProblem, PortErrorKind

if TYPE_CHECKING:
    from teleinfo.port.errors import PortError
    from teleinfo.tic.labels import Mode

SILENT_AFTER: Final = 10.0
"""Seconds without a sound group that count as a fault (Enedis-NOI-CPT_54E v3 and 02E v6, for receivers)."""

NONSENSE_FIXED: Final = 30.0
"""Seconds of bytes without a sound group, after which a fixed speed counts as wrong."""

NONSENSE_SEARCHING: Final = 60.0
"""The same while the speed is searched: a search takes up to 15 s."""


@dataclass(slots=True, kw_only=True)
class LinkStatus:
    """
    The line to the meter at `url`.

    - `baudrate`: the present speed; None behind a bridge, whose far end sets it.
    - `searching`: several speeds are tried.
    - `connected`: the port is open; `error`: why it is not (None before the first attempt).
    - `mode`: the mode heard last (None before, and while the speed is searched).
    - `listening_since`: when the port was opened after it was away, or when a stall of the process ended.
    - `last_byte`, `bytes_since`: when the last byte came, and when the first byte after a silence came.
    - `last_frame`: when the last sound frame came (None before the first).
    - `last_sound`: when the last sound frame, or the last sound groups of a frame in progress, came.
    """

    url: str
    baudrate: int | None
    searching: bool
    connected: bool = False
    error: PortError | None = None
    mode: Mode | None = None
    listening_since: float = -math.inf
    last_byte: float = -math.inf
    bytes_since: float = -math.inf
    last_sound: float = -math.inf
    last_frame: float | None = None

    def note_open(self, now: float) -> None:
        """Note that the port is open; if it was away, listening begins now."""
        if not self.connected:
            self.connected = True
            self.error = None
            self.listening_since = now

    def note_lost(self, error: PortError) -> None:
        """Note that the port cannot be read, because of `error`."""
        self.connected = False
        self.error = error

    def note_bytes(self, now: float) -> None:
        """Note that bytes came."""
        if self.no_byte_for(now) >= SILENT_AFTER:
            self.bytes_since = now
        self.last_byte = now

    def note_frame(self, now: float) -> None:
        """Note a sound frame."""
        self.last_frame = self.last_sound = now

    def no_byte_for(self, now: float) -> float:
        """Return the seconds since the last byte, or since the port was opened if that is later."""
        return now - max(self.listening_since, self.last_byte)

    def is_heard(self, now: float) -> bool:
        """True if the meter sends frames: a frame came, and there were sound groups in the last 10 s."""
        return self.last_frame is not None and now - self.last_sound < SILENT_AFTER

    def problem(self, now: float) -> PortErrorKind | LinkProblem | None:
        """Return the reason for the lack of frames; None if frames come."""
        if not self.connected:
            return LinkProblem.OPENING if self.error is None else self.error.kind
        if self.no_byte_for(now) >= SILENT_AFTER:
            return LinkProblem.NO_DATA
        patience = NONSENSE_SEARCHING if self.searching else NONSENSE_FIXED
        if now - max(self.listening_since, self.bytes_since, self.last_sound) >= patience:
            return LinkProblem.NONSENSE
        return None if self.is_heard(now) else LinkProblem.LISTENING
