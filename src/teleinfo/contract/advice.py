"""The cheapest offer, the subscribed power that would have been enough, and what runs all night. Pure."""

from __future__ import annotations

from collections import defaultdict
from statistics import median
from typing import TYPE_CHECKING, Any, Final

from teleinfo.contract.days import day_of, local
from teleinfo.contract.half_hours import HALF_HOUR
from teleinfo.contract.offers import STEPS, Offer

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet


SAME: Final = (20.0, 0.01)
"""A difference below so many € a year, or below this part of the cost, is none."""

NEAR: Final = 0.9
"""The part of a subscribed power from which on a day came near to it."""

NIGHT: Final = (1, 5)
"""The hours between which the least half-hour of a night is looked for."""

COOLEST: Final = 3
"""Months of least energy, in which nobody heats."""

FEWEST_NIGHTS: Final = 10
RISE: Final = (15, 0.2)
"""A rise of what runs all night by fewer W, or by a smaller part, is none; `FEWEST_NIGHTS` on both sides."""

Entry = dict[str, Any]
"""A part of the table of the contract, in types of JSON."""


def total(offer: Entry) -> float:
    """Return the cost of an offer at present prices, €; infinite if it has none."""
    return float(offer["now"]["energy"] + offer["now"]["subscription"]) if offer["now"] else float("inf")


def by_cost(offers: Iterable[Entry], held: str | None) -> list[Entry]:
    """Return the offers, the cheapest first; those that cannot be had, or have no cost, stand last."""
    return sorted(
        offers,
        key=lambda each: (each["now"] is None, each["id"] != held and not each["is_open"], total(each)),
    )


def verdict(offers: Sequence[Entry], held: str | None) -> Entry | None:
    """Return the cheapest offer that can be had, and what it costs less a year than the present one, €."""
    costs = {
        each["id"]: total(each) for each in offers if each["now"] and (each["id"] == held or each["is_open"])
    }
    if held not in costs or len(costs) == 1:
        return None
    best = min(costs, key=costs.__getitem__)
    saved = costs[held] - costs[best]
    return {"best": best, "saved": round(saved, 2), "is_same": saved < max(SAME[0], SAME[1] * costs[held])}


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


def standby(
    energies: Mapping[int, float], paid: float | None, halved: AbstractSet[int] = frozenset()
) -> Entry | None:
    """
    Return what runs all night, W, what it costs a year, €, and since when it is more.

    It is the median of the least half-hour of each night, over the nights of the coolest months, those of
    least energy. `energies` are those of half-hours by their begin, Wh, for which € were `paid`. Those that
    are `halved` have half of the energy of their hour, and do not tell the least one; None if all are.
    """
    months: defaultdict[dt.date, float] = defaultdict(float)
    nights: defaultdict[dt.date, list[float]] = defaultdict(list)
    for begin, energy in sorted(energies.items()):
        time = local(begin)
        months[time.date().replace(day=1)] += energy
        if NIGHT[0] <= time.hour < NIGHT[1] and begin not in halved:
            nights[time.date()].append(energy * 3600 / HALF_HOUR)
    coolest = sorted(months, key=months.__getitem__)[:COOLEST]
    least = {day: min(powers) for day, powers in nights.items() if day.replace(day=1) in coolest}
    if not least:
        return None
    found = median(least.values())
    cost = None if paid is None else round(found * 24 * 365 * paid / sum(energies.values()), 2)
    return {"power": round(found), "nights": len(least), "cost": cost, "rose": _rise(least)}


def _rise(least: Mapping[dt.date, float]) -> Entry | None:
    """Return the day since which the power of the nights is higher than ever before, and by how much."""
    days, powers, rises = [*least], [*least.values()], []
    for at in range(FEWEST_NIGHTS, len(powers) - FEWEST_NIGHTS + 1):
        before, after = powers[:at], powers[at:]
        rise = median(after) - median(before)
        is_clear = min(after) > max(before[-FEWEST_NIGHTS:])
        if is_clear and rise >= max(RISE[0], RISE[1] * median(before)):
            rises.append((rise, days[at]))
    return {"power": round(max(rises)[0]), "day": max(rises)[1].isoformat()} if rises else None
