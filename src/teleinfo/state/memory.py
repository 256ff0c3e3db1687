"""
The memory that outlives a restart: energies, mean powers, alerts, tariff calendar, events, published fields.

Pure: to JSON and back. The memory card may be damaged, and a backup may belong to another meter. So each part
of the file is validated by itself, and a wrong part becomes None or empty. A later version may add parts
without another `VERSION`.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from teleinfo.state import typed_json
from teleinfo.state.daily_energy import COUNTED, DailyEnergy, month_of
from teleinfo.state.import_total import ImportTotal
from teleinfo.state.mean_power import MeanPower
from teleinfo.state.next_tariff import RememberedCalendar

VERSION: Final = 1
"""Version of the file format; it changes only if an older program would misread the new format."""

MAX_FIELDS: Final = 500
"""The most fields that are remembered; a state has some 150."""

_POSSIBLE: Final = range(typed_json.MOST)  # Wh
_COUNTER: Final = re.compile(r"[A-Z0-9+]{1,64}")
_SCOPE: Final = re.compile(r"[A-Za-z0-9_-]{1,32}")
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
    means: Mapping[str, MeanPower] = field(default_factory=dict)
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
        "daily_energy": typed_json.to_json(memory.daily),
        "means": typed_json.to_json(memory.means),
        "calendar": typed_json.to_json(memory.calendar),
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
        means=typed_json.from_json(Mapping[str, MeanPower], content.get("means")) or {},
        calendar=typed_json.from_json(RememberedCalendar, content.get("calendar")) or RememberedCalendar(),
        situation=typed_json.from_json(Mapping[str, str], content.get("situation")) or {},
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


def _remembered_fields(part: object) -> frozenset[str]:
    """Return the possible paths of fields in `part`, at most `MAX_FIELDS`."""
    paths = part if isinstance(part, list | frozenset) else ()
    fitting = (path for path in paths if isinstance(path, str) and _FIELD.fullmatch(path))
    return frozenset(itertools.islice(fitting, MAX_FIELDS))


def _daily(part: object) -> DailyEnergy | None:
    daily: DailyEnergy | None = typed_json.from_json(DailyEnergy, part)
    if daily is None or daily.this_month.first != month_of(daily.today.first):
        return None
    spans = filter(None, (daily.today, daily.yesterday, daily.this_month, daily.last_month))
    labels = {*daily.readings, *daily.codes, *(label for span in spans for label in span.counted)}
    return daily if labels.issubset(COUNTED) else None


def _moment(time: object) -> datetime | None:
    """Return a time of ISO 8601 with its offset, None for anything else."""
    moment: datetime | None = typed_json.from_json(datetime, time)
    return moment
