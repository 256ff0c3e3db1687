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
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from teleinfo.tic.decoder import Decoder
from tests.bench.faults import BESIDE, EVERYWHERE, FAMILIES, Fault
from tests.bench.judge import LASTING, Wrong, wrong
from tests.bench.meters import first_frames
from tests.bench.sent import CR, ETX, LF, STX, Sent, add_parity, check_parity, strip

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.bench.judge import Reads

SEEN = (0, 1, 2, 6)
"""Frames that the decoder has seen before the damaged one."""
LATER = 27
"""The same once more, if the frame then has other labels: a long one in an overrun, or a short one."""
THINNED = 8
"""Of so many faults that make a frame with a label twice, one is tried."""
EXAMPLES = 20  # of faults that are kept for each outcome

_find_mark = re.compile(b"[\2-\4]").search


@dataclass(slots=True)
class Found:
    """
    Outcome of the faults of one family, on lines with parity or without.

    `tried` were given to a decoder; `damaged` are groups. `examples` are arguments of `replay`.
    """

    faults: int = 0
    tried: int = 0
    damaged: int = 0
    wrong: Counter[Wrong] = field(default_factory=Counter)
    labels: Counter[str] = field(default_factory=Counter)
    examples: list[tuple[str, int, bool, Fault]] = field(default_factory=list)

    def add(self, other: Found) -> None:
        """Add the outcome of other faults of the family."""
        self.faults += other.faults
        self.tried += other.tried
        self.damaged += other.damaged
        self.wrong += other.wrong
        self.labels += other.labels
        self.examples += other.examples


def walk(name: str, *, stride: int = 1, make: Callable[[], Reads] = Decoder) -> dict[tuple[str, bool], Found]:
    """Return the outcome of each family of faults, with parity (True) and without, of one meter."""
    seen = list(SEEN)
    early, late = (first_frames(name, count + 1)[count] for count in (SEEN[-1], LATER))
    if [line.label for line in early.lines] != [line.label for line in late.lines]:
        seen.append(LATER)
    found: dict[tuple[str, bool], Found] = {}
    for count in seen:
        stretch = Stretch(name, count, make)
        for family in FAMILIES:
            for parity, one in stretch.damage(family, stride).items():
                found.setdefault((family, parity), Found()).add(one)
    return found


def replay(name: str, seen: int, parity: bool, fault: Fault) -> tuple[bytes, list[tuple[str, str, Wrong]]]:  # noqa: FBT001
    """Return all the bytes of an example, from the first frame on, and the false values that come of them."""
    stretch = Stretch(name, seen, Decoder)
    before = b"".join(frame.data for frame in stretch.before)
    arrived = b"".join(piece for piece, *_ in stretch.pieces(fault, parity=parity))
    return (add_parity(before) if parity else before) + arrived, stretch.give(fault, parity=parity)


