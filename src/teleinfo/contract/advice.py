"""The cheapest offer, the subscribed power that would have been enough, and what runs day and night. Pure."""

from __future__ import annotations

from collections import defaultdict
from statistics import median
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from teleinfo.contract.days import day_of, local
from teleinfo.contract.half_hours import HALF_HOUR
from teleinfo.contract.load_curve import HOUR
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
    if now is None:
        return float("inf")
    return float(now["energy"] + now["subscription"])


def most(offer: Entry) -> float:
    """Return the most that an offer may cost at present prices, €; infinite if it has no cost."""
    now = offer["now"]
    if now is None:
        return float("inf")
    return least(offer) + float(now["unknown"])


def by_cost(offers: Iterable[Entry], held: str | None) -> list[Entry]:
    """
    Return the offers, the cheapest first: before those that cannot be had, and before those without a cost.

    `held` is the id of the present offer, None if it is unknown.
    """

    def order(offer: Entry) -> tuple[bool, bool, float]:
        has_no_cost = offer["now"] is None
        return has_no_cost, not _can_be_had(offer, held), _middle(offer)

    return sorted(offers, key=order)


def _can_be_had(offer: Entry, held: str | None) -> bool:
    """True if the household may have an offer: new customers may, or it is the present one."""
    return bool(offer["is_open"]) or offer["id"] == held


def _middle(offer: Entry) -> float:
    """Return the middle of what an offer may cost at present prices, €; infinite if it has no cost."""
    return (least(offer) + most(offer)) / 2


def verdict(offers: Sequence[Entry], held: str | None) -> Entry | None:
    """
    Return the cheapest offer that can be had, and what it costs less a year than the present one, €.

    With unknown colours that is between `saved` and `saved_most`. It `is_sure` if no colours change which
    offer is the cheaper one. None if the present offer, whose id is `held`, or all others have no cost.
    """
    candidates = {}
    for offer in offers:
        if offer["now"] is not None and _can_be_had(offer, held):
            candidates[offer["id"]] = offer
    if held not in candidates or len(candidates) == 1:
        return None
    present = candidates[held]
    best = min(candidates.values(), key=_middle)
    if best is present:
        least_of_others = min(least(offer) for offer in candidates.values() if offer is not present)
        is_sure = most(present) <= least_of_others
        saved = 0.0
        saved_most = 0.0
    else:
        saved = least(present) - most(best)
        saved_most = most(present) - least(best)
        is_sure = saved > 0
    least_difference = max(SAME_COST, SAME_PART * most(present))
    unknown_days = max(offer["unknown_days"] for offer in candidates.values())
    return {
        "best": best["id"],
        "saved": round(saved, 2),
        "saved_most": round(saved_most, 2),
        "is_same": saved_most < least_difference,
        "is_sure": is_sure,
        "unknown_days": unknown_days,
    }


def power(peaks: Sequence[tuple[int, int]], offer: Offer | None, kva: int, today: dt.date) -> Entry | None:
    """
    Return the greatest power of a year, VA, and a step for the present power and each lower one.

    `peaks` are times and powers. A step has its kVA, the days on which it was exceeded, those on which it
    nearly was, and € a year less with the present `offer`, by its newest prices of one day for both powers.
    None without a peak.
    """
    if not peaks:
        return None
    greatest_by_day: defaultdict[dt.date, int] = defaultdict(int)  # VA
    for time, peak in peaks:
        day = day_of(time)
        greatest_by_day[day] = max(greatest_by_day[day], peak)
    powers_of_days = greatest_by_day.values()
    steps: list[Entry] = []
    for step_kva in STEPS:
        if step_kva > kva:
            break
        limit = 1000 * step_kva  # VA
        days_exceeded = 0
        days_near = 0
        for power_of_day in powers_of_days:
            if power_of_day > limit:
                days_exceeded += 1
            elif power_of_day > NEAR * limit:
                days_near += 1
        saved = None if offer is None else _saved(offer, kva, step_kva, today)
        steps.append({"kva": step_kva, "exceeded": days_exceeded, "near": days_near, "saved": saved})
    greatest = max(powers_of_days)
    last_time = max(time for time, peak in peaks if peak == greatest)
    return {"days": len(powers_of_days), "greatest": greatest, "time": last_time, "steps": steps}


