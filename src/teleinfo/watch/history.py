"""History since this process began, pure: power and tariff periods of the last hour, energy of the day."""

from __future__ import annotations

import datetime as dt
from collections import deque
from typing import TYPE_CHECKING, Final, NamedTuple

from teleinfo.vocabulary.codes import TariffPeriod
from teleinfo.watch.declared import find, integer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from teleinfo.state.fields import Json

BIN: Final = 5.0
"""Length of a point, seconds."""

REACH: Final = 90.0
"""Seconds for which a point is repeated while no reading comes: a message may come once a minute."""

LONGEST: Final = 720
"""Number of points that are kept: an hour."""

NEAR_MIDNIGHT: Final = dt.timedelta(minutes=5)
"""The greatest age at midnight of a reading that counts as the reading of midnight."""


class Band(NamedTuple):
    """A tariff period of the last hour, from point `first` to `end`, exclusive; `code` may be None."""

    first: int
    end: int
    name: Json
    code: Json
    colour: Json


class History:
    """The power `drawn`, the `net` power (drawn less injected), tariff periods, and energy of the `day`."""

    def __init__(self) -> None:
        self.drawn, self.net = PowerHistory(), PowerHistory()
        self.day = Day()
        self._periods: deque[tuple[int, Json, Json, Json]] = deque(maxlen=LONGEST)

    def add(self, state: Json, *, now: float, time: dt.datetime) -> None:
        """Add the state after a reading at the monotonic time `now` and the local time `time`."""
        for history, path in ((self.drawn, "power.apparent"), (self.net, "power.net")):
            if (power := integer(state, path)) is not None:
                history.add(power, now=now)
        name, code = find(state, "tariff.name"), find(state, "tariff.code")
        if name is not None:
            colour = code.colour if isinstance(code, TariffPeriod) else None
            period = (name, code, colour or find(state, "tempo.today"))
            if not self._periods or self._periods[-1][1:] != period:
                self._periods.append((int(now // BIN), *period))
        self.day.add(counters(state), time=time)

    def bands(self, *, now: float) -> list[Band]:
        """Return the tariff periods of the last hour in order, from the first reading on."""
        first = int(now // BIN) - LONGEST + 1
        ends = [*[begin for begin, *_period in self._periods][1:], first + LONGEST]
        return [
            Band(max(0, begin - first), end - first, *period)
            for (begin, *period), end in zip(self._periods, ends, strict=False)
            if end > first
        ]


class PowerHistory:
    """The mean power in each of the last `LONGEST` intervals of `BIN` seconds."""

    def __init__(self) -> None:
        self._bins: deque[tuple[int, int, int]] = deque(maxlen=LONGEST)  # number, sum, readings

    def add(self, power: int, *, now: float) -> None:
        """Add a power in VA, measured at the monotonic time `now`."""
        number, total, readings = int(now // BIN), 0, 0
        if self._bins and self._bins[-1][0] == number:
            _, total, readings = self._bins.pop()
        self._bins.append((number, total + power, readings + 1))

    def means(self, points: int, *, now: float) -> list[float | None]:
        """
        Return the mean power in each of the last `points` intervals of `BIN` seconds, VA, the newest last.

        An interval without a reading repeats the last power for up to `REACH` seconds. None: unknown.
        """
        means = {number: total / readings for number, total, readings in self._bins}
        last, reach = int(now // BIN), int(REACH // BIN)
        return [
            next((means[near] for near in range(number, number - reach - 1, -1) if near in means), None)
            for number in range(last - points + 1, last + 1)
        ]


class Day:
    """
    The energy that each index counted on the day of the last reading, in local time.

    `since` is the start of the count, None before the first reading; `whole` is True if that is midnight.
    """

    def __init__(self) -> None:
        self.since: dt.datetime | None = None
        self.whole = False
        self._first: dict[str, int] = {}
        self._last: dict[str, int] = {}
        self._time: dt.datetime | None = None

    def add(self, counters: Mapping[str, int], *, time: dt.datetime) -> None:
        """Add the indexes in Wh, by name, that were read at this local time."""
        if self._time is None or self._time.date() != time.date():
            midnight = time.replace(hour=0, minute=0, second=0, microsecond=0)
            self.whole = self._time is not None and midnight - self._time <= NEAR_MIDNIGHT
            self.since = midnight if self.whole else time
            self._first = self._last if self.whole else {}
        for name, value in counters.items():
            # An index falls only if the meter was replaced: count from the lower value.
            self._first[name] = min(self._first.get(name, value), value)
        self._last = dict(counters)
        self._time = time

    def added(self, name: str) -> int | None:
        """Return the Wh that this index counted; None if it is not among the last readings."""
        return None if name not in self._last else self._last[name] - self._first[name]


def counters(state: Json) -> dict[str, int]:
    """Return the Wh of each index by its étiquette, and of the totals by their name in the state."""
    indexes = find(state, "energy.indexes")
    paths = {key: f"energy.indexes.{key}.value" for key in indexes} if isinstance(indexes, dict) else {}
    paths |= {name: f"energy.{name}" for name in ("import_total", "export_total")}
    return {name: value for name, path in paths.items() if (value := integer(state, path)) is not None}
