"""
Read the tables of the package: `labels.txt`, which explains its columns, and lists like `makers.txt`.

The files belong to the package, like its modules; each is read once, at import.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from teleinfo.tic.tables.label_types import Charset, Kind, LabelSpec, Presence
from teleinfo.vocabulary.codes import TariffPeriod

if TYPE_CHECKING:
    from collections.abc import Iterator

# A class of characters is narrow only where the documents define a bare number of fixed width, since a value
# outside its class is lost and meters deviate. Widths are given for the same labels only: values of ICE,
# PME-PMI and SAPHIR have no leading zeros, so their widths vary.
_KINDS: Final[dict[str, dict[str, Any]]] = {
    "measure": {"kind": Kind.QUANTITY, "charset": Charset.DIGITS},  # a bare number
    "index": {"kind": Kind.INDEX, "charset": Charset.DIGITS, "widths": (9,)},
    "ratio": {"kind": Kind.QUANTITY, "charset": Charset.CODE},  # signed, with a decimal comma
    # Not only digits: owners of recordings replace them with X.
    "identifier": {"kind": Kind.IDENTIFIER, "charset": Charset.CODE, "widths": (12,)},
    "register": {"kind": Kind.REGISTER, "charset": Charset.CODE},
    "code": {"kind": Kind.ENUMERATION, "charset": Charset.CODE},
    "ordinal": {"kind": Kind.ENUMERATION, "charset": Charset.DIGITS, "widths": (2,)},
    "date": {"kind": Kind.HORODATE, "charset": Charset.CODE, "widths": (17,)},  # JJ/MM/AA HH/MM/SS
    "text": {"kind": Kind.TEXT, "charset": Charset.TEXT},
    "composite": {"kind": Kind.COMPOSITE, "charset": Charset.CODE},
    # The unit stands behind the number. Its lower-case letters (kWh, varh) need the widest class.
    "glued": {"kind": Kind.QUANTITY, "charset": Charset.TEXT, "glued": True},
    "glued_index": {"kind": Kind.INDEX, "charset": Charset.TEXT, "glued": True},
    "glued_code": {"kind": Kind.QUANTITY, "charset": Charset.CODE, "glued": True},
}
# Bare numbers of blue meters and Linky (02E and 54E, tables of the groups, "nombre de caractères").
_WIDTH_BY_UNIT: Final = {"A": 3, "V": 3, "VA": 5, "W": 5, "kVA": 2, "min": 2}


def read_lines(name: str) -> list[str]:
    """Return the lines of a file of this package, without comments and empty lines."""
    content = Path(__file__).with_name(name).read_text(encoding="utf-8")
    return [line for line in content.splitlines() if line and not line.startswith("#")]


def _read() -> dict[str, tuple[LabelSpec, ...]]:
    """Return the labels of each meter family; the key is the name of its section in the file."""
    tables: dict[str, tuple[LabelSpec, ...]] = {}
    family = ""
    for line in read_lines("labels.txt"):
        if line.startswith("["):
            family = line.strip("[]")
            tables[family] = ()
        else:
            tables[family] += tuple(map(_label, _members(line)))
    return tables


def _members(line: str) -> Iterator[str]:
    """Yield a line for each label of a series, or the line itself if it is no series."""
    series = re.search(r"\{(.+?)\}", line)
    if series is None:
        yield line
        return
    first, _, last = series[1].partition("-")
    for member in range(int(first), int(last) + 1) if last else series[1].split(","):
        yield line.replace(series[0], "{}").replace("{}", str(member))


def _label(line: str) -> LabelSpec:
    name, kind, unit, notes, french, english = (column.strip() for column in line.split("|"))
    more = dict(_KINDS[kind])
    if kind == "measure":
        more["widths"] = (_WIDTH_BY_UNIT[unit],)
    for note in notes.split(", ") if notes != "-" else ():
        word, _, argument = note.partition(" ")
        if word == "width":
            first, _, last = argument.partition("-")
            more["widths"] = range(int(first), int(last) + 1) if last else tuple(map(int, first.split("/")))
        elif word == "also":
            more["spellings"] = tuple(argument.split("/"))
        elif word == "period":
            more["period"] = TariffPeriod[argument]
        elif word.upper() in Charset.__members__:
            more["charset"] = Charset[word.upper()]
        elif word.upper() in Presence.__members__:
            more["presence"] = Presence[word.upper()]
        else:
            more[word] = True  # horodate, repeats, reused
    return LabelSpec(name, french, english, None if unit == "-" else unit, **more)


TABLES: Final = _read()
"""The labels of each meter family."""
