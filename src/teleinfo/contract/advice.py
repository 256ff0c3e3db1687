"""The cheapest offer, the subscribed power that would have been enough, and what runs day and night. Pure."""

from __future__ import annotations

from collections import defaultdict
from statistics import median
from typing import TYPE_CHECKING, Any, Final

from teleinfo.contract.days import day_of, local
from teleinfo.contract.half_hours import HALF_HOUR
from teleinfo.contract.offers import STEPS, Offer

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection, Iterable, Mapping, Sequence


SAME: Final = (20.0, 0.01)
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

RISE: Final = (15, 0.2)
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
    return sorted(
        offers,
        key=lambda each: (each["now"] is None, each["id"] != held and not each["is_open"], _middle(each)),
    )


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
    own = candidates[held]
    best = min(candidates.values(), key=_middle)
    saved, saved_most = 0.0, 0.0
    if best is own:
        is_sure = all(most(own) <= least(other) for other in candidates.values() if other is not own)
    else:
        saved, saved_most = least(own) - most(best), most(own) - least(best)
        is_sure = saved > 0
    return {
        "best": best["id"],
        "saved": round(saved, 2),
        "saved_most": round(saved_most, 2),
        "is_same": saved_most < max(SAME[0], SAME[1] * most(own)),
        "is_sure": is_sure,
        "unknown_days": max(offer["unknown_days"] for offer in candidates.values()),
    }


def power(peaks: Iterable[tuple[int, int]], offer: Offer | None, kva: int, today: dt.date) -> Entry | None:
    """
    Return the greatest power of a year, VA, and a step for the present power and each lower one.

    `peaks` are times and powers. A step has its kVA, the days on which it was exceeded, those on which it
    nearly was, and € a year less with the present `offer`, by its newest prices of one day for both powers.
    """
    days: dict[dt.date, tuple[int, int]] = {}
    for time, most in peaks:
        days[day_of(time)] = max(days.get(day_of(time), (0, 0)), (most, time))
    if not days:
        return None
    prices: defaultdict[dt.date, dict[int, float]] = defaultdict(dict)
    for price in offer.price if offer else ():
        if price.since <= today:
            prices[price.since] |= price.month
    steps: list[Entry] = []
    for limit in STEPS[: STEPS.index(kva) + 1]:
        exceeded = sum(most > 1000 * limit for most, _time in days.values())
        near = sum(most > NEAR * 1000 * limit for most, _time in days.values()) - exceeded
        of_both = [months for _day, months in sorted(prices.items()) if {kva, limit} <= months.keys()]
        saved = round(12 * (of_both[-1][kva] - of_both[-1][limit]), 2) if of_both else None
        steps.append({"kva": limit, "exceeded": exceeded, "near": near, "saved": saved})
    most, time = max(days.values())
    return {"days": len(days), "greatest": most, "time": time, "steps": steps}


def standby(energies: Mapping[int, float], injected: Collection[int], paid: float | None) -> Entry | None:
    """
    Return what runs day and night, W, what it costs a year, €, and since when it is more.

    It is the median of the least half-hour of each day, over the days of the coolest months, those of least
    energy. `energies` are those of half-hours by their begin, Wh; `injected` are the half-hours in which
    energy was injected; `paid` is the mean price of a Wh, €. With solar panels the nights alone count: at
    noon they supply what runs. None if the days are too few.
    """
    months: defaultdict[dt.date, float] = defaultdict(float)
    days: defaultdict[dt.date, list[float]] = defaultdict(list)
    half_hours = [(local(begin), energy) for begin, energy in sorted(energies.items())]
    has_panels = bool(injected) or _are_noons_empty(half_hours)
    for time, energy in half_hours:
        months[time.date().replace(day=1)] += energy
        if not has_panels or time.hour in NIGHT:
            days[time.date()].append(energy * 3600 / HALF_HOUR)
    coolest = sorted(months, key=months.__getitem__)[:COOLEST]
    least_of_days = {day: min(powers) for day, powers in days.items() if day.replace(day=1) in coolest}
    if len(least_of_days) < FEWEST_DAYS:
        return None
    found = median(least_of_days.values())
    cost = None if paid is None else round(found * 24 * 365 * paid, 2)
    return {"power": round(found), "days": len(least_of_days), "cost": cost, "rose": _rise(least_of_days)}


def _are_noons_empty(half_hours: Iterable[tuple[dt.datetime, float]]) -> bool:
    """True if on some days nothing was drawn around noon, but something at night: panels supplied it."""
    noons, nights = set(), set()
    for time, energy in half_hours:
        if energy <= 0 and time.hour in NOON:
            noons.add(time.date())
        if energy > 0 and time.hour in NIGHT:
            nights.add(time.date())
    return len(noons & nights) >= FEWEST_DAYS


def _rise(powers_of_days: Mapping[dt.date, float]) -> Entry | None:
    """Return the day since which the power of the days is higher than ever before, and by how much."""
    days = [*powers_of_days]
    powers = [*powers_of_days.values()]
    greatest: Entry | None = None
    for at in range(FEWEST_DAYS, len(powers) - FEWEST_DAYS + 1):
        before, after = powers[:at], powers[at:]
        rise = median(after) - median(before)
        is_clear = min(after) > max(before[-FEWEST_DAYS:])
        if not is_clear or rise < max(RISE[0], RISE[1] * median(before)):
            continue
        if greatest is None or round(rise) > greatest["power"]:
            greatest = {"power": round(rise), "day": days[at].isoformat()}
    return greatest
