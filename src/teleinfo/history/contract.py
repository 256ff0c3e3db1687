"""The table of the contract, in types of JSON: costs by offer, subscribed power, what runs day and night."""

from __future__ import annotations

import datetime as dt
import itertools
from operator import itemgetter
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
_RUNS: Final = "SELECT begin, end, code FROM run WHERE meter = ? AND kind = ? ORDER BY begin"


class _Period(NamedTuple):
    """The days that are compared, from `first` until before `end`; `is_year`: they are twelve months."""

    first: dt.date
    end: dt.date
    is_year: bool

    @property
    def dates(self) -> list[dt.date]:
        """The days in order."""
        return [self.first + number * DAY for number in range((self.end - self.first).days)]

    @property
    def begins(self) -> set[int]:
        """The begins of the half-hours."""
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
    energies = half_hours.energies(known)  # Wh
    estimated = sum(energies[begin] for begin in known & half_hours.estimated)
    hourly = sum(energies[begin] for begin in known & half_hours.halved)
    injected = {begin: half_hours.injected[begin] for begin in begins & half_hours.injected.keys()}

    held = household.contract[-1].offer if household.contract else None  # its id
    held_offer = None
    for offer in offers.offer:
        if offer.id == held:
            held_offer = offer
    days = by_day(half_hours, period.dates, colours)
    circumstances = Circumstances(household, off_peak, today, colours)
    compared = advice.by_cost([compare(offer, days, circumstances) for offer in offers.offer], held)
    verdict = None
    standby = None
    if period.is_year:
        verdict = advice.verdict(compared, held)
        exact = known & half_hours.exact
        # The half-hours of an hour, or of a pause, are means: the least of them is not the least power.
        measured = {begin: energies[begin] for begin in exact - half_hours.halved}
        paid = _mean_price(compared, held, sum(energies.values()))
        standby = advice.standby(measured, injected.keys(), paid)
    peaks = _peaks(base, meter, period, today)
    return {
        "start": period.first.isoformat(),
        "end": period.end.isoformat(),
        "last": (period.end - DAY).isoformat(),
        "is_year": period.is_year,
        "energy": round(sum(energies.values())),
        "estimated": round(estimated),
        "hourly": round(hourly),
        "missing": len(missing) * HALF_HOUR,
        "gaps": _gaps(missing),
        "held": held,
        "kva": kva,
        "offers": compared,
        "verdict": verdict,
        "sold": _sold(injected, household),
        "prices": _prices(offers, kva, today),
        "off_peak": _hours(off_peak, period.dates),
        "power": advice.power(peaks, held_offer, kva, today),
        "standby": standby,
    }


def _last_twelve_months(today: dt.date) -> _Period:
    """Return the last twelve whole months."""
    end = today.replace(day=1)
    return _Period(end.replace(year=end.year - 1), end, is_year=True)


def _period(year: _Period, half_hours: HalfHours, now: int) -> _Period:
    """Return the `year` if its half-hours are known, else the days since the first one that is known."""
    begins = year.begins
    if len(begins & half_hours.exact) >= ENOUGH * len(begins):
        return year
    # The energy of a day without half-hours would be shared evenly among peak and off-peak hours.
    begin = min(half_hours.exact or half_hours.known, default=now)
    return _Period(max(year.first, day_of(begin)), day_of(now), is_year=False)


def _peaks(base: sqlite3.Connection, meter: int, period: _Period, today: dt.date) -> list[tuple[int, int]]:
    """Return times and powers, VA, of the greatest powers of the days of a year."""
    if not period.is_year:
        return storage.peaks(base, meter, midnight(today + DAY - YEAR))
    end = midnight(period.end)
    peaks = storage.peaks(base, meter, midnight(period.first))
    return [(time, power) for time, power in peaks if time < end]


def _prices(offers: Offers, kva: int, today: dt.date) -> dict[str, Any]:
    """Return the day of the oldest prices of the regulated tariffs that are used, and if they are old."""
    days = []
    for offer in offers.offer:
        if offer.id not in _OFFERS.values():
            continue
        price = in_force([price for price in offer.price if kva in price.month], today)
        if price is not None:
            days.append(price.since)
    since = min(days, default=today)
    return {"since": since.isoformat(), "are_old": today - since > OLD_PRICES}


