"""
Read one TIC group: étiquette, horodate and valeur, if every check passes.

A group goes in as the characters between its LF and its CR; a `Group` comes out, or the cause for which it
is rejected. Nothing is repaired and nothing is guessed. Never raises, whatever the bytes.

The group is read from both ends, because a space may be the checksum and a historique value may hold the
separator (Enedis-NOI-CPT_02E v6 §1.5.3; Enedis-NOI-CPT_54E v3 §5.3). The character before the checksum tells
the mode, so that the decoder never has to be told.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass

from teleinfo.tic.characters import DAMAGED
from teleinfo.tic.labels import Charset, Mode, find

LF = b"\n"
CR = b"\r"
HT = b"\t"
SP = b" "


class Rejection(enum.Enum):
    """Why a group was left out."""

    PARITY = "parity"  # a character arrived damaged
    CHECKSUM = "checksum"  # the sum of its characters is not the one that the meter sent
    MALFORMED = "malformed"  # it does not have the shape of a group, or its value that of its étiquette


@dataclass(frozen=True, slots=True)
class Group:
    """
    A sound group, as the wire had it: padding blanks and trailing dots are still there.

    `horodate` is None where the group has none; `value` is empty only behind a horodate.
    """

    label: str
    value: str
    horodate: str | None
    mode: Mode


# Two separators and one character of checksum make a historique group. The value may hold blanks.
_HISTORIQUE = re.compile(rb"([!-~]+) ([ -~]+) [ -~]")
# In standard mode a horodate may stand before the value, and only behind a horodate may the value be empty.
_STANDARD = re.compile(rb"([ -~]+)\t(?:([ -~]*)\t([ -~]*)|([ -~]+))\t[ -~]")
# Season, then yymmddhhmmss; a lower-case season says that the clock is degraded, a blank that there is none.
_HORODATE = re.compile(rb"[EHeh ][0-9]{12}")
# What an étiquette that the table does not know may be made of.
_UNKNOWN_LABEL = re.compile(rb"[A-Z0-9+_-]+")


def read(body: bytes) -> list[Group | Rejection]:
    """
    Read all groups of a frame, given as the characters between STX and ETX, in their order.

    A line ends at CR. What stands before its last LF is the wreck of another group, whose own CR was lost,
    and is rejected even if it looks sound; a damaged or missing LF costs nothing.
    """
    *lines, rest = body.split(CR)
    found: list[Group | Rejection] = []
    for line in lines:
        *wrecks, text = line.split(LF)
        found += map(_wreck, filter(None, wrecks))
        if text:
            found.append(parse(text) if wrecks else _parse_without_lf(text))
    found += map(_wreck, filter(None, rest.split(LF)))
    return found


def parse(text: bytes) -> Group | Rejection:
    """Check one group, given as the characters between LF and CR, in the order of the contract."""
    if DAMAGED in text:
        return Rejection.PARITY
    standard = text[-2:-1] == HT
    match = (_STANDARD if standard else _HISTORIQUE).fullmatch(text)
    if match is None:
        return Rejection.MALFORMED
    if checksum(text[:-1] if standard else text[:-2]) != text[-1]:
        return Rejection.CHECKSUM
    if standard:
        label, horodate, value, alone = match.groups()
        value = alone if horodate is None else value
        mode = Mode.STANDARD
    else:
        (label, value), horodate = match.groups(), None
        mode = Mode.HISTORIQUE
    if horodate is not None and not _HORODATE.fullmatch(horodate):
        return Rejection.MALFORMED
    name = label.decode("ascii")
    if not _value_suits_label(mode, name, label, value):
        return Rejection.MALFORMED
    return Group(name, value.decode("ascii"), None if horodate is None else horodate.decode("ascii"), mode)


def checksum(covered: bytes) -> int:
    """
    Return the checksum character of the `covered` characters: 0x20 to 0x5F.

    Covered are étiquette to valeur with the separators between them; in standard mode also the separator that
    stands before the checksum (Enedis-NOI-CPT_02E v6 §1.4.3, modes 1 and 2; Enedis-NOI-CPT_54E v3 §5.3.6).
    """
    return (sum(covered) & 0x3F) + 0x20


def _parse_without_lf(text: bytes) -> Group | Rejection:
    """
    Check a line that has no LF: it was lost, or it is the first character, damaged beyond recognition.

    The line may as well be the rest of a group of which a character became CR; and the sum cannot tell where
    what is missing adds up to a multiple of 64 ("ISOU" does). So only an étiquette of the table is believed.
    """
    for candidate in (text, text[1:]):
        found = parse(candidate)
        if isinstance(found, Group) and find(found.mode, found.label) is not None:
            return found
    whole = parse(text)
    return whole if isinstance(whole, Rejection) else Rejection.MALFORMED


def _wreck(text: bytes) -> Rejection:
    return Rejection.PARITY if DAMAGED in text else Rejection.MALFORMED


def _value_suits_label(mode: Mode, name: str, label: bytes, value: bytes) -> bool:
    """
    Whether the étiquette may exist and its value is made of the characters that the table gives it.

    Bit 6 is invisible to a sum of six bits, but turns digits and capitals into what no class here holds.
    """
    known = find(mode, name)
    if known is None:
        return _UNKNOWN_LABEL.fullmatch(label) is not None and _is_made_of(Charset.CODE, value)
    return _is_made_of(known.charset, value)


def _is_made_of(charset: Charset, value: bytes) -> bool:
    # Blanks at both ends are padding, whatever the class.
    return not value.strip(SP).translate(None, charset.value)
