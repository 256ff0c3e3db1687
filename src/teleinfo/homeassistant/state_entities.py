"""
The entities of the decoded state: a field with a name has one entity with one id, in both modes of the meter.

Pure. A change of mode may change the place of a state in the message (`energy.indexes.HCHC` or `EASF01`), and
never the id of its entity. The ids are frozen: with another id every household would lose its history.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from teleinfo.homeassistant.entities import DEVICE_CLASSES, Entity, entity_of, words_of
from teleinfo.state.declaration import FIELD_OF_PATH, FIELDS, Field, StateType
from teleinfo.state.tariffs import unnamed_index

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from teleinfo.state.declaration import Path
    from teleinfo.state.fields import Json
    from teleinfo.tic.labels import Mode

_THREE_PHASES: Final = 3
_INDEX: Final = FIELD_OF_PATH["energy.indexes.*.value"]
_CLASSES: Final = {StateType.TIME: "timestamp", StateType.CHOICE: "enum"}
# The order of the entities in the message, by the beginnings of their paths; any other entity comes last.
_ORDER: Final = (
    *("contract", "tariff", "tempo", "energy"),
    *("power.apparent", "power.injected", "power.mean", "power.injected_mean"),
    *(
        "power.exporting",
        "power.max",
        "load_curve",
        "alerts",
        "contacts",
        "meter.clock",
        "alerts.mobile_peak",
    ),
    *("power.net", "current", "voltage", "mean_voltage", "power.apparent_by_phase"),
)


def _place(field: Field) -> int:
    beginnings = [place for place, beginning in enumerate(_ORDER) if field.path.startswith(beginning)]
    return max(beginnings, key=lambda place: len(_ORDER[place]), default=len(_ORDER))


_NAMED: Final = sorted((field for field in FIELDS if field.name), key=_place)


def entities_of(state: Mapping[Path, Json], mode: Mode) -> dict[str, Entity]:
    """Return by key the entities of these values of the state, by their paths, of a meter in `mode`."""
    single, contract = state.get(("meter", "phases")) != _THREE_PHASES, state.get(("contract", "code"))
    entities = [
        _entity(field, single=single, enabled=field.enabled in {True, contract})
        for field in _NAMED
        if field.parts in state and (not field.beside or FIELD_OF_PATH[field.beside].parts in state)
    ]
    entities += _indexes(state)
    own = (entity_of(mode, path[-1]) for path in state if path[0] == "labels")
    entities += [entity for entity in own if entity is not None]
    return {entity.key: entity for entity in entities}


def _entity(field: Field, *, single: bool = False, enabled: bool = True) -> Entity:
    """Return the entity of a field; a time is diagnostic, and not enabled."""
    is_time = field.type is StateType.TIME
    entity = Entity(
        key=field.key or field.path.replace(".", "_"),
        name=field.title(single=single),
        state_type=field.type,
        path=field.parts,
        device_class=_CLASSES.get(field.type, "problem" if field.parts[0] == "alerts" else None),
        icon=field.icon,
        diagnostic=field.diagnostic or is_time,
        enabled=enabled and not is_time,
    )
    if field.type is StateType.NUMBER:
        return replace(
            entity,
            device_class=DEVICE_CLASSES.get(field.unit or ""),
            state_class="total_increasing"
            if field.unit == "Wh"
            else "measurement"
            if field.momentary
            else None,
            unit=field.unit,
            precision=field.precision,
        )
    if field.type is StateType.SWITCH and field.codes:
        return replace(entity, off=field.codes[0].value, on=field.codes[1].value)
    return replace(entity, words=words_of(field.codes))


def _indexes(state: Mapping[Path, Json]) -> Iterator[Entity]:
    """
    Yield the indexes of the supplier: by the tariff period that they count, else by their étiquette.

    No two of them have the same name: Home Assistant makes ids of names.
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


def every_entity() -> list[Entity]:
    """Return every entity of a field of the state, without the indexes; for tests and checks."""
    return [_entity(field, enabled=field.enabled is not False) for field in _NAMED]