def _hours(off_peak: OffPeakHours, dates: Iterable[dt.date]) -> dict[str, Any]:
    """
    Return the present off-peak hours of both half-years, and if the meter has shown them.

    `earlier` is the number of days on which the meter counted by others, or may have done so.
    """
    earlier = [date for date in dates if not off_peak.are_present(date)]
    return {
        "winter": ", ".join(off_peak.of_half_year(in_summer=False)),
        "summer": ", ".join(off_peak.of_half_year(in_summer=True)),
        "are_learned": off_peak.are_shown,
        "earlier": len(earlier),
    }


def _mean_price(compared: list[dict[str, Any]], held: str | None, energy: float) -> float | None:
    """Return the mean price of a Wh with the present contract, €; None if it is not known."""
    if not energy:
        return None
    for offer in compared:
        if offer["id"] == held and offer["now"]:
            return float(offer["now"]["energy"]) / energy
    return None


def _gaps(missing: Iterable[int]) -> list[list[str]]:
    """Return the first and the last day of each run of days of which a half-hour is missing."""
    days = sorted({*map(day_of, missing)})
    firsts = [day for day in days if day - DAY not in days]
    lasts = [day for day in days if day + DAY not in days]
    return [[first.isoformat(), last.isoformat()] for first, last in zip(firsts, lasts, strict=True)]


def _household(base: sqlite3.Connection, meter: int, declared: Household, today: dt.date) -> Household:
    """Return the household; its contract is that of the meter while its file says nothing yet."""
    contracts = tuple(contract for contract in declared.contract if contract.since <= today)
    if not contracts:
        contracts = _contracts_of_meter(base, meter, midnight(today))
    return declared.model_copy(update={"contract": contracts})


def _contracts_of_meter(base: sqlite3.Connection, meter: int, until: int) -> tuple[Held, ...]:
    """Return the contracts that the meter sent, the oldest first; none if the present one has no offer."""
    query = "SELECT time, code FROM of_day WHERE meter = ? AND kind = ? AND time <= ? ORDER BY time"
    rows = base.execute(query, (meter, CONTRACT, until))
    contracts: list[Held] = []
    has_offer = False
    for text, days in itertools.groupby(rows, itemgetter(1)):
        begin, _text = next(days)
        code, kva = text.split()
        has_offer = code in _OFFERS and int(kva) in STEPS
        if has_offer:
            values = {"from": day_of(begin), "offer": _OFFERS[code], "kva": int(kva)}
            contracts.append(Held.model_validate(values))
    return tuple(contracts) if has_offer else ()


def _off_peak(base: sqlite3.Connection, meter: int, household: Household, today: dt.date) -> OffPeakHours:
    """Return the off-peak hours of the household's file, else those that the meter has shown."""
    shown = shown_hours(_changes(base.execute(_RUNS, (meter, TARIFF))))
    return OffPeakHours(household.off_peak, shown, today)


def _changes(runs: Iterable[tuple[int, int, str]]) -> Iterator[Change]:
    """
    Yield the changes of the tariff.

    `runs` are begin, end and code of the tariff periods. A change counts if both sides of it were seen within
    a minute.
    """
    for (_begin, end, _code), (begin, _end, code) in itertools.pairwise(runs):
        if begin - end <= LATE:
            yield Change(local(begin), code)


def _sold(injected: Mapping[int, float], household: Household) -> dict[str, Any] | None:
    """Return the energy that was injected, Wh, and what it brought, €; None if there is none."""
    if not injected:
        return None
    income = 0.0
    for begin, energy in injected.items():
        sale = begun(household.sale, day_of(begin))
        if sale is not None:
            income += energy / 1000 * sale.price
    has_price = bool(household.sale)
    return {"energy": round(sum(injected.values())), "income": round(income, 2) if has_price else None}
