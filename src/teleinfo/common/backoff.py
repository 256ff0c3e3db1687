"""
Delays between attempts.

`delays` never ends: the caller waits for a delay after each failed attempt, and makes a new iterator once the
connection has held for a while. Pure: the randomness is an argument, and nothing sleeps here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random


def delays(*, first: float, cap: float, rng: Random) -> Iterator[float]:
    """
    Yield delays in seconds, each drawn between `first` and a ceiling that doubles from `first` up to `cap`.

    With `first` = 1 the first two delays together last from 2 to 3 s: a port or broker that was away for less
    than 2 s is found again within 3 s. Delays drawn from 0 could be short twice, and the third last 4 s.
    """
    ceiling = first
    while True:
        yield rng.uniform(first, ceiling)
        ceiling = min(2 * ceiling, cap)
