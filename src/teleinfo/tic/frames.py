"""
Cut a stream of bytes into TIC frames.

Bytes go in by `feed`, in any chunks; each frame comes out at its own ETX. Never raises, holds at most `limit`
bytes, costs linear time, and gives the same frames whatever the chunking.

Every frame ends with ETX, 0x03, the one mark that is the same byte with parity and without. So the stream is
cut there first; each stretch tells by its own bytes whether it has parity, and then its STX is looked for.
"""

from __future__ import annotations

from dataclasses import dataclass

from teleinfo.tic.characters import undo

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
        self._searched = 0  # so many bytes of the buffer are known to hold no ETX
        self._first = True  # what comes before the first ETX was entered in its middle

    def feed(self, data: bytes) -> list[Frame]:
        """Take some bytes of the stream and return the frames that they complete, oldest first."""
        frames = []
        buffer = self._buffer
        buffer += data
        start = 0
        while True:
            end = buffer.find(ETX, start + self._searched, start + self._limit)
            if end >= 0:
                frames.append(self._complete(bytes(buffer[start:end])))
                start = end + 1
            elif len(buffer) - start >= self._limit:
                start += self._overflow(bytes(buffer[start : start + self._limit]))
            else:
                break
            self._searched = 0
        del buffer[:start]
        self._searched = len(buffer)
        return [frame for frame in frames if frame is not None]

    def pending(self) -> Frame:
        """Return what is there of the frame in progress."""
        text, parity = undo(bytes(self._buffer))
        return Frame(text.rpartition(STX)[2], parity)

    def close(self) -> None:
        """Say that the stream has ended: a frame in progress was cut short."""
        self.interrupted += undo(bytes(self._buffer))[0].count(STX)
        self.reset()

    def reset(self) -> None:
        """Forget the bytes in hand: what comes next is another stretch of the line."""
        self._buffer.clear()
        self._searched = 0
        self._first = True

    def _complete(self, raw: bytes) -> Frame | None:
        """Return the frame that an ETX behind the bytes `raw` completes, if it has a beginning."""
        text, parity = undo(raw)
        before, *bodies = text.split(STX)
        first, self._first = self._first, False
        if not bodies:
            self.interrupted += bool(before) and not first
            return None
        self.interrupted += len(bodies) - 1
        if EOT in bodies[-1]:
            self.interrupted += 1
            return None
        return Frame(bodies[-1], parity)

    def _overflow(self, raw: bytes) -> int:
        """Return how many of the bytes `raw`, a whole limit without ETX, cannot belong to a frame to come."""
        text, _ = undo(raw)
        keep = text.rfind(STX, 1)
        self.interrupted += text.count(STX) - (keep >= 0)
        return keep if keep >= 0 else len(raw)
