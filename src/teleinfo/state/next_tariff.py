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
from typing import TYPE_CHECKING, Final, NamedTuple

from teleinfo.state import fields, learned_hours, tariffs
from teleinfo.state.fields import UNKNOWN, Unknown, Values
from teleinfo.state.hours_learner import Learner
from teleinfo.state.learned_hours import LATE, LEARNED, LearnedHours, Slots, fits
from teleinfo.state.meter_clock import TOLERANCE
from teleinfo.tic import horodate, registers
from teleinfo.tic.horodate import PARIS
from teleinfo.tic.labels import Mode
from teleinfo.tic.reading import HORODATE_SUFFIX
from teleinfo.vocabulary.codes import Contract, TariffPeriod
from teleinfo.vocabulary.moment import DAY

if TYPE_CHECKING:
    from collections.abc import Callable

    from teleinfo.vocabulary.moment import Moment

_TEMPO: Final[Slots] = ((6 * 60, "HP"), (22 * 60, "HC"))
_EJP: Final[Slots] = ((1 * 60, "HN"), (7 * 60, "PM"))  # of a day with a peak, which ends at 1:00 of the next
_PROFILE_INTERVAL: Final = 30.0
"""Seconds between two frames whose profile is noted."""

_CLOCKS_AGREE: Final = timedelta(seconds=TOLERANCE)
_NOTICE: Final = timedelta(hours=1)
"""The longest time before a peak of EJP in which PEJP may announce it; it comes half an hour before."""

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

    def __init__(self, remembered: RememberedCalendar) -> None:
        self._learner = Learner(remembered.hours)
        self._profiles = remembered.profiles
        self._is_hexadecimal = remembered.is_hexadecimal
        self._due = -math.inf  # seconds of the monotonic clock, from which a profile is noted again

    @property
    def remembered(self) -> RememberedCalendar:
        """The memory for the next run."""
        return RememberedCalendar(self._learner.hours, self._profiles, self._is_hexadecimal)

    def note(self, frame: Mapping[str, str], now: Moment) -> None:
        """Note a frame whose tariff is steady."""
        period = frame.get("PTEC")
        if period in LEARNED:
            self._learner.note(period, now)
        profile = frame.get("PJOURF+1")
        if profile is None or now.monotonic < self._due:
            return
        self._due = now.monotonic + _PROFILE_INTERVAL
        clock = _clock(frame, now.wall)
        if clock is None:
            return
        self._note_tomorrow(profile, clock)
        # Without a proof, what was learned before stays.
        is_hexadecimal = _can_only_be_hexadecimal(profile)
        if is_hexadecimal is None:
            is_hexadecimal = self._fits_hexadecimal(frame, clock)
        if is_hexadecimal is not None:
            self._is_hexadecimal = is_hexadecimal

    def _note_tomorrow(self, profile: str, clock: datetime) -> None:
        """Remember the profile of tomorrow, and keep that of today; near midnight, do nothing."""
        today = clock.date()
        is_after_midnight = (clock - _NEAR_MIDNIGHT).date() != today
        is_before_midnight = (clock + _NEAR_MIDNIGHT).date() != today
        if is_after_midnight or is_before_midnight:
            return
        profiles = {}
        if today in self._profiles:
            profiles[today] = self._profiles[today]
        profiles[today + DAY] = profile
        self._profiles = profiles

    def _fits_hexadecimal(self, frame: Mapping[str, str], clock: datetime) -> bool | None:
        """Return True if the index in force fits in hexadecimal only, False if in decimal only, else None."""
        if registers.PEAK.of(fields.status(frame) or 0):
            return None  # the index of a mobile peak is not that of the profile
        today = _notations(self._profile_of(clock.date(), frame))
        running = fields.running_index(frame)
        fits_decimal = fits(today.decimal, clock, running)
        fits_hexadecimal = fits(today.hexadecimal, clock, running)
        if fits_decimal == fits_hexadecimal:
            return None
        return fits_hexadecimal

    def _profile_of(self, today: date, frame: Mapping[str, str]) -> str:
        """Return the profile of today, empty if it is unknown."""
        if today in self._profiles:
            return self._profiles[today]
        # Days with the same number in the calendar of the supplier have the same profile.
        if frame.get("NJOURF", "") == frame.get("NJOURF+1"):
            return frame["PJOURF+1"]
        return ""

    def next(
        self,
        values: Values,
        *,
        mode: Mode | None,
        at: datetime,
        contract: str | None,
        periods: Mapping[str, str],
    ) -> NextTariff | Unknown | None:
        """
        Return the next change of tariff after the time of day `at`; None for a meter that cannot have it.

        It is `UNKNOWN` while it is not certain. `contract` and `periods`: as in `tariffs.index_of`; the
        contract is None while it is unknown.
        """
        is_standard = mode is Mode.STANDARD
        if contract is None or contract in {Contract.BASE, Contract.PRODUCER}:
            return None
        # In historique, no document says which hours an uncommon contract has.
        if not is_standard and contract not in Contract.__members__:
            return None
        local: datetime | None = at.astimezone(PARIS)
        if is_standard:
            local = _clock(values, at)
        if local is None:
            return UNKNOWN
        if contract in _FIXED:
            return _FIXED[contract](values, local)
        if is_standard:
            return self._next_of_profile(values, local, contract, periods)
        change = self._learner.next(local, values.get("PTEC"))
        if change is None:
            return UNKNOWN
        time, period = change
        return _change(time, tariffs.period_of(period), is_learned=True)

    def days_left(self, values: Values, *, mode: Mode | None, at: datetime) -> int | None:
        """Return the least number of days until the hours are learned; None if they need not be."""
        text = fields.contract_text(values) or ""
        if mode is Mode.STANDARD or tariffs.contract_of(text) is not Contract.HC:
            return None
        return self._learner.days_left(at.astimezone(PARIS).date())

    def _next_of_profile(
        self, values: Values, local: datetime, contract: str, periods: Mapping[str, str]
    ) -> NextTariff | Unknown | None:
        """Return the next change by the profiles of today and tomorrow."""
        if "PJOURF+1" not in values:
            return None
        change = self._change_of_profile(values, local)
        if change is None:
            return UNKNOWN
        time, label = change
        # A mobile peak that begins before is the next change, and its index is not in the profile.
        if any(peak_begin <= time for peak_begin in _peaks(values, "DPM")):
            return UNKNOWN
        without_energy = 0  # the index is asked for its code and its name alone
        index = tariffs.index_of(label, without_energy, contract=contract, periods=periods)
        name = index.name
        if index.code is None and label not in periods:
            name = None  # that of `index_of` is the title of its étiquette, which says nothing of its hours
        return NextTariff(time.isoformat(), index.code, name, tariffs.index_key(label, contract))

    def _change_of_profile(self, values: Values, local: datetime) -> tuple[datetime, str] | None:
        """
        Return the time of the next change by the profiles, and the index of then.

        None if it is not certain: no notation fits the running index, or each shows another change.
        """
        today = _notations(self._profile_of(local.date(), values))
        tomorrow = _notations(values["PJOURF+1"])
        if not today.decimal or not tomorrow.decimal:
            return None
        running = fields.running_index(values)
        slots_of_notations = []
        if self._is_hexadecimal is not True:
            slots_of_notations.append((today.decimal, tomorrow.decimal))
        if self._is_hexadecimal is not False:
            slots_of_notations.append((today.hexadecimal, tomorrow.hexadecimal))
        slots_yesterday: Slots = ()  # a meter does not send them
        changes = set()
        for slots_today, slots_tomorrow in slots_of_notations:
            if fits(slots_today, local, running):
                days = (slots_yesterday, slots_today, slots_tomorrow)
                changes.add(learned_hours.next_change(days, local, running))
        if len(changes) != 1:
            return None
        return changes.pop()


