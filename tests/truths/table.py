"""
The truth of each declared field, from inside the simulated meter and its household, and its tolerance.

A field without an entry fails, as does an entry without a field. An entry is a `Truth`, or a text which says
why there can be none.
"""

from __future__ import annotations

import calendar
import datetime as dt
import math
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from teleinfo.tic.labels import Mode
from teleinfo.vocabulary import codes
from tests.truths.days import AHEAD, KEPT, LEARNING, MODES, PARIS, Counted, World, local, prices_at

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.truths.days import Change

ABSENT: Final = object()
"""The meter cannot have the field."""


class Between(NamedTuple):
    """Any number from `least` to `most`."""

    least: float
    most: float


class AnyOf(NamedTuple):
    """Any of `values`."""

    values: tuple[Any, ...]


@dataclass(frozen=True)
class Truth:
    """
    What a field says in truth, of the last frame: `of` the world, within the `tolerance`.

    - `of` returns a value, `ABSENT`, None for null, `Between` or `AnyOf`. A time is an instant; a field with
      `*` has a dictionary of étiquettes.
    - `settled`: seconds from a start, a pause or a change of mode for which nothing is asked.
    - `paced`: seconds from which every frame must have come.
    - `share` of the values that must be within the tolerance; `bias`: greatest share by which the sum of all
      values may be wrong.
    - `short`: short frames of three phases renew it.
    """

    of: Callable[[World], Any]
    tolerance: float = 0.0
    settled: float = 5.0
    paced: float = 0.0
    share: float = 1.0
    bias: float = math.inf
    short: bool = False


def _standard(value: Callable[[World], Any]) -> Callable[[World], Any]:
    """Return the truth of a field that only mode standard has."""
    return lambda world: value(world) if world.mode is Mode.STANDARD else ABSENT


def _instant(naive: dt.datetime) -> float:
    """Return the instant of a time of France."""
    return naive.replace(tzinfo=PARIS).timestamp()


_COLOURS: Final = (None, "blue", "white", "red")


def _is_tempo(world: World) -> bool:
    return world.contract == "TEMPO"


def _code(world: World) -> str:
    """Return the code of the tariff period in force: PTEC without its padding."""
    if world.model.producer:
        return "PRODUCER"
    period = world.model.contract.period(world.metrology.now)
    return period.ptec.rstrip(".")


def _next(world: World, part: Callable[[dt.datetime, str], Any]) -> Any:  # noqa: ANN401
    """Return a part of the next change of tariff, from its time and its code."""
    contract = world.contract
    if contract in {"BASE", "PRODUCER"}:
        return ABSENT
    period = world.metrology.period
    change = _next_change(world)
    if change is None:
        return None  # a peak after these days
    code = change.period.ptec.rstrip(".")
    in_truth = part(local(change.at), code)
    if contract == "EJP" and not period.peaks:
        return AnyOf((None, in_truth))  # no peak is announced
    is_learned = world.mode is Mode.HISTORIQUE and contract == "HC"
    has_heard_a_week = world.name in LEARNING and world.instant < MODES[0]
    if is_learned and not has_heard_a_week:
        return AnyOf((None, in_truth))
    return in_truth


def _next_change(world: World) -> Change | None:
    """Return the next change to another period; None if there is none in these days."""
    period = world.metrology.period
    now = _instant(world.metrology.now)
    for change in world.changes:
        if change.at > now and change.period.ptec != period.ptec:
            return change
    return None


def _days_left(world: World) -> Any:  # noqa: ANN401
    """Return 0 if a week was heard; else the days of a week at most, by what was heard."""
    if world.mode is Mode.STANDARD or world.contract != "HC":
        return ABSENT
    if world.name in LEARNING and world.emitted < MODES[0]:
        return 0
    return Between(1, 7)


