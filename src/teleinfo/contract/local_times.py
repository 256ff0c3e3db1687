"""The offsets of times that a file writes without an offset: an hour of autumn comes twice. Pure."""

from __future__ import annotations

import itertools
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
    Yield each power with its time, s since 1970; leave out a power whose time the list does not tell.

    In autumn, the order of the list tells which of two equal times is meant; a time that comes twice, but
    stands there once, is left out. A time that does not exist in spring is another name of the time an hour
    later, which counts if both stand there.
    """
    downwards = _downward_blocks(local)
    counts = Counter((block, time) for block, time, _power in local)
    seen: Counter[tuple[int, dt.datetime]] = Counter()
    yielded: set[int] = set()  # times
    in_missing_hour: dict[int, float] = {}  # powers by time
    for block, time, power in local:
        seen[block, time] += 1
        # The two are equal, except for a time of the hour that comes twice or is missing.
        first = int(time.replace(tzinfo=PARIS).timestamp())
        second = int(time.replace(tzinfo=PARIS, fold=1).timestamp())
        if first > second:  # in spring
            in_missing_hour[first] = power
            continue
        moment = first
        if first < second:  # in autumn
            if counts[block, time] == 1:
                continue
            is_later = seen[block, time] > 1
            if block in downwards:
                is_later = not is_later
            if is_later:
                moment = second
        yielded.add(moment)
        yield moment, power
    for moment, power in in_missing_hour.items():
        if moment not in yielded:
            yield moment, power


def _downward_blocks(local: list[LocalPower]) -> set[int]:
    """Return the lists whose times come from the latest to the earliest."""
    falls: Counter[int] = Counter()  # steps downwards less those upwards, by list
    for before, after in itertools.pairwise(local):
        if before.block != after.block:
            continue
        if after.time < before.time:
            falls[after.block] += 1
        elif after.time > before.time:
            falls[after.block] -= 1
    return {block for block, count in falls.items() if count > 0}
