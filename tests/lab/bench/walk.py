"""
Every fault of `faults` at every place of a frame and over its end, for a decoder that has seen some frames.

Most of them leave nothing but sound groups that were sent, which nobody can call false. So a cheap look comes
first (`is_suspect`): it finds the faults that make a sound group which was not sent, or touch the beginning
or end of a frame. Only these are given to real decoders: copies of one that has
seen the frames before.
"""

from __future__ import annotations

import copy
import re
from typing import TYPE_CHECKING

from teleinfo.tic.decoder import Decoder
from tests.lab.bench.faults import FAMILIES, Family, Fault
from tests.lab.bench.judge import LASTING, Outcome, Wrong, wrong
from tests.lab.bench.meters import first_frames
from tests.lab.bench.sent import CR, ETX, LF, STX, Sent, add_parity, check_parity, strip

if TYPE_CHECKING:
    from collections.abc import Sequence

SEEN = (0, 1, 2, 6, 27)
"""Frames that the decoder has seen before the damaged one; behind 27 of an overrun stand alarms."""
_find_mark = re.compile(b"[\2-\4]").search


def walk(name: str, stride: int) -> dict[tuple[str, bool], Outcome]:
    """Return the outcome of each family of faults, with parity (True) and without, of one meter."""
    found = {(family, parity): Outcome() for family in FAMILIES for parity in (True, False)}
    for seen in SEEN:
        stretch = Stretch(name, seen)
        for (family, parity), total in found.items():
            if parity or FAMILIES[family].stripped:
                total.add(stretch.damage(FAMILIES[family], stride, parity=parity))
    return found


class Stretch:
    """
    A frame that is to be damaged, with the frames before and after it.

    In `_stream`, with parity, it stands from `_start` to before `_end`.
    """

    def __init__(self, name: str, seen: int) -> None:
        frames = first_frames(name, seen + 2)
        self._name = f"{name} after {seen} frames"
        self._frame, self._after = frames[seen:]
        self._before = frames[max(0, seen - 1)]
        plain = b"".join(frame.data for frame in frames[max(0, seen - 1) :])
        self._plain, self._stream = plain, add_parity(plain)
        self._end = len(plain) - len(self._after.data)
        self._start = self._end - len(self._frame.data)
        self._sent = _texts(self._before) | _texts(self._frame) | _texts(self._after)
        self._ready = {parity: Decoder() for parity in (True, False)}
        for parity, decoder in self._ready.items():
            for frame in frames[:seen]:
                decoder.feed(add_parity(frame.data) if parity else frame.data)

    def damage(self, family: Family, stride: int, *, parity: bool) -> Outcome:
        """Try the faults of a family at every `stride`-th of its places in the frame."""
        outcome = Outcome()
        for place in range(self._start, self._end, stride * family.step):
            for fault in family.faults(self._stream, place):
                outcome.damaged += self._plain.count(LF, fault.low, fault.high) + 1
                if self._is_suspect(fault, parity=parity):
                    self._try(fault, outcome, parity=parity)
        return outcome

    def _is_suspect(self, fault: Fault, *, parity: bool) -> bool:
        """Return True if a sound group that was not sent in its frame may come out."""
        low, high, put = fault
        put = check_parity(put) if parity else strip(put)
        plain = self._plain
        if _find_mark(plain, low, high) or _find_mark(put):
            return self._mixes(fault, parity=parity)
        start = plain.rfind(CR, 0, low) + 1
        lines = plain[start:low] + put + plain[high : plain.find(CR, high)]
        return not self._sent.issuperset(_sound_texts(lines))

    def _mixes(self, fault: Fault, *, parity: bool) -> bool:
        """Return True if between two ends of frames a group arrives that was not sent in the later frame."""
        rest = b""
        for piece, frame, _ in self._pieces(fault, parity=parity):
            *segments, rest = (rest + (check_parity(piece) if parity else piece)).split(ETX)
            for segment in segments:
                if not _texts(frame).issuperset(_sound_texts(segment[segment.rfind(STX) + 1 :])):
                    return True
        return False

    def _try(self, fault: Fault, outcome: Outcome, *, parity: bool) -> None:
        """Give a fault to a copy of the decoder, and add the false values that come out."""
        decoder = copy.deepcopy(self._ready[parity])
        false: list[tuple[str, str, Wrong]] = []
        for piece, frame, neighbours in self._pieces(fault, parity=parity):
            values_of_neighbours = [each.values for each in neighbours]
            for reading in decoder.feed(piece):
                false += wrong(reading.values, frame.values, values_of_neighbours)
        if any(kind in LASTING for *_, kind in false):
            outcome.example = f"{self._name}: bytes {fault.low}–{fault.high} arrive as {fault.put!r}"
        outcome.wrong.update((kind, key) for key, _, kind in false)

    def _pieces(self, fault: Fault, *, parity: bool) -> list[tuple[bytes, Sent, Sequence[Sent]]]:
        """
        Return what arrives, cut where a frame ends, each piece with its frame and the neighbours of that.

        The frame of a piece is the one being sent, which its values are held against. Where the end of the
        frame before is sent again, it has what was sent last of each label.
        """
        low, high, put = fault
        before = self._before
        frame = self._frame
        after = self._after
        first = self._stream[self._start : low] + put
        rest = self._stream[high : self._end]
        near = (before, after)
        pieces: list[tuple[bytes, Sent, Sequence[Sent]]]
        if high >= self._end:
            pieces = [(first, frame, near), (self._stream[high:], after, (frame,))]
        elif low == high and ETX in put:
            pieces = [(first, self._last_sent(low), (before, frame)), (rest, frame, near)]
        else:
            pieces = [(first + rest, frame, near)]
        return pieces if parity else [(strip(piece), sent, beside) for piece, sent, beside in pieces]

    def _last_sent(self, place: int) -> Sent:
        """Return a frame of what was sent last of each label, at a place of the frame to damage."""
        end_of_line = self._start + len(self._frame.before) + 1  # that of STX
        sent = {}
        for line in self._frame.lines:
            end_of_line += len(line.text)
            if end_of_line <= place:
                sent[line.label] = line
        last = {line.label: line for line in self._before.lines} | sent
        return Sent(tuple(last.values()), self._frame.baudrate)


def _texts(frame: Sent) -> set[bytes]:
    """Return the groups of a frame, without LF and CR."""
    return {line.text[1:-1] for line in frame.lines}


def _sound_texts(lines: bytes) -> list[bytes]:
    """Return the sound groups of some lines, without LF and CR; a damaged LF may stand before each."""
    texts = []
    for line in lines.split(CR):
        text = line[line.rfind(LF) + 1 :]
        texts += [text] * _is_sound(text) or [text[1:]] * (text is line and _is_sound(text[1:]))
    return texts


def _is_sound(text: bytes) -> bool:
    """Return True if the sum of a line, without its LF and CR, is that which it ends with."""
    if not text.isascii():
        return False
    if text[-2:-1] == b"\t":
        return sum(text[:-1]) % 64 + 32 == text[-1]
    return text[-2:-1] == b" " and sum(text[:-2]) % 64 + 32 == text[-1]