def _next_code(world: World) -> Any:  # noqa: ANN401
    """Return the next code; null at 6:00 of Tempo before the colour is known."""
    is_colour_unknown = _is_tempo(world) and not world.metrology.period.tomorrow

    def code_at(time: dt.datetime, code: str) -> str | None:
        if is_colour_unknown and time.hour == 6:
            return None
        return code

    return _next(world, code_at)


def _named(code: Any) -> Any:  # noqa: ANN401
    """Return the words of a code of a tariff period."""
    if isinstance(code, AnyOf):
        return AnyOf(tuple(map(_named, code.values)))
    return codes.TariffPeriod[code].words if isinstance(code, str) else code


def _next_colour(world: World) -> Any:  # noqa: ANN401
    """Return the colour of the day whose period comes next; null while it is unknown."""
    if not _is_tempo(world):
        return ABSENT
    code = _next_code(world)
    if not code:
        return None
    return {"B": "blue", "W": "white", "R": "red"}[code[-1]]  # the last letter, as in HPJW


def _tempo(part: str) -> Truth:
    return Truth(
        lambda world: _COLOURS[getattr(world.metrology.period, part)] if _is_tempo(world) else ABSENT
    )


def _whole(counted: Counted) -> int:
    """Return the sum of the indexes as the meter sends them, cut off to whole Wh."""
    return sum(map(int, counted.supplier))


def _by_index(value: Callable[[World, int, str], Any]) -> Callable[[World], dict[str, Any]]:
    """Return the truths of the indexes of the contract by key; `value` gets number and étiquette of each."""
    return lambda world: {
        world.periods[n]: value(world, n, label) for n, label in enumerate(world.labels(world.mode))
    }


def _edges(world: World, span: str) -> tuple[dt.date, dt.date]:
    """Return the first day of a span, and the day after it."""
    today = world.day
    day = dt.timedelta(days=1)
    month = today.replace(day=1)
    if span == "today":
        return today, today + day
    if span == "yesterday":
        return today - day, today
    if span == "this_month":
        return month, today + day
    last_month = (month - day).replace(day=1)
    return last_month, month


class _Ends(NamedTuple):
    """What was counted at the begin and at the end of a span, and its days with a frame."""

    before: Counted
    after: Counted
    days: list[dt.date]


def _span(world: World, span: str) -> _Ends | None:
    """Return what was counted at both ends of a span; None if no day of it had a frame."""
    begin, end = _edges(world, span)
    days = [day for day in sorted(world.boundaries) if begin <= day < end]
    if not days:
        return None
    _instant_of_frame, after = world.recent[-1]
    if end in world.boundaries:
        after = world.boundaries[end]
    return _Ends(world.boundaries[days[0]], after, days)


def _energy(span: str, of: Callable[[Counted], float], tolerance: float) -> Callable[[World], Any]:
    """Return the rise in a span, to the `tolerance` and what was drawn around its midnights."""

    def value(world: World) -> Between | None:
        ends = _span(world, span)
        if ends is None:
            return None
        rise = of(ends.after) - of(ends.before)
        wide = tolerance + _slack(world, span)
        return Between(rise - wide, rise + wide)

    return value


def _slack(world: World, span: str) -> float:
    """Return the Wh that were drawn between the two frames at each end of a span."""
    begin, end = _edges(world, span)
    return sum(world.slack[day] for day in (begin, end) if day in world.slack)


def _exported(span: str) -> Callable[[World], Any]:
    energy = _energy(span, lambda counted: counted.injected, tolerance=6)
    return lambda world: energy(world) if world.model.producer else ABSENT


def _is_complete(span: str) -> Callable[[World], Any]:
    """
    Return False if the daemon started within the span, or if a gap lies at an edge of it.

    A gap between two days of a month is counted in the month.
    """

    def value(world: World) -> bool | None:
        if _span(world, span) is None:
            return None
        begin, end = _edges(world, span)
        first_whole_day = local(world.start).date() + dt.timedelta(days=1)
        has_gap = begin in world.gaps or end in world.gaps
        return begin >= first_whole_day and not has_gap

    return value


