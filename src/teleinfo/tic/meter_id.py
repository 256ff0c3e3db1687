"""
The identity of a meter: number, maker, model.

Pure. The number (ADCO, ADSC, ADS) has twelve characters CC AA TT NNNNNN: maker, year, type, serial number
(Euridis, list V3.04A of 2019).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from teleinfo.tic.labels import METER_NUMBERS
from teleinfo.tic.reading import texts_of
from teleinfo.tic.tables.reader import read_sections
from teleinfo.vocabulary.words import Designation, Message

if TYPE_CHECKING:
    from collections.abc import Iterable

    from teleinfo.tic.reading import Reading

_UNKNOWN = Message("Electricity meter")
_NUMBER: Final = re.compile(r"[0-9]{4}[0-9A-F]{2}[0-9]{6}")
_FIRST_YEAR: Final = "80"  # no electronic meter is older
_LINKY_TYPES: Final = ("6", "7")  # the first digit of their types
_OVERSEAS_TYPES: Final = frozenset({"86", "87"})  # of SEI, the grid of the islands


class MeterIdentity(NamedTuple):
    """
    The name of a meter, its model, and its maker (None where the number does not show it).

    `hardware` is the type and the year in its number. `overseas`: its clock does not show the time of Paris.
    `linky`: the meter is a Linky, whose étiquettes have the meaning of Enedis-NOI-CPT_54E.
    """

    name: Message
    model: Message
    manufacturer: str | None = None
    hardware: str | None = None
    overseas: bool = False
    linky: bool = False


class _MeterType(NamedTuple):
    """The name of the meters of one type, and their model."""

    name: Message
    model: Message


def _read_makers(lines: Iterable[str]) -> dict[str, str]:
    """Return the makers by their code, of lines "02 Sagemcom"."""
    makers = {}
    for line in lines:
        code, maker = line.split(" ", 1)
        makers[code] = maker
    return makers


def _read_types(lines: Iterable[str]) -> dict[str, _MeterType]:
    """Return the types of meters by their code, of lines "codes | nom | name | modèle | model"."""
    types = {}
    for line in lines:
        codes, nom, name, modele, model = re.split(r" *\| ", line)
        meter_type = _MeterType(Designation(name, french=nom), Designation(model, french=modele))
        for code in codes.split():
            types[code] = meter_type
    return types


_SECTIONS: Final = read_sections(Path(__file__).with_name("tables") / "numbers.txt")
_MAKERS: Final = _read_makers(_SECTIONS["MAKERS"])
_TYPES: Final = _read_types(_SECTIONS["TYPES"])
_UNKNOWN_TYPE: Final = _MeterType(_UNKNOWN, _UNKNOWN)


def number_of(reading: Reading) -> str | None:
    """Return the number of the meter in this frame, or None."""
    values = texts_of(reading)
    for label in METER_NUMBERS:
        number = values.get(label)
        if number:
            return number
    return None


def identity_of(number: str | None) -> MeterIdentity:
    """Return the identity of the meter with this `number`, which is None if the meter sends none."""
    if number is None or _NUMBER.fullmatch(number) is None:
        return MeterIdentity(_UNKNOWN, _UNKNOWN)
    maker = number[:2]
    year = number[2:4]
    type_code = number[4:6]
    century = "19" if year >= _FIRST_YEAR else "20"
    meter_type = _TYPES.get(type_code, _UNKNOWN_TYPE)
    return MeterIdentity(
        meter_type.name,
        meter_type.model,
        _MAKERS.get(maker),
        hardware=f"type {type_code}, {century}{year}",
        overseas=type_code in _OVERSEAS_TYPES,
        linky=type_code in _TYPES and type_code.startswith(_LINKY_TYPES),
    )
