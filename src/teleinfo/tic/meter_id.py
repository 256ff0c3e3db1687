"""
The identity of a meter: number, maker, model.

Pure. The number (ADCO, ADSC, ADS) has twelve characters CC AA TT NNNNNN: maker, year, type, serial number
(Euridis, list V3.04A of 2019; the types of Linky also in Enedis-NOI-CPT_54E v3).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from teleinfo.tic.labels import METER_NUMBERS
from teleinfo.tic.tables.reader import read_lines
from teleinfo.vocabulary.words import Message

if TYPE_CHECKING:
    from teleinfo.tic.reading import Reading

_MAKERS: Final = {line[:2]: line[3:] for line in read_lines("makers.txt")}
_LINKY_MONO, _LINKY_TRI = Message("Single-phase Linky"), Message("Three-phase Linky")
_BLUE_MONO, _BLUE_TRI = Message("Single-phase meter"), Message("Three-phase meter")
_OVERSEAS_MONO, _OVERSEAS_TRI = Message("Single-phase digital meter"), Message("Three-phase digital meter")
_UNKNOWN = Message("Electricity meter")
# For each type: the name of the device, and its model.
_TYPES: Final = {
    **dict.fromkeys(("05", "11", "25"), (_BLUE_MONO, Message("Electronic, single-phase, one tariff"))),
    **dict.fromkeys(
        ("01", "15", "20", "22", "23", "28", "29"),
        (_BLUE_MONO, Message("Electronic, single-phase, several tariffs")),
    ),
    **dict.fromkeys(
        ("09", "21", "26", "27", "30", "31", "32"), (_BLUE_TRI, Message("Electronic, three-phase"))
    ),
    **dict.fromkeys(
        ("03", "04", "19", "52", "53", "54"),
        (Message("Concentrator"), Message("Remote-reading concentrator")),
    ),
    **dict.fromkeys(("06", "10", "33"), (Message("Yellow meter"), Message("Electronic yellow meter"))),
    **dict.fromkeys(("07", "12"), (Message("ICE meter"), Message("PRISME or ICE"))),
    "34": (Message("ICE meter"), Message("ICE, four quadrants")),
    "36": (Message("PME-PMI meter"), Message("PME-PMI")),
    "60": (_LINKY_MONO, Message("Single-phase Linky 60 A (G1)")),
    "61": (_LINKY_MONO, Message("Single-phase Linky 60 A (G3)")),
    "62": (_LINKY_MONO, Message("Single-phase Linky 90 A (G1)")),
    "63": (_LINKY_TRI, Message("Three-phase Linky 60 A (G1)")),
    "64": (_LINKY_MONO, Message("Single-phase Linky 60 A (G3)")),
    "67": (_LINKY_MONO, Message("Single-phase Linky 90 A (G1, pilot)")),
    "68": (_LINKY_TRI, Message("Three-phase Linky 60 A (G1, pilot)")),
    "70": (_LINKY_MONO, Message("Single-phase Linky (G3)")),
    "71": (_LINKY_TRI, Message("Three-phase Linky (G3)")),
    "75": (_LINKY_MONO, Message("Single-phase Linky 90 A (G3)")),
    "76": (_LINKY_TRI, Message("Three-phase Linky 60 A (G3)")),
    "86": (_OVERSEAS_MONO, Message("Digital, single-phase (SEI)")),
    "87": (_OVERSEAS_TRI, Message("Digital, three-phase (SEI)")),
}
_NUMBER: Final = re.compile(r"[0-9]{4}[0-9A-F]{2}[0-9]{6}")
_FIRST_YEAR: Final = "80"  # no electronic meter is older


@dataclass(frozen=True, slots=True)
class MeterIdentity:
    """
    The name of a meter, its model, and its maker (None where the number does not show it).

    `hardware` is the type and the year in its number. `overseas`: its clock does not show the time of Paris.
    """

    name: Message
    model: Message
    maker: str | None = None
    hardware: str | None = None
    overseas: bool = False


def number_of(reading: Reading) -> str | None:
    """Return the number of the meter in this frame, or None."""
    return next((reading.values[label] for label in METER_NUMBERS if reading.values.get(label)), None)


def identity_of(number: str | None) -> MeterIdentity:
    """Return the identity of the meter with this `number`, which is None if the meter sends none."""
    if number is None or _NUMBER.fullmatch(number) is None:
        return MeterIdentity(_UNKNOWN, _UNKNOWN)
    maker, year, kind = number[:2], number[2:4], number[4:6]
    name, model = _TYPES.get(kind, (_UNKNOWN, _UNKNOWN))
    hardware = f"type {kind}, {'19' if year >= _FIRST_YEAR else '20'}{year}"
    return MeterIdentity(name, model, _MAKERS.get(maker), hardware, overseas=kind in {"86", "87"})
