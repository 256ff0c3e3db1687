"""
The table of étiquettes: what each is, in one place.

The other rooms ask this one; nothing else lists labels.
The order inside a section is the order of emission on the wire.

Sources: Enedis-NOI-CPT_54E v3 (Linky) and Enedis-NOI-CPT_02E v6 (older meters).
"""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Mode(enum.StrEnum):
    """The two shapes of a TIC group, told apart by their separator."""

    HISTORIQUE = "historique"
    STANDARD = "standard"


class Kind(enum.Enum):
    """What a value is, and so what may be done with it."""

    INDEX = "index"  # a cumulative counter
    QUANTITY = "quantity"  # a measure with a unit: power, current, voltage …
    IDENTIFIER = "identifier"  # a number that names something: never a number in JSON
    REGISTER = "register"  # bits
    ENUMERATION = "enumeration"  # one of a few codes, open-ended: meters deviate
    HORODATE = "horodate"  # a date and time
    TEXT = "text"  # words for people
    COMPOSITE = "composite"  # several values in one


class Charset(enum.Enum):
    """The characters that a value may hold; the member's value is the set."""

    DIGITS = b"0123456789"
    HEXADECIMAL = b"0123456789ABCDEF"
    CODE = bytes(range(0x20, 0x60))
    TEXT = bytes(range(0x20, 0x7F))


@dataclass(frozen=True, slots=True)
class Label:
    """One étiquette of one mode."""

    name: str
    kind: Kind
    charset: Charset
    unit: str | None
    horodate: bool
    french: str
    english: str


HISTORIQUE: dict[str, Label] = {}
STANDARD: dict[str, Label] = {}


def find(mode: Mode, name: str) -> Label | None:
    """Return what the table knows of the étiquette `name` in `mode`, or None."""
    return (STANDARD if mode is Mode.STANDARD else HISTORIQUE).get(name)
