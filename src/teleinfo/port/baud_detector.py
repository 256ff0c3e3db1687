"""
Which speed to listen at.

A `Tuner` stays at a speed while sound groups come, and moves to the next one, for ever, when none came for a
while. Evidence is a frame, or at least three sound groups of one mode in the frame in progress: at a wrong
speed a UART still gives bytes, and now and then some of them pass a check. Pure: the clock comes in as an
argument, in monotonic seconds.

The longest frame lasts 3.7 s at 1200 baud, 1.8 s at 9600 (Enedis-NOI-CPT_02E and 54E, lengths of the label
tables). Whatever the meter was doing, it is found within 15 s.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from teleinfo.tic.labels import Mode

SPEEDS = {"auto": (1200, 9600), "historique": (1200,), "standard": (9600,)}
"""The speeds of each mode setting, baud, in the order in which they are tried."""

ENOUGH = 3
"""Sound groups of one frame that are no accident."""

SLOW = 2400
"""Up to this speed, baud, a frame lasts long."""

# The wait for the next STX, at worst one frame, and three groups after it.
DWELL_SLOW = 5.0
DWELL_FAST = 4.0
# A meter that was heard is given longer: an interrupted frame (EOT) and a burst of noise change no mode.
DWELL_FOUND = 6.0


def candidates(mode: str, baudrate: int | None) -> tuple[int, ...]:
    """Return the speeds to try, baud: those of `mode` (KeyError if unknown), or `baudrate` alone."""
    return SPEEDS[mode] if baudrate is None else (baudrate,)


class BaudDetector:
    """
    Chooses among `baudrates`, first the first. A single one is never left.

    `found` tells whether the meter was heard at the present speed. Raises ValueError without a speed.
    """

    def __init__(self, baudrates: Sequence[int]) -> None:
        if not baudrates:
            raise ValueError("no speed to listen at")
        self._baudrates = tuple(baudrates)
        self._position = 0
        self._since = 0.0
        self._piece: tuple[Mode | None, int] = (None, 0)
        self._small: Mode | None = None
        self.found = False

    @property
    def baudrate(self) -> int:
        """The speed to listen at now, baud."""
        return self._baudrates[self._position]

    @property
    def fixed(self) -> bool:
        """Whether there is nothing to choose."""
        return len(self._baudrates) == 1

    def opened(self, now: float) -> None:
        """Note that the port was opened at `baudrate`: the time without a port does not count."""
        self._since = now
        self._piece = (None, 0)
        self._small = None

    def frame(self, mode: Mode, groups: int, now: float) -> bool:
        """
        Note a complete sound frame of `groups` groups, and return whether it is evidence.

        A frame of one or two groups may be an accident; an old meter in "veille" sends no other. Two of them
        in a row, of one mode, are believed.
        """
        sure = groups >= ENOUGH or mode is self._small
        self._small = mode
        if sure:
            self._heard(now)
        return sure

    def piece(self, mode: Mode | None, groups: int, now: float) -> bool:
        """
        Note how many sound groups of `mode` the frame in progress has, and return whether it is evidence.

        The same number as before is none: the frame does not go on.
        """
        grown = (mode, groups) != self._piece
        self._piece = (mode, groups)
        sure = grown and mode is not None and groups >= ENOUGH
        if sure:
            self._heard(now)
        return sure

    def due(self, now: float) -> bool:
        """Return whether it is time to try the next speed."""
        if self.fixed:
            return False
        dwell = DWELL_SLOW if self.baudrate <= SLOW else DWELL_FAST
        return now - self._since >= (DWELL_FOUND if self.found else dwell)

    def move(self) -> None:
        """Take the next speed: none was heard at this one, or the port cannot do it."""
        self._position = (self._position + 1) % len(self._baudrates)
        self.found = False

    def _heard(self, now: float) -> None:
        self._since = now
        self.found = True
