"""
The entities of the decoded state and of the line: each is a `Field` with a name.

The state has one for each field with a name, and one for each étiquette without a field. The states of the
entities of the line (quality, mode, speed, connection) come from the topics `health` and `status`.

Pure. A change of mode changes neither the place of a state in the message nor the id of its entity. The ids
are frozen: with other ids every user would lose the history. An entity without a path has a state that is no
longer published.

Platform, device class, state class and unit of an étiquette follow from its kind and its unit in the table;
exceptions (contract values, maxima) are listed here. Home Assistant refuses an entity whose unit and class do
not fit each other.
"""

from __future__ import annotations

import enum
from dataclasses import replace
from typing import TYPE_CHECKING, Final, cast

from teleinfo.common.i18n import _
from teleinfo.homeassistant.tables import DEVICE_CLASSES, HIDDEN, ICONS
from teleinfo.state.declaration import FIELD_OF_PATH, FIELDS
from teleinfo.state.field_entry import Field, FieldPath, StateType
from teleinfo.state.labels import ANY_UNIT_PUBLISHED, UNITS, has_field
from teleinfo.state.tariffs import periods_of, unnamed_index
from teleinfo.tic.labels import Kind, Label, Mode, lookup
from teleinfo.tic.reading import HORODATE_SUFFIX, is_left_out
from teleinfo.vocabulary.codes import Contract, Event, Phase, TariffPeriod
from teleinfo.vocabulary.line import LineGrade, PortErrorKind
from teleinfo.vocabulary.words import Code, Message

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from teleinfo.state.field_entry import Unit
    from teleinfo.state.fields import Json


_TOTALS: Final = frozenset({"Wh", "varh", "L"})
"""The units of counters, which only rise; the last one counts gas and water."""

# Home Assistant accepts these classes only for totals; our quantities belong to an interval.
_NOT_MEASURED: Final = frozenset({"energy", "reactive_energy", "duration"})
# Values that depend on the contract or the meter, and not on the consumption.
_CONTRACT: Final = ("IMAX", "PS")
# Maxima, and values of a day or an interval that is over: their mean over an hour would mean nothing.
_MAXIMA: Final = ("SMAX", "PMAX")
_PREVIOUS: Final = ("-1", "_1")
_MEANINGLESS: Final = frozenset({Kind.IDENTIFIER, Kind.REGISTER})
"""Kinds of étiquettes without an entity: numbers of sites, and bits."""
# Tariff periods of meters above 36 kVA (02E); their values are codes.
_PERIODS: Final = ("PTCOUR", "PTCOUR1", "PTCOUR2")


def platform(field: Field) -> str:
    """Return Home Assistant's platform of an entity."""
    if field is EVENTS:
        return "event"
    return "binary_sensor" if field.type is StateType.BOOLEAN else "sensor"


def device_class(field: Field) -> str | None:
    """Return Home Assistant's device class of an entity."""
    return field.device_class or DEVICE_CLASSES.get(field.unit or field.type.value)


def state_class(field: Field) -> str | None:
    """Return Home Assistant's state class of an entity; None: it has no statistics."""
    if field.type is not StateType.NUMBER or not field.momentary:
        return None
    if field.unit == "EUR":
        return "total"
    return "total_increasing" if field.unit in _TOTALS else "measurement"


def words_of(field: Field) -> dict[str, str]:
    """Return the English words by code of an entity; the words of a code without any are the code itself."""
    return {code.value: getattr(code, "words", code.value) for code in field.codes}


def entity_of(mode: Mode, key: str) -> Field | None:
    """
    Return the entity of the value under `key` in the section `labels` of the state, if it has an entity.

    A key is an étiquette, perhaps followed by `_HORODATE` (its horodate) or by the unit that came with its
    value (`PS_VA`). An étiquette outside the table has an entity that is not enabled; its horodate has none.
    """
    label = lookup(mode, key)
    suffix = ""
    if label is None:
        name, separator, last_word = key.rpartition("_")
        label = lookup(mode, name)
        suffix = separator + last_word
    if label is None:
        if suffix == HORODATE_SUFFIX:
            return None
        return _unknown_label(key)
    if has_field(label) or label.kind in _MEANINGLESS:
        return None
    field = Field(f"labels.{key}", StateType.TEXT, key=key, name=label.title, icon=ICONS.get(label.name))
    if suffix == HORODATE_SUFFIX:
        return _horodate(field, label)
    if label.kind in {Kind.INDEX, Kind.QUANTITY}:
        unit = _unit(label, suffix)
        if unit is None:
            return None
        return _number(field, label, unit)
    # The state has a value with a horodate under the key of the horodate alone.
    if suffix or label.horodate or label.kind is Kind.HORODATE:
        return None
    is_shown = label.kind is not Kind.COMPOSITE and label.name not in HIDDEN
    codes = tuple(TariffPeriod) if label.name in _PERIODS else ()
    return replace(field, codes=codes, diagnostic=not is_shown, enabled=is_shown)


