"""The table of the contract, in types of JSON: costs by offer, subscribed power, what runs day and night."""

from __future__ import annotations

import datetime as dt
import itertools
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from teleinfo.contract import advice
from teleinfo.contract.comparison import Circumstances, by_day, compare
from teleinfo.contract.days import DAY, day_of, local, midnight
from teleinfo.contract.half_hours import HALF_HOUR, LATE
from teleinfo.contract.off_peak import OffPeakHours, shown_hours
from teleinfo.contract.offers import STEPS, Held, Household, Offers, begun, in_force
from teleinfo.history import energies as storage
from teleinfo.history.chronicle import CONTRACT, TARIFF
from teleinfo.state.learned_hours import Change

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


def contract_table(base: sqlite3.Connection, meter: int, offers: Offers, now: int) -> dict[str, Any]:
    """Return the table of a meter at the time `now`; docs/contract.md describes its members."""
    today = day_of(now)
    household = _household(base, meter, offers.household, today)
    off_peak = _off_peak(base, meter, household, today)
    colours = storage.colours(base, meter)
    last = today.replace(day=1)
    first = last.replace(year=last.year - 1)
    found = storage.energies(base, meter, midnight(first), now)
    whole = {*range(midnight(first), midnight(last), HALF_HOUR)}
    is_year = len(whole & found.exact) >= ENOUGH * len(whole)
    if not is_year:
        # The energy of a day without half-hours would be shared evenly among peak and off-peak hours.
        begin = min(found.exact or found.known, default=now)
        first, last = max(first, day_of(begin)), today
        whole = {*range(midnight(first), midnight(last), HALF_HOUR)}
    dates = [first + number * DAY for number in range((last - first).days)]
    days = by_day(found, dates, colours)
    given = Circumstances(household, off_peak, today, colours)
    held = household.contract[-1].offer if household.contract else None
    compared = advice.by_cost([compare(offer, days, given) for offer in offers.offer], held)
    own = next((offer for offer in offers.offer if offer.id == held), None)
    known = {begin: found.energy(begin) for begin in whole & found.known}
    kva = household.kva_on()
    peaks = storage.peaks(base, meter, midnight(first if is_year else today + DAY - YEAR))
    if is_year:
        peaks = [(time, power) for time, power in peaks if time < midnight(last)]
    return {
        "begin": first.isoformat(),
        "end": last.isoformat(),
        "last": (last - DAY).isoformat(),
        "is_year": is_year,
        "energy": round(sum(known.values())),
        "estimated": round(sum(known[begin] for begin in whole & found.estimated)),
        "hourly": round(sum(known[begin] for begin in whole & found.halved)),
        "missing": len(whole - found.known) * HALF_HOUR,
        "gaps": _gaps(whole - found.known),
        "held": held,
        "kva": kva,
        "offers": compared,
        "verdict": advice.verdict(compared, held) if is_year else None,
        "sold": _sold({begin: found.injected[begin] for begin in whole & found.injected.keys()}, household),
        "prices": _prices(offers, kva, today),
        "off_peak": _hours(off_peak, dates),
        "power": advice.power(peaks, own, kva, today),
        "standby": _standby(found, whole, known, compared, held) if is_year else None,
    }


def _prices(offers: Offers, kva: int, today: dt.date) -> dict[str, Any]:
    """Return the day of the oldest prices of the regulated tariffs that are used, and if they are old."""
    used = []
    for offer in offers.offer:
        if offer.id in _OFFERS.values():
            price = in_force([price for price in offer.price if kva in price.month], today)
            if price is not None:
                used.append(price.since)
    since = min(used, default=today)
    return {"since": since.isoformat(), "are_old": today - since > OLD_PRICES}


def _hours(off_peak: OffPeakHours, dates: Iterable[dt.date]) -> dict[str, Any]:
    """
    Return the present off-peak hours of both half-years, and if the meter has shown them.

    `earlier` is the number of days on which the meter counted by others, or may have done so.
    """
    return {
        "winter": ", ".join(off_peak.of_half_year(in_summer=False)),
        "summer": ", ".join(off_peak.of_half_year(in_summer=True)),
        "are_learned": off_peak.are_shown,
        "earlier": sum(not off_peak.are_present(date) for date in dates),
    }


def _standby(
    found: HalfHours,
    whole: set[int],
    known: Mapping[int, float],
    compared: list[dict[str, Any]],
    held: str | None,
) -> dict[str, Any] | None:
    """Return what runs day and night, at the mean price that the household paid."""
    # The half-hours of an hour, or of a pause, are means: the least of them is not the least power.
    exact = {begin: known[begin] for begin in whole & found.exact - found.halved}
    paid = None
    for offer in compared:
        if offer["id"] == held and offer["now"]:
            paid = offer["now"]["energy"] / sum(known.values())
    return advice.standby(exact, found.injected.keys() & whole, paid)


def _gaps(missing: Iterable[int]) -> list[list[str]]:
    """Return the first and the last day of each run of days of which a half-hour is missing."""
    days = sorted({*map(day_of, missing)})
    firsts = [day for day in days if day - DAY not in days]
    lasts = [day for day in days if day + DAY not in days]
    return [[first.isoformat(), last.isoformat()] for first, last in zip(firsts, lasts, strict=True)]


def _household(base: sqlite3.Connection, meter: int, given: Household, today: dt.date) -> Household:
    """Return the household; its contract is that of the meter while its file says nothing yet."""
    contract = tuple(held for held in given.contract if held.since <= today)
    if not contract:
        contract = _told(base, meter, midnight(today))
    return given.model_copy(update={"contract": contract})


def _told(base: sqlite3.Connection, meter: int, until: int) -> tuple[Held, ...]:
    """Return the contracts that the meter told, the oldest first; none if the present one has no offer."""
    query = "SELECT time, code FROM of_day WHERE meter = ? AND kind = ? AND time <= ? ORDER BY time"
    rows = base.execute(query, (meter, CONTRACT, until))
    told: list[Held] = []
    has_offer = False
    for text, days in itertools.groupby(rows, itemgetter(1)):
        begin, _text = next(days)
        code, kva = text.split()
        has_offer = code in _OFFERS and int(kva) in STEPS
        if has_offer:
            values = {"from": day_of(begin), "offer": _OFFERS[code], "kva": int(kva)}
            told.append(Held.model_validate(values))
    return tuple(told) if has_offer else ()


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
    return {"energy": round(sum(injected.values())), "income": round(income, 2) if household.sale else None}
