"""
What a label is, and the words that the tables are written in.

Each word makes a `Label` of its kind from étiquette, désignation, English gloss and unit.
"""

from __future__ import annotations

import enum
from dataclasses import KW_ONLY, dataclass
from functools import partial
from typing import Final


class Mode(enum.StrEnum):
    """The two shapes of a TIC group, told apart by their separator."""

    HISTORIQUE = "historique"
    STANDARD = "standard"


class Kind(enum.Enum):
    """What a value is, and so what may be done with it."""

    INDEX = "index"  # a cumulative counter
    QUANTITY = "quantity"  # a measure: power, current, voltage, the energy of an interval, a ratio …
    IDENTIFIER = "identifier"  # names a meter or a site: never a JSON number, never in the log
    REGISTER = "register"  # bits
    ENUMERATION = "enumeration"  # one of a few codes or ordinals, open-ended: meters deviate
    HORODATE = "horodate"  # a date and time
    TEXT = "text"  # words for people
    COMPOSITE = "composite"  # several values in one


class Charset(enum.Enum):
    """The characters that a value may hold: those of `members`."""

    def __init__(self, members: bytes) -> None:
        self.members = members

    DIGITS = b"0123456789"
    HEXADECIMAL = b"0123456789ABCDEF"
    CODE = bytes(range(0x20, 0x60))
    # Without 0x60, which no word has: of a blank two wrong bits make it, and no sum and no parity sees them.
    TEXT = bytes(range(0x20, 0x60)) + bytes(range(0x61, 0x7F))


@dataclass(frozen=True, slots=True)
class LabelSpec:
    """
    One étiquette of one mode.

    `unit` is written as people write it (Wh, varh, kVA), None where there is none or where it changes.
    `glued`: the value ends with its unit ("9649kWh"), so that it is no bare number.
    `horodate`: in standard mode a horodate stands before the value.
    `repeats`: it may come several times in one frame.
    `options`: the values of a closed list, as a reading has them; `BBR` stands for all that start with it.
    `reused`: the second part of an ICE-4Q frame, which `Appli` opens, says it again with another meaning.
    """

    name: str
    french: str
    english: str
    unit: str | None = None
    _: KW_ONLY
    kind: Kind
    charset: Charset
    glued: bool = False
    horodate: bool = False
    repeats: bool = False
    reused: bool = False
    options: tuple[str, ...] = ()

    @property
    def is_number(self) -> bool:
        """Whether a value of digits is a count of `unit`, and so may become a number in JSON."""
        return self.kind in {Kind.INDEX, Kind.QUANTITY} and self.unit is not None and not self.glued


# The words that the tables are written in. A class of characters is narrow only where the documents give a
# bare number of fixed width: a value that the class refuses is lost, and meters deviate.
index = partial(LabelSpec, kind=Kind.INDEX, charset=Charset.DIGITS)
measure = partial(LabelSpec, kind=Kind.QUANTITY, charset=Charset.DIGITS)
ratio = partial(LabelSpec, kind=Kind.QUANTITY, charset=Charset.CODE)  # signed, with a decimal comma
identifier = partial(LabelSpec, kind=Kind.IDENTIFIER, charset=Charset.CODE)  # recordings hide theirs behind X
register = partial(LabelSpec, kind=Kind.REGISTER)
code = partial(LabelSpec, kind=Kind.ENUMERATION, charset=Charset.CODE)
ordinal = partial(LabelSpec, kind=Kind.ENUMERATION, charset=Charset.DIGITS)
date = partial(LabelSpec, kind=Kind.HORODATE, charset=Charset.CODE)
text = partial(LabelSpec, kind=Kind.TEXT, charset=Charset.TEXT)
composite = partial(LabelSpec, kind=Kind.COMPOSITE, charset=Charset.CODE)
# The unit is behind the number. A lower-case letter in it (kWh, varh) needs the widest class; V, A, % do not.
glued = partial(LabelSpec, kind=Kind.QUANTITY, charset=Charset.TEXT, glued=True)
glued_index = partial(LabelSpec, kind=Kind.INDEX, charset=Charset.TEXT, glued=True)
glued_code = partial(LabelSpec, kind=Kind.QUANTITY, charset=Charset.CODE, glued=True)

PHASES: Final = (1, 2, 3)
POINTS: Final = range(1, 7)  # the last mean powers, 1 = the newest
SLOTS: Final = range(1, 9)  # the tariff periods (postes) of ICE-4Q and SAPHIR
