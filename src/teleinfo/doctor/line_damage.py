"""
Find the bits of a line that arrived wrong, and the places where bytes are missing.

The frames around a damaged place say what was sent: the étiquettes come in a fixed order, and most values do
not change. A model of a UART then finds the bits. No bytes make these functions raise an exception.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from teleinfo.tic.framing import ETX
from teleinfo.tic.groups import HT, parse_group
from teleinfo.tic.labels import Group
from teleinfo.tic.parity import check_parity, strip_parity

PARITY, STOP = 8, 9
"""Positions in a character on the line; the start bit is 0, the data are 1 to 7."""
BITS = 10

_LINE = re.compile(rb"\n([^\n\r\x8d]+)[\r\x8d]")
# Between two groups stands nothing, or the end of a frame and the start of the next.
_BETWEEN = re.compile(rb"(?:[\x03\x04\x84][\x02\x82])?")
_SAMPLE = 1 << 16  # bytes that show if the stream has parity
_IDLE, _FALL = b"\1" * 2 * BITS, b"\1\0"
# Limits for one damaged place, which keep the time linear.
_MOST_BYTES, _MOST_FLIPS = 600, 30


class Bit(NamedTuple):
    """A bit of a character: its position, its level as sent, and the levels before and after it."""

    position: int
    level: int
    before: int
    after: int


class Flip(NamedTuple):
    """A `bit` that arrived wrong, in frame number `frame`, `at` bits after the start of the stream."""

    bit: Bit
    frame: int
    at: int


@dataclass(slots=True)
class Damage:
    """
    The damage of a stream: its places, between two sound groups, have wrong bits or lack bytes.

    `chances` counts the bits of each kind that were sent where `flips` were found. `holes` are the positions
    of the places that lack bytes, each as often as groups are damaged there.
    """

    standard: bool
    parity: bool
    groups: int = 0
    places: int = 0
    flips: list[Flip] = field(default_factory=list)
    chances: Counter[Bit] = field(default_factory=Counter)
    holes: list[int] = field(default_factory=list)


class _SoundLine(NamedTuple):
    start: int
    end: int
    label: str


def find_damage(data: bytes) -> Damage:
    """Compare each damaged place with the frames around it."""
    damage = Damage(data.count(HT) > data.count(ETX), strip_parity(data[:_SAMPLE])[1])
    order = _Order(data, parity=damage.parity)
    damage.groups = len(order.lines)
    frame = 0
    for line, following in pairwise(order.lines):
        received = data[line.end : following.start]
        if not _BETWEEN.fullmatch(received):
            damage.places += 1
            if not damage.parity or any(byte.bit_count() % 2 for byte in received):
                sent = order.sent(line, following, len(received))
                _find_flips(damage, received, sent, frame, line.end * BITS)
            else:
                damage.holes += [line.end] * max(1, received.count(b"\n"))
        frame += received.count(ETX)
    return damage


class _Order:
    """The sound `lines` of a stream, and the order of their étiquettes."""

    def __init__(self, data: bytes, *, parity: bool) -> None:
        self._data = data
        self.lines: list[_SoundLine] = []
        self._by_label: dict[str, list[_SoundLine]] = defaultdict(list)
        known: dict[bytes, str] = {}
        for match in _LINE.finditer(data):
            if (text := match[1]) not in known:
                group = parse_group(check_parity(text) if parity else text)
                known[text] = group.label if isinstance(group, Group) else ""
            if known[text]:
                self.lines.append(_SoundLine(*match.span(), known[text]))
                self._by_label[known[text]].append(self.lines[-1])
        pairs: dict[str, Counter[tuple[bytes, str]]] = defaultdict(Counter)
        for line, following in pairwise(self.lines):
            between = data[line.end : following.start]
            if _BETWEEN.fullmatch(between):
                pairs[line.label][between, following.label] += 1
        self._next = {label: count.most_common(1)[0][0] for label, count in pairs.items()}

    def sent(self, line: _SoundLine, following: _SoundLine, size: int) -> list[tuple[int, int]]:
        """Return the characters between two lines, as the frames around have them; none: unknown."""
        chars: list[tuple[int, int]] = []
        label = line.label
        while label in self._next and len(chars) < size + _MOST_BYTES:
            between, label = self._next[label]
            chars += zip(between, between, strict=True)
            if label == following.label and len(chars) >= size - 3:
                return chars
            lines = self._by_label[label]
            place = bisect_left(lines, line.end, key=lambda known: known.start)
            before, behind = lines[max(0, place - 1)], lines[min(place, len(lines) - 1)]
            pair = self._data[before.start : before.end], self._data[behind.start : behind.end]
            if len(pair[0]) != len(pair[1]):
                return []
            chars += zip(*pair, strict=True)
        return []


def _find_flips(
    damage: Damage, received: bytes, sent: list[tuple[int, int]], frame: int, offset: int
) -> None:
    """Add the wrong bits of the `received` bytes, which begin `offset` bits after the start of the stream."""
    if len(received) > _MOST_BYTES:
        return
    levels, starts = bytearray(b"\1"), []
    for number, (before, behind) in enumerate(sent):
        char = before
        if before != behind and len(sent) == len(received):  # the value changes
            changed = received[number]
            char = before if damage.parity and changed.bit_count() % 2 else changed
        starts.append(len(levels))
        levels += bytes((0, *(char >> bit & 1 for bit in range(8)), 1))
        if char in ETX:
            levels += _IDLE
    levels += _IDLE
    right = bytes(levels)
    flips: list[int] = []
    while len(flips) < _MOST_FLIPS and (wrong := _likeliest(levels, received)):
        levels[wrong] ^= 1
        flips.append(wrong)
    bits = {
        at: Bit(at - start, right[at], right[at - 1], right[at + 1])
        for start in starts
        for at in range(start, start + BITS)
    }
    damage.flips += [Flip(bits[at], frame, offset + at) for at in flips if at in bits]
    damage.chances.update(bits.values() if flips else ())


def _likeliest(levels: bytearray, received: bytes) -> int:
    """Return the bit that explains the first wrong byte and most bytes behind it, or 0."""
    got, starts = receive(levels)
    right = _common(got, received)
    if right >= min(len(received), len(got)):
        return 0
    wrong = got[right] ^ received[right]
    # A wrong start bit, or the stop bit before it, shifts what follows: it must explain a byte more.
    candidates = {starts[right]: right + 1}
    if right:
        candidates[starts[right - 1] + STOP] = right + 1
    if wrong.bit_count() == 1:
        candidates[starts[right] + wrong.bit_length()] = right
    best = right, 0
    for at, least in candidates.items():
        levels[at] ^= 1
        best = max(best, (_common(receive(levels)[0], received) + right - least, at))
        levels[at] ^= 1
    return best[1]


def _common(one: bytes, other: bytes) -> int:
    """Return the number of equal bytes at the beginning."""
    return next(
        (at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )


def receive(levels: bytes | bytearray) -> tuple[bytes, list[int]]:
    """
    Return the bytes that a UART makes of the `levels` of a line, bit by bit, and where each begins.

    A character begins where the line falls; after a stop bit of 0, the line must rise first.
    """
    got, starts = bytearray(), []
    at = levels.find(_FALL) + 1
    while 0 < at < len(levels) - BITS:
        got.append(sum(level << bit for bit, level in enumerate(levels[at + 1 : at + STOP])))
        starts.append(at)
        at = levels.find(_FALL, at + STOP) + 1
    return bytes(got), starts
