"""
Name the physical cause of the damage to a line: the cause that makes its wrong bits most likely.

Each cause hurts some bits more than others. A signal that rises too slowly hurts a 1 behind a 0; a clock that
is off hurts the last bits of a character, which then look like those beside them. `_WEIGHTS` says so. The
likelihood of a wrong bit is its weight, divided by the sum of the weights of all bits that were sent there.
"""

from __future__ import annotations

import cmath
import math
from itertools import pairwise
from operator import itemgetter
from typing import TYPE_CHECKING, Final, NamedTuple

from teleinfo.doctor.line_damage import BITS, PARITY, STOP, Damage, find_damage
from teleinfo.vocabulary.line import LineCause

if TYPE_CHECKING:
    from collections.abc import Callable

    from teleinfo.doctor.line_damage import Bit, Flip

ENOUGH: Final = 5
"""Damaged places, or groups that lack bytes, below which nothing is clear."""

MANY: Final = 20
"""Damaged places below which a cause must be clearer, since a wrong one may look right by chance."""

# Logarithms of ratios: the best cause must be so much more likely than the next, and hum than its rivals.
_SURE, _SURE_OF_FEW = math.log(7), math.log(50)
_HUM_NEEDS = math.log(50)

_RARE = 0.05  # share of the places, and of the bits, that another cause damaged
_MAINS = 50  # Hz
_ROW = 30  # wrong bits through which the phase of the hum is followed
_MOST_STEPS = 20_000
# Bytes from a piece that another program took to the next, and the share of the pieces so close together.
_CLOSE = 50.0
_CLOSE_SHARE = 0.7


class Diagnosis(NamedTuple):
    """The cause of the damage, None if it is not clear, and the damage."""

    cause: LineCause | None
    damage: Damage


def _rises(bit: Bit) -> bool:
    return bit.level > bit.before and bit.position < STOP


def _falls(bit: Bit) -> bool:
    return bit.level < bit.before


# Cause, factor from a position in the character to the next, and the bits that the cause hurts.
_WEIGHTS: Final[tuple[tuple[LineCause, float, Callable[[Bit], bool]], ...]] = (
    (LineCause.NOISE, 1, lambda _: True),
    (LineCause.WEAK, 1, lambda bit: bit.level == 0),
    (LineCause.WEAK, 1, lambda bit: bit.level == 1),
    *((LineCause.SLOW_RISE, factor, _rises) for factor in (1, 1.5, 3)),
    (LineCause.SLOW_FALL, 1, _falls),
    # A start bit that falls late delays the samples of the whole character: the next rise comes too soon.
    *((LineCause.SLOW_FALL, factor, lambda bit: bit.level < bit.after) for factor in (0.7, 1, 1.5, 3)),
    *((LineCause.CLOCK, 20, hurts) for hurts in (
        _rises, _falls, lambda bit: bit.level != bit.before and bit.position < STOP,
        lambda bit: bit.level < bit.after, lambda bit: bit.level > bit.after and bit.position < STOP,
        lambda bit: bit.level != bit.after and bit.position < STOP,
    )),
    # The stop bit is sampled when the next start bit has begun, which is then missed.
    (LineCause.CLOCK, 1, lambda bit: bit.position in {0, STOP}),
)  # fmt: skip


def diagnose(data: bytes) -> Diagnosis:
    """Find the damage in the bytes of a line, and its cause."""
    damage = find_damage(data)
    places = max(damage.places, len(damage.holes))
    if places < ENOUGH:
        return Diagnosis(None, damage)
    (cause, best), (_, second), *_ = sorted(likelihoods(damage).items(), key=itemgetter(1), reverse=True)
    is_clear = best - second > (_SURE if places >= MANY else _SURE_OF_FEW) and (
        damage.parity or cause in {LineCause.LOST_BYTES, LineCause.SHARED_PORT}
    )
    return Diagnosis(cause if is_clear else None, damage)


