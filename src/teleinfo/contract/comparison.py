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

_MINUTES_OF_HALF_HOUR: Final = HALF_HOUR // 60
_MINUTES_OF_DAY: Final = 1440
_HALF_HOURS_OF_DAY: Final = _MINUTES_OF_DAY // _MINUTES_OF_HALF_HOUR
"""The half-hours of a day; the hour that comes twice counts for the same two."""

_BEFORE_6: Final = 60 * TEMPO_HOUR // _MINUTES_OF_HALF_HOUR
"""The half-hours of a day that have the colour of the day before."""

MOST_UNKNOWN: Final = 10
"""The most days of unknown colour with which Tempo has a cost: from the least to the most that it may be."""

_LETTERS: Final = {Colour.BLUE: "JB", Colour.WHITE: "JW", Colour.RED: "JR"}
"""The end of a code of Tempo."""

_WH_PER_KWH: Final = 1000

_DAY_NAMES: Final = (
    *({name, "weekdays"} for name in WEEKDAYS),
    *({name, "weekend"} for name in WEEKEND),
)
"""The names in a rule that stand for a day, by its number in the week."""


class Day(NamedTuple):
    """
    A day, its colours until and from 6:00, None if unknown, and its energies, Wh by half-hour.

    `energies` are apart for what the meter counted in off-peak hours, in peak hours, and without telling
    which. A kind of which nothing was drawn is missing.
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
    """Return the energies of these dates; `colours` are those of days of Tempo, from 6:00 on."""
    days = []
    for date in dates:
        begins = range(midnight(date), midnight(date + DAY), HALF_HOUR)
        numbers = _numbers_by_clock(begins)
        energies: dict[CountedOffPeak, list[float]] = {}
        for counted_off_peak, drawn in half_hours.drawn.items():
            drawn_on_day = [0.0] * _HALF_HOURS_OF_DAY
            for number, begin in zip(numbers, begins, strict=True):
                # On the day of 25 hours, two half-hours have the same number.
                drawn_on_day[number] += drawn.get(begin, 0.0)
            if any(drawn_on_day):
                energies[counted_off_peak] = drawn_on_day
        colours_of_day = colours.get(date - DAY), colours.get(date)
        days.append(Day(date, colours_of_day, energies))
    return days


def _numbers_by_clock(begins: Sequence[int]) -> Sequence[int]:
    """Return for each begin of the half-hours of a whole day its number by the clock, from 0 to 47."""
    if len(begins) == _HALF_HOURS_OF_DAY:
        return range(_HALF_HOURS_OF_DAY)
    # The clock changes: an hour comes twice, or is left out.
    numbers = []
    for begin in begins:
        time = local(begin)
        minute_of_day = 60 * time.hour + time.minute
        numbers.append(minute_of_day // _MINUTES_OF_HALF_HOUR)
    return numbers


def compare(offer: Offer, days: Sequence[Day], given: Circumstances) -> dict[str, Any]:
    """
    Return what these days cost at the prices of the time, `then`, and of today, `now`, or `why` not.

    A cost has € of the energy and of the subscription, in all and by month, and in `unknown` what more the
    energy may cost at most: days of Tempo whose colour is unknown, `unknown_days`, count as blue ones.
    """
    unknown = set[dt.date]()  # days
    if offer.calendar == TEMPO:
        unknown = _unknown_colours(days)
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
    """True if something was drawn on a day until 6:00, else from 6:00 on."""
    for energies in day.energies.values():
        part = energies[:_BEFORE_6] if until_6 else energies[_BEFORE_6:]
        if any(part):
            return True
    return False


def _why_not(offer: Offer, days: Sequence[Day], given: Circumstances, unknown: int) -> Message | None:
    """Return why an offer has no cost, None if it has; `unknown` is the number of unknown colours."""
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
    """Return which off-peak hours are missing for days on which the meter did not tell them, None if none."""
    is_summer_needed = False
    is_winter_needed = False
    for day in days:
        if None not in day.energies:
            continue  # the registers of the meter told the hours
        if is_summer(day.date):
            is_summer_needed = True
        else:
            is_winter_needed = True
    lacks_summer = is_summer_needed and not off_peak.of_half_year(in_summer=True)
    lacks_winter = is_winter_needed and not off_peak.of_half_year(in_summer=False)
    if lacks_summer and lacks_winter:
        return Message(N_("your off-peak hours are not known"))
    if lacks_summer:
        return Message(N_("your off-peak hours from April to October are not known"))
    if lacks_winter:
        return Message(N_("your off-peak hours from November to March are not known"))
    return None


@dataclass(frozen=True, eq=False)
class _Counting:
    """Counts what days cost with an offer: as it `is_now`, or with the prices and hours of each day."""

    offer: Offer
    given: Circumstances
    is_now: bool

    def cost(self, days: Sequence[Day], unknown: set[dt.date]) -> dict[str, Any]:
        """Return the cost of some days, as `compare` describes it; `unknown` are days of unknown colours."""
        energy: defaultdict[str, float] = defaultdict(float)  # € by month
        subscription: defaultdict[str, float] = defaultdict(float)  # € by month
        for day in days:
            month = f"{day.date:%Y-%m}"
            kva, price = self._price(day.date)
            _weekday, days_of_month = calendar.monthrange(day.date.year, day.date.month)
            subscription[month] += price.month[kva] / days_of_month
            energy[month] += self._cost_of_energy(day, price, day.colours)
        months = []
        for month in sorted(energy):
            months.append([month, round(energy[month], 2), round(subscription[month], 2)])
        return {
            "energy": round(sum(energy.values()), 2),
            "subscription": round(sum(subscription.values()), 2),
            "unknown": round(self._extra_cost_of_colours(days, unknown), 2),
            "months": months,
        }

    def _price(self, date: dt.date) -> tuple[int, Price]:
        """Return the subscribed power, kVA, and the price of a day."""
        day = self.given.today if self.is_now else date
        return price_on(self.offer, self.given.household, day)

    def _cost_of_energy(self, day: Day, price: Price, colours: tuple[Colour | None, Colour | None]) -> float:
        """Return what the energy of a day costs, if these were its colours until and from 6:00, €."""
        cost = 0.0
        for counted_off_peak, energies in day.energies.items():
            off_peak_hours = self._off_peak_hours(day.date, counted_off_peak)
            prices = _prices(self.offer, price, day.date, colours, off_peak_hours)
            cost += sum(map(operator.mul, energies, prices)) / _WH_PER_KWH
        return cost

    def _off_peak_hours(self, date: dt.date, counted_off_peak: CountedOffPeak) -> tuple[str, ...]:
        """
        Return the hours of a day that are off-peak hours for energies that the meter counted like this.

        An energy of its register of off-peak hours was drawn in them, whatever the time of day.
        """
        hours = self.given.off_peak
        if self.is_now and not hours.are_present(date):
            return hours.present(date)  # the registers counted by other hours than those of now
        if counted_off_peak is not None:
            return ALL_DAY if counted_off_peak else ()
        if self.is_now:
            return hours.present(date)
        return hours.at_the_time(date)

    def _extra_cost_of_colours(self, days: Sequence[Day], unknown: set[dt.date]) -> float:
        """Return the greatest extra cost in € of the days of Tempo `unknown`, compared with blue days."""
        if not unknown:
            return 0.0
        # The day of a colour ends at 6:00 of the next date: two dates may have a part of its energy.
        extra_costs = {date: {Colour.WHITE: 0.0, Colour.RED: 0.0} for date in unknown}
        for day in days:
            yesterday = day.date - DAY
            if yesterday not in unknown and day.date not in unknown:
                continue
            _kva, price = self._price(day.date)
            until_6, from_6 = day.colours
            as_blue = self._cost_of_energy(day, price, day.colours)  # an unknown colour counts as blue
            for colour in (Colour.WHITE, Colour.RED):
                if yesterday in unknown:
                    in_colour = self._cost_of_energy(day, price, (colour, from_6))
                    extra_costs[yesterday][colour] += in_colour - as_blue
                if day.date in unknown:
                    in_colour = self._cost_of_energy(day, price, (until_6, colour))
                    extra_costs[day.date][colour] += in_colour - as_blue
        return dearest(extra_costs, self.given.colours)


def _prices(
    offer: Offer,
    price: Price,
    date: dt.date,
    colours: tuple[Colour | None, Colour | None],
    off_peak: tuple[str, ...],
) -> list[float]:
    """
    Return the mean price of a kWh in each half-hour of a day, €.

    `colours` are those until and from 6:00; an unknown one counts as blue.
    """
    day_names = _DAY_NAMES[date.weekday()]
    rules = []
    for rule in offer.rules:
        if rule.days and day_names.isdisjoint(rule.days):
            continue
        if rule.months and date.month not in rule.months:
            continue
        rules.append(rule)
    letters_until_6 = ""
    letters_from_6 = ""
    if offer.calendar == TEMPO:
        until_6, from_6 = colours
        letters_until_6 = _LETTERS[until_6 or Colour.BLUE]
        letters_from_6 = _LETTERS[from_6 or Colour.BLUE]
    return _prices_by_rules(
        tuple(rules),
        off_peak,
        letters_until_6,
        letters_from_6,
        tuple(price.kwh.items()),
    )


# Most days of a year have the prices of another day. Its arguments are tuples, so that they can be keys.
@lru_cache(maxsize=256)
def _prices_by_rules(
    rules: tuple[Rule, ...],
    off_peak: tuple[str, ...],
    letters_until_6: str,
    letters_from_6: str,
    kwh: tuple[tuple[str, float], ...],
) -> list[float]:
    """Return the mean price of each half-hour by these `rules`; the letters of Tempo follow their codes."""
    codes = [""] * _MINUTES_OF_DAY  # by minute
    for rule in reversed(rules):  # the first rule that fits counts, so it is written last
        hours = off_peak if rule.off_peak else rule.hours
        for minute in minutes_of(hours):
            codes[minute] = rule.code
    price_by_code = dict(kwh)
    prices = []  # by minute
    for minute, code in enumerate(codes):
        letters = letters_until_6 if minute < 60 * TEMPO_HOUR else letters_from_6
        prices.append(price_by_code[code + letters])
    means = []
    for first in range(0, _MINUTES_OF_DAY, _MINUTES_OF_HALF_HOUR):
        prices_of_half_hour = prices[first : first + _MINUTES_OF_HALF_HOUR]
        means.append(fmean(prices_of_half_hour))
    return means
