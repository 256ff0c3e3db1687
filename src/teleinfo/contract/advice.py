"""The cheapest offer, the subscribed power that would have been enough, and what runs day and night. Pure."""

from __future__ import annotations

from collections import defaultdict
from statistics import median
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from teleinfo.contract.days import day_of, local
from teleinfo.contract.half_hours import HALF_HOUR
from teleinfo.contract.offers import STEPS, Offer

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection, Iterable, Mapping, Sequence


SAME_COST: Final = 20.0
SAME_PART: Final = 0.01
"""A difference below so many € a year, or below this part of the cost, is none."""

NEAR: Final = 0.9
"""The part of a subscribed power from which on a day came near to it."""

NIGHT: Final = (*range(6), 22, 23)
"""The hours in which no sun shines; with solar panels the least half-hour of a day is looked for in them."""

NOON: Final = range(9, 17)
"""The hours in which solar panels may supply all that is drawn."""

COOLEST: Final = 3
"""Months of least energy, in which nobody heats."""

FEWEST_DAYS: Final = 10
"""The fewest days from which is told what runs day and night, and on both sides of a rise of it."""

LEAST_RISE: Final = 15
LEAST_PART: Final = 0.2
"""A rise of what runs day and night by fewer W, or by a smaller part, is none."""

Entry = dict[str, Any]
"""A part of the table of the contract, in types of JSON."""


def least(offer: Entry) -> float:
    """Return the least that an offer may cost at present prices, €; infinite if it has no cost."""
    now = offer["now"]
    return float("inf") if now is None else float(now["energy"] + now["subscription"])


def most(offer: Entry) -> float:
    """Return the most that an offer may cost at present prices, €; infinite if it has no cost."""
    now = offer["now"]
    return float("inf") if now is None else least(offer) + float(now["unknown"])


def by_cost(offers: Iterable[Entry], held: str | None) -> list[Entry]:
    """Return the offers, the cheapest first; those that cannot be had, or have no cost, stand last."""

    def order(offer: Entry) -> tuple[bool, bool, float]:
        has_no_cost = offer["now"] is None
        cannot_be_had = offer["id"] != held and not offer["is_open"]
        return has_no_cost, cannot_be_had, _middle(offer)

    return sorted(offers, key=order)


def _middle(offer: Entry) -> float:
    return (least(offer) + most(offer)) / 2


def verdict(offers: Sequence[Entry], held: str | None) -> Entry | None:
    """
    Return the cheapest offer that can be had, and what it costs less a year than the present one, €.

    With unknown colours that is between `saved` and `saved_most`. It `is_sure` if no colours change which
    offer is the cheaper one.
    """
    candidates = {}
    for offer in offers:
        if offer["now"] and (offer["id"] == held or offer["is_open"]):
            candidates[offer["id"]] = offer
    if held not in candidates or len(candidates) == 1:
        return None
    present = candidates[held]
    best = min(candidates.values(), key=_middle)
    if best is present:
        others = [offer for offer in candidates.values() if offer is not present]
        is_sure = most(present) <= min(least(other) for other in others)
        saved = 0.0
        saved_most = 0.0
    else:
        saved = least(present) - most(best)
        saved_most = most(present) - least(best)
        is_sure = saved > 0
    return {
        "best": best["id"],
        "saved": round(saved, 2),
        "saved_most": round(saved_most, 2),
        "is_same": saved_most < max(SAME_COST, SAME_PART * most(present)),
        "is_sure": is_sure,
        "unknown_days": max(offer["unknown_days"] for offer in candidates.values()),
    }


def power(peaks: Iterable[tuple[int, int]], offer: Offer | None, kva: int, today: dt.date) -> Entry | None:
    """
    Return the greatest power of a year, VA, and a step for the present power and each lower one.

    `peaks` are times and powers. A step has its kVA, the days on which it was exceeded, those on which it
    nearly was, and € a year less with the present `offer`, by its newest prices of one day for both powers.
    """
    greatest_of_days: dict[dt.date, tuple[int, int]] = {}  # VA and time
    for time, most_power in peaks:
        day = day_of(time)
        greatest_so_far = greatest_of_days.get(day, (0, 0))
        greatest_of_days[day] = max(greatest_so_far, (most_power, time))
    if not greatest_of_days:
        return None
    powers = [most_power for most_power, _time in greatest_of_days.values()]
    steps: list[Entry] = []
    for step_kva in STEPS:
        if step_kva > kva:
            break
        limit = 1000 * step_kva  # VA
        exceeded = [most_power for most_power in powers if most_power > limit]
        near = [most_power for most_power in powers if NEAR * limit < most_power <= limit]
        saved = None if offer is None else _saved(offer, kva, step_kva, today)
        steps.append({"kva": step_kva, "exceeded": len(exceeded), "near": len(near), "saved": saved})
    greatest, time = max(greatest_of_days.values())
    return {"days": len(powers), "greatest": greatest, "time": time, "steps": steps}


