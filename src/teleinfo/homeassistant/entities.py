"""
The entities of the decoded state and of the line.

The state has one for each field with a name, and one for each étiquette without a field. The states of the
entities of the line (quality, mode, speed, connection) come from the topics `health` and `status`.

Pure. A change of mode may change the place of a state in the message (`energy.indexes.HCHC` or `EASF01`), but
never the id of its entity. The ids are frozen: with other ids every user would lose the history.

Platform, device class, state class and unit of an étiquette follow from its kind and its unit in the table;
exceptions (contract values, maxima) are listed here. Home Assistant refuses an entity whose unit and class do
not fit each other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from teleinfo.common.i18n import _
from teleinfo.state.declaration import FIELD_OF_PATH, FIELDS
from teleinfo.state.field_entry import Field, FieldPath, StateType
from teleinfo.state.labels import ANY_UNIT, UNITS, is_own
from teleinfo.state.tariffs import unnamed_index
from teleinfo.tic.labels import Kind, LabelSpec, Mode, lookup
from teleinfo.tic.reading import HORODATE_SUFFIX, is_left_out
from teleinfo.vocabulary.codes import Contract, Event, Phase, TariffPeriod
from teleinfo.vocabulary.line import LineGrade, PortErrorKind
from teleinfo.vocabulary.words import Message

if TYPE_CHECKING:
    import enum
    from collections.abc import Iterable, Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from teleinfo.state.fields import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """
    An entity; its id ends with `key`, and its state is at `path` in the message of the state.

    If `path` is empty, the state is no longer published. `name` and `words` are English; `i18n` translates
    them. `words` maps values at `path` to the words shown: for a CHOICE every value, for a TEXT only the
    values that are shown in other words. A SWITCH is on at the value `on`, and off at `off`. `precision` is
    the number of decimals shown; None: Home Assistant decides. `events` are the codes of an entity that shows
    the last event. A `diagnostic` entity is listed apart. An entity that is not `enabled` is hidden until the
    user enables it.
    """

    key: str
    name: str
    state_type: StateType
    path: tuple[str, ...] = ()
    device_class: str | None = None
    state_class: str | None = None
    unit: str | None = None
    precision: int | None = None
    events: tuple[str, ...] = ()
    words: tuple[tuple[str, str], ...] = ()
    on: str = "true"
    off: str = "false"
    icon: str | None = None
    diagnostic: bool = False
    enabled: bool = True

    @property
    def platform(self) -> str:
        """Home Assistant's platform."""
        if self.events:
            return "event"
        return "binary_sensor" if self.state_type is StateType.SWITCH else "sensor"


_CLASSES: Final[dict[str | StateType, str]] = {
    "Wh": "energy",
    "varh": "reactive_energy",
    "VA": "apparent_power",
    "W": "power",
    "var": "reactive_power",
    "A": "current",
    "V": "voltage",
    "min": "duration",
    "EUR": "monetary",
    StateType.TIME: "timestamp",
    StateType.CHOICE: "enum",
}
"""Home Assistant's device class for each unit (without the prefix k) or type of state."""

# Home Assistant accepts these classes only for totals; our quantities belong to an interval.
_NOT_MEASURED: Final = frozenset({"energy", "reactive_energy", "duration"})
# Values that depend on the contract or the meter, and not on the consumption.
_CONTRACT: Final = ("IMAX", "PS")
# Maxima, and values of a day or an interval that is over: their mean over an hour would mean nothing.
_MAXIMA: Final = ("SMAX", "PMAX")
_PREVIOUS: Final = ("-1", "_1")
# Not enabled: constants of Linky, values of the day before, the distributor's indexes.
_HIDDEN: Final = frozenset(
    {
        *("IMAX", "IMAX1", "IMAX2", "IMAX3", "HHPHC", "VTIC"),
        *(f"SMAXSN{phase}{day}" for phase in Phase for day in ("", "-1")),
        *("CCASN-1", "CCAIN-1"),
        *(f"EASD{number:02}" for number in range(1, 5)),
        *("ERQ1", "ERQ2", "ERQ3", "ERQ4", "NJOURF", "NJOURF+1", "MSG1", "MSG2"),
    }
)
_MEANINGLESS: Final = frozenset({Kind.IDENTIFIER, Kind.REGISTER})
"""Kinds of étiquettes without an entity: numbers of sites, and bits."""
_ICONS: Final = {
    "HHPHC": "mdi:timetable",
    "MSG1": "mdi:message-text-outline",
    "MSG2": "mdi:message-text-outline",
    "GAZ": "mdi:meter-gas",
    "PEJP": "mdi:timer-alert-outline",
}
# Tariff periods of meters above 36 kVA (02E); their values are codes.
_PERIODS: Final = ("PTCOUR", "PTCOUR1", "PTCOUR2")