def likelihoods(damage: Damage) -> dict[LineCause, float]:
    """Return the logarithm of the likelihood of the damage, by cause."""
    lost = len(set(damage.holes))
    flipped = damage.places - lost
    hum = _hum(damage) - _HUM_NEEDS
    found = dict.fromkeys(LineCause, -math.inf)
    chances, every = damage.chances, damage.chances.total()
    for cause, factor, hurts in _WEIGHTS:
        weights = {bit: hurts(bit) * factor ** (bit.position - PARITY) for bit in chances}
        total = sum(count * weights[bit] for bit, count in chances.items()) or 1.0
        value = sum(
            math.log((1 - _RARE) * weights[bit] / total + _RARE / every) for bit, _, _ in damage.flips
        )
        found[cause] = max(found[cause], value)
        if cause in {LineCause.NOISE, LineCause.WEAK}:
            # Hum flips the bits that noise or a weak signal flips, at regular distances in time.
            found[LineCause.HUM] = max(found[LineCause.HUM], value + hum)
    bits_flip = flipped * math.log(1 - _RARE) + lost * math.log(_RARE)
    bytes_lack = lost * math.log(1 - _RARE) + flipped * math.log(_RARE) + found[LineCause.NOISE]
    return {cause: value + bits_flip for cause, value in found.items()} | {
        LineCause.LOST_BYTES: bytes_lack,
        LineCause.SHARED_PORT: bytes_lack + _in_rows(damage),
    }


def _in_rows(damage: Damage) -> float:
    """Return the logarithm of the ratio of likelihoods that bytes are missing in rows, and at random."""
    gaps = [max(16, behind - before) for before, behind in pairwise(damage.holes)]
    mean = sum(gaps) / max(1, len(gaps))
    return sum(
        math.log(
            1 - _CLOSE_SHARE + _CLOSE_SHARE * mean / _CLOSE * math.exp(min(500, gap / mean - gap / _CLOSE))
        )
        for gap in gaps
    )


def _hum(damage: Damage) -> float:
    """
    Return the log of the likelihood ratio: wrong bits that follow the mains against chance.

    Within a frame the hum has one phase. If the meter always waits as long between two frames, the phase also
    advances by the same amount from frame to frame, which is looked for.
    """
    period = (9600 if damage.standard else 1200) / _MAINS
    flips: list[Flip] = []
    for flip in damage.flips:
        # Behind a wrong start bit, the wrong bits of the next character may not be what they seem.
        if not flips or flip.at - flips[-1].at > BITS * 3 // 2:
            flips.append(flip)
    found = []
    for harmonic, opposite in ((1, 0.5), (1, 0.0), (2, 0.5), (2, 0.0)):
        turns = [(flip.frame, harmonic * flip.at / period + opposite * flip.bit.level) for flip in flips]
        rows = [turns[start : start + _ROW] for start in range(0, len(turns), _ROW)]
        for sharp in (2.0, 6.0):
            found.append(sum(_in_phase(one, two, sharp) for one, two in pairwise(turns) if one[0] == two[0]))
            found.append(sum(_in_step(row, sharp) for row in rows))
    return max(found)


def _in_phase(one: tuple[int, float], two: tuple[int, float], sharp: float) -> float:
    """Return the ratio for two wrong bits of a frame."""
    ratio = math.exp(sharp * math.cos(2 * math.pi * (one[1] - two[1])) - _log_bessel(sharp))
    return math.log(0.3 + 0.7 * ratio)


def _in_step(turns: list[tuple[int, float]], sharp: float) -> float:
    """Return the ratio for wrong bits, each with its frame; all advances from frame to frame are tried."""
    ratios = []
    steps = min(_MOST_STEPS, 6 * (turns[-1][0] - turns[0][0] + 1))
    for step in range(steps):
        total = sum(cmath.exp(2j * math.pi * (turn + frame * step / steps)) for frame, turn in turns)
        ratios.append(_log_bessel(sharp * abs(total)))
    most = max(ratios)
    mean = most + math.log(sum(math.exp(ratio - most) for ratio in ratios) / steps)
    return mean - len(turns) * _log_bessel(sharp)


def _log_bessel(x: float) -> float:
    """Return the logarithm of the modified Bessel function of order 0, by the formula of Olivares (2018)."""
    y = x * x
    return (
        x + math.log1p(math.exp(-2 * x)) - math.log(2 * (1 + y / 4) ** 0.25)
        + math.log((1 + 0.24273 * y) / (1 + 0.43023 * y))
    )  # fmt: skip
