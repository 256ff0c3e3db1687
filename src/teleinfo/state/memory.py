"""
The memory that outlives a restart: energies, powers, alerts, tariff calendar, events, published fields.

Pure: to JSON and back. A memory card may damage the file, which its checksum shows. A backup may belong to
another meter. A later version may add parts without another `VERSION`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping  # noqa: TC003 - `typed_json` reads the types of `Memory`
from dataclasses import dataclass, field
from datetime import date, datetime  # noqa: TC003
from typing import Final
from zlib import crc32

from teleinfo.state.daily_energy import DailyEnergy  # noqa: TC001
from teleinfo.state.events import Span  # noqa: TC001
from teleinfo.state.import_total import ImportTotal  # noqa: TC001
from teleinfo.state.mean_power import MeanPower  # noqa: TC001
from teleinfo.state.next_tariff import RememberedCalendar
from teleinfo.tic.labels import Mode  # noqa: TC001
from teleinfo.vocabulary import typed_json

VERSION: Final = 2
"""Version of the file format; it changes only if an older program would misread the new format."""

_CHECKSUM: Final = b',"checksum":'

# A topic of an announcement to Home Assistant, without wildcards: prefix/platform/entity/config.
_DISCOVERY_TOPIC: Final = re.compile(r"[^+#\0]+(/[^+#/\0]+){2}/config")
# The end of the topic of a field, without a wildcard; a plus sign may be in an étiquette.
_FIELD_TOPIC: Final = re.compile(r"[^#\0]{1,200}")


@dataclass(frozen=True, slots=True)
class RememberedContract:
    """
    Memory of a contract that a meter told in a mode; its `identity` is that of `tariffs.contract_identity`.

    `periods` maps the étiquette of an index to the LTARF that was in force while it counted.
    """

    mode: Mode
    identity: str
    periods: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Memory:
    """
    Memory of a meter (`meter.id` of the state), last heard at the time of day `heard`.

    `import_total` is None until the meter has sent its import indexes. `alert_starts` maps each alert that
    was active at `heard` to its start. `fields` are the paths of the fields with a topic of their
    own, such as `power/apparent_net`. `daily_energy` has the energies until the reading of the total, and is
    None without it.
    `means` maps the étiquettes of an index to its mean power.
    `calendar` is what is known of the next change of tariff.
    `contract` is the contract that the meter told last, if it told one.
    `situation` and `spans` are those of the `EventFinder`.
    `announced` are the topics of the last announcement to Home Assistant, also of an earlier meter.
    `has_exported` is True if the meter has injected.
    """

    meter: str
    heard: datetime
    import_total: ImportTotal | None = None
    alert_starts: Mapping[str, datetime] = field(default_factory=dict)
    fields: frozenset[str] = frozenset()
    daily_energy: DailyEnergy | None = None
    means: Mapping[str, MeanPower] = field(default_factory=dict)
    calendar: RememberedCalendar = field(default_factory=RememberedCalendar)
    contract: RememberedContract | None = None
    situation: Mapping[str, str] = field(default_factory=dict)
    spans: Mapping[str, Span] = field(default_factory=dict)
    announced: frozenset[str] = frozenset()
    has_exported: bool = False

    @property
    def day(self) -> date:
        """The day of the last reading; the memory is written when it changes."""
        if self.daily_energy is None:
            return self.heard.date()
        return self.daily_energy.today.first


def encode(memory: Memory) -> bytes:
    """Return the content of the file: JSON whose last member is the checksum of the text before it."""
    content = {"version": VERSION, **typed_json.to_json(memory)}
    text = json.dumps(content, separators=(",", ":"))
    body = text.encode("ascii").removesuffix(b"}")
    return b"%b%b%d}\n" % (body, _CHECKSUM, crc32(body))


def is_intact(data: bytes) -> bool:
    """True if the content of the file ends with its checksum."""
    body, _mark, checksum = data.rpartition(_CHECKSUM)
    return checksum == b"%d}\n" % crc32(body)


def is_newer(content: Mapping[str, object]) -> bool:
    """True if a later version of teleinfo wrote this, in a format that this version does not know."""
    version = content.get("version")
    return isinstance(version, int) and version > VERSION


def from_json(content: Mapping[str, object]) -> Memory | None:
    """Return the memory in an intact file; None if a part of it is not what `encode` writes."""
    memory: Memory | None = typed_json.from_json(Memory, content)
    if memory is None or content.get("version") != VERSION:
        return None
    # The program publishes on these topics.
    if not all(map(_DISCOVERY_TOPIC.fullmatch, memory.announced)):
        return None
    if not all(map(_FIELD_TOPIC.fullmatch, memory.fields)):
        return None
    return memory
