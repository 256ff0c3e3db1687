"""
Costs of the same energy with other offers. Pure.

Days are those of France; Tempo counts by days from 6:00 to 6:00 (decree of 30 October 2014).
"""

from __future__ import annotations

import calendar
import datetime as dt
import operator
from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from statistics import fmean
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from teleinfo.common.i18n import N_
from teleinfo.contract.days import TEMPO_HOUR, local, midnight
from teleinfo.contract.half_hours import HALF_HOUR
from teleinfo.contract.offers import ALL_DAY, EJP, TEMPO, WEEKDAYS, WEEKEND, minutes_of, price_on
from teleinfo.contract.tempo import dearest, may_be_other_than_blue
from teleinfo.state.learned_hours import is_summer
from teleinfo.vocabulary.codes import Colour
from teleinfo.vocabulary.moment import DAY
from teleinfo.vocabulary.words import Message

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from teleinfo.contract.half_hours import CountedOffPeak, HalfHours
    from teleinfo.contract.off_peak import OffPeakHours
    from teleinfo.contract.offers import Household, Offer, Price, Rule

_MINUTES: Final = HALF_HOUR // 60
_OF_DAY: Final = 1440
_HALF_HOURS: Final = _OF_DAY // _MINUTES
"""The half-hours of a day; the hour that comes twice counts for the same two."""

_BEFORE_6: Final = 60 * TEMPO_HOUR // _MINUTES
"""The half-hours of a day that have the colour of the day before."""

MOST_UNKNOWN: Final = 10
"""The most days of unknown colour with which Tempo has a cost: from the least to the most that it may be."""

_LETTERS: Final = {Colour.BLUE: "JB", Colour.WHITE: "JW", Colour.RED: "JR"}
"""The end of a code of Tempo."""

_DAY_NAMES: Final = (
    *({name, "weekdays"} for name in WEEKDAYS),
    *({name, "weekend"} for name in WEEKEND),
)
"""The names in a rule that stand for a day, by its number in the week."""


class Day(NamedTuple):
    """
    A day, its colours until and from 6:00, and its energies, Wh by half-hour.

    `energies` lacks each kind of hours in which nothing was drawn.
    """

    date: dt.date
    colours: tuple[Colour | None, Colour | None]
    energies: dict[CountedOffPeak, list[float]]


class Circumstances(NamedTuple):
    """
    What a comparison needs beside the days: the household, its hours, `today`, and `colours` of many days.

    The colours are those of days of Tempo, also beyond the days that are compared.
    """

    household: Household
    off_peak: OffPeakHours
    today: dt.date
    colours: Mapping[dt.date, Colour]


def by_day(half_hours: HalfHours, dates: Iterable[dt.date], colours: Mapping[dt.date, Colour]) -> list[Day]:
    """Return the energies of some days."""
    days = []
    for date in dates:
        begins = range(midnight(date), midnight(date + DAY), HALF_HOUR)
        numbers = _numbers(begins)
        energies: dict[CountedOffPeak, list[float]] = {}
        for counted_off_peak, drawn in half_hours.drawn.items():
            of_day = [0.0] * _HALF_HOURS
            for number, begin in zip(numbers, begins, strict=True):
                of_day[number] += drawn.get(begin, 0.0)
            if any(of_day):
                energies[counted_off_peak] = of_day
        colours_of_day = colours.get(date - DAY), colours.get(date)
        days.append(Day(date, colours_of_day, energies))
    return days