def _unknown_label(key: str) -> Field:
    """Return the entity of an étiquette outside the table: the text of the meter."""
    name = Message("Unknown label {label}", label=key)
    return Field(f"labels.{key}", StateType.TEXT, key=key, name=name, diagnostic=True, enabled=False)


def _horodate(field: Field, label: Label) -> Field | None:
    """Return the entity of the horodate of an étiquette; None if the étiquette has no horodate."""
    if not label.horodate:
        return None
    if label.kind is Kind.ENUMERATION:
        # The begin or the end of a mobile peak, which is all that the group says.
        return replace(field, type=StateType.TIME)
    name = Message("{name} (time)", name=label.title)
    return replace(field, type=StateType.TIME, name=name, diagnostic=True, enabled=False)


def _unit(label: Label, suffix: str) -> str | None:
    """
    Return the unit of a number whose key ends with `suffix`: the unit of the table, or that of `_VA`.

    None if the table has a unit and the key too, or neither: the state has no number under such a key.
    """
    if not suffix:
        return label.unit
    unit = suffix.removeprefix("_")
    if label.unit is None and unit in ANY_UNIT_PUBLISHED:
        return unit
    return None


def _number(field: Field, label: Label, unit: str) -> Field:
    """
    Return the entity of a quantity or an index.

    An index whose unit is glued to it is no total: under one étiquette the meter sends the index of whichever
    tariff period is running, and Home Assistant would take each decrease for a new meter.
    """
    published_unit, _factor = UNITS.get(unit, (unit, 1))
    # The units of étiquettes come from the documents: some are of no field.
    field = replace(field, type=StateType.NUMBER, unit=cast("Unit", published_unit))
    if label.kind is Kind.INDEX:
        momentary = not label.glued
    else:
        is_past = label.name.startswith((*_CONTRACT, *_MAXIMA)) or label.name.endswith(_PREVIOUS)
        momentary = not is_past and device_class(field) not in _NOT_MEASURED
    # A number with its unit glued to it may have decimals.
    precision = None if label.glued else 0
    return replace(
        field,
        momentary=momentary,
        precision=precision,
        diagnostic=label.name.startswith(_CONTRACT),
        enabled=label.name not in HIDDEN,
    )


_FIRST_PEAK: Final = (f"DPM1{HORODATE_SUFFIX}", f"FPM1{HORODATE_SUFFIX}")
"""Keys of the begin (D) and the end (F) of the first mobile peak."""
_PEAKS: Final = (
    *_FIRST_PEAK,
    *(f"DPM2{HORODATE_SUFFIX}", f"FPM2{HORODATE_SUFFIX}", f"DPM3{HORODATE_SUFFIX}", f"FPM3{HORODATE_SUFFIX}"),
)
"""Keys of the begin and the end of all mobile peaks."""
_INDEX: Final = FIELD_OF_PATH["energy.indexes.*.value"]


def entities_of(
    state: Mapping[FieldPath, Json], mode: Mode, exclude: AbstractSet[str] = frozenset()
) -> dict[str, Field]:
    """
    Return the entities of a meter in `mode`, by key; `state` has the values of the state by path.

    With the contract EJP the notice of a peak has entities before it first comes, unless it is in `exclude`.
    """
    contract = state.get(("contract", "code"))  # None if no common contract is known
    entities = [
        *_of_fields(state, contract),
        *_of_indexes(state),
        *_of_labels(state, contract, mode, exclude),
    ]
    return {entity.id: entity for entity in entities}


def _of_fields(state: Mapping[FieldPath, Json], contract: Json) -> Iterator[Field]:
    """Yield the entity of each field that has a name and is in the state."""
    is_single_phase = state.get(("meter", "phases")) != len(Phase)
    periods: tuple[TariffPeriod, ...] = ()
    if isinstance(contract, str):
        periods = _periods(state, contract)
    for field in FIELDS:
        if not field.name or field.parts not in state:
            continue
        if field.beside is not None and field.beside.parts not in state:
            continue
        # `enabled` may be the only contract with which the field is enabled.
        is_enabled = field.enabled is True or field.enabled == contract
        if field.without is not None and field.without.parts in state:
            is_enabled = False
        yield _of_field(field, single=is_single_phase, enabled=is_enabled, periods=periods)


def _of_labels(
    state: Mapping[FieldPath, Json], contract: Json, mode: Mode, exclude: AbstractSet[str]
) -> Iterator[Field]:
    """Yield the entities of the étiquettes without a field, and of the notice of a peak of EJP."""
    keys = [path[-1] for path in state if path[0] == "labels"]
    if contract == Contract.EJP:
        notices = ("PEJP",) if mode is Mode.HISTORIQUE else _FIRST_PEAK
        keys += [key for key in notices if key not in keys and not is_left_out(mode, key, exclude)]
    for key in keys:
        entity = entity_of(mode, key)
        if entity is None:
            continue
        if contract == Contract.TEMPO and key in _PEAKS:
            # A white or red day is a peak, too: the colours say so.
            entity = replace(entity, enabled=False)
        yield entity


