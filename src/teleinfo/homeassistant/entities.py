"""
What an étiquette becomes in Home Assistant.

Platform, device class, state class and unit follow from the kind and the unit in the table of étiquettes.
What does not follow from them (contract values, maxima, shorter names) is listed here. Pure. Home Assistant
refuses an entity whose unit and class do not fit each other.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from teleinfo.homeassistant.translations import NAMES, state_in
from teleinfo.state import words
from teleinfo.tic.labels import ALARMS, Kind, lookup
from teleinfo.tic.reading import HORODATE_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Callable

    from teleinfo.state.words import Language
    from teleinfo.tic.labels import LabelSpec, Mode


class StateType(enum.Enum):
    """The type of an entity's state."""

    NUMBER = "number"
    TEXT = "text"
    CHOICE = "choice"  # one of its options
    TIME = "time"  # ISO 8601 with the offset
    SWITCH = "switch"  # ON or OFF


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """
    One entity. `key` is the end of its id and its key in the states.

    `precision`: digits after the decimal point that are shown; None: as Home Assistant sees fit. A
    `diagnostic` entity is listed apart; one that is not `enabled` is hidden until the user asks for it.
    """

    key: str
    name: str
    state_type: StateType
    device_class: str | None = None
    state_class: str | None = None
    unit: str | None = None
    precision: int | None = None
    options: tuple[str, ...] = ()
    icon: str | None = None
    diagnostic: bool = False
    enabled: bool = True


# Units that Home Assistant does not have: kVA is sent as VA, times FACTORS.
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
# Home Assistant takes these classes as totals only, and these quantities belong to an interval.
_NOT_MEASURED: Final = frozenset({"energy", "reactive_energy", "duration"})

# Set by the contract or by the meter, not by consumption.
_CONTRACT: Final = frozenset({"ISOUSC", "PREF", "PCOUP", "IMAX", "IMAX1", "IMAX2", "IMAX3"})
# Of a day or of an interval that is over, or maxima: their mean over an hour would mean nothing.
_MAXIMA: Final = ("SMAX", "PMAX")
_PREVIOUS: Final = ("-1", "_1")
# Not enabled: constants of Linky, values of the day before, the distributor's indexes.
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

_PHASES: Final = ("1", "2", "3")

# Shorter than the désignation of the documents; Home Assistant puts the name of the device before each.
_NAMES: Final = {
    "OPTARIF": "Option tarifaire",
    "PTEC": "Période tarifaire",
    "DEMAIN": "Couleur du lendemain (code)",
    "PEJP": "Préavis EJP",
    "ADPS": "Dépassement",
    **{f"ADIR{phase}": f"Dépassement phase {phase}" for phase in _PHASES},
    "IMAX": "Intensité maximale",
    "PMAX": "Puissance maximale",
    "HHPHC": "Horaire heures pleines heures creuses",
    "MOTDETAT": "Mot d'état",
    "NGTF": "Calendrier tarifaire",
    "LTARF": "Tarif en cours",
    "EAST": "Énergie soutirée",
    "EAIT": "Énergie injectée",
    **{f"EASD{number:02}": f"Index distributeur {number}" for number in range(1, 5)},
    **{f"ERQ{quadrant}": f"Énergie réactive Q{quadrant}" for quadrant in range(1, 5)},
    **{f"IRMS{phase}": f"Intensité phase {phase}" for phase in _PHASES},
    **{f"URMS{phase}": f"Tension phase {phase}" for phase in _PHASES},
    **{f"UMOY{phase}": f"Tension moyenne phase {phase}" for phase in _PHASES},
    "PREF": "Puissance de référence",
    "PCOUP": "Puissance de coupure",
    "SINSTS": "Puissance apparente soutirée",
    **{f"SINSTS{phase}": f"Puissance apparente soutirée phase {phase}" for phase in _PHASES},
    "SINSTI": "Puissance apparente injectée",
    "SMAXSN": "Puissance max. soutirée du jour",
    **{f"SMAXSN{phase}": f"Puissance max. soutirée du jour phase {phase}" for phase in _PHASES},
    "SMAXSN-1": "Puissance max. soutirée de la veille",
    **{f"SMAXSN{phase}-1": f"Puissance max. soutirée de la veille phase {phase}" for phase in _PHASES},
    "SMAXIN": "Puissance max. injectée du jour",
    "SMAXIN-1": "Puissance max. injectée de la veille",
    "CCASN": "Courbe de charge soutirée",
    "CCASN-1": "Courbe de charge soutirée, point précédent",
    "CCAIN": "Courbe de charge injectée",
    "CCAIN-1": "Courbe de charge injectée, point précédent",
    "NTARF": "Index tarifaire en cours",
    "NJOURF": "Jour tarifaire en cours",
    "NJOURF+1": "Jour tarifaire suivant",
    "PJOURF+1": "Profil du jour tarifaire suivant",
    "PPOINTE": "Profil du prochain jour de pointe",
}