def _of_indexes(span: str) -> Callable[[World], Any]:
    """Return the energy that each index counted, whatever its étiquette in the mode of the time."""

    def value(world: World, n: int, _label: str) -> Between | None:
        ends = _span(world, span)
        if ends is None:
            return None
        rise = ends.after.supplier[n] - ends.before.supplier[n]
        wide = 4 + _slack(world, span)  # Wh: both readings are cut off, at one end or the other
        return Between(rise - wide, rise + wide)

    return _by_index(value)


def _cost(span: str) -> Callable[[World], Any]:
    """Return the cost: each Wh at the price of its time, and a part of the month's price for each day."""

    def value(world: World) -> Between | None:
        ends = _span(world, span)
        if ends is None:
            return None
        cost_of_energy = ends.after.cost - ends.before.cost
        cost = cost_of_energy + math.fsum(map(share_of_month, ends.days))
        # At each midnight within the span, the Wh between two frames may have the price of either day. No
        # two prices differ by more than 0.50 EUR/kWh.
        begin, end = _edges(world, span)
        uncertain = sum(energy for day, energy in world.slack.items() if begin <= day <= end)  # Wh
        wide = 0.01 + uncertain / 1000 * 0.5
        return Between(cost - wide, cost + wide)

    return value


def _since(span: str) -> Callable[[World], Any]:
    """Return the midnight in France at which a span begins, while there is energy of it."""

    def value(world: World) -> float | None:
        if _span(world, span) is None:
            return None
        first_day, _end = _edges(world, span)
        return _midnight(first_day)

    return value


def _midnight(day: dt.date) -> float:
    """Return the instant at which a day begins in France."""
    return dt.datetime.combine(day, dt.time(), PARIS).timestamp()


def share_of_month(day: dt.date) -> float:
    """Return the share of the price of the month, EUR, that a day has by the prices of that day."""
    _since, _price, month_price = prices_at(_midnight(day))
    _weekday, days_in_month = calendar.monthrange(day.year, day.month)
    return month_price / days_in_month


def _spans() -> dict[str, Truth | str]:
    found: dict[str, Truth | str] = {}
    for span in ("today", "yesterday", "this_month", "last_month"):
        path = f"energy.{span}"
        # Each index is cut off to whole Wh twice; at midnight a frame comes every two seconds.
        found[f"{path}.imported"] = Truth(_energy(span, lambda counted: counted.drawn, tolerance=8))
        found[f"{path}.exported"] = Truth(_exported(span))
        found[f"{path}.complete"] = Truth(_is_complete(span))
        found[f"{path}.indexes.*"] = Truth(_of_indexes(span))
        found[f"cost.{span}.value"] = Truth(_cost(span))
        found[f"cost.{span}.complete"] = Truth(_is_complete(span))
        if span.startswith("t"):  # today, this_month
            found[f"cost.{span}.start"] = Truth(_since(span))
    return found


def _rounding(world: World) -> int:
    return 10 if world.mode is Mode.HISTORIQUE else 1


def _apparent(world: World) -> Between:
    half = _rounding(world) / 2
    return Between(world.metrology.drawn - half, world.metrology.drawn + half)


def _late(world: World, now: Any, before: Any) -> Any:  # noqa: ANN401
    """Return a truth about the injection; mode historique shows it with the second frame."""
    if world.mode is Mode.HISTORIQUE and world.injects:
        return AnyOf((before, now))
    return now


def _injected(world: World) -> Any:  # noqa: ANN401
    """Return the injected power; without a contract to sell it is estimated from whole amperes."""
    injected = world.metrology.injected
    if world.model.producer:
        return Between(injected - 0.5, injected + 0.5)
    if not world.injects:
        return ABSENT
    wide = _HALF_AMPERE if injected else 0
    estimate = Between(injected - wide, injected + wide)
    if injected and world.mode is Mode.STANDARD:
        return estimate
    return AnyOf((ABSENT, 0, estimate))


