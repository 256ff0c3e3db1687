"""The table of the contract, in types of JSON: costs by offer, subscribed power, what runs all night."""

from __future__ import annotations

import datetime as dt
import itertools
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from teleinfo.contract import advice
from teleinfo.contract.comparison import by_day, compare
from teleinfo.contract.days import DAY, day_of, local, midnight
from teleinfo.contract.half_hours import HALF_HOUR, LATE
from teleinfo.contract.offers import STEPS, Held, Household, Offers, OffPeak, begun, in_force
from teleinfo.history import energies as storage
from teleinfo.history.chronicle import CONTRACT, TARIFF
from teleinfo.state.learned_hours import Change, learn
from teleinfo.vocabulary.codes import TariffPeriod

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping


ENOUGH: Final = 0.98
"""The least part of twelve months that must be known by half-hours for a verdict."""

OLD_PRICES: Final = dt.timedelta(days=213)
"""Age of the regulated prices from which they may have changed: they do every six months."""

_OFFERS: Final = {"BASE": "base", "HC": "off_peak", "TEMPO": "tempo"}
_RUNS: Final = "SELECT begin, end, code FROM run WHERE meter = ? AND kind = ? ORDER BY begin"


def contract_table(base: sqlite3.Connection, meter: int, offers: Offers, now: int) -> dict[str, Any]:
    """Return the table of a meter at the time `now`; docs/contract.md describes its members."""
    today = day_of(now)
    household, is_learned = _household(base, meter, offers.household, today)
    last = today.replace(day=1)
    first = last.replace(year=last.year - 1)
    found = storage.energies(base, meter, midnight(first), now)
    whole = {*range(midnight(first), midnight(last), HALF_HOUR)}
    is_year = len(whole & found.exact) >= ENOUGH * len(whole)
    if not is_year:
        # The energy of a day without half-hours would be shared evenly among peak and off-peak hours.
        begun = min(found.exact or found.known, default=now)
        first, last = max(first, day_of(begun)), today
        whole = {*range(midnight(first), midnight(last), HALF_HOUR)}
    dates = [first + number * DAY for number in range((last - first).days)]
    days = by_day(found, dates, storage.colours(base, meter))
    held = household.contract[-1].offer if household.contract else None
    compared = advice.by_cost([compare(offer, days, household, today) for offer in offers.offer], held)
    energies = {begin: found.energy(begin) for begin in whole & found.known}
    own = next((offer for offer in offers.offer if offer.id == held), None)
    paid = next((each["now"]["energy"] for each in compared if each["id"] == held and each["now"]), None)
    present = household.off_peak[-1:]
    kva = household.kva_on()
    regulated = [offer.price for offer in offers.offer if offer.id in _OFFERS.values()]
    used = [in_force([price for price in prices if kva in price.month], today) for prices in regulated]
    since = min((price.since for price in used if price), default=today)
    return {
        "begin": first.isoformat(),
        "end": last.isoformat(),
        "last": (last - DAY).isoformat(),
        "is_year": is_year,
        "energy": round(sum(energies.values())),
        "estimated": round(sum(energies[begin] for begin in whole & found.estimated)),
        "hourly": round(sum(energies[begin] for begin in whole & found.halved)),
        "missing": len(whole - found.known) * HALF_HOUR,
        "gaps": _gaps(whole - found.known),
        "held": held,
        "kva": kva,
        "offers": compared,
        "verdict": advice.verdict(compared, held) if is_year else None,
        "sold": _sold({begin: found.injected[begin] for begin in whole & found.injected.keys()}, household),
        "prices": {"since": since.isoformat(), "are_old": today - since > OLD_PRICES},
        "off_peak": [{"hours": ", ".join(each.hours), "summer": ", ".join(each.summer)} for each in present],
        "off_peak_learned": is_learned,
        "power": advice.power(storage.peaks(base, meter, now - 365 * 86_400), own, kva, today),
        "standby": advice.standby(energies, paid, found.halved) if is_year else None,
    }


def _gaps(missing: Iterable[int]) -> list[list[str]]:
    """Return the first and the last day of each run of days of which a half-hour is missing."""
    days = sorted({*map(day_of, missing)})
    firsts = [day for day in days if day - DAY not in days]
    lasts = [day for day in days if day + DAY not in days]
    return [[first.isoformat(), last.isoformat()] for first, last in zip(firsts, lasts, strict=True)]


def _household(
    base: sqlite3.Connection, meter: int, given: Household, today: dt.date
) -> tuple[Household, bool]:
    """Return the household, where its file says nothing yet by the meter; True if the hours are learned."""
    contract = tuple(each for each in given.contract if each.since <= today)
    off_peak = tuple(each for each in given.off_peak if each.since <= today)
    hours = () if off_peak else learned_hours(base.execute(_RUNS, (meter, TARIFF)), today)
    learned = (OffPeak.model_validate({"from": dt.date.min, "hours": hours}),) if hours else ()
    update = {"contract": contract or _told(base, meter, midnight(today)), "off_peak": off_peak or learned}
    return given.model_copy(update=update), bool(hours)


def _told(base: sqlite3.Connection, meter: int, until: int) -> tuple[Held, ...]:
    """Return the contracts that the meter told, the oldest first; none if the present one has no offer."""
    query = "SELECT time, code FROM of_day WHERE meter = ? AND kind = ? AND time <= ? ORDER BY time"
    told: list[Held | None] = []
    for text, days in itertools.groupby(base.execute(query, (meter, CONTRACT, until)), itemgetter(1)):
        (begin, _text), (code, kva) = next(days), text.split()
        values = {"from": day_of(begin), "offer": _OFFERS.get(code), "kva": int(kva)}
        is_offer = code in _OFFERS and int(kva) in STEPS
        told.append(Held.model_validate(values) if is_offer else None)
    return tuple(filter(None, told)) if told and told[-1] else ()


def learned_hours(runs: Iterable[tuple[int, int, str]], today: dt.date) -> tuple[str, ...]:
    """
    Return the off-peak hours that the changes of the tariff prove.

    `runs` are begin, end and code of the tariff periods. A change counts if both sides of it were seen within
    a minute.
    """
    changes = [
        Change(local(begin), code)
        for (_begin, end, _before), (begin, _end, code) in itertools.pairwise(runs)
        if begin - end <= LATE
    ]
    slots = learn(tuple(changes), today)
    times = [f"{minute // 60:02}:{minute % 60:02}" for minute, _code in (*slots, *slots[:1])]
    hours = [f"{times[at]}-{times[at + 1]}" for at, slot in enumerate(slots) if slot[1] == TariffPeriod.HC]
    return tuple(hours)


def _sold(injected: Mapping[int, float], household: Household) -> dict[str, Any] | None:
    """Return the energy that was injected, Wh, and what it brought, €; None if there is none."""
    if not injected:
        return None
    dated = [(energy, begun(household.sale, day_of(begin))) for begin, energy in injected.items()]
    income = sum(energy / 1000 * sale.price for energy, sale in dated if sale is not None)
    return {"energy": round(sum(injected.values())), "income": round(income, 2) if household.sale else None}
