"""
The way through the house: bytes of the line in, readings out, everything thrown away counted.

Never raises, holds a bounded amount, costs linear time, and gives the same readings whatever the chunking.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from teleinfo.tic import groups
from teleinfo.tic.framing import Framer
from teleinfo.tic.groups import Group, RejectionCause
from teleinfo.tic.labels import Mode
from teleinfo.tic.memory import Memory
from teleinfo.tic.reading import Reading, build_reading

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


@dataclass(slots=True)
class Counts:
    """What came of the line so far."""

    bytes_: int = 0
    frames: int = 0  # complete and believed
    groups: int = 0  # sound ones
    parity: int = 0  # rejected: a damaged character
    checksum: int = 0  # rejected: a wrong sum
    malformed: int = 0  # rejected: not the shape of a group, or not the value of its étiquette
    interrupted: int = 0  # frames cut short, or torn so that they must not be believed

    @property
    def rejected(self) -> int:
        """Groups that were left out, whatever the cause."""
        return self.parity + self.checksum + self.malformed


class Decoder:
    """
    A decoder of one line.

    `counts` is live; `parity` tells whether the last complete frame arrived with parity bits (True), without
    them (False), or that none came yet (None).
    """

    def __init__(self) -> None:
        self.counts = Counts()
        self.parity: bool | None = None
        self._framer = Framer()
        self._with_parity, self._without_parity = Memory(parity=True), Memory(parity=False)
        self._torn = 0

    def feed(self, data: bytes) -> list[Reading]:
        """Take some bytes of the line and return the readings that they complete, oldest first."""
        counts = self.counts
        counts.bytes_ += len(data)
        readings = []
        for stretch in self._framer.cut(data):
            memory = self._without_parity if stretch.isascii() else self._with_parity
            reading = memory.recall(stretch)
            if reading is None:
                reading = self._read(stretch, memory)
            else:
                self.parity = memory.parity
                counts.frames += 1
                counts.groups += len(reading.entries or ())
            if reading is not None:
                readings.append(reading)
        counts.interrupted = self._framer.interrupted + self._torn
        return readings

    def pending(self) -> tuple[Mode | None, int]:
        """
        Return the mode that most sound groups of the frame in progress have, and how many those are.

        Nothing is counted. It parses the whole piece: ask once a second, not at every byte.
        """
        sound = [
            group.mode
            for group in groups.parse_frame(self._framer.pending().body)
            if isinstance(group, Group)
        ]
        mode = max(Mode, key=sound.count)
        return (mode, sound.count(mode)) if sound else (None, 0)

    def close(self) -> None:
        """Say that the line has ended: a frame in progress was cut short."""
        self._framer.close()
        self.counts.interrupted = self._framer.interrupted + self._torn

    def reset(self) -> None:
        """Forget the piece in hand: the port was opened again, and what comes now does not continue it."""
        self._framer.reset()

    def _read(self, stretch: bytes, memory: Memory) -> Reading | None:
        """Check a frame character by character and group by group."""
        frame = self._framer.frame(stretch)
        if frame is None:
            return None
        counts = self.counts
        self.parity = frame.parity
        found = groups.parse_frame(frame.body)
        sound = [group for group in found if isinstance(group, Group)]
        counts.groups += len(sound)
        counts.parity += found.count(RejectionCause.PARITY)
        counts.checksum += found.count(RejectionCause.CHECKSUM)
        counts.malformed += found.count(RejectionCause.MALFORMED)
        reading = build_reading(sound)
        if reading is not None:
            counts.frames += 1
        elif sound:
            self._torn += 1
        if reading is not None and len(sound) == len(found):
            memory.learn(stretch)
        return reading


def decode(recording: Iterable[bytes]) -> Iterator[Reading]:
    """
    Yield the readings of a recording: a file opened in binary mode, or the line's bytes in any pieces.

    A `Decoder` of your own also counts what was thrown away.
    """
    decoder = Decoder()
    for data in recording:
        yield from decoder.feed(data)