def _numbers(begins: Sequence[int]) -> Sequence[int]:
    """Return the number of each half-hour of a day by the clock, from its begin."""
    if len(begins) == _HALF_HOURS:
        return range(_HALF_HOURS)
    # The clock changes: an hour comes twice, or is left out.
    times = map(local, begins)
    return [(60 * time.hour + time.minute) // _MINUTES for time in times]


def compare(offer: Offer, days: Sequence[Day], given: Circumstances) -> dict[str, Any]:
    """
    Return what these days cost at the prices of the time, `then`, and of today, `now`, or `why` not.

    A cost has € of the energy and of the subscription, in all and by month, and in `unknown` what more the
    energy may cost at most: days of Tempo whose colour is unknown, `unknown_days`, count as blue ones.
    """
    unknown = _unknown_colours(days) if offer.calendar == TEMPO else set[dt.date]()
    why = _why_not(offer, days, given, len(unknown))
    compared: dict[str, Any] = {
        "id": offer.id,
        "name": offer.name,
        "is_open": offer.is_open(given.household.kva_on()),
        "why": why,
        "unknown_days": len(unknown),
        "then": None,
        "now": None,
    }
    if why is None:
        compared["then"] = _Counting(offer, given, is_now=False).cost(days, unknown)
        compared["now"] = _Counting(offer, given, is_now=True).cost(days, unknown)
    return compared


def _unknown_colours(days: Iterable[Day]) -> set[dt.date]:
    """Return the days of Tempo with energy whose colour is unknown, and that may be other than blue."""
    unknown = set()
    for day in days:
        until_6, from_6 = day.colours
        yesterday = day.date - DAY
        if until_6 is None and may_be_other_than_blue(yesterday) and _has_energy(day, until_6=True):
            unknown.add(yesterday)
        if from_6 is None and may_be_other_than_blue(day.date) and _has_energy(day, until_6=False):
            unknown.add(day.date)
    return unknown


def _has_energy(day: Day, *, until_6: bool) -> bool:
    part = slice(_BEFORE_6) if until_6 else slice(_BEFORE_6, None)
    return any(any(energies[part]) for energies in day.energies.values())


def _why_not(offer: Offer, days: Sequence[Day], given: Circumstances, unknown: int) -> Message | None:
    """Return the reason why an offer has no cost."""
    kva = given.household.kva_on()
    if all(kva not in price.month for price in offer.price):
        return Message(N_("no price for {kva} kVA"), kva=kva)
    if offer.calendar == EJP:
        return Message(N_("the days of its peaks are not known"))
    if unknown > MOST_UNKNOWN:
        return Message(N_("the colours of {count} days are not known"), count=unknown)
    if any(rule.off_peak for rule in offer.rules):
        return _why_no_hours(days, given.off_peak)
    return None


def _why_no_hours(days: Sequence[Day], off_peak: OffPeakHours) -> Message | None:
    """Return which off-peak hours are missing for days on which the meter did not tell them."""
    half_years = {is_summer(day.date) for day in days if None in day.energies}
    missing = {half for half in half_years if not off_peak.of_half_year(in_summer=half)}
    if missing == {True}:
        return Message(N_("your off-peak hours from April to October are not known"))
    if missing == {False}:
        return Message(N_("your off-peak hours from November to March are not known"))
    if missing:
        return Message(N_("your off-peak hours are not known"))
    return None


@dataclass(frozen=True, eq=False)
class _Counting:
    """Counts what days cost with an offer: as it `is_now`, or with the prices and hours of each day."""

    offer: Offer
    given: Circumstances
    is_now: bool

    def cost(self, days: Sequence[Day], unknown: set[dt.date]) -> dict[str, Any]:
        """Return the cost of some days."""
        energy: defaultdict[str, float] = defaultdict(float)
        subscription: defaultdict[str, float] = defaultdict(float)
        for day in days:
            month = f"{day.date:%Y-%m}"
            kva, price = self._price(day.date)
            _weekday, days_of_month = calendar.monthrange(day.date.year, day.date.month)
            subscription[month] += price.month[kva] / days_of_month
            energy[month] += self._of_energy(day, price, day.colours)
        months = []
        for month in sorted(energy):
            months.append([month, round(energy[month], 2), round(subscription[month], 2)])
        return {
            "energy": round(sum(energy.values()), 2),
            "subscription": round(sum(subscription.values()), 2),
            "unknown": round(self._of_unknown_colours(days, unknown), 2),
            "months": months,
        }

    def _price(self, date: dt.date) -> tuple[int, Price]:
        day = self.given.today if self.is_now else date
        return price_on(self.offer, self.given.household, day)

    def _of_energy(self, day: Day, price: Price, colours: tuple[Colour | None, Colour | None]) -> float:
        """Return what the energy of a day costs, if these were its colours, €."""
        cost = 0.0
        for counted_off_peak, energies in day.energies.items():
            off_peak_hours = self._off_peak_hours(day.date, counted_off_peak)
            prices = _prices(self.offer, price, day.date, colours, off_peak_hours)
            cost += sum(map(operator.mul, energies, prices)) / 1000
        return cost

    def _off_peak_hours(self, date: dt.date, counted_off_peak: CountedOffPeak) -> tuple[str, ...]:
        """Return the hours of a day that are off-peak hours for energies that the meter counted like this."""
        hours = self.given.off_peak
        if self.is_now and not hours.are_present(date):
            return hours.present(date)  # the meter counted by other hours than those of now
        if counted_off_peak is None:
            return hours.present(date) if self.is_now else hours.at_the_time(date)
        return ALL_DAY if counted_off_peak else ()

    def _of_unknown_colours(self, days: Sequence[Day], unknown: set[dt.date]) -> float:
        """Return what more the energy of days of unknown colours may cost than on blue days, €."""
        if not unknown:
            return 0.0
        extra_costs = {date: {Colour.WHITE: 0.0, Colour.RED: 0.0} for date in unknown}
        for day in days:
            yesterday = day.date - DAY
            if yesterday not in unknown and day.date not in unknown:
                continue
            _kva, price = self._price(day.date)
            as_blue = self._of_energy(day, price, day.colours)
            until_6, from_6 = day.colours
            for colour in (Colour.WHITE, Colour.RED):
                if yesterday in unknown:
                    extra_costs[yesterday][colour] += self._of_energy(day, price, (colour, from_6)) - as_blue
                if day.date in unknown:
                    extra_costs[day.date][colour] += self._of_energy(day, price, (until_6, colour)) - as_blue
        return dearest(extra_costs, self.given.colours)


def _prices(
    offer: Offer,
    price: Price,
    date: dt.date,
    colours: tuple[Colour | None, Colour | None],
    off_peak: tuple[str, ...],
) -> list[float]:
    """Return the mean price of a kWh in each half-hour of a day, €."""
    day_names = _DAY_NAMES[date.weekday()]
    rules = []
    for rule in offer.rules:
        if rule.days and day_names.isdisjoint(rule.days):
            continue
        if rule.months and date.month not in rule.months:
            continue
        rules.append(rule)
    letters = ("", "")
    if offer.calendar == TEMPO:
        until_6, from_6 = colours
        letters = _LETTERS[until_6 or Colour.BLUE], _LETTERS[from_6 or Colour.BLUE]
    return _of_rules(tuple(rules), off_peak, letters, tuple(price.kwh.items()))


@lru_cache(maxsize=256)
def _of_rules(
    rules: tuple[Rule, ...],
    off_peak: tuple[str, ...],
    letters: tuple[str, str],
    kwh: tuple[tuple[str, float], ...],
) -> list[float]:
    """Return the mean prices by these `rules`; `letters` follow the code until and from 6:00."""
    codes = [""] * _OF_DAY  # by minute
    for rule in reversed(rules):  # the first rule that fits counts, so it is written last
        hours = off_peak if rule.off_peak else rule.hours
        for minute in minutes_of(hours):
            codes[minute] = rule.code
    price_by_code = dict(kwh)
    until_6, from_6 = letters
    prices = []  # by minute
    for minute, code in enumerate(codes):
        colour = until_6 if minute < 60 * TEMPO_HOUR else from_6
        prices.append(price_by_code[code + colour])
    means = []
    for first in range(0, _OF_DAY, _MINUTES):
        means.append(fmean(prices[first : first + _MINUTES]))
    return means
