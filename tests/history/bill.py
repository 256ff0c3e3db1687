"""
A year of a household by the second, the registers of its meter, and its bill: written without the program.

All amounts are exact fractions. Times are whole seconds since 1970; days are those of France, with 23 and 25
hours when the clocks change. In the last two seconds of a day nothing is drawn, so that the registers at
midnight are those of the last frame before it.
"""

from __future__ import annotations

import calendar
import datetime as dt
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator, Mapping

FRANCE: Final = ZoneInfo("Europe/Paris")
UTC: Final = dt.UTC


def clock(second: int) -> dt.datetime:
    """Return what a clock in France shows."""
    return dt.datetime.fromtimestamp(second, UTC).astimezone(FRANCE)


def start_of(day: dt.date) -> int:
    """Return the first second of a day."""
    naive = dt.datetime(day.year, day.month, day.day)  # noqa: DTZ001
    return int(naive.replace(tzinfo=FRANCE).timestamp())


def next_day(day: dt.date) -> dt.date:
    """Return the day after a day."""
    return dt.date.fromordinal(day.toordinal() + 1)


def colour(day: dt.date) -> str:
    """Return the colour of a day of Tempo: some days are red in winter, some are white."""
    number = day.toordinal()
    if day.month in {11, 12, 1, 2, 3} and day.isoweekday() <= 5 and number % 5 == 0:
        return "R"
    return "W" if day.isoweekday() <= 6 and number % 7 in {2, 3} and day.month not in {7, 8} else "B"


def has_peak(day: dt.date) -> bool:
    """True for a day of EJP with a peak, which begins at 7:00 and ends at 1:00 of the next day."""
    return day.month in {11, 12, 1, 2, 3} and day.toordinal() % 6 == 1


def base(_time: dt.datetime) -> str:
    """Return the only period."""
    return "TH"


def night(time: dt.datetime) -> str:
    """Return the period with off-peak hours from 22:30 to 6:30."""
    now = time.hour * 60 + time.minute
    return "HC" if now >= 1350 or now < 390 else "HP"


def midday(time: dt.datetime) -> str:
    """Return the period with off-peak hours at odd minutes, and more of them at midday from April on."""
    now = time.hour * 60 + time.minute
    spans = [(124, 424), (664, 844)] if 4 <= time.month <= 10 else [(94, 454), (754, 874)]
    return "HC" if any(first <= now < last for first, last in spans) else "HP"


def tempo(time: dt.datetime) -> str:
    """Return the period of Tempo, whose days begin at 6:00."""
    day = time.date() if time.hour >= 6 else dt.date.fromordinal(time.date().toordinal() - 1)
    hours = "HP" if 6 <= time.hour < 22 else "HC"
    return f"{hours}J{colour(day)}"


def ejp(time: dt.datetime) -> str:
    """Return the period of EJP."""
    yesterday = dt.date.fromordinal(time.date().toordinal() - 1)
    is_peak = (time.hour < 1 and has_peak(yesterday)) or (time.hour >= 7 and has_peak(time.date()))
    return "PM" if is_peak else "HN"


@dataclass(frozen=True)
class Tariff:
    """
    A contract: its name in OPTARIF, the étiquette of each period, the period of a time, and its dated prices.

    A price has its first day, € a month, and € a kWh by period.
    """

    optarif: str
    registers: Mapping[str, str]
    period: Callable[[dt.datetime], str]
    prices: tuple[tuple[dt.date, str, Mapping[str, str]], ...]

    def price(self, day: dt.date) -> tuple[Fraction, dict[str, Fraction]]:
        """Return the prices of a day; before the first one, the first."""
        found = self.prices[0]
        for entry in self.prices:
            if entry[0] <= day:
                found = entry
        return Fraction(found[1]), {code: Fraction(price) for code, price in found[2].items()}


def dated(
    *prices: tuple[str, str, dict[str, str]],
) -> tuple[tuple[dt.date, str, Mapping[str, str]], ...]:
    """Return dated prices."""
    return tuple((dt.date.fromisoformat(day), month, kwh) for day, month, kwh in prices)


def of_tempo(prices: str) -> dict[str, str]:
    """Return the prices of Tempo by period."""
    codes = ("HCJB", "HPJB", "HCJW", "HPJW", "HCJR", "HPJR")
    return dict(zip(codes, prices.split(), strict=True))


