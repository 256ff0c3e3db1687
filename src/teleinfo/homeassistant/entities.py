"""
Decide what an étiquette becomes in Home Assistant.

The rule is one: platform, device class, state class and unit follow from the kind and the unit that the label
table gives. What the rule cannot know (contract values, maxima, shorter names) is listed once, here.
Pure. Units and classes are those that Home Assistant accepts together, or it refuses the entity.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from teleinfo.homeassistant.names import NAMES
from teleinfo.tic.labels import ALARMS, Kind, lookup
from teleinfo.tic.reading import HORODATE_SUFFIX

if TYPE_CHECKING:
    from teleinfo.tic.labels import LabelSpec, Mode


class Nature(enum.Enum):
    """What the state of an entity is."""

    NUMBER = "number"
    TEXT = "text"
    CHOICE = "choice"  # one of its options
    TIME = "time"  # ISO 8601 with the offset
    SWITCH = "switch"  # ON or OFF


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """
    One entity: `key` is both the end of its id and its key in the values.

    `diagnostic` and `enabled` are for what a household does not want to see at first.
    """

    key: str
    name: str
    nature: Nature
    device_class: str | None = None
    state_class: str | None = None
    unit: str | None = None
    options: tuple[str, ...] = ()
    icon: str | None = None
    diagnostic: bool = False
    enabled: bool = True


# Home Assistant's unit of each of the table's; kVA is sent as VA, see FACTORS.
_UNITS: Final = {"kVA": "VA"}
FACTORS: Final = {"kVA": 1000}
_DEVICE_CLASSES: Final = {
    "Wh": "energy",
    "kWh": "energy",
    "varh": "reactive_energy",
    "kvarh": "reactive_energy",
    "VA": "apparent_power",
    "kVA": "apparent_power",
    "W": "power",
    "kW": "power",
    "var": "reactive_power",
    "kvar": "reactive_power",
    "A": "current",
    "V": "voltage",
    "min": "duration",
}
# Home Assistant wants a total of these, and these quantities are those of an interval.
_NOT_MEASURED: Final = frozenset({"energy", "reactive_energy", "duration"})

# Set by the contract or by the meter, and not by what the household does.
_CONTRACT: Final = frozenset({"ISOUSC", "PREF", "PCOUP", "IMAX", "IMAX1", "IMAX2", "IMAX3"})
# What a household does not want to see at first: constants of Linky, the past, the distributor's.
_HIDDEN: Final = frozenset(
    {
        *("IMAX", "IMAX1", "IMAX2", "IMAX3", "HHPHC", "DEMAIN", "MOTDETAT", "VTIC"),
        *(f"SMAXSN{phase}-1" for phase in ("1", "2", "3")),
        *("CCASN-1", "CCAIN-1", "UMOY1", "UMOY2", "UMOY3"),
        *(f"EASD{number:02}" for number in range(1, 5)),
        *("ERQ1", "ERQ2", "ERQ3", "ERQ4", "NTARF", "NJOURF", "NJOURF+1", "MSG1", "MSG2"),
    }
)
_ICONS: Final = {
    "OPTARIF": "mdi:file-sign",
    "NGTF": "mdi:file-sign",
    "PTEC": "mdi:clock-outline",
    "LTARF": "mdi:clock-outline",
    "DEMAIN": "mdi:calendar-arrow-right",
    "HHPHC": "mdi:timetable",
    "MSG1": "mdi:message-text-outline",
    "MSG2": "mdi:message-text-outline",
    "GAZ": "mdi:meter-gas",
    "PEJP": "mdi:timer-alert-outline",
}


def nature_of(label: LabelSpec) -> Nature | None:
    """
    Return what the states of this étiquette are, None where no entity is made of it.

    That is an identifier (it is the device's own), a ratio (no unit, and no form that the documents agree
    on), a date without an offset, and the value of a mobile peak, of which the horodate is what counts.
    """
    if label.name in ALARMS:
        return Nature.SWITCH
    if label.kind in {Kind.INDEX, Kind.QUANTITY}:
        return None if label.unit is None else Nature.NUMBER
    if label.horodate:
        return Nature.TIME if label.kind is Kind.HORODATE else None
    if label.kind in {Kind.IDENTIFIER, Kind.HORODATE}:
        return None
    return Nature.CHOICE if label.options else Nature.TEXT


def entity_of(mode: Mode, key: str) -> Entity | None:
    """Return the entity of an étiquette of `mode` or of a horodate (`SMAXSN_HORODATE`); None: it has none."""
    label = lookup(mode, key)
    if label is None:
        base = lookup(mode, key.removesuffix(HORODATE_SUFFIX))
        return None if base is None or not base.horodate else _time_of(base, key)
    nature = nature_of(label)
    match nature:
        case None:
            return None
        case Nature.NUMBER:
            return _number(label)
        case Nature.SWITCH:
            return Entity(key=key, name=_name(label), nature=nature, device_class="problem")
        case Nature.TIME:
            return Entity(
                key=key,
                name=_name(label),
                nature=nature,
                device_class="timestamp",
                diagnostic=True,
                enabled=False,
            )
    technical = label.kind in {Kind.REGISTER, Kind.COMPOSITE}
    return Entity(
        key=key,
        name=_name(label),
        nature=nature,
        device_class="enum" if nature is Nature.CHOICE else None,
        options=label.options,
        icon=_ICONS.get(key),
        diagnostic=technical or key in _HIDDEN,
        enabled=not technical and key not in _HIDDEN,
    )


def _number(label: LabelSpec) -> Entity:
    """
    Return the entity of a quantity or an index.

    Only a plain index is a total: those with their unit behind the number belong to meters whose index jumps
    when the tariff period changes, and Home Assistant would take each fall for a new meter.
    """
    unit = label.unit or ""
    device_class = _DEVICE_CLASSES.get(unit)
    state_class = None
    if label.kind is Kind.INDEX:
        state_class = None if label.glued else "total_increasing"
    elif label.name not in _CONTRACT and device_class not in _NOT_MEASURED:
        state_class = "measurement"
    return Entity(
        key=label.name,
        name=_name(label),
        nature=Nature.NUMBER,
        device_class=device_class,
        state_class=state_class,
        unit=_UNITS.get(unit, unit),
        icon=_ICONS.get(label.name),
        diagnostic=label.name in _CONTRACT,
        enabled=label.name not in _HIDDEN,
    )


def _time_of(label: LabelSpec, key: str) -> Entity:
    """Return the entity of a group's horodate; that of a mobile peak is what the group is about."""
    peak = label.kind is Kind.ENUMERATION
    return Entity(
        key=key,
        name=_name(label) if peak else f"{_name(label)} (horodate)",
        nature=Nature.TIME,
        device_class="timestamp",
        diagnostic=not peak,
        enabled=peak,
    )


def _name(label: LabelSpec) -> str:
    return NAMES.get(label.name, label.french)
