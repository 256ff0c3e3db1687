"""The table of the contract, in types of JSON: costs by offer, subscribed power, what runs day and night."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from teleinfo.contract import advice
from teleinfo.contract.comparison import Circumstances, by_day, compare
from teleinfo.contract.days import day_of, local, midnight
from teleinfo.contract.half_hours import HALF_HOUR, LATE
from teleinfo.contract.off_peak import OffPeakHours, shown_hours
from teleinfo.contract.offers import STEPS, Held, Household, Offers, begun, in_force
from teleinfo.history import energies as storage
from teleinfo.history.chronicle import CONTRACT, TARIFF
from teleinfo.state.learned_hours import Change
from teleinfo.vocabulary.moment import DAY

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Mapping

    from teleinfo.contract.half_hours import HalfHours

ENOUGH: Final = 0.98
"""The least part of twelve months that must be known by half-hours for a verdict."""

OLD_PRICES: Final = dt.timedelta(days=213)
"""Age of the regulated prices from which they may have changed: they do every six months."""

YEAR: Final = dt.timedelta(days=365)

_OFFERS: Final = {"BASE": "base", "HC": "off_peak", "TEMPO": "tempo"}
"""The id of the regulated offer, by the code of the contract in the decoded state."""


class _Period(NamedTuple):
    """The days that are compared, from `first` until before `end`; `is_year`: they are twelve months."""

    first: dt.date
    end: dt.date
    is_year: bool

    @property
    def dates(self) -> list[dt.date]:
        """The days in order."""
        count = (self.end - self.first).days
        return [self.first + number * DAY for number in range(count)]

    @property
    def begins(self) -> set[int]:
        """The begins of the half-hours, s since 1970."""
        return {*range(midnight(self.first), midnight(self.end), HALF_HOUR)}


def contract_table(base: sqlite3.Connection, meter: int, offers: Offers, now: int) -> dict[str, Any]:
    """Return the table of a meter at the time `now`; docs/contract.md describes its members."""
    today = day_of(now)
    household = _household(base, meter, offers.household, today)
    kva = household.kva_on()
    off_peak = _off_peak(base, meter, household, today)
    colours = storage.colours(base, meter)

    year = _last_twelve_months(today)
    half_hours = storage.energies(base, meter, midnight(year.first), now)
    period = _period(year, half_hours, now)
    begins = period.begins
    known = begins & half_hours.known
    missing = begins - half_hours.known
    energies = half_hours.energies(known)  # Wh, by begin
    energy = sum(energies.values())
    estimated = sum(energies[begin] for begin in known & half_hours.estimated)
    hourly = sum(energies[begin] for begin in known & half_hours.halved)
    injected = {begin: half_hours.injected[begin] for begin in begins & half_hours.injected.keys()}

    held_id = None
    if household.contract:
        held_id = household.contract[-1].offer
    held_offer = None
    for offer in offers.offer:
        if offer.id == held_id:
            held_offer = offer
    days = by_day(half_hours, period.dates, colours)
    circumstances = Circumstances(household, off_peak, today, colours)
    costs = [compare(offer, days, circumstances) for offer in offers.offer]
    costs = advice.by_cost(costs, held_id)
    verdict = None
    standby = None
    if period.is_year:
        verdict = advice.verdict(costs, held_id)
        # The half-hours of an hour, or of a pause, are means: the least of them is not the least power.
        measured = (known & half_hours.exact) - half_hours.halved
        measured_energies = {begin: energies[begin] for begin in measured}
        mean_price = _mean_price(costs, held_id, energy)
        standby = advice.standby(measured_energies, injected.keys(), mean_price)
    peaks = _peaks(base, meter, period, today)
    power = advice.power(peaks, held_offer, kva, today)
    last_day = period.end - DAY
    missing_seconds = len(missing) * HALF_HOUR
    return {
        "start": period.first.isoformat(),
        "end": period.end.isoformat(),
        "last": last_day.isoformat(),
        "is_year": period.is_year,
        "energy": round(energy),
        "estimated": round(estimated),
        "hourly": round(hourly),
        "missing": missing_seconds,
        "gaps": _gaps(missing),
        "held": held_id,
        "kva": kva,
        "offers": costs,
        "verdict": verdict,
        "sold": _sold(injected, household),
        "prices": _prices(offers, kva, today),
        "off_peak": _hours(off_peak, period.dates),
        "power": power,
        "standby": standby,
    }


def _last_twelve_months(today: dt.date) -> _Period:
    """Return the last twelve whole months."""
    end = today.replace(day=1)
    return _Period(end.replace(year=end.year - 1), end, is_year=True)


def _period(year: _Period, half_hours: HalfHours, now: int) -> _Period:
    """
    Return the `year` if `ENOUGH` of its half-hours are known.

    Else return the days from the first half-hour that is known until yesterday: no day if none is known.
    """
    begins = year.begins
    exact = begins & half_hours.exact
    if len(exact) >= ENOUGH * len(begins):
        return year
    # The energy of a day without half-hours would be shared evenly among peak and off-peak hours: such days
    # before the first exact half-hour are left out.
    usable = half_hours.exact
    if not usable:
        usable = half_hours.known
    first = day_of(min(usable, default=now))
    return _Period(max(year.first, first), day_of(now), is_year=False)


def _peaks(base: sqlite3.Connection, meter: int, period: _Period, today: dt.date) -> list[tuple[int, int]]:
    """
    Return time and power, VA, of the greatest power of each day.

    The days are those of the period if it is a year, else the last 365, today included.
    """
    if not period.is_year:
        first_day = today + DAY - YEAR
        return storage.peaks(base, meter, midnight(first_day))
    end = midnight(period.end)
    peaks = storage.peaks(base, meter, midnight(period.first))
    return [(time, power) for time, power in peaks if time < end]


def _prices(offers: Offers, kva: int, today: dt.date) -> dict[str, Any]:
    """
    Return the day of the oldest of the regulated prices in force for `kva`, and if they are old.

    The day is `today` if none of them is in force.
    """
    days = []
    for offer in offers.offer:
        is_regulated = offer.id in _OFFERS.values()
        if not is_regulated:
            continue
        prices = [price for price in offer.price if kva in price.month]
        price = in_force(prices, today)
        if price is not None:
            days.append(price.since)
    oldest = min(days, default=today)
    are_old = today - oldest > OLD_PRICES
    return {"since": oldest.isoformat(), "are_old": are_old}


def _hours(off_peak: OffPeakHours, dates: Iterable[dt.date]) -> dict[str, Any]:
    """
    Return the present off-peak hours of both half-years, and if the meter has shown them.

    `earlier` is the number of days on which the meter counted by others, or may have done so.
    """
    winter = off_peak.of_half_year(in_summer=False)
    summer = off_peak.of_half_year(in_summer=True)
    earlier = [date for date in dates if not off_peak.are_present(date)]
    return {
        "winter": ", ".join(winter),
        "summer": ", ".join(summer),
        "are_learned": off_peak.are_shown,
        "earlier": len(earlier),
    }


def _mean_price(costs: list[dict[str, Any]], held_id: str | None, energy: float) -> float | None:
    """
    Return the mean price of a Wh with the present contract, €; None if it is not known.

    `costs` are those of each offer for the `energy`, Wh.
    """
    if not energy:
        return None
    for cost in costs:
        if cost["id"] == held_id and cost["now"]:
            return float(cost["now"]["energy"]) / energy
    return None


def _gaps(missing: Iterable[int]) -> list[list[str]]:
    """Return the first and the last day of each run of days of which a half-hour is missing."""
    days = {day_of(begin) for begin in missing}
    gaps: list[list[str]] = []
    for day in sorted(days):
        text = day.isoformat()
        if day - DAY in days:
            gaps[-1][1] = text  # it goes on
        else:
            gaps.append([text, text])
    return gaps


def _household(base: sqlite3.Connection, meter: int, declared: Household, today: dt.date) -> Household:
    """Return the household; its contracts are those of the meter while its file has none that has begun."""
    contracts = tuple(contract for contract in declared.contract if contract.since <= today)
    if not contracts:
        contracts = _contracts_of_meter(base, meter, midnight(today))
    return declared.model_copy(update={"contract": contracts})


def _contracts_of_meter(base: sqlite3.Connection, meter: int, until: int) -> tuple[Held, ...]:
    """Return the contracts that the meter sent, the oldest first; none if the present one has no offer."""
    query = "SELECT time, code FROM of_day WHERE meter = ? AND kind = ? AND time <= ? ORDER BY time"
    contracts: list[Held] = []
    has_offer = False  # the last contract read so far
    text_before = ""
    # Each day has a row: the first one of each contract tells when it began.
    for begin, text in base.execute(query, (meter, CONTRACT, until)):
        if text == text_before:
            continue
        text_before = text
        code, kva = text.split()
        has_offer = code in _OFFERS and int(kva) in STEPS
        if has_offer:
            values = {"from": day_of(begin), "offer": _OFFERS[code], "kva": int(kva)}
            contracts.append(Held.model_validate(values))
    return tuple(contracts) if has_offer else ()


def _off_peak(base: sqlite3.Connection, meter: int, household: Household, today: dt.date) -> OffPeakHours:
    """Return the off-peak hours of the household's file, else those that the meter has shown."""
    query = "SELECT begin, end, code FROM run WHERE meter = ? AND kind = ? ORDER BY begin"
    runs = base.execute(query, (meter, TARIFF))
    shown = shown_hours(_changes(runs))
    return OffPeakHours(household.off_peak, shown, today)


def _changes(runs: Iterable[tuple[int, int, str]]) -> Iterator[Change]:
    """
    Yield the changes of the tariff.

    `runs` are begin, end and code of the tariff periods. A change counts if both sides of it were seen within
    a minute: else it may have come at any time of a pause.
    """
    for run_before, run in itertools.pairwise(runs):
        _begin, end_before, _code = run_before
        begin, _end, code = run
        if begin - end_before <= LATE:
            yield Change(local(begin), code)


def _sold(injected: Mapping[int, float], household: Household) -> dict[str, Any] | None:
    """
    Return the energy that was injected, Wh, and what it brought, €; None if nothing was injected.

    The income is None if the household has no price of sale.
    """
    if not injected:
        return None
    energy_sold = sum(injected.values())
    if not household.sale:
        return {"energy": round(energy_sold), "income": None}
    income = 0.0
    for begin, energy in injected.items():
        sale = begun(household.sale, day_of(begin))
        if sale is not None:
            income += energy / 1000 * sale.price
    return {"energy": round(energy_sold), "income": round(income, 2)}
