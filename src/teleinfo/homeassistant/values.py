"""
Reading of one frame to states of Home Assistant.

Pure. The states are those of this frame alone. One that does not fit its entity (a code outside a closed
list, a horodate that is no date) is left out, and Home Assistant keeps the one before.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from teleinfo.homeassistant import register_entities
from teleinfo.homeassistant.entities import (
    FACTORS,
    Entity,
    StateType,
    entity_of,
    in_words,
    localized,
    state_type_of,
)
from teleinfo.homeassistant.translations import state_in
from teleinfo.tic.horodate import iso
from teleinfo.tic.labels import CONTRACTS, DIGITS, STANDARD, Mode, lookup, parse_uint
from teleinfo.tic.reading import HORODATE_SUFFIX

if TYPE_CHECKING:
    from teleinfo.state.words import Language
    from teleinfo.tic.labels import LabelSpec
    from teleinfo.tic.reading import Reading

State = int | float | str | None

IMPORTED, EXPORTED = "PUISSANCE_MOYENNE", "PUISSANCE_MOYENNE_INJECTEE"
"""The keys of the mean powers, which are measured over several frames: see `state.mean_power`."""

_TOTAL: Final = "INDEX_TOTAL_"
_MAX_STATE_LENGTH: Final = 255  # characters; Home Assistant makes a longer state unknown
_NUMBER: Final = re.compile(rf"[+-]?[0-9]{{1,{DIGITS}}}(?:[.,][0-9]{{1,{DIGITS}}})?")


def _power(key: str, name: str) -> Entity:
    return Entity(
        key=key,
        name=name,
        state_type=StateType.NUMBER,
        device_class="power",
        state_class="measurement",
        unit="W",
        precision=0,
    )


_TOTALS: Final = tuple(
    Entity(
        key=f"{_TOTAL}{option}",
        name="Index total (calculé)",
        state_type=StateType.NUMBER,
        device_class="energy",
        state_class="total_increasing",
        unit="Wh",
        precision=0,
    )
    for option, indexes in CONTRACTS.items()
    if len(indexes) > 1
)
_IMPORTED_INDEXES: Final = {
    Mode.STANDARD: ("EAST",),
    Mode.HISTORIQUE: ("BASE", *(entity.key for entity in _TOTALS)),
}
DERIVED: Final = {
    IMPORTED: _power(IMPORTED, "Puissance active moyenne (calculée)"),
    EXPORTED: _power(EXPORTED, "Puissance active moyenne injectée (calculée)"),
    **{entity.key: entity for entity in _TOTALS},
}


def find_entity(mode: Mode, key: str, language: Language = "fr") -> Entity | None:
    """Return the entity whose state has this key, None if there is none."""
    entity = DERIVED.get(key) or register_entities.ENTITIES.get(key)
    return entity_of(mode, key, language) if entity is None else localized(entity, language)


def states_of(reading: Reading, *, overseas: bool, language: Language = "fr") -> dict[str, State]:
    """
    Return the state of each entity that this frame has a value for; None: unknown.

    `overseas`: the meter is not in metropolitan France, so that the offset of its times is not known.
    """
    states: dict[str, State] = {}
    for key, value in reading.values.items():
        label = lookup(reading.mode, key)
        if label is None:
            base = lookup(reading.mode, key.removesuffix(HORODATE_SUFFIX))
            state_type = StateType.TIME if base is not None and base.horodate else None
        else:
            state_type = state_type_of(label)
        if state_type is StateType.TIME:
            if not overseas and (time := iso(value)) is not None:
                states[key] = time
        elif label is not None and state_type is not None:
            states |= _state(label, state_type, value, language)
    fields = register_entities.decode_registers(reading.values).items()
    states |= {key: None if state is None else state_in(state, language) for key, state in fields}
    return states | _total(reading)


def _state(label: LabelSpec, state_type: StateType, value: str, language: Language) -> dict[str, State]:
    """Return the state of one étiquette, or nothing if the value does not fit its type."""
    state: State = None
    match state_type:
        case StateType.SWITCH:
            return {label.name: "ON"}
        case StateType.CHOICE:
            state = _option(label, value, language)
        case StateType.NUMBER:
            state = _number(label, value)
        case _ if len(value) <= _MAX_STATE_LENGTH:
            return {label.name: in_words(label.name, value, language)}
    return {} if state is None else {label.name: state}


def _option(label: LabelSpec, value: str, language: Language) -> str | None:
    option = "BBR" if label.name == "OPTARIF" and value.startswith("BBR") else value
    return in_words(label.name, option, language) if option in label.options else None


def _number(label: LabelSpec, value: str) -> int | float | None:
    text = value.strip()
    if label.glued:
        text = text.removesuffix(label.unit or "").strip()
    if not _NUMBER.fullmatch(text):
        return None
    number = float(text.replace(",", "."))
    number *= FACTORS.get(label.unit or "", 1)
    return int(number) if number.is_integer() else number


def _total(reading: Reading) -> dict[str, State]:
    """
    Return the sum of the indexes of the running option, if this frame has all of them.

    The option is part of its key: after a change of contract other indexes count, and Home Assistant would
    take the difference of the two sums for energy.
    """
    option = next((o for o in CONTRACTS if reading.values.get("OPTARIF", "").startswith(o)), None)
    if option is None or len(CONTRACTS[option]) == 1:
        return {}
    indexes = [parse_uint(reading.values.get(label, "")) for label in CONTRACTS[option]]
    known = [index for index in indexes if index is not None]
    return {f"{_TOTAL}{option}": sum(known)} if len(known) == len(indexes) else {}


def imported_index(mode: Mode, states: dict[str, State]) -> tuple[str, int] | None:
    """Return the key of the index of the whole imported energy, and its Wh; None: this frame lacks it."""
    for key in _IMPORTED_INDEXES[mode]:
        if isinstance(total := states.get(key), int):
            return key, total
    return None


def running_indexes(reading: Reading, states: dict[str, State]) -> set[str]:
    """
    Return the supplier indexes of standard mode that the running contract uses, as far as one frame shows.

    The index in force (NTARF), those of tomorrow's profile (PJOURF+1, in blocks HHMMSSSS whose last digit
    is the index, Enedis-NOI-CPT_54E v3), and the six of Tempo if there is a colour.
    """
    blocks = re.findall(r"\b[0-9A-F]{7}([0-9A-F])\b", reading.values.get("PJOURF+1", ""))
    numbers = {int(block, 16) for block in blocks}
    running = parse_uint(reading.values.get("NTARF", ""))
    if running is not None:
        numbers.add(running)
    if states.get("COULEUR_JOUR"):
        numbers |= set(range(1, 7))
    return {key for number in numbers if (key := f"EASF{number:02}") in STANDARD}
