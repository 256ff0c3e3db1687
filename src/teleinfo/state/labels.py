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
from itertools import islice
from typing import TYPE_CHECKING, Final

from teleinfo.state import business_meters, tariffs
from teleinfo.state.declaration import FIELDS
from teleinfo.state.field_entry import ANY_LABEL, StateType
from teleinfo.tic.horodate import iso
from teleinfo.tic.labels import DIGITS, HISTORIQUE, STANDARD, Kind, Label, Mode, lookup
from teleinfo.tic.reading import HORODATE_SUFFIX, of_second_part

if TYPE_CHECKING:
    from teleinfo.state.fields import Values


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


def has_no_field(label: Label) -> bool:
    """True if an étiquette of the table has no field, so that its own name is its key in `labels`."""
    return label.name not in _IN_FIELDS


def numbers() -> set[str]:
    """Return the path of each number of the state, without those that have a value for each étiquette."""
    fields = {field.path for field in FIELDS if field.type is StateType.NUMBER}
    all_labels = (*HISTORIQUE.values(), *STANDARD.values())
    labels = {f"labels.{label.name}" for label in all_labels if has_no_field(label) and label.is_number}
    return {path for path in fields | labels if ANY_LABEL not in path}


def values_of(mode: Mode, values: Values, *, private: bool = False) -> dict[str, int | float | str]:
    """
    Return the values of the étiquettes that have no field of their own, also of those outside the table.

    The key of a horodate is its étiquette with `_HORODATE`. The key of a number whose unit is not in the
    table is its étiquette with the unit (`PS_VA`). Identifiers (`PRM`) are left out if the number of the
    meter is `private`.
    """
    found: dict[str, int | float | str] = {}
    others: dict[str, int | float | str] = {}
    for key, text in values.items():
        name = key.removesuffix(HORODATE_SUFFIX)
        label = lookup(mode, key) or lookup(mode, name)
        if label is None and (first := of_second_part(mode, key)) is not None:
            label = replace(first, name=key)  # a name of the second part has no field
        if label is not None:
            is_hidden = private and label.kind is Kind.IDENTIFIER
            if is_hidden or not has_no_field(label):
                continue
        into = others if label is None else found
        if key != name or (label is not None and label.kind is Kind.HORODATE):
            time = iso(text) or business_meters.moment(text)
            into |= {} if time is None else {key: time}
        else:
            into |= _text(key, text) if label is None else _value(label, text)
    # No two keys may give the same topic (`field_topics.plain`), nor look like a value with its unit.
    taken_topics = {_topic(key) for key in found}
    others_by_topic = {_topic(key): key for key in others}  # of two with one topic, the later
    free = (
        key
        for topic, key in others_by_topic.items()
        if topic not in taken_topics and not _has_unit(mode, key)
    )
    return found | {key: others[key] for key in islice(free, MAX_OTHERS)}


def _topic(key: str) -> str:
    return key.replace("+", "_")


def _has_unit(mode: Mode, key: str) -> bool:
    """True if the key stands for a number whose unit came with its value."""
    name, _, unit = key.rpartition("_")
    return unit in ANY_UNIT_PUBLISHED and lookup(mode, name) is not None


def _text(key: str, text: str) -> dict[str, int | float | str]:
    collapsed = tariffs.collapse(text)
    return {key: collapsed} if 0 < len(collapsed) <= MAX_TEXT else {}


def _value(label: Label, text: str) -> dict[str, int | float | str]:
    if label.kind not in {Kind.INDEX, Kind.QUANTITY}:
        # The code of a mobile peak means nothing: only its horodate is published.
        return {} if label.horodate else _text(label.name, text)
    match = _NUMBER.fullmatch(text.strip())
    expected = ANY_UNIT | {""} if label.unit is None else {"", label.unit} if label.glued else {""}
    if match is None or match[2] not in expected:
        return {}
    sent = match[2] if label.unit is None else label.unit
    unit, factor = UNITS.get(sent, (sent, 1))
    number = Decimal(match[1].replace(",", ".")) * factor
    key = f"{label.name}_{unit}" if label.unit is None and unit else label.name
    return {key: int(number) if number == int(number) else float(number)}
