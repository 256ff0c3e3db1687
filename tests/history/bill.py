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


def slot(time: dt.datetime) -> str:
    """Return the hours of a contract with special days: off-peak from 3:00 to 8:00 and 12:30 to 15:30."""
    now = time.hour * 60 + time.minute
    return "HC" if 180 <= now < 480 or 750 <= now < 930 else "HP"


def wednesday(time: dt.datetime) -> str:
    """Return the register of a contract in which the week-end and Wednesdays are special days."""
    day = time.isoweekday()
    number = 1
    if day == 3:
        number = 5
    elif day >= 6:
        number = 3
    if slot(time) == "HP":
        number += 1
    return f"EASF0{number}"


def weekend(time: dt.datetime) -> str:
    """Return the register of a contract whose first two registers are those of the week-end."""
    number = 1 if time.isoweekday() >= 6 else 3
    if slot(time) == "HP":
        number += 1
    return f"EASF0{number}"


def super_off_peak(time: dt.datetime) -> str:
    """Return the register of a contract with super off-peak hours from 3:00 to 5:00 of the off-peak hours."""
    if 3 <= time.hour < 5:
        return "EASF03"
    return {"HP": "EASF01", "HC": "EASF02"}[slot(time)]


@dataclass(frozen=True)
class Tariff:
    """
    A contract: its name in OPTARIF, the étiquette of each period, the period of a time, and its dated prices.

    A price has its first day, € a month, and € a kWh by period. In mode standard, which has `texts`, the name
    is that of NGTF, and a text is the LTARF of a period. `rules` are those of its offer. `codes` has the code
    in TELEINFO_PRICES of each period, if the prices have no dates.
    """

    optarif: str
    registers: Mapping[str, str]
    period: Callable[[dt.datetime], str]
    prices: tuple[tuple[dt.date, str, Mapping[str, str]], ...]
    texts: Mapping[str, str] = field(default_factory=dict)
    rules: str = ""
    codes: Mapping[str, str] = field(default_factory=dict)

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


def supplier(count: int) -> dict[str, str]:
    """Return the first étiquettes of mode standard, each of which is the name of its period."""
    return {f"EASF{number:02}": f"EASF{number:02}" for number in range(1, count + 1)}


def of_registers(prices: str) -> dict[str, str]:
    """Return the prices of the first registers of mode standard."""
    return dict(zip(supplier(10), prices.split(), strict=False))


def told(*texts: str) -> dict[str, str]:
    """Return the texts of the first registers of mode standard, as a meter pads them."""
    return {label: text.center(16) for label, text in zip(supplier(10), texts, strict=False)}


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
    "wednesday": Tariff(
        "HC SEM WE MERCR",
        supplier(6),
        wednesday,
        dated(
            ("2025-08-01", "20.12", of_registers("0.1612 0.2117 0.1499 0.1587 0.1345 0.1723")),
            ("2026-02-11", "20.31", of_registers("0.1635 0.2134 0.1512 0.1601 0.1356 0.1747")),
            ("2026-07-20", "20.05", of_registers("0.1598 0.2098 0.1487 0.1576 0.1333 0.1711")),
        ),
        texts=told("HC SEMAINE", "HP SEMAINE", "HC WEEK END", "HP WEEK END", "HC MERCREDI", "HP MERCREDI"),
        rules=(
            '{code = "EASF05", days = ["wednesday"], off_peak = true}, '
            '{code = "EASF06", days = ["wednesday"]}, '
            '{code = "EASF03", days = ["weekend"], off_peak = true}, '
            '{code = "EASF04", days = ["saturday", "sunday"]}, '
            '{code = "EASF01", off_peak = true}, {code = "EASF02"}'
        ),
    ),
    "weekend": Tariff(
        "HC SEM ET HC WE",
        supplier(4),
        weekend,
        dated(
            ("2025-08-01", "17.15", of_registers("0.1412 0.1617 0.1703 0.2287")),
            ("2026-03-29", "17.71", of_registers("0.1435 0.1634 0.1722 0.2301")),
        ),
        texts=told("HC WEEK END", "HP WEEK END", "HC SEMAINE", "HP SEMAINE"),
        rules=(
            '{code = "EASF01", days = ["weekend"], off_peak = true}, {code = "EASF02", days = ["weekend"]}, '
            '{code = "EASF03", days = ["weekdays"], off_peak = true}, {code = "EASF04"}'
        ),
    ),
    "super_off_peak": Tariff(
        "H SUPER CREUSES",
        supplier(3),
        super_off_peak,
        dated(("2025-08-01", "16.03", of_registers("0.2304 0.1777 0.1198"))),
        texts=told("HEURE PLEINE", "HEURE CREUSE", "H SUPER CREUSES"),
        codes={"EASF01": "HP", "EASF02": "HC", "EASF03": "HSC"},
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


def times_of(day: dt.date, chance: random.Random, *, each_period: bool = False) -> list[int]:
    """Return the times of the frames of a day: around midnight, some others, and one in each period."""
    begin = start_of(day)
    end = start_of(next_day(day))
    others = {chance.randrange(begin + 3, end - 3) for _ in range(2)}
    if each_period:
        others |= {begin + 3600 * hours for hours in (4, 7, 10)}
    return sorted({begin, begin + 2, end - 2, *others})
