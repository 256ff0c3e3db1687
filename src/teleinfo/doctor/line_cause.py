"""
Name the physical cause of the damage to a line: the cause that makes its wrong bits most likely.

Each cause hurts some bits more than others. A signal that rises too slowly hurts a 1 behind a 0; a clock that
is off hurts the last bits of a character, which then look like those beside them. `_WEIGHTS` says so. The
likelihood of a wrong bit is its weight, divided by the sum of the weights of all bits that were sent there.
"""

from __future__ import annotations

import math
from operator import itemgetter
from typing import TYPE_CHECKING, Final, NamedTuple

from teleinfo.doctor.line_damage import PARITY, Damage, find_damage
from teleinfo.vocabulary.line import LineCause

if TYPE_CHECKING:
    from collections.abc import Callable

    from teleinfo.doctor.line_damage import Bit

ENOUGH: Final = 5
"""Damaged places, or wrong bits, below which nothing is clear."""

# Logarithm of a ratio: the best cause must be so much more likely than the next.
_SURE = math.log(20)
_RARE = 0.05  # share of the bits that another cause damaged
_MOST = 0.8  # share of the places that lack bytes where bytes are lost


class Diagnosis(NamedTuple):
    """The cause of the damage, None if it is not clear, and the damage."""

    cause: LineCause | None
    damage: Damage


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


def diagnose(data: bytes) -> Diagnosis:
    """Find the damage in the bytes of a line, and its cause."""
    damage = find_damage(data)
    cause = None
    if damage.places >= ENOUGH and damage.holes >= _MOST * damage.places:
        cause = LineCause.LOST_BYTES
    elif damage.parity and len(damage.flips) >= ENOUGH and damage.holes <= (1 - _MOST) * damage.places:
        (likeliest, best), (_, second), *_ = sorted(
            likelihoods(damage).items(), key=itemgetter(1), reverse=True
        )
        cause = likeliest if best - second > _SURE else None
    return Diagnosis(cause, damage)


def likelihoods(damage: Damage) -> dict[LineCause, float]:
    """Return the logarithm of the likelihood of the wrong bits, by cause."""
    found: dict[LineCause, float] = {}
    chances, every = damage.chances, damage.chances.total()
    for cause, factor, hurts in _WEIGHTS:
        weights = {bit: hurts(bit) * factor ** (bit.position - PARITY) for bit in chances}
        total = sum(count * weights[bit] for bit, count in chances.items()) or 1.0
        value = sum(math.log((1 - _RARE) * weights[bit] / total + _RARE / every) for bit in damage.flips)
        found[cause] = max(found.get(cause, -math.inf), value)
    return found