_HALF_AMPERE: Final = 130
"""The error in VA of a power that is estimated from whole amperes: 0.5 A at 253 V, rounded up."""


def _estimated(world: World) -> Any:  # noqa: ANN401
    """Return True while the injected power is estimated."""
    if not world.injects:
        return ABSENT
    if world.model.producer:
        return False
    if world.mode is Mode.STANDARD and world.metrology.injected:
        return True
    return AnyOf((ABSENT, False, True))


def _exporting(world: World) -> Any:  # noqa: ANN401
    """Return True while power is injected; mode historique shows it only by the currents."""
    if world.mode is Mode.HISTORIQUE and not world.injects:
        return ABSENT
    is_injecting = world.metrology.injected > 0
    return _late(world, now=is_injecting, before=False)


def _net(world: World) -> Any:  # noqa: ANN401
    """Return the drawn less the injected power."""
    injected = world.metrology.injected
    net = world.metrology.drawn - injected
    wide = _rounding(world)
    if injected and not world.model.producer:
        wide = _HALF_AMPERE
    return _late(world, now=Between(net - wide, net + wide), before=0)


def _maximum(day: str, *, drawn: bool) -> Callable[[World], Any]:
    """Return a maximum of the meter with its time; PMAX of three phases in mode historique has no time."""

    def value(world: World) -> Any:  # noqa: ANN401
        if world.mode is Mode.STANDARD:
            is_sent = drawn or world.model.producer
        else:
            is_pmax = drawn and day == "yesterday"
            is_sent = is_pmax and world.model.phases > 1
        if not is_sent:
            return ABSENT
        maxima = world.metrology.drawn_maxima[0] if drawn else world.metrology.injected_maximum
        return getattr(maxima, day)

    return value


def _maxima() -> dict[str, Truth | str]:
    found: dict[str, Truth | str] = {}
    for day in ("today", "yesterday"):
        for way, drawn in (("imported", True), ("exported", False)):
            maximum = _maximum(day, drawn=drawn)
            found[f"max_power.{day}.{way}.value"] = Truth(_power_of(maximum), tolerance=0.5)
            found[f"max_power.{day}.{way}.time"] = Truth(_time_of(maximum), tolerance=1)
    return found


def _power_of(maximum: Callable[[World], Any]) -> Callable[[World], Any]:
    """Return the truth of the power of a maximum."""

    def power(world: World) -> Any:  # noqa: ANN401
        found = maximum(world)
        return ABSENT if found is ABSENT else found.value

    return power


def _time_of(maximum: Callable[[World], Any]) -> Callable[[World], Any]:
    """Return the truth of the time of a maximum, which only mode standard sends."""

    def time(world: World) -> Any:  # noqa: ANN401
        found = maximum(world)
        if found is ABSENT or world.mode is Mode.HISTORIQUE:
            return ABSENT
        return _instant(found.at)

    return time


def _watts(world: World) -> Any:  # noqa: ANN401
    """
    Return the true active power of the second that the frame shows.

    While a meter without an index of it injects, the power is estimated from whole amperes, or unknown; its
    household has a router with burst control, for which the documentation promises nothing near 0 W.
    """
    has_injected_lately = world.instant - world.injected_at <= 3 * _BLOCK
    if has_injected_lately and not world.model.producer:
        return AnyOf((None, Between(-math.inf, math.inf)))
    wide = 250 if world.model.phases == 1 else 600  # each phase has a reactive power of its own
    near = Between(world.watts - wide, world.watts + wide)
    # Of little power, the index takes minutes for the steps that the power needs.
    if abs(world.watts) < wide:
        return AnyOf((None, near))
    return near


def _bound(least: float, most: float) -> Callable[[World], Any]:
    """Return the truth of a bound: it lies from `least` to `most` about the active power, W."""

    def value(world: World) -> Any:  # noqa: ANN401
        bound = Between(world.watts + least, world.watts + most)
        if _may_be_unknown(world):
            return AnyOf((None, bound))
        return bound

    return value


