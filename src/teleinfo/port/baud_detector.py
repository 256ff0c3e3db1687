"""
Find the speed of the meter.

A `BaudDetector` stays at a speed while there is evidence of the meter. After some time without evidence it
moves to the next speed, and never stops searching. Evidence is a frame, or at least three sound groups of one
mode in the frame in progress: at a wrong speed a UART still delivers bytes, of which a few pass a check now
and then. Pure: durations are arguments, in seconds.

The longest frame lasts 3.7 s at 1200 baud, 1.8 s at 9600 (Enedis-NOI-CPT_02E and 54E, lengths of the label
tables). The meter is found within 15 s, whatever it was sending.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from teleinfo.tic.labels import Mode

SPEEDS: Final = {"auto": (1200, 9600), "historique": (1200,), "standard": (9600,)}
"""The speeds of each mode setting, baud, in the order in which they are tried."""

ENOUGH_GROUPS: Final = 3
"""Sound groups of one frame that cannot be an accident."""

SLOW: Final = 2400
"""The highest speed, baud, at which frames count as slow."""

# Seconds at one speed: at worst a whole frame until the next STX, and three groups after it.
DWELL_SLOW = 5.0
DWELL_FAST = 4.0
# Longer after a meter was heard: an interrupted frame (EOT) or a burst of noise is no change of mode.
DWELL_LOCKED = 6.0


def candidates(mode: str, baudrate: int | None) -> tuple[int, ...]:
    """Return the speeds to try, baud: those of `mode` (KeyError if unknown), or `baudrate` alone."""
    return SPEEDS[mode] if baudrate is None else (baudrate,)


class BaudDetector:
    """
    Choose among `baudrates`, beginning with the first. A single speed is never left.

    `mode` is that of the meter, None until it is heard at the present speed.
    """

    def __init__(self, baudrates: Sequence[int]) -> None:
        self._baudrates = tuple(baudrates)
        self._position = 0
        self._partial: tuple[Mode | None, int] = (None, 0)
        self.mode: Mode | None = None

    @property
    def baudrate(self) -> int:
        """The speed to listen at now, baud."""
        return self._baudrates[self._position]

    @property
    def fixed(self) -> bool:
        """True if there is nothing to choose."""
        return len(self._baudrates) == 1

    def reset(self) -> None:
        """Forget the frame in progress: the port was opened anew."""
        self._partial = (None, 0)

    def note_partial_frame(self, mode: Mode | None, groups: int) -> bool:
        """
        Note the number of sound groups of `mode` in the frame in progress; return True if it is evidence.

        An unchanged number is no evidence: the frame has not grown.
        """
        has_grown = (mode, groups) != self._partial
        self._partial = (mode, groups)
        if mode is None or not has_grown or groups < ENOUGH_GROUPS:
            return False
        self.mode = mode
        return True

    def should_switch(self, silent_for: float) -> bool:
        """True if it is time for the next speed, after `silent_for` seconds without evidence."""
        if self.fixed:
            return False
        dwell = DWELL_SLOW if self.baudrate <= SLOW else DWELL_FAST
        return silent_for >= (dwell if self.mode is None else DWELL_LOCKED)

    def next_speed(self) -> None:
        """Move to the next speed: no meter was heard at the present speed, or the port refuses it."""
        self._position = (self._position + 1) % len(self._baudrates)
        self.mode = None