class Stretch:
    """
    A frame of a meter that is to be damaged, the frames before it, and the two behind it.

    In `stream`, with parity, it stands from `start` to before `end`.
    """

    def __init__(self, name: str, seen: int, make: Callable[[], Reads]) -> None:
        frames = first_frames(name, seen + 3)
        self.before = frames[:seen]
        self._name = name
        self._seen = seen
        self._frames = frames[max(0, seen - 1) :]
        self._at = min(1, seen)  # of the frame to damage in `_frames`
        plain = b"".join(frame.data for frame in self._frames)
        self._plain, self.stream = plain, add_parity(plain)
        self.start = sum(len(frame.data) for frame in self._frames[: self._at])
        self.end = self.start + len(self._frames[self._at].data)
        self._sent = {line.text[1:-1] for frame in self._frames for line in frame.lines}
        self._ready = {parity: make() for parity in (True, False)}
        for parity, decoder in self._ready.items():
            for frame in self.before:
                decoder.feed(add_parity(frame.data) if parity else frame.data)

    def damage(self, family: str, stride: int) -> dict[bool, Found]:
        """Try the faults of a family at every `stride`-th place of the frame."""
        found = {parity: Found() for parity in (True, False)}
        known: set[bytes] = set()
        for place in range(self.start, self.end, stride * (1 if family in EVERYWHERE else BESIDE)):
            for fault in FAMILIES[family](self.stream, place):
                damaged = self._plain.count(LF, fault.low, fault.high) + 1
                for parity, one in found.items():
                    one.faults += 1
                    one.damaged += damaged
                    if self.is_suspect(fault, parity=parity):
                        self._try(fault, parity, one, known)
        return found

    def is_suspect(self, fault: Fault, *, parity: bool) -> bool:
        """Return True if a sound group that was not sent in its frame may come out."""
        low, high, put = fault
        put = check_parity(put) if parity else strip(put)
        plain = self._plain
        if _find_mark(plain, low, high) or _find_mark(put):
            return self._mixes(fault, parity=parity)
        start = plain.rfind(CR, 0, low) + 1
        lines = plain[start:low] + put + plain[high : plain.find(CR, high)]
        return any(text not in self._sent for text in _sound_texts(lines))

    def _mixes(self, fault: Fault, *, parity: bool) -> bool:
        """
        Return True if between two ends of frames a group arrives that was not sent in the later frame.

        If it has a label twice, the contract forbids to publish any of it: then one fault in `THINNED`.
        """
        rest = b""
        for piece, frame, _ in self.pieces(fault, parity=parity):
            *segments, rest = (rest + (check_parity(piece) if parity else piece)).split(ETX)
            sent = {line.text[1:-1] for line in frame.lines}
            for segment in segments:
                texts = _sound_texts(segment[segment.rfind(STX) + 1 :])
                labels = [re.split(b"[ \t]", text, maxsplit=1)[0] for text in texts if text in self._sent]
                is_thinned = len(labels) > len(set(labels)) and (fault.low + len(fault.put)) % THINNED
                if not (is_thinned or sent.issuperset(texts)):
                    return True
        return False

    def pieces(self, fault: Fault, *, parity: bool) -> list[tuple[bytes, Sent, Sequence[Sent]]]:
        """
        Return what arrives, cut where a frame ends, each piece with its frame and the neighbours of that.

        The frame of a piece is the one being sent, which its values are held against. Where the end of the
        frame before is sent again, it has what was sent last of each label.
        """
        low, high, put = fault
        stream, at, frames = self.stream, self._at, self._frames
        before, frame, after = frames[max(0, at - 1)], frames[at], frames[at + 1]
        near = (before, after)
        first = stream[self.start : low] + put
        pieces: list[tuple[bytes, Sent, Sequence[Sent]]]
        if high >= self.end:
            behind = stream[high : self.end + len(after.data)]
            pieces = [(first, frame, near), (behind, after, (frame,))]
        elif low == high and ETX in put:
            pieces = [(first, self._last_sent(low), (before, frame)), (stream[high : self.end], frame, near)]
        else:
            pieces = [(first + stream[high : self.end], frame, near)]
        return pieces if parity else [(strip(piece), sent, near) for piece, sent, near in pieces]

    def give(self, fault: Fault, *, parity: bool) -> list[tuple[str, str, Wrong]]:
        """Return the false values that a decoder makes of a fault: key, value and kind."""
        decoder = copy.deepcopy(self._ready[parity])
        return [
            false
            for piece, frame, neighbours in self.pieces(fault, parity=parity)
            for reading in decoder.feed(piece)
            for false in wrong(reading.values, frame, neighbours)
        ]

    def _last_sent(self, end: int) -> Sent:
        """Return a frame of what was sent last of each label, at a place of the frame to damage."""
        before, frame = self._frames[max(0, self._at - 1)], self._frames[self._at]
        start, sent = self.start + len(frame.before) + 1, []
        for line in frame.lines:
            start += len(line.text)
            sent += [line] * (start <= end)
        labels = {line.label for line in sent}
        return Sent((*sent, *(line for line in before.lines if line.label not in labels)), frame.baudrate)

    def _try(self, fault: Fault, parity: bool, found: Found, known: set[bytes]) -> None:  # noqa: FBT001
        arrived = b"".join(piece for piece, *_ in self.pieces(fault, parity=parity))
        if arrived in known:
            return
        known.add(arrived)
        found.tried += 1
        false = self.give(fault, parity=parity)
        if false:
            # Examples of lasting values come first.
            first = len(found.examples) * (not any(kind in LASTING for _, _, kind in false))
            found.examples.insert(first, (self._name, self._seen, parity, fault))
            del found.examples[EXAMPLES:]
        for key, _, kind in false:
            found.wrong[kind] += 1
            found.labels[f"{key} of {self._name}"] += 1


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
