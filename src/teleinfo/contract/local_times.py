"""The offsets of times that a file writes without an offset: an hour of autumn comes twice. Pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from teleinfo.tic.horodate import PARIS

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator


class LocalPower(NamedTuple):
    """A mean power, W, at a local time; `block` is the number of the list in which it stands."""

    block: int
    time: dt.datetime
    power: float


def with_offsets(local: list[LocalPower]) -> Iterator[tuple[int, float]]:
    """
    Yield time and power of each power with a local time; leave out what the list does not tell.

    In autumn, the order of the list tells which of two equal times is meant; a time that comes twice, but
    stands there once, is left out. A time that does not exist in spring is another name of the time an hour
    later, which counts if both stand there.
    """
    downwards = _downward_blocks(local)
    counts = Counter((block, time) for block, time, _power in local)
    seen: Counter[tuple[int, dt.datetime]] = Counter()
    given: set[int] = set()
    absent: dict[int, float] = {}
    for block, time, power in local:
        seen[block, time] += 1
        first = int(time.replace(tzinfo=PARIS).timestamp())
        second = int(time.replace(tzinfo=PARIS, fold=1).timestamp())
        if first > second:
            absent[first] = power
            continue
        moment = first
        if first < second:
            if counts[block, time] == 1:
                continue
            is_first = (seen[block, time] == 1) is not (block in downwards)
            moment = first if is_first else second
        given.add(moment)
        yield moment, power
    yield from ((moment, power) for moment, power in absent.items() if moment not in given)


def _downward_blocks(local: list[LocalPower]) -> set[int]:
    """Return the lists whose times come from the latest to the earliest."""
    falls: Counter[int] = Counter()
    for at in range(1, len(local)):
        before, after = local[at - 1], local[at]
        if before.block == after.block:
            falls[after.block] += (after.time < before.time) - (after.time > before.time)
    return {block for block, count in falls.items() if count > 0}
