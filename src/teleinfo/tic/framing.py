"""
Cut a stream of bytes into TIC frames.

Bytes go in by `feed`, in any chunks; each frame comes out at its own ETX. Never raises, holds at most `limit`
bytes, costs linear time, and gives the same frames whatever the chunking.

Every frame ends with ETX, 0x03, the one mark that is the same byte with parity and without. So the stream is
cut there first; each stretch tells by its own bytes whether it has parity, and then its STX is looked for.
"""

from __future__ import annotations

from dataclasses import dataclass

from teleinfo.tic.parity import strip_parity

STX = b"\x02"
ETX = b"\x03"
EOT = b"\x04"

# The longest frames are those of PME-PMI producers and SAPHIR's long ones, a few KiB (Enedis-NOI-CPT_02E v6);
# those of a Linky have at most 1730 bytes. A frame that is longer than this lost its ETX.
LIMIT = 8192


@dataclass(frozen=True, slots=True)
class Frame:
    """The characters between STX and ETX, and whether they arrived with their parity."""

    body: bytes
    parity: bool


class Framer:
    """
    The bytes since the last ETX, and what became of the frames before.

    `interrupted` counts the frames that began and did not end: cut by EOT, by a new STX or by the end of the
    stream, longer than the limit, or without the STX that they began with.
    """

    def __init__(self, *, limit: int = LIMIT) -> None:
        self.interrupted = 0
        self._limit = limit
        self._buffer = bytearray()
        self._first = True  # what comes before the first ETX was entered in its middle

    def feed(self, data: bytes) -> list[Frame]:
        """Take some bytes of the stream and return the frames that they complete, oldest first."""
        return [frame for stretch in self.cut(data) if (frame := self.frame(stretch)) is not None]

    def cut(self, data: bytes) -> list[bytes]:
        """Take some bytes of the stream and return the stretches that an ETX in them ends, without it."""
        if ETX not in data:
            self._buffer += data
            self._shorten_buffer()
            return []
        *stretches, rest = (bytes(self._buffer) + data).split(ETX)
        self._buffer = bytearray(rest)
        self._shorten_buffer()
        if len(max(stretches, key=len)) >= self._limit:
            stretches = [self._shorten(stretch) for stretch in stretches]
        if self._first:
            self._first = False
            if STX not in strip_parity(stretches[0])[0]:
                del stretches[0]
        return stretches

    def frame(self, stretch: bytes) -> Frame | None:
        """Return the frame that ended with a stretch of `cut`, if it has a beginning; count what is lost."""
        text, parity = strip_parity(stretch)
        before, *bodies = text.split(STX)
        if not bodies:
            self.interrupted += bool(before)
            return None
        self.interrupted += len(bodies) - 1
        if EOT in bodies[-1]:
            self.interrupted += 1
            return None
        return Frame(bodies[-1], parity)

    def pending(self) -> Frame:
        """Return what is there of the frame in progress."""
        text, parity = strip_parity(bytes(self._buffer))
        return Frame(text.rpartition(STX)[2], parity)

    def close(self) -> None:
        """Say that the stream has ended: a frame in progress was cut short."""
        self.interrupted += strip_parity(bytes(self._buffer))[0].count(STX)
        self.reset()

    def reset(self) -> None:
        """Forget the bytes in hand: what comes next is another stretch of the line."""
        self._buffer.clear()
        self._first = True

    def _shorten_buffer(self) -> None:
        if len(self._buffer) >= self._limit:
            self._buffer = bytearray(self._shorten(bytes(self._buffer)))

    def _shorten(self, stretch: bytes) -> bytes:
        """
        Return what is left of a stretch without ETX when each whole limit of it is given up.

        What follows the last STX of a limit may be a frame that is not too long: it is kept.
        """
        start = 0
        while len(stretch) - start >= self._limit:
            text, _ = strip_parity(stretch[start : start + self._limit])
            keep = text.rfind(STX, 1)
            self.interrupted += text.count(STX) - (keep >= 0)
            start += keep if keep >= 0 else self._limit
        return stretch[start:]
