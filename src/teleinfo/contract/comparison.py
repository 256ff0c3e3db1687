"""
Costs of the same energy with other offers. Pure.

Days that no price and no calendar can tell apart are added up first. Days are those of France; Tempo counts
by days from 6:00 to 6:00 (decree of 30 October 2014).
"""

from __future__ import annotations

import calendar
import datetime as dt
import operator
from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass, field
from statistics import fmean
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from teleinfo.common.i18n import N_
from teleinfo.contract.days import local, midnight
from teleinfo.contract.half_hours import HALF_HOUR
from teleinfo.contract.offers import ALL_DAY, TEMPO, in_force, minutes_of, price_on
from teleinfo.vocabulary.codes import Colour
from teleinfo.vocabulary.words import Message

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from teleinfo.contract.half_hours import HalfHours, Own
    from teleinfo.contract.offers import Household, Offer, Price

_DAY: Final = dt.timedelta(days=1)
_MINUTES: Final = HALF_HOUR // 60
_OF_DAY: Final = 1440
_SIX: Final = 360
"""Minute of the day at which the colour of Tempo changes."""

_LETTERS: Final = {Colour.BLUE: "JB", Colour.WHITE: "JW", Colour.RED: "JR"}
_BLUE_MONTHS: Final = (7, 8, 9, 10)
"""The months whose days are all blue: others are from mid November to mid June."""


class DayClass(NamedTuple):
    """
    What tells days apart: the month, and what prices and calendars look at.

    `epoch` is the last day until then on which a price changed; `colours` are those until and from 6:00.
    """

    month: dt.date
    epoch: dt.date
    kind: str
    colours: tuple[Colour | None, Colour | None]


def _no_energy() -> dict[Own, list[float]]:
    return {own: [0.0] * (_OF_DAY // _MINUTES) for own in (None, True, False)}


@dataclass
class DaysAlike:
    """The number of days of a class, and their energy, Wh by half-hour of the day."""

    days: int = 0
    energies: dict[Own, list[float]] = field(default_factory=_no_energy)


def add_up(
    half_hours: HalfHours,
    days: Iterable[dt.date],
    colours: Mapping[dt.date, Colour],
    epochs: Sequence[dt.date],
) -> dict[DayClass, DaysAlike]:
    """Return the energy of the days by class; `epochs` are those of `epochs_of`."""
    found: defaultdict[DayClass, DaysAlike] = defaultdict(DaysAlike)
    for day in days:
        epoch = epochs[max(0, bisect_right(epochs, day) - 1)]
        kind = {5: "saturday", 6: "sunday"}.get(day.weekday(), "week")
        key = DayClass(day.replace(day=1), epoch, kind, (colours.get(day - _DAY), colours.get(day)))
        alike = found[key]
        alike.days += 1
        for begin in range(midnight(day), midnight(day + _DAY), HALF_HOUR):
            time = local(begin)
            at = (60 * time.hour + time.minute) // _MINUTES
            for own, energies in half_hours.drawn.items():
                alike.energies[own][at] += energies.get(begin, 0.0)
    return found


def epochs_of(offers: Iterable[Offer], household: Household) -> list[dt.date]:
    """Return the days on which a price, the subscribed power or the off-peak hours change."""
    dated = (household.off_peak, household.contract, *(offer.price for offer in offers))
    return sorted({entry.since for entries in dated for entry in entries})


def compare(
    offer: Offer, classes: Mapping[DayClass, DaysAlike], household: Household, today: dt.date
) -> dict[str, Any]:
    """
    Return what this energy costs at the prices of the time, `then`, and of today, `now`, or `why` not.

    A cost has € of the energy and of the subscription, in all and by month.
    """
    kva, why = household.kva_on(), _why_not(offer, classes, household)
    found = {"id": offer.id, "name": offer.name, "is_open": offer.is_open(kva), "why": why}
    made: dict[object, list[float]] = {}
    for when, day in (("then", None), ("now", today)):
        found[when] = None if why else _cost(offer, classes, household, day, made)
    return found


def _why_not(offer: Offer, classes: Mapping[DayClass, DaysAlike], household: Household) -> Message | None:
    """Return the reason why an offer has no cost."""
    kva = household.kva_on()
    if all(kva not in price.month for price in offer.price):
        return Message(N_("no price for {kva} kVA"), kva=kva)
    is_told = not any(any(alike.energies[None]) for alike in classes.values())
    if any(rule.own for rule in offer.rules) and not household.off_peak and not is_told:
        return Message(N_("your off-peak hours are not known"))
    if offer.calendar == TEMPO and any(
        None in key.colours and key.month.month not in _BLUE_MONTHS for key in classes
    ):
        return Message(N_("the colours of the days are not known"))
    return None


def _cost(
    offer: Offer,
    classes: Mapping[DayClass, DaysAlike],
    household: Household,
    today: dt.date | None,
    made: dict[object, list[float]],
) -> dict[str, Any]:
    """Return the cost with the prices, the power and the off-peak hours of each day, or else of `today`."""
    months: defaultdict[dt.date, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for key, alike in classes.items():
        month, day = key.month, today or key.epoch
        kva, price = price_on(offer, household, day)
        months[month][1] += alike.days * price.month[kva] / calendar.monthrange(month.year, month.month)[1]
        off_peak = in_force(household.off_peak, day)
        hours = () if off_peak is None else off_peak.hours_in(month.month)
        # What the meter told of its hours does not hold for those that came later.
        holds = off_peak is in_force(household.off_peak, key.epoch)
        for own, energies in alike.energies.items():
            told = {None: hours, True: ALL_DAY, False: ()}[own if holds else None]
            prices = _prices(offer, price, key, told, made)
            months[month][0] += sum(map(operator.mul, energies, prices)) / 1000
    return {
        "energy": round(sum(energy for energy, _subscription in months.values()), 2),
        "subscription": round(sum(subscription for _energy, subscription in months.values()), 2),
        "months": [
            [f"{month:%Y-%m}", *(round(part, 2) for part in months[month])] for month in sorted(months)
        ],
    }


def _prices(
    offer: Offer, price: Price, key: DayClass, own: tuple[str, ...], made: dict[object, list[float]]
) -> list[float]:
    """
    Return the mean price of a kWh in each half-hour of a day, €.

    `own` are the off-peak hours of the household. `made` has the prices of the days before.
    """
    lines = [
        line
        for line in offer.rules
        if key.kind in (line.days or [key.kind]) and key.month.month in (line.months or [key.month.month])
    ]
    colours = key.colours if offer.calendar == TEMPO else None
    which = id(price), tuple(map(id, lines)), colours, own
    if which not in made:
        codes = [""] * _OF_DAY
        for line in reversed(lines):
            for minute in minutes_of(own if line.own else line.hours):
                codes[minute] = line.code
        if colours is not None:
            letters = [_LETTERS[colour or Colour.BLUE] for colour in colours]
            codes = [code + letters[minute >= _SIX] for minute, code in enumerate(codes)]
        prices = [price.kwh[code] for code in codes]
        made[which] = [fmean(prices[first : first + _MINUTES]) for first in range(0, _OF_DAY, _MINUTES)]
    return made[which]