def _may_be_unknown(world: World) -> bool:
    """Return True while the active power may be null."""
    return isinstance(_watts(world), AnyOf)


def _factor(least: float, most: float) -> Callable[[World], Any]:
    """Return the truth of a power factor, by an active power from `least` to `most` W about the true."""

    def value(world: World) -> Any:  # noqa: ANN401
        apparent = abs(world.metrology.drawn - world.metrology.injected)
        may_be_unknown = _may_be_unknown(world)
        is_estimated = world.injects and not world.model.producer
        if apparent < 1 or (is_estimated and may_be_unknown):
            return AnyOf((None, Between(-math.inf, math.inf)))
        factor = abs(world.watts) / apparent
        rounding = 0.01 + _rounding(world) / apparent  # of the factor and of the apparent power
        # On three phases the error is 600 W where it is 250 W on one, as in `_watts`: 2.4 times as much.
        wider = 1 if world.model.phases == 1 else 2.4
        lower = factor + wider * least / apparent - rounding
        upper = factor + wider * most / apparent + rounding
        near = Between(lower, upper)
        if apparent <= _LEAST_APPARENT or may_be_unknown:
            return AnyOf((None, near))
        return near

    return value


_LEAST_APPARENT: Final = 60.0
"""VA above which a power factor is always known."""

_BLOCK: Final = 60.0
"""Seconds of the shortest interval of a mean power."""


def _mean(way: str) -> Callable[[World], Any]:
    """
    Return the least and the greatest mean power of a minute that ended in the last minute, to a Wh.

    A minute lasts until the next Wh is counted, two minutes at most here.
    """

    def value(world: World) -> Any:  # noqa: ANN401
        if way == "injected" and not world.model.producer:
            return ABSENT
        times = [then for then, _counted in world.recent]
        counts = [counted.drawn if way == "drawn" else counted.injected for _then, counted in world.recent]
        means = []
        first_end = bisect_left(times, times[-1] - 3 * _BLOCK)
        for end in range(first_end, len(times)):
            for blocks in (1, 2, 3, 4):
                begin = bisect_left(times, times[end] - blocks * _BLOCK)
                if begin < end:
                    means.append((counts[end] - counts[begin]) / (times[end] - times[begin]) * 3600)
        if not means:
            return None
        wide = _BLOCK + 0.05 * max(means)  # a Wh, and a frame at each end of a minute
        found = Between(min(means) - wide, max(means) + wide)
        # An index that comes only in one of twenty short frames gives no minute.
        if world.sends_short_frames:
            return AnyOf((None, found))
        return found

    return value


def _used(world: World) -> list[float]:
    """Return the share of the subscription that is used, of each phase by which it is known."""
    metrology = world.metrology
    subscribed = world.model.kva * 1000  # VA, of all phases
    if world.model.phases == 1:
        return [metrology.drawn / subscribed]
    if world.mode is Mode.STANDARD:
        return [max(0.0, power) * 3 / subscribed for power in metrology.apparent]
    return [current / world.subscribed_current for current in metrology.current]


def _power_left(world: World) -> Between:
    """Return the power in VA that is left on the phase that draws most."""
    limit = world.model.kva * 1000 / world.model.phases
    left = limit * (1 - max(_used(world)))
    wide = 6
    if world.mode is Mode.HISTORIQUE and world.model.phases > 1:
        wide = 101  # by a current in whole amperes: 0.5 A of 200 VA each, and the rounding
    return Between(left - wide, left + wide)


def _by_phase(of: Callable[[World, int], Any], *, tolerance: float, path: str) -> dict[str, Truth | str]:
    def truth(phase: int) -> Truth:
        return Truth(
            lambda world: of(world, phase) if phase < world.model.phases else ABSENT,
            tolerance=tolerance,
            short="current" in path,
        )

    return {f"{path}l{phase + 1}": truth(phase) for phase in range(3)}


