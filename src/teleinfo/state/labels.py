"""
The values of the étiquettes that have no field of their own in the state: numbers, times and texts.

Pure. Numbers are in the unit of the table without its prefix (kVA as VA), times in ISO 8601 with their
offset. A value that does not fit its étiquette is left out. The value of an étiquette outside the table is a
text.
"""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Final, TypeAlias

from teleinfo.state import business_meters, tariffs
from teleinfo.state.declaration import FIELDS
from teleinfo.state.field_entry import ANY_LABEL, StateType
from teleinfo.tic.horodate import iso
from teleinfo.tic.labels import DIGITS, HISTORIQUE, STANDARD, Kind, Label, Mode, lookup
from teleinfo.tic.reading import HORODATE_SUFFIX, of_second_part

if TYPE_CHECKING:
    from teleinfo.state.fields import Values

_ValueByKey: TypeAlias = dict[str, int | float | str]

UNITS: Final = {
    "kVA": ("VA", 1000),
    "kW": ("W", 1000),
    "kWh": ("Wh", 1000),
    "kvar": ("var", 1000),
    "kvarh": ("varh", 1000),
    "daL": ("L", 10),
}
"""Units with a prefix, each with the unit of the state that replaces it and the factor."""

_IN_FIELDS: Final = frozenset(label for field in FIELDS for label in field.sources)
_NUMBER: Final = re.compile(rf"([+-]?[0-9]{{1,{DIGITS}}}(?:[.,][0-9]{{1,{DIGITS}}})?) *([^0-9 ]*)")
ANY_UNIT: Final = frozenset({"W", "kW", "VA", "kVA"})
"""The units that may follow a number if the table has no unit for its étiquette."""

ANY_UNIT_PUBLISHED: Final = frozenset(UNITS.get(unit, (unit, 1))[0] for unit in ANY_UNIT)
"""The same units, as they are at the end of the key of such a number."""


MAX_OTHERS: Final = 64
"""The most étiquettes outside the table; Linky may get some more, a hostile line could invent many."""

MAX_TEXT: Final = 128
"""The most characters of a text; the longest of Linky has 98."""


def has_field(label: Label) -> bool:
    """True if an étiquette of the table has a field; without one, its own name is its key in `labels`."""
    return label.name in _IN_FIELDS


def numbers() -> set[str]:
    """Return the path of each number of the state, without those that have a value for each étiquette."""
    paths = set[str]()
    for field in FIELDS:
        if field.type is StateType.NUMBER and ANY_LABEL not in field.path:
            paths.add(field.path)
    for label in (*HISTORIQUE.values(), *STANDARD.values()):
        if label.is_number and not has_field(label):
            paths.add(f"labels.{label.name}")
    return paths


def values_of(mode: Mode, values: Values, *, private: bool = False) -> _ValueByKey:
    """
    Return the values of the étiquettes that have no field of their own, also of those outside the table.

    The key of a horodate is its étiquette with `_HORODATE`. The key of a number whose unit is not in the
    table is its étiquette with the unit (`PS_VA`). Identifiers (`PRM`) are left out if the number of the
    meter is `private`.
    """
    of_table: _ValueByKey = {}
    others: _ValueByKey = {}
    for key, text in values.items():
        name = key.removesuffix(HORODATE_SUFFIX)
        is_horodate = key != name
        label = lookup(mode, key) or lookup(mode, name) or _label_of_second_part(mode, key)
        if label is None:
            if is_horodate:
                others |= _time(key, text)
            else:
                others |= _text(key, text)
            continue
        is_hidden = private and label.kind is Kind.IDENTIFIER
        if is_hidden or has_field(label):
            continue
        if is_horodate or label.kind is Kind.HORODATE:
            of_table |= _time(key, text)
        elif label.kind in {Kind.INDEX, Kind.QUANTITY}:
            of_table |= _number(label, text)
        elif not label.horodate:  # else it is the code of a mobile peak, which means nothing without its time
            of_table |= _text(label.name, text)

    # No two keys may give the same topic (`field_topics.plain`), nor look like a value with its unit.
    topics = {_topic(key) for key in of_table}
    others_by_topic = {_topic(key): key for key in others}  # of two with one topic, the later
    kept: _ValueByKey = {}
    for topic, key in others_by_topic.items():
        if len(kept) == MAX_OTHERS:
            break
        if topic not in topics and not _ends_with_unit(mode, key):
            kept[key] = others[key]
    return of_table | kept


def _label_of_second_part(mode: Mode, key: str) -> Label | None:
    """Return the entry of a key of the second part of an ICE-4Q frame, under this key, which has no field."""
    label = of_second_part(mode, key)
    return None if label is None else replace(label, name=key)


def _topic(key: str) -> str:
    """Return the last part of the topic of a key of `labels`."""
    return key.replace("+", "_")


def _ends_with_unit(mode: Mode, key: str) -> bool:
    """True if the key stands for a number whose unit came with its value."""
    name, _, unit = key.rpartition("_")
    return unit in ANY_UNIT_PUBLISHED and lookup(mode, name) is not None


def _time(key: str, text: str) -> _ValueByKey:
    """Return the time of a horodate by its key; empty if the text is no time."""
    time = iso(text) or business_meters.moment(text)
    return {} if time is None else {key: time}


def _text(key: str, text: str) -> _ValueByKey:
    """Return the text by its key; empty if it is blank or too long."""
    collapsed = tariffs.collapse(text)
    return {key: collapsed} if 0 < len(collapsed) <= MAX_TEXT else {}


def _number(label: Label, text: str) -> _ValueByKey:
    """
    Return the number of an étiquette by its key; empty if the text does not have the form of the table.

    A unit may follow the number if the table says that it is glued to it, or has none for the étiquette.
    """
    match = _NUMBER.fullmatch(text.strip())
    if match is None:
        return {}
    digits, sent_unit = match.groups()
    key = label.name
    if label.unit is None:
        if sent_unit and sent_unit not in ANY_UNIT:
            return {}
        unit, factor = UNITS.get(sent_unit, (sent_unit, 1))
        if unit:
            key = f"{label.name}_{unit}"
    else:
        if sent_unit and not (label.glued and sent_unit == label.unit):
            return {}
        _unit, factor = UNITS.get(label.unit, (label.unit, 1))
    number = Decimal(digits.replace(",", ".")) * factor
    if number == int(number):
        return {key: int(number)}
    return {key: float(number)}