@lru_cache(maxsize=8)
def _moment(text: str) -> datetime | None:
    """Return the time of an horodate in France; None if it is no valid horodate."""
    at = horodate.moment(text)
    if at is None:
        return None
    return at.astimezone(PARIS)


def _clock(frame: Mapping[str, str], at: datetime) -> datetime | None:
    """Return the time of the meter, None if it sends none or its clock differs from ours, `at`."""
    clock = _moment(frame.get("DATE", ""))
    if clock is None or abs(clock - at) > _CLOCKS_AGREE:
        return None
    return clock


class _Notations(NamedTuple):
    """The slots of a profile if its times are decimal numbers, and if they are hexadecimal ones."""

    decimal: Slots
    hexadecimal: Slots


@lru_cache(maxsize=8)
def _notations(text: str) -> _Notations:
    """Return the slots of a profile in both notations, () if there are none."""
    decimal: list[tuple[int, str]] = []
    hexadecimal: list[tuple[int, str]] = []
    for slot in registers.profile(text) or ():
        if slot.index is None:
            continue
        label = f"EASF{slot.index:02}"
        decimal.append((_minutes(slot.start), label))
        hexadecimal_start = slot.alternative_start or slot.start
        hexadecimal.append((_minutes(hexadecimal_start), label))
    decimal.sort()
    hexadecimal.sort()
    return _Notations(tuple(decimal), tuple(hexadecimal))