_OFF_PEAK: Final = dated(
    ("2025-08-01", "19.81", {"HC": "0.1635", "HP": "0.2081"}),
    ("2026-02-11", "19.57", {"HC": "0.1579", "HP": "0.2065"}),
    ("2026-07-20", "19.88", {"HC": "0.1589", "HP": "0.2142"}),
    ("2026-10-25", "20.01", {"HC": "0.1601", "HP": "0.2151"}),
)
TARIFFS: Final = {
    "base": Tariff(
        "BASE",
        {"TH": "BASE"},
        base,
        dated(
            ("2025-08-01", "19.39", {"TH": "0.1952"}),
            ("2026-03-29", "19.56", {"TH": "0.1927"}),
            ("2026-08-15", "19.88", {"TH": "0.1985"}),
        ),
    ),
    "off_peak": Tariff("HC", {"HC": "HCHC", "HP": "HCHP"}, night, _OFF_PEAK),
    "midday": Tariff("HC", {"HC": "HCHC", "HP": "HCHP"}, midday, _OFF_PEAK),
    "tempo": Tariff(
        "BBR(",
        {f"{hours}J{letter}": f"BBR{hours}J{letter}" for letter in "BWR" for hours in ("HC", "HP")},
        tempo,
        dated(
            ("2025-08-01", "19.49", of_tempo("0.1232 0.1494 0.1391 0.1730 0.1460 0.6468")),
            ("2026-02-11", "19.38", of_tempo("0.1325 0.1612 0.1499 0.1871 0.1575 0.7060")),
        ),
    ),
    "ejp": Tariff(
        "EJP.",
        {"HN": "EJPHN", "PM": "EJPHPM"},
        ejp,
        dated(
            ("2025-08-01", "18.44", {"HN": "0.1555", "PM": "1.4031"}),
            ("2026-01-17", "18.99", {"HN": "0.1601", "PM": "1.5123"}),
        ),
    ),
}


CUTS: Final = sorted({*range(0, 1441, 30), 94, 454, 754, 874, 124, 424, 664, 844})
"""The minutes of the clock at which a period may begin or end."""


@dataclass
class Meter:
    """A meter with its registers in Ws, and what it showed at each midnight, Wh."""

    tariff: Tariff
    chance: random.Random
    now: int
    registers: dict[str, int] = field(default_factory=dict)
    at_midnight: dict[dt.date, dict[str, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for code in self.tariff.registers:
            self.registers[code] = self.chance.randrange(3600 * 10**7)

    def draw_until(self, end: int) -> None:
        """Draw a power until a time, and none in the last two seconds of a day."""
        power = self.chance.choice([90, 240, 900, 2300, 6400])
        while self.now < end:
            time = clock(self.now)
            midnight = start_of(next_day(time.date()))
            minute = 60 * time.hour + time.minute
            cut = min(cut for cut in CUTS if cut > minute)
            until = min(end, self.now + 60 * (cut - minute) - time.second, midnight - 2)
            if self.now >= midnight - 2:
                until = midnight
            else:
                self.registers[self.tariff.period(time)] += power * (until - self.now)
            self.now = until
            if until == midnight:
                self.at_midnight[next_day(time.date())] = self.indexes()

    def indexes(self) -> dict[str, int]:
        """Return the whole Wh that the meter shows, by period."""
        return {code: energy // 3600 for code, energy in self.registers.items()}


def cost_of(
    tariff: Tariff, day: dt.date, before: Mapping[str, int], after: Mapping[str, int]
) -> tuple[Fraction, Fraction]:
    """Return the energy and the subscription of a day, €, between two readings of its registers."""
    month, kwh = tariff.price(day)
    energy = sum((kwh[code] * (after[code] - before[code]) for code in kwh), Fraction(0)) / 1000
    return energy, month / calendar.monthrange(day.year, day.month)[1]


def days(first: dt.date, last: dt.date) -> Iterator[dt.date]:
    """Yield each day from the first to the last."""
    day = first
    while day <= last:
        yield day
        day = next_day(day)


def times_of(day: dt.date, chance: random.Random) -> list[int]:
    """Return the times of the frames of a day: around midnight, and some others."""
    begin, end = start_of(day), start_of(next_day(day))
    return sorted({begin, begin + 2, end - 2, *(chance.randrange(begin + 3, end - 3) for _ in range(2))})
