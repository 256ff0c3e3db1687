"""
The tariff calendar of a simulated meter: the period at a naive local time, and the announcements.

Pure. The timetables are invented but plausible; unlike the real ones they hold all the year, so that every
state occurs within a week. Étiquettes and codes are those of Enedis-NOI-CPT_54E v3 and Enedis-NOI-CPT_02E v6.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from teleinfo.vocabulary.moment import DAY

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

FRANCE = ZoneInfo("Europe/Paris")
# A Tempo day runs from 06:00 to 06:00.
_TEMPO_START = dt.time(6)


class Peak(NamedTuple):
    """A mobile peak (pointe mobile), announced or under way; its `number` is 1 to 3."""

    number: int
    start: dt.datetime
    end: dt.datetime


@dataclass(frozen=True, slots=True)
class SimulatedPeriod:
    """
    The tariff at one time.

    - `ptec`, `ltarf`: as they are sent.
    - `index`: the supplier index that counts, from 0.
    - `off_peak`: the dry contact is closed.
    - `today`, `tomorrow`: colours as in STGE: 0 none or not known yet, 1 bleu, 2 blanc, 3 rouge.
    - `peaks`: the mobile peaks announced or under way, ordered by number.
    """

    ptec: str
    ltarf: str
    index: int
    off_peak: bool = False
    today: int = 0
    tomorrow: int = 0
    peaks: tuple[Peak, ...] = ()


@dataclass(frozen=True, slots=True)
class SimulatedContract:
    """
    A contract: its codes, its indexes, its timetable.

    `indexes` are the historique étiquettes of the supplier indexes, in their order. `profile` is PJOURF+1 and
    `peak_profiles` has PPOINTE for each peak number, both without their unused blocks.
    """

    optarif: str
    ngtf: str
    indexes: tuple[str, ...]
    period: Callable[[dt.datetime], SimulatedPeriod]
    profile: str
    peak_profiles: tuple[str, ...] = ()


def _hc(now: dt.datetime) -> SimulatedPeriod:
    """Return the period of off-peak hours from 22:00 to 06:00."""
    if _is_night(now):
        return SimulatedPeriod(ptec="HC..", ltarf=" HEURE  CREUSE  ", index=0, off_peak=True)
    return SimulatedPeriod(ptec="HP..", ltarf=" HEURE  PLEINE  ", index=1)


def _is_night(now: dt.datetime) -> bool:
    return now.time() < dt.time(6) or now.time() >= dt.time(22)


def _ejp(now: dt.datetime) -> SimulatedPeriod:
    """Return the period of EJP: a peak from 07:00 to 01:00 on Tuesdays and Thursdays, announced at 06:30."""
    # The peak ends at 01:00: until then, its day is that of yesterday.
    day = (now - dt.timedelta(hours=1)).date()
    is_peak_day = day.isoweekday() in {2, 4}  # Tuesday, Thursday
    start = dt.datetime.combine(day, dt.time(7))
    peaks: tuple[Peak, ...] = ()
    if is_peak_day and now >= start - dt.timedelta(minutes=30):
        peaks = (Peak(1, start, start + dt.timedelta(hours=18)),)
    if is_peak_day and now >= start:
        return SimulatedPeriod(ptec="PM..", ltarf=" POINTE  MOBILE ", index=1, peaks=peaks)
    return SimulatedPeriod(ptec="HN..", ltarf=" HEURE  NORMALE ", index=0, peaks=peaks)


_BLEU = 1
_BLANC = 2
_ROUGE = 3
# By weekday from Monday; Sunday is always bleu and rouge never falls on a weekend, as in the real calendar.
_COLOURS = (_BLEU, _BLANC, _BLEU, _ROUGE, _BLANC, _BLEU, _BLEU)
_TEMPO_LETTER = {_BLEU: "B", _BLANC: "W", _ROUGE: "R"}
_TEMPO_LTARF = {_BLEU: "BLEU", _BLANC: "BLANC", _ROUGE: "ROUGE"}


def _tempo(now: dt.datetime) -> SimulatedPeriod:
    """Return the period of Tempo: a colour holds from 06:00 to 06:00; the next is known from 20:00 on."""
    day = (now - dt.timedelta(hours=6)).date()  # before 06:00 the Tempo day is that of yesterday
    today = _COLOURS[day.weekday()]
    tomorrow = 0  # not known yet
    announced_days = [day]
    if now >= dt.datetime.combine(day, dt.time(20)):
        tomorrow = _COLOURS[(day + DAY).weekday()]
        announced_days.append(day + DAY)
    off_peak = _is_night(now)
    # Each colour has two indexes: that of the off-peak hours, followed by that of the peak hours.
    off_peak_index = 2 * (today - _BLEU)
    if off_peak:
        hours = "HC"
        index = off_peak_index
    else:
        hours = "HP"
        index = off_peak_index + 1
    return SimulatedPeriod(
        ptec=f"{hours}J{_TEMPO_LETTER[today]}",
        ltarf=f"   {hours}  {_TEMPO_LTARF[today]}".ljust(16),
        index=index,
        off_peak=off_peak,
        today=today,
        tomorrow=tomorrow,
        peaks=_tempo_peaks(announced_days),
    )


def _tempo_peaks(days: Sequence[dt.date]) -> tuple[Peak, ...]:
    """Return the mobile peaks of these days, ordered by number: 1 for a white day, 2 for a red one."""
    peaks: dict[int, Peak] = {}
    for day in days:
        colour = _COLOURS[day.weekday()]
        if colour == _BLEU:
            continue
        number = 1 if colour == _BLANC else 2
        # Of two peaks with the same number, the earlier is sent.
        if number not in peaks:
            start = dt.datetime.combine(day, _TEMPO_START)
            peaks[number] = Peak(number, start, start + DAY)
    return tuple(peaks[number] for number in sorted(peaks))


_ALWAYS = SimulatedPeriod(ptec="TH..", ltarf="      BASE      ", index=0)
_INJECTING = SimulatedPeriod(ptec="TH..", ltarf=" INDEX NON CONSO", index=0)

BASE = SimulatedContract("BASE", "      BASE      ", ("BASE",), lambda _: _ALWAYS, "00008001")
PRODUCER = SimulatedContract("BASE", "   PRODUCTEUR   ", ("BASE",), lambda _: _INJECTING, "00008001")
HC = SimulatedContract("HC..", "H PLEINE/CREUSE ", ("HCHC", "HCHP"), _hc, "0000C001 06008002 2200C001")
EJP = SimulatedContract(
    "EJP.", "      EJP       ", ("EJPHN", "EJPHPM"), _ejp, "00008001", ("00008002 01008001 07008002",)
)
TEMPO = SimulatedContract(
    "BBR(",
    "     TEMPO      ",
    ("BBRHCJB", "BBRHPJB", "BBRHCJW", "BBRHPJW", "BBRHCJR", "BBRHPJR"),
    _tempo,
    "00004001 06004002 22004001",
    ("00004003 06004004 22004003", "00004005 06004006 22004005"),
)
