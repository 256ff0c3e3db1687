"""
Costs of the same energy with other offers. Pure.

Days are those of France; Tempo counts by days from 6:00 to 6:00 (decree of 30 October 2014).
"""

from __future__ import annotations

import calendar
import operator
from collections import defaultdict
from functools import lru_cache
from statistics import fmean
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from teleinfo.common.i18n import N_
from teleinfo.contract.days import DAY, TEMPO_HOUR, local, midnight
from teleinfo.contract.half_hours import HALF_HOUR
from teleinfo.contract.offers import ALL_DAY, TEMPO, in_force, minutes_of, price_on
from teleinfo.vocabulary.codes import Colour
from teleinfo.vocabulary.words import Message

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping, Sequence

    from teleinfo.contract.half_hours import HalfHours, Own
    from teleinfo.contract.offers import Household, Offer, Price, Rule

_MINUTES: Final = HALF_HOUR // 60
_OF_DAY: Final = 1440
_HALF_HOURS: Final = _OF_DAY // _MINUTES
"""The half-hours of a day; the hour that comes twice counts for the same two."""

_BLUE_MONTHS: Final = (7, 8, 9, 10)
"""The months whose days are all blue: others are from mid November to mid June."""

_LETTERS: Final = {Colour.BLUE: "JB", Colour.WHITE: "JW", Colour.RED: "JR", None: "JB"}
"""The end of a code of Tempo; a day whose colour is unknown is one of `_BLUE_MONTHS`."""


class Day(NamedTuple):
    """
    A day, its colours until and from 6:00, and its energies, Wh by half-hour.

    `energies` lacks each kind of hours in which nothing was drawn.
    """

    date: dt.date
    colours: tuple[Colour | None, Colour | None]
    energies: dict[Own, list[float]]


def by_day(half_hours: HalfHours, dates: Iterable[dt.date], colours: Mapping[dt.date, Colour]) -> list[Day]:
    """Return the energies of some days."""
    days = []
    for date in dates:
        energies = {own: [0.0] * _HALF_HOURS for own in half_hours.drawn}
        for begin in range(midnight(date), midnight(date + DAY), HALF_HOUR):
            time = local(begin)
            at = (60 * time.hour + time.minute) // _MINUTES
            for own, drawn in half_hours.drawn.items():
                energies[own][at] += drawn.get(begin, 0.0)
        known = {own: values for own, values in energies.items() if any(values)}
        days.append(Day(date, (colours.get(date - DAY), colours.get(date)), known))
    return days


def compare(offer: Offer, days: Sequence[Day], household: Household, today: dt.date) -> dict[str, Any]:
    """
    Return what these days cost at the prices of the time, `then`, and of today, `now`, or `why` not.

    A cost has € of the energy and of the subscription, in all and by month.
    """
    why = _why_not(offer, days, household)
    return {
        "id": offer.id,
        "name": offer.name,
        "is_open": offer.is_open(household.kva_on()),
        "why": why,
        "then": None if why else _cost(offer, days, household, None),
        "now": None if why else _cost(offer, days, household, today),
    }


def _why_not(offer: Offer, days: Sequence[Day], household: Household) -> Message | None:
    """Return the reason why an offer has no cost."""
    kva = household.kva_on()
    if all(kva not in price.month for price in offer.price):
        return Message(N_("no price for {kva} kVA"), kva=kva)
    is_told = not any(None in day.energies for day in days)
    if any(rule.own for rule in offer.rules) and not household.off_peak and not is_told:
        return Message(N_("your off-peak hours are not known"))
    unknown = [day for day in days if None in day.colours and day.date.month not in _BLUE_MONTHS]
    if offer.calendar == TEMPO and unknown:
        return Message(N_("the colours of the days are not known"))
    return None


def _cost(offer: Offer, days: Sequence[Day], household: Household, today: dt.date | None) -> dict[str, Any]:
    """Return the cost with the prices, the power and the off-peak hours of each day, or else of `today`."""
    months: defaultdict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for each in days:
        date, month = each.date, months[f"{each.date:%Y-%m}"]
        kva, price = price_on(offer, household, today or date)
        month[1] += price.month[kva] / calendar.monthrange(date.year, date.month)[1]
        off_peak = in_force(household.off_peak, today or date)
        hours = () if off_peak is None else off_peak.hours_in(date.month)
        # What the meter told of its hours does not hold for those that came later.
        holds = off_peak is in_force(household.off_peak, date)
        for own, energies in each.energies.items():
            told = {None: hours, True: ALL_DAY, False: ()}[own if holds else None]
            month[0] += sum(map(operator.mul, energies, _prices(offer, price, each, told))) / 1000
    return {
        "energy": round(sum(energy for energy, _subscription in months.values()), 2),
        "subscription": round(sum(subscription for _energy, subscription in months.values()), 2),
        "months": [[name, *(round(part, 2) for part in parts)] for name, parts in sorted(months.items())],
    }


def _prices(offer: Offer, price: Price, day: Day, own: tuple[str, ...]) -> list[float]:
    """Return the mean price of a kWh in each half-hour of a day, €; `own` are the off-peak hours."""
    kind, month = {5: "saturday", 6: "sunday"}.get(day.date.weekday(), "week"), day.date.month
    rules = [
        rule for rule in offer.rules if kind in (rule.days or [kind]) and month in (rule.months or [month])
    ]
    letters = [_LETTERS[colour] if offer.calendar == TEMPO else "" for colour in day.colours]
    return _of_rules(tuple(rules), own, tuple(letters), tuple(price.kwh.items()))


@lru_cache(maxsize=256)
def _of_rules(
    rules: tuple[Rule, ...],
    own: tuple[str, ...],
    letters: tuple[str, ...],
    kwh: tuple[tuple[str, float], ...],
) -> list[float]:
    """Return the mean prices by these `rules`; `letters` follow the code until and from 6:00."""
    codes = [""] * _OF_DAY
    for rule in reversed(rules):
        for minute in minutes_of(own if rule.own else rule.hours):
            codes[minute] = rule.code
    by_code = dict(kwh)
    before, after = letters
    change = 60 * TEMPO_HOUR
    prices = [by_code[code + (before if minute < change else after)] for minute, code in enumerate(codes)]
    return [fmean(prices[first : first + _MINUTES]) for first in range(0, _OF_DAY, _MINUTES)]