def _periods(state: Mapping[FieldPath, Json], contract: str) -> tuple[TariffPeriod, ...]:
    """Return the tariff periods of a common contract and those that the indexes count, in their order."""
    codes: set[Json] = set(periods_of(contract))
    for path, value in state.items():
        if path[:2] == ("energy", "indexes") and path[-1] == "code":
            codes.add(value)
    return tuple(period for period in TariffPeriod if period in codes)


def _of_field(field: Field, *, single: bool, enabled: bool, periods: tuple[TariffPeriod, ...]) -> Field:
    """
    Return the entity of a field; `single`: the meter has a single phase, and no name says which one.

    A name in words has the names of the code beside it as its options if the contract is common, with these
    `periods`; without `periods` the text is the supplier's own, which may be anything.
    """
    code_field = FIELD_OF_PATH.get(f"{field.path.removesuffix('.name')}.code")
    if periods and code_field is not None and code_field.codes:
        codes = code_field.codes
        if codes == tuple(TariffPeriod):
            codes = periods
        field = replace(field, path=code_field.path, type=StateType.ENUM, codes=codes)
    return replace(field, key=field.id, name=field.title(single=single), phase=None, enabled=enabled)


def _of_indexes(state: Mapping[FieldPath, Json]) -> list[Field]:
    """
    Return the entities of the supplier's indexes, by the keys that the state gives them.

    They are not enabled if there is only one, which counts what the total counts. No two have the same name:
    Home Assistant derives ids from names.
    """
    indexes: list[Field] = []
    names: set[str] = set()
    for path in state:
        if path[:2] != ("energy", "indexes") or path[-1] != "value":
            continue
        index_path = path[:-1]
        name = state.get((*index_path, "name"))
        if not isinstance(name, str):
            continue
        if name in names:
            label = state.get((*index_path, "label"))
            name = unnamed_index(str(label))
        names.add(name)
        indexes.append(replace(_INDEX, key=f"index_{index_path[-1]}", name=name, path=".".join(path)))
    if len(indexes) == 1:
        return [replace(indexes[0], enabled=False)]
    return indexes


class _Unplugged(Code):
    """The quality of the line while its port is missing."""

    UNPLUGGED = "unplugged"


class _Status(enum.StrEnum):
    """The payloads of `status`: off, then on."""

    OFFLINE = "offline"
    ONLINE = "online"


_UNPLUGGED_PROBLEMS: Final = (PortErrorKind.MISSING.value, PortErrorKind.GONE.value)


EVENTS: Final = Field(
    "event",
    StateType.TEXT,
    codes=tuple(Event),
    name=Message("Event"),
    icon="mdi:bell-outline",
)
"""The entity of what begins or ends (docs/events.md)."""

# No enum: Home Assistant restores the state of an entity that expires. After a change of the language this
# word would be none of the options, which is an error in its log.
_QUALITY: Final = Field(
    "line_quality",
    StateType.TEXT,
    codes=(*LineGrade, *_Unplugged),
    name=Message("Line quality"),
    momentary=False,
    diagnostic=True,
    icon="mdi:signal",
)
_CONNECTION: Final = Field(
    "line_connection",
    StateType.BOOLEAN,
    codes=tuple(_Status),
    name=Message("Connection to the meter"),
    diagnostic=True,
    device_class="connectivity",
)

_OF_HEALTH: Final = (
    (
        Field(
            "line_errors",
            StateType.NUMBER,
            unit="%",
            name=Message("Reading errors"),
            precision=2,
            diagnostic=True,
            icon="mdi:alert-circle-outline",
        ),
        "{{ value_json.bad_groups_percent }}",
    ),
    (
        Field(
            "line_mode",
            StateType.ENUM,
            codes=tuple(Mode),
            name=Message("TIC mode"),
            diagnostic=True,
            icon="mdi:serial-port",
        ),
        "{{ value_json.mode }}",
    ),
    (
        Field(
            "line_speed",
            StateType.NUMBER,
            unit="Bd",
            name=Message("Line speed"),
            momentary=False,
            diagnostic=True,
            icon="mdi:speedometer",
        ),
        "{{ value_json.baudrate }}",
    ),
    (
        Field(
            "line_unknown_labels",
            StateType.NUMBER,
            unit="",
            name=Message("Unknown labels"),
            momentary=False,
            diagnostic=True,
            enabled=False,
            icon="mdi:help-circle-outline",
        ),
        "{{ value_json.unknown_labels | default([]) | count }}",
    ),
)
"""Entities of the line with the templates of their states, which are the same in each language."""


def line_entities() -> list[tuple[Field, str | None]]:
    """
    Return each entity of the line with the template of its state in `health`, in the language of the locale.

    The state of an entity without a template is the payload of `status`, which the broker retains, and sets
    to `offline` for a daemon that is gone.
    """
    grades = {grade.value: _(grade.words) for grade in LineGrade}
    grade = f"{grades!r}.get(value_json.line_quality)"
    unplugged = _(_Unplugged.UNPLUGGED.words)
    quality = f"{unplugged!r} if value_json.problem in {_UNPLUGGED_PROBLEMS!r} else {grade}"
    return [(_QUALITY, "{{ " + quality + " }}"), *_OF_HEALTH, (_CONNECTION, None)]