def _minutes(time: str) -> int:
    """Return the minutes since midnight of a time such as 01:34."""
    return 60 * int(time[:2]) + int(time[3:])


@lru_cache(maxsize=8)
def _can_only_be_hexadecimal(text: str) -> bool | None:
    """Return True if a profile can only be hexadecimal, False if it can only be decimal, else None."""
    notations = _notations(text)
    if notations.decimal != notations.hexadecimal:
        return None
    # Both notations give the same slots: `registers.profile` found only one that is valid, or all numbers are
    # below ten.
    times = [slot.start.replace(":", "") for slot in registers.profile(text) or ()]  # HHMM in decimal
    are_below_ten = all(time[0] == "0" and time[2] == "0" for time in times)
    if are_below_ten:
        return None
    sent_times = [block[:4] for block in text.split() if block != "NONUTILE"]
    return sent_times != times


def _change(at: datetime, period: TariffPeriod | None, *, is_learned: bool = False) -> NextTariff:
    """Return a change to a tariff period, which may be unknown."""
    if period is None:
        return NextTariff(at.isoformat(), None, None, None, is_learned)
    return NextTariff(at.isoformat(), period, period.words, period, is_learned)


def _period(values: Values) -> TariffPeriod | None:
    """Return the tariff period in force; None if it is unknown or uncommon."""
    return tariffs.period_of(values.get("PTEC", values.get("LTARF", "")))


def _peaks(values: Values, label: str) -> list[datetime]:
    """Return the begins of the announced mobile peaks (`label` DPM), or their ends (FPM)."""
    times = []
    for number in (1, 2, 3):
        time = _moment(values.get(f"{label}{number}{HORODATE_SUFFIX}", ""))
        if time is not None:
            times.append(time)
    return times


def _next_of_tempo(values: Values, local: datetime) -> NextTariff | Unknown:
    """Return the next change of Tempo; its tariff period is None while the colour of tomorrow is unknown."""
    period = _period(values)
    if period is None:
        return UNKNOWN
    yesterday_today_tomorrow = (_TEMPO, _TEMPO, _TEMPO)  # the hours are those of each day
    change = learned_hours.next_change(yesterday_today_tomorrow, local, _hours_of(period))
    if change is None:
        return UNKNOWN
    time, hours = change
    colour: object = period.colour
    # The colour of tomorrow begins with the peak hours, at 6:00.
    if hours == "HP":
        colour = fields.colour_tomorrow(values)
    return _change(time, _period_of_tempo(hours, colour))


def _hours_of(period: TariffPeriod) -> str:
    """Return the hours of a period of Tempo, HC or HP, with which its code begins, such as HPJB."""
    return period.value[:2]


def _period_of_tempo(hours: str, colour: object) -> TariffPeriod | None:
    """Return the tariff period of these hours, HC or HP, on a day of this colour; None if it is unknown."""
    for period in TariffPeriod:
        if period.colour is None:
            continue  # no period of Tempo
        if period.colour is colour and _hours_of(period) == hours:
            return period
    return None


def _next_of_ejp(values: Values, local: datetime) -> NextTariff | Unknown:
    """Return the next change of EJP: the end of the peak in force, or the begin of an announced one."""
    is_peak = _period(values) is TariffPeriod.PM
    if "PTEC" in values:
        time = _change_of_ejp_by_hours(values, local)
    else:
        announced = _peaks(values, "FPM") if is_peak else _peaks(values, "DPM")
        # The announcement of a peak that is over may still be sent.
        to_come = [peak for peak in announced if peak > local - LATE]
        time = min(to_come, default=None)
    if time is None:
        return UNKNOWN
    period_then = TariffPeriod.HN if is_peak else TariffPeriod.PM
    return _change(time, period_then)


def _change_of_ejp_by_hours(values: Values, local: datetime) -> datetime | None:
    """Return the time of the next change in mode historique, which announces peaks and not their times."""
    period = _period(values)
    is_peak = period is TariffPeriod.PM
    if not is_peak and "PEJP" not in values:
        return None
    change = learned_hours.next_change((_EJP, _EJP, _EJP), local, period)
    if change is None:
        return None
    time, _period_then = change
    # PEJP announces the peak half an hour before; the last PEJP of a peak may come after its end.
    if not is_peak and time - local > _NOTICE:
        return None
    return time


_FIXED: Final[Mapping[str, Callable[[Values, datetime], NextTariff | Unknown]]] = {
    Contract.TEMPO: _next_of_tempo,
    Contract.EJP: _next_of_ejp,
}
"""The contracts whose hours are the same for everybody."""