# The codes and texts of the meter that have words in both languages.
_WORDS: Final[dict[str, Callable[[str, Language], str | None]]] = {
    "OPTARIF": words.contract_name,
    "NGTF": words.contract_name,
    "PTEC": words.period_name,
    "LTARF": words.period_name,
}


def in_words(label: str, value: str, language: Language) -> str | None:
    """Return the state that a code or a text of the meter is shown as; None: it is empty."""
    if label in _WORDS:
        return _WORDS[label](value, language)
    return words.collapse(value) or None


def localized(entity: Entity, language: Language) -> Entity:
    """Return an entity whose name and options are given in French with those of `language`."""
    if language == "fr":
        return entity
    return replace(
        entity,
        name=NAMES.get(entity.key, entity.name),
        options=tuple(state_in(option, language) for option in entity.options),
    )


def state_type_of(label: LabelSpec) -> StateType | None:
    """
    Return the type of the states of this étiquette, None if no entity is made of it.

    There is none of an identifier (it belongs to the device), a ratio (no unit, and no form that the
    documents agree on), a date without an offset, and the value of a mobile peak (only its horodate means
    something).
    """
    if label.name in ALARMS:
        return StateType.SWITCH
    if label.kind in {Kind.INDEX, Kind.QUANTITY}:
        return None if label.unit is None else StateType.NUMBER
    if label.horodate:
        return StateType.TIME if label.kind is Kind.HORODATE else None
    if label.kind in {Kind.IDENTIFIER, Kind.HORODATE}:
        return None
    return StateType.CHOICE if label.options else StateType.TEXT


def entity_of(mode: Mode, key: str, language: Language = "fr") -> Entity | None:
    """Return the entity of an étiquette or of a horodate (`SMAXSN_HORODATE`), None if it has none."""
    label = lookup(mode, key)
    if label is None:
        base = lookup(mode, key.removesuffix(HORODATE_SUFFIX))
        return None if base is None or not base.horodate else _time_of(base, key, language)
    state_type = state_type_of(label)
    match state_type:
        case None:
            return None
        case StateType.NUMBER:
            return _number(label, language)
        case StateType.SWITCH:
            return Entity(key=key, name=_name(label, language), state_type=state_type, device_class="problem")
        case StateType.TIME:
            return Entity(
                key=key,
                name=_name(label, language),
                state_type=state_type,
                device_class="timestamp",
                diagnostic=True,
                enabled=False,
            )
    technical = label.kind in {Kind.REGISTER, Kind.COMPOSITE}
    return Entity(
        key=key,
        name=_name(label, language),
        state_type=state_type,
        device_class="enum" if state_type is StateType.CHOICE else None,
        options=tuple(in_words(key, option, language) or option for option in label.options),
        icon=_ICONS.get(key),
        diagnostic=technical or key in _HIDDEN,
        enabled=not technical and key not in _HIDDEN,
    )


def _number(label: LabelSpec, language: Language) -> Entity:
    """
    Return the entity of a quantity or an index.

    Only an index without a glued unit is a total: meters that glue it send the index of the running tariff
    period under one étiquette, and Home Assistant would take each fall for a new meter.
    """
    unit = label.unit or ""
    device_class = _DEVICE_CLASSES.get(unit)
    state_class = None
    if label.kind is Kind.INDEX:
        state_class = None if label.glued else "total_increasing"
    elif _is_momentary(label.name) and device_class not in _NOT_MEASURED:
        state_class = "measurement"
    return Entity(
        key=label.name,
        name=_name(label, language),
        state_type=StateType.NUMBER,
        device_class=device_class,
        state_class=state_class,
        unit=_UNITS.get(unit, unit),
        precision=None if label.glued else 0,
        icon=_ICONS.get(label.name),
        diagnostic=label.name in _CONTRACT,
        enabled=label.name not in _HIDDEN,
    )


def _is_momentary(label: str) -> bool:
    return label not in _CONTRACT and not label.startswith(_MAXIMA) and not label.endswith(_PREVIOUS)


def _time_of(label: LabelSpec, key: str, language: Language) -> Entity:
    """Return the entity of a group's horodate: the main one of a mobile peak, else a diagnostic one."""
    peak = label.kind is Kind.ENUMERATION
    name, of_what = _name(label, language), "horodate" if language == "fr" else "time"
    return Entity(
        key=key,
        name=name if peak else f"{name} ({of_what})",
        state_type=StateType.TIME,
        device_class="timestamp",
        diagnostic=not peak,
        enabled=peak,
    )


def _name(label: LabelSpec, language: Language) -> str:
    if label.name.startswith("EASF") or label.name in words.INDEX_OF_PERIOD.values():
        return words.index_name(label.name, contract=None, periods={}, language=language)
    if language == "en":
        return NAMES.get(label.name, label.english)
    return _NAMES.get(label.name, label.french)
