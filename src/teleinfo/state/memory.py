"""
The memory that outlives a restart: energies, mean powers, alerts, tariff calendar, events, published fields.

Pure: to JSON and back. The memory card may be damaged, and a backup may belong to another meter. So each part
of the file is validated by itself, and a wrong part becomes None or empty. Unknown keys are ignored, so that
a later version may add parts without another `VERSION`.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Final

from teleinfo.state import next_tariff
from teleinfo.state.daily_energy import COUNTED, DailyEnergy, EnergySpan, month_of
from teleinfo.state.events import PARTS
from teleinfo.state.import_total import ImportTotal
from teleinfo.state.learned_hours import day_of
from teleinfo.state.mean_power import Measured
from teleinfo.state.next_tariff import RememberedCalendar
from teleinfo.vocabulary.codes import TariffPeriod

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

VERSION: Final = 1
"""Version of the file format; it changes only if an older program would misread the new format."""

MAX_FIELDS: Final = 500
"""The most fields that are remembered; a state has some 150."""

MAX_MEANS: Final = 4
"""The most mean powers that are remembered: those of energy drawn and injected, in both modes."""

_POSSIBLE: Final = range(10**12)  # Wh; the meters count to 10⁹
_COUNTER: Final = re.compile(r"[A-Z0-9+]{1,64}")
_MEASURED: Final = [float, int, int, bool, float, int, float, int]
"""The types of `Measured`."""
_SCOPE: Final = re.compile(r"[A-Za-z0-9_-]{1,32}")
_SITUATION: Final = re.compile(r"[ -~]{0,64}")
_FIELD: Final = re.compile(r"[A-Za-z0-9_./-]{1,100}")
"""Scope and field become parts of a topic: only ASCII, without wildcards (MQTT 3.1.1 §4.7.1)."""


@dataclass(frozen=True, slots=True)
class Memory:
    """
    Memory of the meter `scope` (`meter.id` of the state), last heard at the time of day `heard`.

    `total` is None until the meter has sent its import indexes. `alerts_since` maps each alert active at
    `heard` to its start in ISO 8601. `fields` are the paths of the fields with a topic of their own, such as
    `power/net`. `daily` holds the energies until the reading of `total`; it is None without `total`.
    `means` maps the étiquettes of an index to its mean power.
    `calendar` is what is known of the next change of tariff.
    `situation` is that of the `EventFinder`.
    """

    scope: str
    heard: datetime
    total: ImportTotal | None = None
    alerts_since: Mapping[str, str] = field(default_factory=dict)
    fields: frozenset[str] = frozenset()
    daily: DailyEnergy | None = None
    means: Mapping[str, Measured] = field(default_factory=dict)
    calendar: RememberedCalendar = field(default_factory=RememberedCalendar)
    situation: Mapping[str, str] = field(default_factory=dict)

    @property
    def day(self) -> date:
        """The day of the last reading; the memory is written when it changes."""
        return self.heard.date() if self.daily is None else self.daily.today.first


def to_json(memory: Memory) -> dict[str, object]:
    """Return the content of the file, in types of JSON."""
    total = memory.total
    return {
        "version": VERSION,
        "meter": memory.scope,
        "heard": memory.heard.isoformat(),
        "import_total": None
        if total is None
        else {
            "counter": total.counter,
            "index": total.index,
            "offset": total.offset,
            "time": total.at.isoformat(),
        },
        "alerts_since": dict(memory.alerts_since),
        "fields": sorted(_remembered_fields(memory.fields)),
        "daily_energy": None if memory.daily is None else _daily_to_json(memory.daily),
        "means": {counter: list(measured) for counter, measured in memory.means.items()},
        "calendar": next_tariff.to_json(memory.calendar),
        "situation": dict(memory.situation),
    }


def is_newer(content: Mapping[str, object]) -> bool:
    """True if a later version of teleinfo wrote this, in a format that this version does not know."""
    version = content.get("version")
    return isinstance(version, int) and version > VERSION


def from_json(content: Mapping[str, object]) -> Memory | None:
    """Return the memory in the content of a file; None if its version, meter or time is wrong."""
    scope, heard = content.get("meter"), _moment(content.get("heard"))
    if content.get("version") != VERSION or not isinstance(scope, str) or heard is None:
        return None
    if _SCOPE.fullmatch(scope) is None:
        return None
    total = _total(content.get("import_total"))
    return Memory(
        scope,
        heard,
        total=total,
        alerts_since=_alerts_since(content.get("alerts_since"), heard),
        fields=_remembered_fields(content.get("fields")),
        daily=None if total is None else _daily(content.get("daily_energy")),
        means=_means(content.get("means")),
        calendar=next_tariff.from_json(content.get("calendar")),
        situation=_situation(content.get("situation")),
    )


def _total(part: object) -> ImportTotal | None:
    match part:
        case {"counter": str(counter), "index": int(index), "offset": int(offset), "time": time}:
            at = _moment(time)
        case _:
            return None
    is_possible = index in _POSSIBLE and index + offset in _POSSIBLE
    if at is None or not is_possible or not _COUNTER.fullmatch(counter):
        return None
    return ImportTotal(counter, int(index), int(offset), at)


def _alerts_since(part: object, heard: datetime) -> dict[str, str]:
    times = {name: _moment(time) for name, time in part.items()} if isinstance(part, dict) else {}
    return {name: at.isoformat("T", "seconds") for name, at in times.items() if at and at <= heard}


def _means(part: object) -> dict[str, Measured]:
    """Return the possible mean powers in `part`, at most `MAX_MEANS`."""
    means = part.items() if isinstance(part, dict) else ()
    return {
        counter: Measured(*numbers)
        for counter, numbers in itertools.islice(means, MAX_MEANS)
        if isinstance(counter, str) and _COUNTER.fullmatch(counter)
        if isinstance(numbers, list) and [type(number) for number in numbers] == _MEASURED
        if all(0 <= number < _POSSIBLE.stop for number in numbers)
    }


def _remembered_fields(part: object) -> frozenset[str]:
    """Return the possible paths of fields in `part`, at most `MAX_FIELDS`."""
    paths = part if isinstance(part, list | frozenset) else ()
    fitting = (path for path in paths if isinstance(path, str) and _FIELD.fullmatch(path))
    return frozenset(itertools.islice(fitting, MAX_FIELDS))


def _daily_to_json(daily: DailyEnergy) -> dict[str, object]:
    spans = (daily.today, daily.yesterday, daily.this_month, daily.last_month)
    behind = daily.behind_since
    return {
        "spans": [
            None if span is None else asdict(span) | {"first": span.first.isoformat()} for span in spans
        ],
        "readings": dict(daily.readings),
        "behind_since": None if behind is None else behind.isoformat(),
        "codes": dict(daily.codes),
    }


def _daily(part: object) -> DailyEnergy | None:
    match part:
        case {
            "spans": [today, yesterday, this_month, last_month],
            "readings": readings,
            "behind_since": since,
            "codes": codes,
        }:
            day, month = _span(today), _span(this_month)
        case _:
            return None
    if day is None or month is None or month.first != month_of(day.first):
        return None
    return DailyEnergy(
        day,
        _span(yesterday),
        month,
        _span(last_month),
        _energies(readings, COUNTED),
        _moment(since),
        _codes(codes),
    )


def _codes(part: object) -> dict[str, str]:
    items = part.items() if isinstance(part, dict) else ()
    return {label: code for label, code in items if label in COUNTED and code in tuple(TariffPeriod)}


def _span(part: object) -> EnergySpan | None:
    match part:
        case {
            "first": str(first),
            "is_complete": bool(is_complete),
            "imported": int(imported),
            "counted": counted,
            "periods": periods,
        }:
            start = day_of(first)
        case _:
            return None
    if start is None or imported not in _POSSIBLE:
        return None
    by_period = _energies(periods, TariffPeriod.__members__)
    return EnergySpan(start, is_complete, int(imported), _energies(counted, COUNTED), by_period)


def _energies(part: object, known: Container[str]) -> dict[str, int]:
    """Return the possible energies in `part` under the `known` keys."""
    items = part.items() if isinstance(part, dict) else ()
    return {key: int(n) for key, n in items if key in known and isinstance(n, int) and n in _POSSIBLE}


def _situation(part: object) -> dict[str, str]:
    """Return the possible parts of a situation in `part`."""
    parts = part if isinstance(part, dict) else {}
    texts = ((name, parts.get(name)) for name in sorted(PARTS))
    return {name: text for name, text in texts if isinstance(text, str) and _SITUATION.fullmatch(text)}


def _moment(time: object) -> datetime | None:
    """Return a time of ISO 8601 with its offset, None for anything else."""
    try:
        moment = datetime.fromisoformat(time) if isinstance(time, str) else None
    except ValueError:
        return None
    return None if moment is None or moment.tzinfo is None else moment
