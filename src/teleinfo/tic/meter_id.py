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
    from teleinfo.tic.reading import Reading

_SECTIONS: Final = read_sections(Path(__file__).with_name("tables") / "numbers.txt")
_MAKERS: Final = {line[:2]: line[3:] for line in _SECTIONS["MAKERS"][1]}
_UNKNOWN = Message("Electricity meter")
_TYPES: Final = {
    code: (Designation(name, french=nom), Designation(model, french=modele))
    for codes, nom, name, modele, model in (re.split(r" *\| ", line) for line in _SECTIONS["TYPES"][1])
    for code in codes.split()
}
_NUMBER: Final = re.compile(r"[0-9]{4}[0-9A-F]{2}[0-9]{6}")
_FIRST_YEAR: Final = "80"  # no electronic meter is older


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
    kind = number[4:6]
    century = "19" if year >= _FIRST_YEAR else "20"
    name, model = _TYPES.get(kind, (_UNKNOWN, _UNKNOWN))
    return MeterIdentity(
        name,
        model,
        _MAKERS.get(maker),
        hardware=f"type {kind}, {century}{year}",
        overseas=kind in {"86", "87"},
        linky=kind in _TYPES and kind[0] in "67",
    )