def words_of(codes: Iterable[enum.StrEnum]) -> tuple[tuple[str, str], ...]:
    """Return the `words` of an entity whose states are these codes; a code without words is its own."""
    return tuple((code.value, getattr(code, "words", code.value)) for code in codes)


def entity_of(mode: Mode, key: str) -> Entity | None:
    """
    Return the entity of the value under `key` in the section `labels` of the state, if it has an entity.

    A key is an étiquette, perhaps followed by `_HORODATE` (its horodate) or by the unit that came with its
    value (`PS_VA`).
    """
    label, end = lookup(mode, key), ""
    if label is None:
        base, _sep, end = key.rpartition("_")
        label = lookup(mode, base)
    if label is None or not is_own(label) or label.kind in _MEANINGLESS:
        return None
    icon, path = _ICONS.get(label.name), ("labels", key)
    entity = Entity(key=key, name=label.title, state_type=StateType.TEXT, path=path, icon=icon)
    if f"_{end}" == HORODATE_SUFFIX:
        return _time(entity, label) if label.horodate else None
    if label.kind in {Kind.INDEX, Kind.QUANTITY}:
        unit = label.unit if not end else end if label.unit is None and end in ANY_UNIT else None
        return None if unit is None else _number(entity, label, unit)
    if end or label.horodate or label.kind is Kind.HORODATE:
        return None
    is_shown = label.kind is not Kind.COMPOSITE and label.name not in _HIDDEN
    words = words_of(TariffPeriod) if label.name in _PERIODS else ()
    return replace(entity, words=words, diagnostic=not is_shown, enabled=is_shown)


def _number(entity: Entity, label: LabelSpec, unit: str) -> Entity:
    """
    Return the entity of a quantity or an index.

    An index whose unit is glued to it is no total: under one étiquette the meter sends the index of whichever
    tariff period is running, and Home Assistant would take each decrease for a new meter.
    """
    device_class = _CLASSES.get(unit.removeprefix("k"))
    state_class = None
    if label.kind is Kind.INDEX:
        state_class = None if label.glued else "total_increasing"
    elif _is_momentary(label.name) and device_class not in _NOT_MEASURED:
        state_class = "measurement"
    return replace(
        entity,
        state_type=StateType.NUMBER,
        device_class=device_class,
        state_class=state_class,
        unit=UNITS.get(unit, (unit, 1))[0],
        precision=None if label.glued else 0,
        diagnostic=label.name.startswith(_CONTRACT),
        enabled=label.name not in _HIDDEN,
    )


def _is_momentary(label: str) -> bool:
    return not label.startswith((*_CONTRACT, *_MAXIMA)) and not label.endswith(_PREVIOUS)


def _time(entity: Entity, label: LabelSpec) -> Entity:
    """Return the entity of a horodate; it is diagnostic unless it belongs to a mobile peak."""
    peak = label.kind is Kind.ENUMERATION
    name = label.title if peak else Message("{name} (time)", name=label.title)
    entity = replace(entity, name=name, state_type=StateType.TIME, device_class=_CLASSES[StateType.TIME])
    return replace(entity, diagnostic=not peak, enabled=peak)


_THREE_PHASES: Final = 3
_PEAKS: Final = tuple(f"{edge}PM{number}{HORODATE_SUFFIX}" for number in range(1, 4) for edge in "DF")
"""Keys of the begin and the end of the mobile peaks."""
_INDEX: Final = FIELD_OF_PATH["energy.indexes.*.value"]


def entities_of(
    state: Mapping[FieldPath, Json], mode: Mode, exclude: AbstractSet[str] = frozenset()
) -> dict[str, Entity]:
    """
    Return the entities of a meter in `mode`, by key; `state` has the values of the state by path.

    With the contract EJP the notice of a peak has entities before it first comes, unless it is in `exclude`.
    """
    single, contract = state.get(("meter", "phases")) != _THREE_PHASES, state.get(("contract", "code"))

    def is_replaced(field: Field) -> bool:
        return bool(field.without) and FIELD_OF_PATH[field.without].parts in state

    entities = [
        _entity(
            field,
            single=single,
            enabled=field.enabled in {True, contract} and not is_replaced(field),
            common=contract is not None,
        )
        for field in FIELDS
        if field.name
        and field.parts in state
        and (not field.beside or FIELD_OF_PATH[field.beside].parts in state)
    ]
    indexes = list(_indexes(state))
    # A single index counts what the total counts.
    entities += [replace(index, enabled=len(indexes) > 1) for index in indexes]
    keys = dict.fromkeys(path[-1] for path in state if path[0] == "labels")
    if contract == Contract.EJP:
        notices = ("PEJP",) if mode is Mode.HISTORIQUE else _PEAKS[:2]
        keys |= dict.fromkeys(key for key in notices if not is_left_out(mode, key, exclude))
    for key in keys:
        entity = entity_of(mode, key)
        if entity is not None:
            # A white or red day of Tempo is a peak, too: the colours say so.
            hidden = contract == Contract.TEMPO and key in _PEAKS
            entities.append(replace(entity, enabled=entity.enabled and not hidden))
    return {entity.key: entity for entity in entities}


