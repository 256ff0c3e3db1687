"""
Cut a stream of bytes into TIC frames.

`Framer` accepts bytes in any chunks, and returns each frame as soon as its ETX arrives. It never raises,
holds at most `limit` bytes, runs in linear time, and returns the same frames however the bytes are chunked.

Every frame ends with ETX, 0x03, the only frame mark that is the same byte with and without parity. So the
stream is first split at ETX. The bytes of a segment show whether it has parity; then its STX is located.
"""

from __future__ import annotations

import re

from teleinfo.tic.parity import strip_parity

STX = b"\x02"
ETX = b"\x03"
EOT = b"\x04"

# The longest frames, a few KiB, come from PME-PMI producers and SAPHIR (Enedis-NOI-CPT_02E v6); a frame of
# a Linky has at most 1730 bytes. Where more bytes come without an ETX, the ETX was lost.
LIMIT = 8192

# Some receivers damage the first bytes after the pause between two frames: STX arrives as 0x43, LF as 0x0F.
# Directly behind an ETX, an LF and a label that opens frames mark the start of a frame; at most one byte, the
# damaged STX, stands before them.
_WITHOUT_STX = re.compile(rb".?(?=[\n\x0F](?:ADCO |ADIR[123] |ADSC\t))", re.DOTALL)
# LF follows STX. Before a printable character, an STX is another character that was damaged.
_FALSE_STX = re.compile(rb"[ -~]")


class Framer:
    """
    A splitter of one stream: it holds the bytes since the last ETX, and counts lost frames.

    `interrupted` counts the incomplete frames: those cut short by EOT, a new STX or the end of the stream,
    those longer than the limit, and those without their STX.
    """

    def __init__(self, *, limit: int = LIMIT) -> None:
        self.interrupted = 0
        self._limit = limit
        self._buffer = bytearray()
        self._is_first = True  # for the first segment, which may be the end of a frame that began earlier

    def split(self, data: bytes) -> list[bytes]:
        """Return the segments of the stream whose ETX is in `data`, without that ETX."""
        if ETX not in data:
            self._buffer += data
            self._shorten_buffer()
            return []
        segments = (bytes(self._buffer) + data).split(ETX)
        self._buffer = bytearray(segments.pop())  # the bytes behind the last ETX
        self._shorten_buffer()
        for place, segment in enumerate(segments):
            if len(segment) >= self._limit:
                segments[place] = self._shorten(segment)
        if self._is_first:
            self._is_first = False
            text, _has_parity = strip_parity(segments[0])
            if STX not in text:
                del segments[0]  # no frame was lost: its beginning was never in the stream
        return segments

    def frame(self, segment: bytes) -> tuple[bytes, bool] | None:
        """
        Return the frame at the end of `segment` (from `split`), None if it has none; count lost frames.

        A frame is the characters between STX and ETX, and True if they arrived with their parity.
        """
        text, has_parity = strip_parity(segment)
        _before_stx, *bodies = text.split(STX)
        if not bodies:  # there is no STX
            damaged_stx = _WITHOUT_STX.match(text)
            if damaged_stx is None:
                if text:
                    self.interrupted += 1
                return None
            bodies = [text[damaged_stx.end() :]]
        frames_begun = len([body for body in bodies if not _FALSE_STX.match(body)])
        last = bodies[-1]
        is_cut_short = EOT in last
        is_behind_false_stx = _FALSE_STX.match(last) is not None  # a damaged character of the frame
        if is_cut_short or is_behind_false_stx:
            # The ETX ended a frame even if no true STX is left.
            self.interrupted += max(1, frames_begun)
            return None
        self.interrupted += frames_begun - 1  # the frames before the last: a new STX cut each of them short
        return last, has_parity

    def pending(self) -> bytes:
        """Return the characters of the frame in progress, as far as they have arrived."""
        text, _has_parity = strip_parity(bytes(self._buffer))
        _before, _stx, body = text.rpartition(STX)
        return body

    def close(self) -> None:
        """End the stream; a frame in progress counts as interrupted."""
        text, _has_parity = strip_parity(bytes(self._buffer))
        self.interrupted += text.count(STX)
        self.reset()

    def reset(self) -> None:
        """Forget the frame in progress: the next bytes do not continue it."""
        self._buffer.clear()
        self._is_first = True

    def _shorten_buffer(self) -> None:
        """Keep fewer bytes than the limit; count lost frames."""
        if len(self._buffer) >= self._limit:
            self._buffer = bytearray(self._shorten(bytes(self._buffer)))

    def _shorten(self, segment: bytes) -> bytes:
        """
        Return the end of a segment (without ETX) that is shorter than the limit; count lost frames.

        The rest is dropped in pieces of at most `limit` bytes. The bytes from the last STX of a piece on are
        kept for the next piece: they may begin a frame that is not too long. Each dropped STX counts as a
        lost frame.
        """
        start = 0
        while len(segment) - start >= self._limit:
            piece, _has_parity = strip_parity(segment[start : start + self._limit])
            frames_begun = piece.count(STX)
            last_stx = piece.rfind(STX, 1)  # not the first byte: to keep the whole piece would drop nothing
            if last_stx == -1:
                self.interrupted += frames_begun
                start += self._limit
            else:
                self.interrupted += frames_begun - 1  # the last STX is kept
                start += last_stx
        return segment[start:]
