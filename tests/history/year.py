"""
A year of a household, and what it would have paid: computed from the exact curve, without the program.

Powers are constant between two minutes. Times are those of the clocks of France; days are whole ones, so that
the days of 23 and 25 hours have less and more energy.
"""

from __future__ import annotations

import calendar
import datetime as dt
import math
import random
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PARIS: Final = ZoneInfo("Europe/Paris")
FIRST = dt.date(2025, 10, 1)
LAST = dt.date(2026, 11, 15)
TODAY: Final = dt.date(2026, 11, 16)
OFF_PEAK: Final = (("01:34", "07:34"), ("12:34", "14:34"))
DAY: Final = dt.timedelta(days=1)


class Piece(NamedTuple):
    """The energy from `begin` to `end`, s since 1970, Wh; the local time of its begin; off-peak hours."""

    begin: int
    end: int
    energy: float
    local: dt.datetime
    is_off_peak: bool

    def energy_until(self, time: int) -> float:
        """Return the energy from `begin` until a time."""
        return self.energy * (time - self.begin) / (self.end - self.begin)


def days(first: dt.date, last: dt.date) -> Iterator[dt.date]:
    """Yield each day from the first to the last."""
    for number in range((last - first).days + 1):
        yield first + number * DAY


@cache
def minute(text: str) -> int:
    """Return the minute of the day of a time such as 01:34."""
    hours, minutes = text.split(":")
    return 60 * int(hours) + int(minutes)


def is_in(time: dt.datetime, *spans: tuple[str, str]) -> bool:
    """Tell whether a local time is in one of these spans of the day."""
    now = 60 * time.hour + time.minute
    for begin, end in spans:
        first = minute(begin)
        last = minute(end)
        if first <= now < last or (last < first and not last <= now < first):
            return True
    return False


def cold(day: dt.date) -> float:
    """Return 1 in the middle of January, 0 in summer."""
    return max(0.0, math.cos(2 * math.pi * ((day - dt.date(day.year, 1, 15)).days / 365)))


def convectors(now: dt.datetime, chance: random.Random) -> float:
    """Draw 130 W, and heat in the evening and the morning."""
    return 130 + cold(now.date()) * (1500 + chance.uniform(0, 1500)) * is_in(
        now, ("06:00", "09:00"), ("17:00", "23:00")
    )


def heat_pump(now: dt.datetime, chance: random.Random) -> float:
    """Heat all day, a little."""
    return 110 + cold(now.date()) * chance.uniform(500, 900) + 400 * is_in(now, ("18:30", "20:00"))


def car(now: dt.datetime, chance: random.Random) -> float:
    """Charge a car at the begin of the off-peak hours on two nights of three."""
    return chance.uniform(150, 250) + 7000 * (is_in(now, ("01:34", "04:00")) and now.day % 3 != 0)


def absent(now: dt.datetime, chance: random.Random) -> float:
    """Be away in July and August."""
    return 60 + (0 if now.month in {7, 8} else chance.uniform(100, 900))


HOUSES: Final = (convectors, heat_pump, car, absent)


def times_of_change(begin: int, end: int, cuts: list[int]) -> list[int]:
    """Return the times of the cuts of a day on which the clocks change; an hour may come twice, or never."""
    times = []
    for time in range(begin, end, 60):
        local = dt.datetime.fromtimestamp(time, PARIS)
        if 60 * local.hour + local.minute in cuts:
            times.append(time)
    return times


def pieces(house: Callable[[dt.datetime, random.Random], float]) -> Iterator[Piece]:
    """Yield the energies of a household, cut at each half-hour and where its off-peak hours begin or end."""
    chance = random.Random(1)
    cuts = sorted({0, *range(0, 1440, 30), *(minute(time) for span in OFF_PEAK for time in span)})
    for day in days(FIRST, LAST):
        begin = int(dt.datetime.combine(day, dt.time(), PARIS).timestamp())
        end = int(dt.datetime.combine(day + DAY, dt.time(), PARIS).timestamp())
        times = [begin + 60 * cut for cut in cuts]
        if end - begin != 24 * 3600:
            times = times_of_change(begin, end, cuts)
        for first, last in zip(times, [*times[1:], end], strict=True):
            local = dt.datetime.fromtimestamp(first, PARIS)
            energy = house(local, chance) * (last - first) / 3600
            yield Piece(first, last, energy, local, is_in(local, *OFF_PEAK))


def colour(day: dt.date) -> str:
    """Return a colour of Tempo: Sundays are blue, and red only from November to March on a weekday."""
    if day.month in {12, 1, 2} and day.weekday() < 5 and day.day % 3 == 0:
        return "red"
    return "white" if day.weekday() < 6 and day.day % 4 == 1 and day.month not in {7, 8, 9} else "blue"


def tempo(piece: Piece) -> str:
    """Return the period of Tempo: its days begin at 6:00."""
    day = piece.local.date() - (DAY if piece.local.hour < 6 else dt.timedelta())
    hours = "HC" if is_in(piece.local, ("22:00", "06:00")) else "HP"
    return hours + {"blue": "JB", "white": "JW", "red": "JR"}[colour(day)]


def is_weekend(piece: Piece) -> bool:
    """Tell whether it is Saturday or Sunday."""
    return piece.local.weekday() >= 5


def night(piece: Piece) -> str:
    """Return the period of an offer with a cheaper part of the night."""
    if is_in(piece.local, ("02:00", "06:00")):
        return "HSC"
    return "HC" if is_in(piece.local, ("23:00", "07:00")) else "HP"


def weekend_or_slot(piece: Piece) -> str:
    """Return the period of an offer with a cheaper week-end and off-peak hours."""
    if is_weekend(piece):
        return "WE"
    return "HC" if piece.is_off_peak else "HP"


PERIODS: Final[dict[str, Callable[[Piece], str]]] = {
    "base": lambda _piece: "TH",
    "off_peak": lambda piece: "HC" if piece.is_off_peak else "HP",
    "tempo": tempo,
    "weekend": lambda piece: "WE" if is_weekend(piece) else "HP",
    "weekend_off_peak": weekend_or_slot,
    "night": night,
}
"""The period of each offer of `offers.toml` in which a piece is."""

Prices = dict[str, list[tuple[dt.date, float, dict[str, float]]]]
"""By offer: the day, € a month at 9 kVA, and € a kWh by period; the oldest first."""


def in_force(
    prices: list[tuple[dt.date, float, dict[str, float]]], day: dt.date
) -> tuple[float, dict[str, float]]:
    """Return the prices of a day; before the first day those of that one."""
    found = [entry for entry in prices if entry[0] <= day] or prices[:1]
    return found[-1][1:]


def paid(
    all_of: list[Piece], offer: str, prices: Prices, span: tuple[dt.date, dt.date], today: dt.date | None
) -> dict[str, float]:
    """Return the cost by month of the days of a span, at the prices of the time or of `today`, €."""
    first, last = span
    found: dict[str, float] = {}
    for piece in all_of:
        day = piece.local.date()
        if first <= day <= last:
            kwh = in_force(prices[offer], today or day)[1][PERIODS[offer](piece)]
            month = day.isoformat()[:7]
            found[month] = found.get(month, 0.0) + piece.energy / 1000 * kwh
    for day in days(first, last):
        month = day.isoformat()[:7]
        of_month = calendar.monthrange(day.year, day.month)[1]
        found[month] += in_force(prices[offer], today or day)[0] / of_month
    return found