def _entity(field: Field, *, single: bool = False, enabled: bool = True, common: bool = False) -> Entity:
    """
    Return the entity of a field.

    A name in words is a choice among the names of the code beside it if the contract is `common`; the
    supplier's own text may be anything.
    """
    code = FIELD_OF_PATH.get(f"{field.path.removesuffix('.name')}.code") if common else None
    if code is not None and code.codes:
        field = replace(field, path=code.path, form=code.form)
    is_number = field.type is StateType.NUMBER
    momentary = is_number and field.momentary
    problem = "problem" if field.parts[0] == "alerts" else None
    off, on = field.codes if field.type is StateType.SWITCH and field.codes else ("false", "true")
    return Entity(
        key=field.key or field.path.replace(".", "_"),
        name=field.title(single=single),
        state_type=field.type,
        path=field.parts,
        device_class=_CLASSES.get(field.unit or field.type, problem),
        state_class=("total_increasing" if field.unit == "Wh" else "measurement") if momentary else None,
        unit=field.unit or None,
        precision=field.precision if is_number else None,
        words=words_of(field.codes),
        on=on,
        off=off,
        icon=field.icon,
        diagnostic=field.diagnostic,
        enabled=enabled,
    )


def _indexes(state: Mapping[FieldPath, Json]) -> Iterator[Entity]:
    """
    Yield the supplier's indexes; the key names the tariff period that an index counts, else its étiquette.

    No two indexes have the same name: Home Assistant derives ids from names.
    """
    names: set[str] = set()
    for path in state:
        name, period = (state.get((*path[:-1], part)) for part in ("name", "period"))
        if path[:2] != ("energy", "indexes") or path[-1] != "value" or not isinstance(name, str):
            continue
        label = path[-2]
        name = unnamed_index(label) if name in names else name
        names.add(name)
        yield replace(_entity(_INDEX), key=f"index_{period or label}", name=name, path=path)


_UNPLUGGED: Final = Message("Unplugged")
_UNPLUGGED_PROBLEMS: Final = (PortErrorKind.MISSING.value, PortErrorKind.GONE.value)


def line_entities() -> list[tuple[Entity, str | None]]:
    """
    Return each entity of the line with the template of its state in `health`, in the language of the locale.

    The state of an entity without a template is the payload of `status`, which the broker retains, and sets
    to `offline` for a daemon that is gone.
    """
    grades = {grade.value: _(grade.words) for grade in LineGrade}
    unplugged = f"{_(_UNPLUGGED)!r} if value_json.problem in {_UNPLUGGED_PROBLEMS!r}"
    return [
        _line(
            "LIGNE_QUALITE",
            Message("Line quality"),
            StateType.CHOICE,
            f"{{{{ {unplugged} else {grades!r}.get(value_json.line) }}}}",
            words=(*words_of(LineGrade), ("unplugged", _UNPLUGGED)),
            icon="mdi:signal",
        ),
        _line(
            "LIGNE_ERREURS",
            Message("Reading errors"),
            StateType.NUMBER,
            "{{ value_json.bad_groups_percent }}",
            state_class="measurement",
            unit="%",
            precision=2,
            icon="mdi:alert-circle-outline",
        ),
        _line(
            "LIGNE_MODE",
            Message("TIC mode"),
            StateType.CHOICE,
            "{{ value_json.mode }}",
            words=words_of(Mode),
            icon="mdi:serial-port",
        ),
        _line(
            "LIGNE_VITESSE",
            Message("Line speed"),
            StateType.NUMBER,
            "{{ value_json.baudrate }}",
            unit="bauds",
            precision=0,
            icon="mdi:speedometer",
        ),
        _line(
            "LIGNE_INCONNUES",
            Message("Unknown labels"),
            StateType.NUMBER,
            "{{ value_json.unknown_labels | default([]) | count }}",
            precision=0,
            icon="mdi:help-circle-outline",
            enabled=False,
        ),
        _line(
            "LIGNE_CONNEXION",
            Message("Connection to the meter"),
            StateType.SWITCH,
            None,
            device_class="connectivity",
            on="online",
            off="offline",
        ),
    ]


EVENTS: Final = Entity(
    key="event",
    name=Message("Event"),
    state_type=StateType.TEXT,
    events=tuple(event.value for event in Event),
    icon="mdi:bell-outline",
)
"""The entity of what begins or ends (docs/events.md)."""


def _line(
    key: str,
    name: str,
    state_type: StateType,
    template: str | None,
    **more: Any,  # noqa: ANN401 - any field of Entity
) -> tuple[Entity, str | None]:
    more.setdefault("device_class", _CLASSES.get(state_type))
    return Entity(key=key, name=name, state_type=state_type, diagnostic=True, **more), template