def _saved(offer: Offer, kva: int, lower_kva: int, today: dt.date) -> float | None:
    """
    Return € a year less with a lower power, by the newest prices that have both powers and the same day.

    None if no day has a price of both.
    """
    # Several entries of one day may have a part of the powers each.
    month_by_day: defaultdict[dt.date, dict[int, float]] = defaultdict(dict)  # € a month by kVA
    for price in offer.price:
        if price.since <= today:
            month_by_day[price.since].update(price.month)
    for since in sorted(month_by_day, reverse=True):
        month = month_by_day[since]
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
    coolest_months = _coolest_months(half_hours)
    powers_by_day: defaultdict[dt.date, list[float]] = defaultdict(list)  # W
    for half_hour in half_hours:
        if half_hour.month not in coolest_months:
            continue
        if has_panels and half_hour.hour not in NIGHT:
            continue
        mean_power = half_hour.energy * HOUR / HALF_HOUR
        powers_by_day[half_hour.day].append(mean_power)
    least_by_day = {day: min(powers) for day, powers in powers_by_day.items()}
    if len(least_by_day) < FEWEST_DAYS:
        return None
    always_drawn = median(least_by_day.values())  # W
    cost = None
    if paid is not None:
        energy_of_year = always_drawn * 24 * 365  # Wh
        cost = round(energy_of_year * paid, 2)
    return {
        "power": round(always_drawn),
        "days": len(least_by_day),
        "cost": cost,
        "rose": _rise(least_by_day),
    }


class _HalfHour(NamedTuple):
    """A half-hour that begins in an `hour` of a `day`, and its energy, Wh."""

    day: dt.date
    hour: int
    energy: float

    @property
    def month(self) -> dt.date:
        """The first day of its month."""
        return self.day.replace(day=1)


def _half_hours(energies: Mapping[int, float]) -> list[_HalfHour]:
    """Return the half-hours in their order; `energies` are by the begin of each, Wh."""
    half_hours = []
    for begin in sorted(energies):
        time = local(begin)
        half_hours.append(_HalfHour(time.date(), time.hour, energies[begin]))
    return half_hours


def _coolest_months(half_hours: Iterable[_HalfHour]) -> list[dt.date]:
    """Return the first days of the `COOLEST` months of least energy, of two equal ones the earlier."""
    energy_by_month: defaultdict[dt.date, float] = defaultdict(float)  # Wh
    for half_hour in half_hours:
        energy_by_month[half_hour.month] += half_hour.energy
    months = sorted(energy_by_month, key=energy_by_month.__getitem__)
    return months[:COOLEST]


def _are_noons_empty(half_hours: Iterable[_HalfHour]) -> bool:
    """True if on `FEWEST_DAYS` days nothing was drawn at noon, but something at night: panels supplied it."""
    days_with_empty_noon = set()
    days_with_drawn_night = set()
    for day, hour, energy in half_hours:
        if energy <= 0 and hour in NOON:
            days_with_empty_noon.add(day)
        if energy > 0 and hour in NIGHT:
            days_with_drawn_night.add(day)
    return len(days_with_empty_noon & days_with_drawn_night) >= FEWEST_DAYS


def _rise(power_by_day: Mapping[dt.date, float]) -> Entry | None:
    """
    Return the first day of the greatest rise, and by how many W the median of the days since is greater.

    At a rise, the power of each day since is greater than that of each of the `FEWEST_DAYS` days before. None
    without a rise of some size.
    """
    days = [*power_by_day]
    powers = [*power_by_day.values()]  # W
    greatest: Entry | None = None
    for first_after in range(FEWEST_DAYS, len(days) - FEWEST_DAYS + 1):
        before = powers[:first_after]
        after = powers[first_after:]
        if min(after) <= max(before[-FEWEST_DAYS:]):
            continue
        usual_before = median(before)
        rise = median(after) - usual_before
        if rise < max(LEAST_RISE, LEAST_PART * usual_before):
            continue
        if greatest is None or round(rise) > greatest["power"]:
            greatest = {"power": round(rise), "day": days[first_after].isoformat()}
    return greatest
