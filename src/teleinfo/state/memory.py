"""
The memory that outlives a restart: energies, mean powers, alerts, tariff calendar, events, published fields.

Pure: to JSON and back. The memory card may be damaged, and a backup may belong to another meter. So each part
of the file is validated by itself, and a wrong part becomes None or empty. A later version may add parts
without another `VERSION`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping  # noqa: TC003 - `typed_json` reads the types of `Memory`
from dataclasses import dataclass, field, replace
from datetime import date, datetime  # noqa: TC003
from itertools import islice
from typing import Final

from teleinfo.state import typed_json
from teleinfo.state.energy import COUNTED, DailyEnergy, ImportTotal, month_of
from teleinfo.state.mean_power import MeanPower  # noqa: TC001
from teleinfo.state.next_tariff import RememberedCalendar

VERSION: Final = 1
"""Version of the file format; it changes only if an older program would misread the new format."""

_POSSIBLE: Final = range(typed_json.MOST)  # Wh
_COUNTER: Final = re.compile(r"[A-Z0-9+]{1,64}")
_SCOPE: Final = re.compile(r"[A-Za-z0-9_-]{1,32}")
_KEY: Final = re.compile(r"[A-Za-z0-9_+-]{1,64}")
_FIELD: Final = re.compile(r"[A-Za-z0-9_./-]{1,60}")
"""Scope and field become parts of a topic: only ASCII, without wildcards (MQTT 3.1.1 §4.7.1)."""
_CONFIG: Final = re.compile(r"[^+#]+/[a-z_]+/teleinfo_[A-Za-z0-9_-]+/config")
"""A topic of an announcement; it will be cleared, and no other topic may be."""
_MAX_TOPICS: Final = 300


@dataclass(frozen=True, slots=True)
class Memory:
    """
    Memory of a meter (`meter.id` of the state), last heard at the time of day `heard`.

    `import_total` is None until the meter has sent its import indexes. `alerts_since` maps each alert that
    was active at `heard` to its start. `fields` are the paths of the fields with a topic of their
    own, such as `power/net`. `daily_energy` has the energies until the reading of the total, and is None
    without it.
    `means` maps the étiquettes of an index to its mean power.
    `calendar` is what is known of the next change of tariff.
    `situation` is that of the `EventFinder`.
    `kept_keys` maps keys of today to those that Home Assistant's entities keep from version 0.1.0.
    `announced` are the topics of the last announcement to Home Assistant, also of an earlier meter.
    """

    meter: str
    heard: datetime
    import_total: ImportTotal | None = None
    alerts_since: Mapping[str, datetime] = field(default_factory=dict)
    fields: frozenset[str] = frozenset()
    daily_energy: DailyEnergy | None = None
    means: Mapping[str, MeanPower] = field(default_factory=dict)
    calendar: RememberedCalendar = field(default_factory=RememberedCalendar)
    situation: Mapping[str, str] = field(default_factory=dict)
    kept_keys: Mapping[str, str] = field(default_factory=dict)
    announced: frozenset[str] = frozenset()

    @property
    def day(self) -> date:
        """The day of the last reading; the memory is written when it changes."""
        return self.heard.date() if self.daily_energy is None else self.daily_energy.today.first


def to_json(memory: Memory) -> dict[str, object]:
    """Return the content of the file, in types of JSON."""
    return {"version": VERSION, **typed_json.to_json(_with_possible_topics(memory))}


def is_newer(content: Mapping[str, object]) -> bool:
    """True if a later version of teleinfo wrote this, in a format that this version does not know."""
    version = content.get("version")
    return isinstance(version, int) and version > VERSION


def from_json(content: Mapping[str, object]) -> Memory | None:
    """Return the memory in the content of a file; None if its version, meter or time is wrong."""
    memory: Memory | None = typed_json.from_json(Memory, content)
    if memory is None or content.get("version") != VERSION or not _SCOPE.fullmatch(memory.meter):
        return None
    total = memory.import_total
    is_counted = total is not None and total.total in _POSSIBLE and _COUNTER.fullmatch(total.counter)
    return replace(
        _with_possible_topics(memory),
        import_total=total if is_counted else None,
        alerts_since={name: at for name, at in memory.alerts_since.items() if at <= memory.heard},
        daily_energy=memory.daily_energy if is_counted and _agree(memory.daily_energy) else None,
        kept_keys=memory.kept_keys if all(map(_KEY.fullmatch, memory.kept_keys.values())) else {},
    )


def _with_possible_topics(memory: Memory) -> Memory:
    fields, announced = filter(_FIELD.fullmatch, memory.fields), filter(_CONFIG.fullmatch, memory.announced)
    return replace(
        memory,
        fields=frozenset(islice(fields, _MAX_TOPICS)),
        announced=frozenset(islice(announced, _MAX_TOPICS)),
    )


def _agree(daily: DailyEnergy | None) -> bool:
    """True if the month is that of the day, and each étiquette is counted."""
    if daily is None or daily.this_month.first != month_of(daily.today.first):
        return False
    spans = filter(None, (daily.today, daily.yesterday, daily.this_month, daily.last_month))
    labels = {*daily.readings, *daily.codes, *(label for span in spans for label in span.counted)}
    return labels.issubset(COUNTED)