def _current_left(world: World, phase: int) -> Any:  # noqa: ANN401
    """Return the current in A that is left on a phase; in standard it is computed, and rounded down."""
    subscribed = world.subscribed_current
    current = world.metrology.current[phase]
    apparent = world.metrology.apparent
    left = subscribed - current
    if world.mode is Mode.STANDARD:
        power_left = world.model.kva * 1000 / len(apparent) - max(0.0, apparent[phase])
        left = power_left / world.metrology.voltage[phase]
    has_overrun = world.alerts_now.get("overrun") or world.alerts_before.get("overrun")
    if world.model.phases == 1 and has_overrun:
        return Between(min(0.0, left) - 1.5, max(0.0, left) + 0.5)
    if world.mode is Mode.STANDARD:
        return Between(left - 1.5, left + 0.5)
    if apparent[phase] > 0:
        return left
    # What is injected uses nothing.
    return _late(world, now=subscribed, before=subscribed - round(current))


def _alert(alert: str) -> dict[str, Truth | str]:
    """
    Return the truths of an alert; in mode historique one frame without its étiquette does not end it.

    PEJP is sent during the peak, too; a frame later than the peak it still counts as its notice.
    """
    sent_with = ("mobile_peak_notice", "mobile_peak") if alert == "mobile_peak_notice" else (alert,)

    def lingers(world: World) -> bool:
        if world.mode is Mode.STANDARD or world.alerts_now.get(alert):
            return False
        return any(world.alerts_before.get(name) for name in sent_with)

    def active(world: World) -> Any:  # noqa: ANN401
        now = world.alerts_now.get(alert, ABSENT)
        if lingers(world):
            return AnyOf((True, now))
        return now

    def since(world: World) -> Any:  # noqa: ANN401
        if alert not in world.alerts_now:
            return ABSENT
        now = world.since.get(alert)
        if lingers(world):
            return AnyOf((world.since_before.get(alert), world.instant, now))
        return now

    return {
        f"alerts.{alert}.active": Truth(active, short=True),
        f"alerts.{alert}.start": Truth(since, tolerance=2.0, short=True),
    }


def _slots(world: World, blocks: str) -> list[dict[str, Any]]:
    """Return the slots of a day profile such as `0000C001 06008002` (54E): time, dry contact, index."""
    contacts = {"8": "open", "C": "closed", "4": "tempo", "0": "unchanged"}
    slots = []
    for block in blocks.split():
        hour = block[:2]
        minute = block[2:4]
        contact = block[4]
        index = block[6:]
        slots.append(
            {
                "start": f"{hour}:{minute}",
                "index": world.periods[int(index) - 1],
                "dry_contact": contacts[contact],
                "closed_relays": [],
            }
        )
    return slots


def _peak_profile(world: World) -> Any:  # noqa: ANN401
    """Return the profile of the next peak; for `KEPT` seconds after it began, that of this peak may stay."""

    def profile(now: dt.datetime) -> Any:  # noqa: ANN401
        contract = world.model.contract
        to_come = [peak for peak in contract.period(now).peaks if peak.start > now]
        if not to_come:
            return None
        first = min(to_come, key=lambda peak: peak.start)
        return _slots(world, contract.peak_profiles[first.number - 1])

    now = world.metrology.now
    profile_now = profile(now)
    if profile_now is not None:
        return profile_now
    # A frame may come so many seconds later than it was made.
    profile_before = profile(now - dt.timedelta(seconds=KEPT + 5))
    return AnyOf((ABSENT, None, profile_before))


_TEXTS: Final = ("VTIC", "MSG1", "PRM", "NJOURF", "NJOURF+1", "PJOURF+1", "HHPHC", "MOTDETAT", "PPOT")