def _saved(offer: Offer, kva: int, lower_kva: int, today: dt.date) -> float | None:
    """Return € a year less with a lower power, by the newest prices of one day for both, else None."""
    months: defaultdict[dt.date, dict[int, float]] = defaultdict(dict)  # the price of a month by kVA
    for price in offer.price:
        if price.since <= today:
            months[price.since].update(price.month)
    for since in sorted(months, reverse=True):
        month = months[since]
        if kva in month and lower_kva in month:
            return round(12 * (month[kva] - month[lower_kva]), 2)
    return None


def standby(energies: Mapping[int, float], injected: Collection[int], paid: float | None) -> Entry | None:
    """
    Return what runs day and night, W, what it costs a year, €, and since when it is more.

    It is the median of the least half-hour of each day, over the days of the coolest months, those of least
    energy. `energies` are those of half-hours by their begin, Wh; `injected` are the half-hours in which
    energy was injected; `paid` is the mean price of a Wh, €. With solar panels the nights alone count: at
    noon they supply what runs. None if the days are too few.
    """
    half_hours = _half_hours(energies)
    has_panels = bool(injected) or _are_noons_empty(half_hours)
    energies_by_day: defaultdict[dt.date, list[float]] = defaultdict(list)  # Wh
    nights_by_day: defaultdict[dt.date, list[float]] = defaultdict(list)  # Wh
    for half_hour in half_hours:
        energies_by_day[half_hour.day].append(half_hour.energy)
        if half_hour.hour in NIGHT:
            nights_by_day[half_hour.day].append(half_hour.energy)
    energy_by_month: defaultdict[dt.date, float] = defaultdict(float)  # Wh
    for day, of_day in energies_by_day.items():
        energy_by_month[day.replace(day=1)] += sum(of_day)
    months = sorted(energy_by_month, key=energy_by_month.__getitem__)
    coolest = months[:COOLEST]
    least_of_days = {}  # W
    for day, of_day in (nights_by_day if has_panels else energies_by_day).items():
        if day.replace(day=1) in coolest:
            least_of_days[day] = min(of_day) * 3600 / HALF_HOUR
    if len(least_of_days) < FEWEST_DAYS:
        return None
    always_drawn = median(least_of_days.values())  # W
    return {
        "power": round(always_drawn),
        "days": len(least_of_days),
        "cost": None if paid is None else round(always_drawn * 24 * 365 * paid, 2),
        "rose": _rise(least_of_days),
    }


class _HalfHour(NamedTuple):
    """A half-hour that begins in an `hour` of a `day`, and its energy, Wh."""

    day: dt.date
    hour: int
    energy: float


def _half_hours(energies: Mapping[int, float]) -> list[_HalfHour]:
    """Return the half-hours in their order; `energies` are by the begin of each, Wh."""
    half_hours = []
    for begin in sorted(energies):
        time = local(begin)
        half_hours.append(_HalfHour(time.date(), time.hour, energies[begin]))
    return half_hours


def _are_noons_empty(half_hours: Iterable[_HalfHour]) -> bool:
    """True if on some days nothing was drawn around noon, but something at night: panels supplied it."""
    noons, nights = set(), set()
    for day, hour, energy in half_hours:
        if energy <= 0 and hour in NOON:
            noons.add(day)
        if energy > 0 and hour in NIGHT:
            nights.add(day)
    return len(noons & nights) >= FEWEST_DAYS


def _rise(powers_of_days: Mapping[dt.date, float]) -> Entry | None:
    """Return the day since which the power of the days is higher than ever before, and by how much."""
    days = [*powers_of_days]
    powers = [*powers_of_days.values()]
    greatest: Entry | None = None
    for at in range(FEWEST_DAYS, len(powers) - FEWEST_DAYS + 1):
        before = powers[:at]
        after = powers[at:]
        if min(after) <= max(before[-FEWEST_DAYS:]):
            continue
        usual_before = median(before)
        rise = median(after) - usual_before
        if rise < max(LEAST_RISE, LEAST_PART * usual_before):
            continue
        if greatest is None or round(rise) > greatest["power"]:
            greatest = {"power": round(rise), "day": days[at].isoformat()}
    return greatest
