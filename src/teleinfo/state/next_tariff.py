"""
The next change of tariff: its time, and the tariff period that begins then.

Pure. A Linky in mode standard sends the slots of tomorrow (PJOURF+1, 54E). They are remembered: after
midnight they are the slots of today. Tempo and EJP have fixed hours. In mode historique, the hours of a
contract with off-peak hours are learned (`learned_hours`). A change that is not certain is unknown.
"""

from __future__ import annotations

import math
from collections.abc import Mapping  # noqa: TC003 - `typed_json` reads the types
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from teleinfo.state import fields, learned_hours, tariffs
from teleinfo.state.fields import UNKNOWN, Unknown, Values
from teleinfo.state.learned_hours import DAY, LATE, LEARNED, LearnedHours, Learner, Slots, fits
from teleinfo.state.meter_clock import TOLERANCE
from teleinfo.tic import horodate, registers
from teleinfo.tic.horodate import PARIS
from teleinfo.tic.labels import Mode
from teleinfo.tic.reading import HORODATE_SUFFIX
from teleinfo.vocabulary.codes import Contract, TariffPeriod

if TYPE_CHECKING:
    from collections.abc import Callable

    from teleinfo.vocabulary.moment import Moment

_TEMPO: Final[Slots] = ((6 * 60, "HP"), (22 * 60, "HC"))
_EJP: Final[Slots] = ((1 * 60, "HN"), (7 * 60, "PM"))
_INTERVAL: Final = 30.0
"""Seconds between two frames whose profile is noted."""

_CLOCKS_AGREE: Final = timedelta(seconds=TOLERANCE)
_NOTICE: Final = timedelta(hours=1)
_NEAR_MIDNIGHT: Final = timedelta(minutes=1)
"""The time around midnight in which DATE and PJOURF+1 of a frame may belong to different days."""


@dataclass(frozen=True, slots=True)
class NextTariff:
    """
    A change of tariff; `learned`: from earlier changes. What is None is unknown.

    `index` is the key of the index that then begins to count.
    """

    time: str
    code: TariffPeriod | None
    name: str | None
    index: str | None
    learned: bool = False


@dataclass(frozen=True, slots=True)
class RememberedCalendar:
    """
    Memory of a tariff calendar: the learned `hours`, and the `profiles` of today and tomorrow (PJOURF+1).

    `is_hexadecimal` is None until the meter has shown the notation of its profiles.
    """

    hours: LearnedHours = field(default_factory=LearnedHours)
    profiles: Mapping[date, str] = field(default_factory=dict)
    is_hexadecimal: bool | None = None


class TariffCalendar:
    """The tariff calendar of the meter whose frames it receives, with one contract and in one mode."""

    def __init__(self, known: RememberedCalendar) -> None:
        self._learner = Learner(known.hours)
        self._profiles, self._is_hexadecimal = known.profiles, known.is_hexadecimal
        self._due = -math.inf  # when a profile is noted again

    @property
    def remembered(self) -> RememberedCalendar:
        """The memory for the next run."""
        return RememberedCalendar(self._learner.known, self._profiles, self._is_hexadecimal)

    def note(self, frame: Mapping[str, str], now: Moment) -> None:
        """Note a frame whose tariff is steady."""
        if (period := frame.get("PTEC")) in LEARNED:
            self._learner.note(period, now)
        if "PJOURF+1" not in frame or now.monotonic < self._due:
            return
        self._due = now.monotonic + _INTERVAL
        clock = _clock(frame, now.wall)
        if clock is None:
            return
        today = clock.date()
        if (clock - _NEAR_MIDNIGHT).date() == today == (clock + _NEAR_MIDNIGHT).date():
            tomorrow = {today + DAY: frame["PJOURF+1"]}
            self._profiles = {day: text for day, text in self._profiles.items() if day == today} | tomorrow
        slots, index = _notations(self._today(frame, today)), fields.running_index(frame)
        fitting = {fits(written, clock, index): notation for notation, written in enumerate(slots)}
        notation = _shown(frame["PJOURF+1"])
        if notation is None and len(fitting) > 1 and not registers.PEAK.of(fields.status(frame) or 0):
            notation = bool(fitting[True])
        self._is_hexadecimal = self._is_hexadecimal if notation is None else notation

    def _today(self, frame: Mapping[str, str], today: date) -> str:
        """Return the profile of today: that of tomorrow, if both days have the same number."""
        same = frame.get("NJOURF", "") == frame.get("NJOURF+1")
        return self._profiles.get(today, frame["PJOURF+1"] if same else "")

    def next(
        self,
        now: Values,
        *,
        mode: Mode | None,
        at: datetime,
        contract: str | None,
        periods: Mapping[str, str],
    ) -> NextTariff | Unknown | None:
        """
        Return the next change of tariff after the time of day `at`; None for a meter that cannot have it.

        `contract` and `periods`: as in `tariffs.index_of`; `contract` is None while it is unknown.
        """
        is_standard = mode is Mode.STANDARD
        if contract is None or contract in {Contract.BASE, Contract.PRODUCER}:
            return None
        if contract not in Contract.__members__ and not is_standard:
            return None
        local = _clock(now, at) if is_standard else at.astimezone(PARIS)
        if local is None:
            return UNKNOWN
        fixed = _FIXED.get(contract)
        if fixed is not None:
            return fixed(now, local)
        if is_standard:
            return self._next_of_profile(now, local, contract, periods)
        change = self._learner.next(local, now.get("PTEC"))
        return UNKNOWN if change is None else _change(*change, learned=True)

    def days_left(self, now: Values, *, mode: Mode | None, at: datetime) -> int | None:
        """Return the least number of days until the hours are learned; None if they need not be."""
        text = fields.contract_text(now) or ""
        if mode is Mode.STANDARD or tariffs.contract_of(text) is not Contract.HC:
            return None
        return self._learner.days_left(at.astimezone(PARIS).date())

    def _next_of_profile(
        self, now: Values, local: datetime, contract: str, periods: Mapping[str, str]
    ) -> NextTariff | Unknown | None:
        if "PJOURF+1" not in now:
            return None
        notation, running = self._is_hexadecimal, fields.running_index(now)
        days = zip(_notations(self._today(now, local.date())), _notations(now["PJOURF+1"]), strict=False)
        found = {
            learned_hours.next_change(((), today, tomorrow), local, running)
            for written, (today, tomorrow) in enumerate(days)
            if notation in {None, bool(written)} and fits(today, local, running)
        }
        change = found.pop() if len(found) == 1 else None
        if change is None or any(start <= change[0] for start in _peaks(now, "DPM")):
            return UNKNOWN
        at, label = change
        index = tariffs.index_of(label, 0, contract=contract, periods=periods)
        name = index.name if index.code is not None or label in periods else None
        return NextTariff(at.isoformat(), index.code, name, tariffs.index_key(label, contract))