def _labels(world: World) -> dict[str, Any]:
    """Return what the meter sends besides: a text as it is, a number, and a horodate as an instant."""
    found: dict[str, Any] = {}
    for label, text in world.sent.items():
        value = text.split("\t")[-1]
        if label in _TEXTS:
            found[label] = " ".join(value.split())
        elif value.isdigit():
            found[label] = int(value)
        else:
            found[label] = value.strip()
        if "\t" in text:
            without_season = text[1:13]
            time = dt.datetime.strptime(without_season, "%y%m%d%H%M%S")  # noqa: DTZ007 - of the meter
            found[f"{label}_HORODATE"] = _instant(time)
    return found


_MODELS: Final = {"61": "Single-phase Linky 60 A (G3)", "76": "Three-phase Linky 60 A (G3)"}

TRUTHS: Final[dict[str, Truth | str]] = {
    "time": Truth(lambda world: world.instant, tolerance=1, short=True),
    "meter.serial_number": Truth(lambda world: world.model.number),
    "meter.id": Truth(lambda world: world.model.number),
    "meter.model": Truth(lambda world: _MODELS[world.model.number[4:6]]),
    "meter.manufacturer": Truth(lambda _: "Landis+Gyr"),  # code 04
    "meter.mode": Truth(lambda world: world.mode.value),
    "frame.missing": Truth(lambda world: world.lost, short=True),
    "meter.phases": Truth(lambda world: world.model.phases),
    "meter.clock": Truth(_standard(lambda world: _instant(world.metrology.now)), tolerance=1),
    "meter.clock_offset": Truth(
        _standard(lambda world: AHEAD.get(world.name, 0.0)), tolerance=7, settled=90, paced=90
    ),
    "contract.code": Truth(lambda world: world.contract),
    "contract.name": Truth(lambda world: codes.Contract[world.contract].words),
    "contract.subscribed_power": Truth(lambda world: world.model.kva * 1000),
    "contract.subscribed_current": Truth(lambda world: world.subscribed_current),
    "contract.cut_off_power": Truth(_standard(lambda world: world.model.kva * 1000)),
    "tariff.code": Truth(_code),
    "tariff.name": Truth(lambda world: _named(_code(world))),
    "tariff.index": Truth(_code),
    "tariff.next.time": Truth(lambda world: _next(world, lambda time, _code: time.timestamp())),
    "tariff.next.code": Truth(_next_code),
    "tariff.next.name": Truth(lambda world: _named(_next_code(world))),
    "tariff.next.index": Truth(_next_code),
    "tariff.next.color": Truth(_next_colour),
    "tariff.next.learned": Truth(
        lambda world: _next(
            world, lambda _time, _code: world.mode is Mode.HISTORIQUE and world.contract == "HC"
        )
    ),
    "tariff.next.learning_days_left": Truth(_days_left),
    "tempo.today": _tempo("today"),
    "tempo.tomorrow": _tempo("tomorrow"),
    "energy.import_total": Truth(lambda world: _whole(world.recent[-1][1])),
    "energy.import_labels": Truth(lambda world: ["EAST"] if world.mode is Mode.STANDARD else world.labels()),
    "energy.import_index": Truth(lambda world: _whole(world.recent[-1][1])),
    "energy.import_offset": Truth(lambda _: 0),
    "energy.export_total": Truth(
        lambda world: int(world.metrology.injected_energy) if world.model.producer else ABSENT
    ),
    "energy.indexes.*.name": Truth(_by_index(lambda world, n, _: _named(world.periods[n]))),
    "energy.indexes.*.label": Truth(_by_index(lambda _world, _n, label: label)),
    "energy.indexes.*.code": Truth(_by_index(lambda world, n, _: world.periods[n])),
    "energy.indexes.*.value": Truth(_by_index(lambda world, n, _: int(world.metrology.supplier[n]))),
    **_spans(),
    "cost.price": Truth(
        lambda world: world.price(world.metrology.period.index, world.instant), tolerance=1e-9
    ),
    "power.apparent_import": Truth(_apparent),
    **_by_phase(
        lambda world, phase: (
            max(0.0, world.metrology.apparent[phase])
            if world.mode is Mode.STANDARD and world.model.phases > 1
            else ABSENT
        ),
        tolerance=0.5,
        path="power.apparent_import_",
    ),
    "power.apparent_export": Truth(_injected),
    "power.apparent_export_estimated": Truth(_estimated),
    "power.exporting": Truth(_exporting),
    "power.apparent_net": Truth(_net),
    **_maxima(),
    "power.active": Truth(_watts, paced=300, settled=300, share=0.95, bias=0.015),
    "power.active_lower": Truth(_bound(-math.inf, 0.5), paced=300, settled=300, share=0.985),
    "power.active_upper": Truth(_bound(-0.5, math.inf), paced=300, settled=300, share=0.985),
    "power.factor": Truth(_factor(-250, 250), paced=300, settled=300, share=0.95, bias=0.05),
    "power.factor_lower": Truth(_factor(-math.inf, 0.5), paced=300, settled=300, share=0.985),
    "power.factor_upper": Truth(_factor(-0.5, math.inf), paced=300, settled=300, share=0.985),
    "power.active_import_mean": Truth(_mean("drawn"), paced=400, settled=400),
    "power.active_import_mean_is_upper_bound": (
        "true or false by which step of the index came last; see `power.active_import_mean`"
    ),
    "power.active_export_mean": Truth(_mean("injected"), paced=400, settled=400),
    "power.active_export_mean_is_upper_bound": "as for `power.active_import_mean_is_upper_bound`",
    "load_curve.imported.value": Truth(
        _standard(lambda world: world.metrology.drawn_mean.last.value), tolerance=0.5
    ),
    "load_curve.imported.time": Truth(_standard(lambda world: _instant(world.metrology.drawn_mean.last.at))),
    "load_curve.exported.value": Truth(
        lambda world: world.metrology.injected_mean.last.value if world.model.producer else ABSENT,
        tolerance=0.5,
    ),
    "load_curve.exported.time": Truth(
        lambda world: _instant(world.metrology.injected_mean.last.at) if world.model.producer else ABSENT
    ),
    "headroom.used_percent": Truth(lambda world: 100 * max(_used(world)), tolerance=2.3, short=True),
    "headroom.power": Truth(_power_left, short=True),
    **_by_phase(_current_left, tolerance=0.5, path="headroom.current."),
    **_by_phase(lambda world, phase: world.metrology.current[phase], tolerance=0.5, path="current."),
    **_by_phase(
        lambda world, phase: world.metrology.voltage[phase] if world.mode is Mode.STANDARD else ABSENT,
        tolerance=0.5,
        path="voltage.",
    ),
    **_by_phase(
        lambda world, phase: (
            world.metrology.voltage_means[phase].last.value if world.mode is Mode.STANDARD else ABSENT
        ),
        tolerance=0.5,
        path="mean_voltage.",
    ),
    **{path: truth for alert in codes.Alert for path, truth in _alert(alert).items()},
    "contacts.breaker": Truth(_standard(lambda world: "open" if world.alerts["breaker_open"] else "closed")),
    "contacts.breaker_reason": Truth(
        _standard(lambda world: "overvoltage" if world.alerts["breaker_open"] else None)
    ),
    "contacts.dry_contact": Truth(
        _standard(lambda world: "closed" if world.metrology.period.off_peak else "open")
    ),
    "contacts.relay_1": Truth(
        _standard(lambda world: "closed" if world.metrology.period.off_peak else "open")
    ),
    **{f"contacts.relay_{relay}": Truth(_standard(lambda _: "open")) for relay in range(2, 9)},
    "day_profile.tomorrow": Truth(_standard(lambda world: _slots(world, world.model.contract.profile))),
    "day_profile.mobile_peak": Truth(_standard(_peak_profile)),
    "labels.*": Truth(_labels),
}
