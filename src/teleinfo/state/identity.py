"""
The meter that is followed.

Its number says whether it is the same one: ADCO of historique is ADSC of standard (54E §6.1). One frame of
another meter or of another mode may be an accident of the line, so frames in a row decide. Pure.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Final

from teleinfo.tic.meter_id import number_of

if TYPE_CHECKING:
    from teleinfo.tic.labels import Mode
    from teleinfo.tic.reading import Reading

CONFIRMING_FRAMES: Final = 2
"""Frames in a row of another meter, or of another mode, before it is believed."""

UNNUMBERED_FRAMES: Final = 10
"""The same for frames without a number: that group may be damaged, and a CJE or an ICE sends none."""


class Followed(enum.Enum):
    """What a frame is to the meter that is followed."""

    SAME = enum.auto()
    FOREIGN = enum.auto()  # perhaps an accident
    OTHER_MODE = enum.auto()  # the same meter in another mode
    OTHER_METER = enum.auto()


class Identity:
    """
    The meter that is followed: its `number`, None as long as it says none, and its `mode`.

    Of its frames `numbered` gave the number, and `unnumbered` did not.
    """

    def __init__(self) -> None:
        self.number: str | None = None
        self.mode: Mode | None = None
        self.numbered = 0
        self.unnumbered = 0
        self._other: tuple[str | None, Mode] | None = None
        self._frames_of_other = 0

    def take(self, reading: Reading) -> Followed:
        """Return what a frame is to this meter. If it is to be another one from now on, call `follow`."""
        number = number_of(reading)
        agrees = number is None or self.number in (None, number)
        if self.mode is None or (reading.mode is self.mode and agrees):
            self.number, self.mode = number or self.number, reading.mode
            self._count(number)
            self._other = None
            return Followed.SAME
        identity = (number, reading.mode)
        self._frames_of_other = self._frames_of_other + 1 if identity == self._other else 1
        self._other = identity
        if self._frames_of_other < (UNNUMBERED_FRAMES if number is None else CONFIRMING_FRAMES):
            return Followed.FOREIGN
        is_same = number is not None and number == self.number
        return Followed.OTHER_MODE if is_same else Followed.OTHER_METER

    def follow(self, reading: Reading) -> None:
        """Follow the meter of this frame, in its mode."""
        self.number, self.mode = number_of(reading), reading.mode
        self.numbered = self.unnumbered = 0
        self._count(self.number, self._frames_of_other)
        self._other = None

    def _count(self, number: str | None, frames: int = 1) -> None:
        if number is None:
            self.unnumbered += frames
        else:
            self.numbered += frames