@lru_cache(maxsize=8)
def _moment(text: str) -> datetime | None:
    at = horodate.moment(text)
    return None if at is None else at.astimezone(PARIS)


def _clock(frame: Mapping[str, str], at: datetime) -> datetime | None:
    """Return the time of the meter, None if it sends none or its clock differs from ours, `at`."""
    clock = _moment(frame.get("DATE", ""))
    return None if clock is None or abs(clock - at) > _CLOCKS_AGREE else clock


@lru_cache(maxsize=8)
def _notations(text: str) -> tuple[Slots, ...]:
    """Return the slots of a profile as decimal, then as hexadecimal numbers; () if there are none."""
    slots = [slot for slot in registers.profile(text) or () if slot.index is not None]
    decimal = [(slot.start, slot.index) for slot in slots]
    hexadecimal = [(slot.or_start or slot.start, slot.index) for slot in slots]
    return tuple(
        tuple(sorted((60 * int(start[:2]) + int(start[3:]), f"EASF{index:02}") for start, index in written))
        for written in (decimal, hexadecimal)
        if written
    )


@lru_cache(maxsize=8)
def _shown(text: str) -> bool | None:
    """Return True if a profile can only be hexadecimal, False if it can only be decimal, else None."""
    times = [slot.start.replace(":", "") for slot in registers.profile(text) or ()]
    if len(set(_notations(text))) > 1 or all(max(time[0], time[2]) == "0" for time in times):
        return None
    return times != [block[:4] for block in text.split() if block != "NONUTILE"]


def _change(at: datetime, period: str | None, *, learned: bool = False) -> NextTariff:
    code = None if period is None else tariffs.period_of(period)
    name = None if code is None else code.words
    return NextTariff(at.isoformat(), code, name, code, learned)


def _period(now: Values) -> TariffPeriod | None:
    return tariffs.period_of(now.get("PTEC", now.get("LTARF", "")))


def _peaks(now: Values, label: str) -> list[datetime]:
    """Return the horodates of DPM1 to DPM3, or of FPM1 to FPM3."""
    times = [_moment(now.get(f"{label}{number}{HORODATE_SUFFIX}", "")) for number in (1, 2, 3)]
    return [at for at in times if at is not None]


def _next_of_tempo(now: Values, local: datetime) -> NextTariff | Unknown:
    period = _period(now) or TariffPeriod.TH
    change = learned_hours.next_change((_TEMPO, _TEMPO, _TEMPO), local, period[:2])
    if change is None:
        return UNKNOWN
    at, hours = change
    colour = fields.colour_tomorrow(now) if hours == "HP" else period.colour
    codes = (code for code in TariffPeriod if code[:2] == hours and code.colour is colour is not None)
    return _change(at, next(codes, None))


def _next_of_ejp(now: Values, local: datetime) -> NextTariff | Unknown:
    period, found = _period(now), None
    is_peak = period is TariffPeriod.PM
    if "PTEC" not in now:
        times = _peaks(now, "FPM" if is_peak else "DPM")
        found = min((at for at in times if at > local - LATE), default=None)
    elif is_peak or "PEJP" in now:
        change = learned_hours.next_change((_EJP, _EJP, _EJP), local, period)
        # PEJP announces the peak half an hour before; the last PEJP of a peak may come after its end.
        found = change[0] if change is not None and (is_peak or change[0] - local <= _NOTICE) else None
    return UNKNOWN if found is None else _change(found, TariffPeriod.HN if is_peak else TariffPeriod.PM)


_FIXED: Final[Mapping[str, Callable[[Values, datetime], NextTariff | Unknown]]] = {
    Contract.TEMPO: _next_of_tempo,
    Contract.EJP: _next_of_ejp,
}
"""The contracts whose hours are the same for everybody."""
