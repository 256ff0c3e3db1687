"""
The values of the étiquettes that have no field of their own in the state: numbers, times and texts.

Pure. Numbers are in the unit of the table (kVA as VA), times in ISO 8601 with their offset. A value that does
not fit its étiquette is left out.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from teleinfo.state import business_meters, tariffs
from teleinfo.state.declaration import FIELDS
from teleinfo.tic.horodate import iso
from teleinfo.tic.labels import DIGITS, Kind, lookup
from teleinfo.tic.reading import HORODATE_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Mapping

    from teleinfo.tic.labels import LabelSpec, Mode

UNITS: Final = {"kVA": ("VA", 1000)}
"""Units that Home Assistant does not know, each with the unit that replaces it and the factor."""

_IN_FIELDS: Final = frozenset(label for field in FIELDS for label in field.sources)
_NUMBER: Final = re.compile(rf"([+-]?[0-9]{{1,{DIGITS}}}(?:[.,][0-9]{{1,{DIGITS}}})?) *([^0-9 ]*)")
ANY_UNIT: Final = frozenset({"W", "kW", "VA", "kVA"})
"""The units that may follow a number if the table has no unit for its étiquette."""


def is_own(label: LabelSpec) -> bool:
    """
    Return True if an étiquette is published under its own name.

    Identifiers and registers are not: the number of the meter is a field, and bits mean nothing to a reader.
    """
    return label.name not in _IN_FIELDS and label.kind not in {Kind.IDENTIFIER, Kind.REGISTER}


def values_of(mode: Mode, values: Mapping[str, str], *, overseas: bool) -> dict[str, int | float | str]:
    """
    Return the values of the étiquettes that have no field of their own.

    The key of a horodate is its étiquette with `_HORODATE`. The key of a number whose unit is not in the
    table is its étiquette with the unit (`PS_VA`). Times of an `overseas` meter are left out: their offset is
    unknown.
    """
    found: dict[str, int | float | str] = {}
    for key, text in values.items():
        label = lookup(mode, key)
        if label is None:
            base = lookup(mode, key.removesuffix(HORODATE_SUFFIX))
            if base is not None and base.horodate and is_own(base):
                found |= _time(key, text, overseas=overseas)
        elif is_own(label):
            is_time = label.kind is Kind.HORODATE
            found |= _time(key, text, overseas=overseas) if is_time else _value(label, text)
    return found


def _time(key: str, text: str, *, overseas: bool) -> dict[str, str]:
    time = None if overseas else iso(text) or business_meters.moment(text)
    return {} if time is None else {key: time}


def _value(label: LabelSpec, text: str) -> dict[str, int | float | str]:
    if label.kind not in {Kind.INDEX, Kind.QUANTITY}:
        # The code of a mobile peak means nothing: only its horodate is published.
        collapsed = "" if label.horodate else tariffs.collapse(text)
        return {label.name: collapsed} if collapsed else {}
    match = _NUMBER.fullmatch(text.strip())
    expected = ANY_UNIT if label.unit is None else {"", label.unit} if label.glued else {""}
    if match is None or match[2] not in expected:
        return {}
    sent = match[2] if label.unit is None else label.unit
    unit, factor = UNITS.get(sent, (sent, 1))
    number = float(match[1].replace(",", ".")) * factor
    key = f"{label.name}_{unit}" if label.unit is None else label.name
    return {key: int(number) if number.is_integer() else number}
