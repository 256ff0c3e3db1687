"""
Find the bits of a line that arrived wrong, the places where bytes are missing, and the physical cause.

The frames around a damaged place say what was sent: the étiquettes come in a fixed order, and most values do
not change. No bytes make these functions raise an exception.

The cause is the one that makes the wrong bits most likely. Each hurts some bits more than others: a signal
that rises too slowly hurts a 1 behind a 0; a clock that is off hurts the last bits of a character, which then
look like those beside them. `_WEIGHTS` says so. The likelihood of a wrong bit is its weight, divided by the
sum of the weights of all bits that were sent there.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from teleinfo.tic.groups import parse_group
from teleinfo.tic.labels import Group
from teleinfo.tic.parity import check_parity, strip_parity
from teleinfo.vocabulary.line import LineCause

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

PARITY = 8
STOP = 9
"""Positions in a character on the line; the start bit is 0, the data are 1 to 7."""

_LINE = re.compile(rb"\n([^\n\r\x8d]+)[\r\x8d]")
# Between two groups stands nothing, or the end of a frame and the start of the next.
_BETWEEN = re.compile(rb"(?:[\x03\x04\x84][\x02\x82])?")
_SAMPLE = 1 << 16  # bytes that show if the stream has parity
_AROUND = 4  # frames before and after a damaged place that are compared with it
# Characters of a place that may be wrong, with one wrong bit each: more are a shift by a wrong start bit.
_MOST_WRONG = 2

ENOUGH: Final = 5
"""Damaged places, or wrong bits, below which nothing is clear."""

# Logarithm of a ratio: the best cause must be so much more likely than the next.
_SURE = math.log(20)
_RARE = 0.05  # share of the bits that another cause damaged
_MOST = 0.8  # share of the places that lack bytes where bytes are lost


class Bit(NamedTuple):
    """A bit of a character: its position, its level as sent, and the levels before and after it."""

    position: int
    level: int
    before: int
    after: int


@dataclass(slots=True)
class Damage:
    """
    The damage of a stream: the places between two sound groups that have wrong bits or lack bytes.

    `flips` are the bits that arrived wrong; `chances` counts the bits that were sent at the same places. A
    place is one of the `holes` if bytes are missing there. `cause` is None if it is not clear.
    """

    parity: bool
    groups: int = 0
    places: int = 0
    holes: int = 0
    flips: list[Bit] = field(default_factory=list)
    chances: Counter[Bit] = field(default_factory=Counter)
    cause: LineCause | None = None


class _SoundLine(NamedTuple):
    start: int
    end: int
    label: str


# Cause, factor from a position in the character to the next, and the bits that the cause hurts.
_WEIGHTS: Final[tuple[tuple[LineCause, float, Callable[[Bit], bool]], ...]] = (
    (LineCause.NOISE, 1, lambda _: True),
    (LineCause.WEAK, 1, lambda bit: bit.level == 0),
    (LineCause.WEAK, 1, lambda bit: bit.level == 1),
    # A signal that falls slowly makes a start bit late: the next rise comes too soon, most at the end.
    *((LineCause.WEAK, factor, lambda bit: bit.level < bit.after) for factor in (0.7, 1, 1.5, 3)),
    *((LineCause.SLOW_RISE, factor, lambda bit: bit.level > bit.before) for factor in (1, 1.5, 3)),
    (LineCause.CLOCK, 20, lambda bit: bit.level != bit.before),
    (LineCause.CLOCK, 20, lambda bit: bit.level != bit.after),
)  # fmt: skip


def diagnose(data: bytes) -> Damage:
    """Find the damage in the bytes of a line, and its cause."""
    damage = find_damage(data)
    if damage.places >= ENOUGH and damage.holes >= _MOST * damage.places:
        damage.cause = LineCause.LOST_BYTES
        return damage
    # Where some places lack bytes and others have wrong bits, neither explains the line.
    has_few_holes = damage.holes <= (1 - _MOST) * damage.places
    if damage.parity and has_few_holes and len(damage.flips) >= ENOUGH:
        damage.cause = _clearly_likeliest(likelihoods(damage))
    return damage


def _clearly_likeliest(logarithms: Mapping[LineCause, float]) -> LineCause | None:
    """Return the likeliest cause; None if the next one is nearly as likely."""
    causes = sorted(logarithms, key=logarithms.__getitem__, reverse=True)
    best = causes[0]
    second = causes[1]
    is_clear = logarithms[best] - logarithms[second] > _SURE
    return best if is_clear else None


def likelihoods(damage: Damage) -> dict[LineCause, float]:
    """Return the logarithm of the likelihood of the wrong bits, by cause."""
    by_cause: dict[LineCause, float] = {}
    for cause, factor, hurts in _WEIGHTS:
        likelihood = _likelihood(damage, factor, hurts)
        # A cause with several rows acts in one of these ways: the likeliest counts.
        if cause not in by_cause or likelihood > by_cause[cause]:
            by_cause[cause] = likelihood
    return by_cause


def _likelihood(damage: Damage, factor: float, hurts: Callable[[Bit], bool]) -> float:
    """
    Return the logarithm of the likelihood of the wrong bits, by one row of `_WEIGHTS`.

    A bit that the cause hurts has the weight 1 at the position of the parity bit, and `factor` times as much
    at each later position; other bits have the weight 0. This cause wrongs a bit with the likelihood
    (1 − `_RARE`) × weight / sum of all weights, and another cause with `_RARE` / number of all bits.
    """
    weights: dict[Bit, float] = {}
    total_weight = 0.0
    for bit, count in damage.chances.items():
        weights[bit] = 0.0
        if hurts(bit):
            weights[bit] = factor ** (bit.position - PARITY)
        total_weight += count * weights[bit]
    by_another_cause = _RARE / damage.chances.total()
    likelihood = 0.0
    for bit in damage.flips:
        by_this_cause = 0.0
        if total_weight:
            by_this_cause = (1 - _RARE) * weights[bit] / total_weight
        likelihood += math.log(by_this_cause + by_another_cause)
    return likelihood


def find_damage(data: bytes) -> Damage:
    """Compare each damaged place with the frames around it."""
    _sample, has_parity = strip_parity(data[:_SAMPLE])
    damage = Damage(has_parity)
    lines = _sound_lines(data, parity=damage.parity)
    damage.groups = len(lines)
    label_at = {line.start: line.label for line in lines}
    ends_by_label: dict[str, list[int]] = defaultdict(list)
    for line in lines:
        ends_by_label[line.label].append(line.end)
    for line, following in pairwise(lines):
        received = data[line.end : following.start]
        if _BETWEEN.fullmatch(received):
            continue
        damage.places += 1
        has_wrong_parity = any(byte.bit_count() % 2 for byte in received)
        if damage.parity and not has_wrong_parity:
            # Each character is sound, and together they are no group: some are missing.
            damage.holes += 1
            continue
        # The frames around have at this place, between the same two étiquettes, as many bytes.
        references = []
        for end in _nearest_ends(ends_by_label[line.label], line.end):
            next_start = end + len(received)
            if label_at.get(next_start) == following.label:
                references.append(data[end:next_start])
        if references:
            _find_flips(damage, received, references)
    return damage


def _nearest_ends(ends: Sequence[int], end: int) -> Sequence[int]:
    """Return up to `_AROUND` of the ascending `ends` before `end`, one of them, and as many behind it."""
    number = bisect_left(ends, end)
    first = max(0, number - _AROUND)
    before = ends[first:number]
    behind = ends[number + 1 : number + 1 + _AROUND]
    return [*before, *behind]


def _sound_lines(data: bytes, *, parity: bool) -> list[_SoundLine]:
    """Return the lines that are valid groups, in the order of the data."""
    lines = []
    for match in _LINE.finditer(data):
        content = match[1]
        if parity:
            content = check_parity(content)
        group = parse_group(content)
        if isinstance(group, Group):
            lines.append(_SoundLine(match.start(), match.end(), group.label))
    return lines


def _find_flips(damage: Damage, received: bytes, references: Sequence[bytes]) -> None:
    """Add the wrong bits of the `received` bytes, which the frames around have as the `references`."""
    flips: list[Bit] = []
    chances: list[Bit] = []
    wrong_characters = 0
    for character, *characters_around in zip(received, *references, strict=True):
        # Where the frames differ, the value changes, and says nothing.
        if len(set(characters_around)) > 1:
            continue
        sent = characters_around[0]
        bits = _bits(sent)
        chances += bits
        changed = character ^ sent
        if not changed:
            continue
        wrong_characters += 1
        for bit in bits:
            # Position 1 on the line is the lowest bit of the byte.
            if changed >> (bit.position - 1) & 1:
                flips.append(bit)
    has_one_flip_each = len(flips) == wrong_characters
    if flips and has_one_flip_each and wrong_characters <= _MOST_WRONG:
        damage.flips += flips
        damage.chances.update(chances)


def _bits(character: int) -> list[Bit]:
    """Return the data bits and the parity bit of a character, in the order in which they are sent."""
    levels = [0]  # the start bit
    for number in range(PARITY):
        levels.append(character >> number & 1)  # the lowest bit is sent first
    levels.append(1)  # the stop bit
    bits = []
    for position in range(1, STOP):
        before = levels[position - 1]
        after = levels[position + 1]
        bits.append(Bit(position, levels[position], before, after))
    return bits
