"""
Read one TIC group: étiquette, horodate and valeur, if every check passes.

A group goes in as the characters between its LF and its CR; a `Group` comes out, or the cause for which it
is rejected. Nothing is repaired and nothing is guessed. Never raises, whatever the bytes.

The group is read from both ends, because a space may be the checksum and a historique value may hold the
separator (Enedis-NOI-CPT_02E v6 §1.5.3; Enedis-NOI-CPT_54E v3). The character before the checksum tells
the mode, so that the decoder never has to be told.
"""

from __future__ import annotations

import enum
import re
import zlib
from typing import NamedTuple

from teleinfo.tic.labels import HISTORIQUE, STANDARD, Charset, LabelSpec, Mode, lookup
from teleinfo.tic.parity import DAMAGED

LF = b"\n"
CR = b"\r"
HT = b"\t"
SP = b" "


class RejectionCause(enum.Enum):
    """Why a group was left out."""

    PARITY = "parity"  # a character arrived damaged
    CHECKSUM = "checksum"  # the sum of its characters is not the one that the meter sent
    MALFORMED = "malformed"  # it does not have the shape of a group, or its value that of its étiquette


class Group(NamedTuple):
    """
    A sound group, as the wire had it: padding blanks and trailing dots are still there.

    `horodate` is None where the group has none; `value` is empty only behind a horodate.
    """

    label: str
    value: str
    horodate: str | None
    mode: Mode


# What the sum covers, and inside of it étiquette and valeur. Two separators and one character of checksum
# make a historique group. The value may hold blanks.
_HISTORIQUE = re.compile(rb"(([!-~]+) ([ -~]+)) [ -~]")
# In standard mode a horodate may stand before the value, and only behind a horodate may the value be empty.
_STANDARD = re.compile(rb"(([ -~]+)\t(?:([ -~]+)|([ -~]*)\t([ -~]*))\t)[ -~]")
# Season, then yymmddhhmmss; a lower-case season says that the clock is degraded, a blank that there is none.
_HORODATE = re.compile(rb"[EHeh ][0-9]{12}")
_EXACT = 65520 // 255
# What an étiquette that the table does not know may be made of. Of HT two wrong bits make I, which neither
# sum nor parity sees: with the horodate behind it an étiquette of three characters becomes one of seventeen.
_UNKNOWN_LABEL = re.compile(rb"[A-Z0-9+_-]{1,16}")


def parse_frame(body: bytes) -> list[Group | RejectionCause]:
    """
    Read all groups of a frame, given as the characters between STX and ETX, in their order.

    A line ends at CR. What stands before its last LF is the wreck of another group, whose own CR was lost,
    and is rejected even if it looks sound; a damaged or missing LF costs nothing.
    """
    *lines, rest = body.split(CR)
    found: list[Group | RejectionCause] = []
    for line in lines:
        *wrecks, text = line.split(LF)
        found += map(_wreck, filter(None, wrecks))
        if text:
            found.append(parse_group(text) if wrecks else _parse_without_lf(text))
    found += map(_wreck, filter(None, rest.split(LF)))
    return found


def parse_group(text: bytes) -> Group | RejectionCause:
    """Check one group, given as the characters between LF and CR, in the order of the contract."""
    if DAMAGED in text:
        return RejectionCause.PARITY
    if text[-2:-1] == HT:
        mode, labels, shape = Mode.STANDARD, STANDARD, _STANDARD
    else:
        mode, labels, shape = Mode.HISTORIQUE, HISTORIQUE, _HISTORIQUE
    match = shape.fullmatch(text)
    if match is None:
        return RejectionCause.MALFORMED
    covered, label, value, *dated = match.groups()
    if checksum(covered) != text[-1]:
        return RejectionCause.CHECKSUM
    if value is None:
        horodate, value = dated
        if not _HORODATE.fullmatch(horodate):
            return RejectionCause.MALFORMED
    else:
        horodate = None
    name = label.decode()
    if not _value_suits_label(labels.get(name), label, value):
        return RejectionCause.MALFORMED
    return Group(name, value.decode(), None if horodate is None else horodate.decode(), mode)


def line_pattern(group: Group, *, before: bytes = b"") -> re.Pattern[bytes]:
    """
    Return what the lines match that say the same as the sound `group`, with another horodate and valeur.

    A line that matches and has the right sum passes `parse`, and the other way round; `before` stands in
    front of it. The groups of a match: what the sum covers; valeur, or horodate and valeur.
    """
    known = lookup(group.mode, group.label)
    members = (Charset.CODE if known is None else known.charset).members
    # Blanks at both ends are padding. Nothing is tried twice: the time is proportional to the length.
    value = (rb"[%b]+" if SP in members else rb"(?: *+[%b]++ *| +)") % re.escape(members)
    name = re.escape(group.label.encode())
    if group.mode is Mode.HISTORIQUE:
        form = rb"(%b (%b)) [ -~]" % (name, value)
    elif group.horodate is None:
        form = rb"(%b\t(%b)\t)[ -~]" % (name, value)
    else:
        form = rb"(%b\t(%b)\t((?:%b)?)\t)[ -~]" % (name, _HORODATE.pattern, value)
    return re.compile(re.escape(before) + form)


def checksum(covered: bytes) -> int:
    """
    Return the checksum character of the `covered` characters: 0x20 to 0x5F.

    Covered are étiquette to valeur with the separators between them; in standard mode also the separator that
    stands before the checksum (Enedis-NOI-CPT_02E v6, modes 1 and 2; Enedis-NOI-CPT_54E v3).
    """
    # Adler-32 that begins with 0 has the sum of the bytes in its lower half, modulo 65521: exact for so many
    # bytes, and one call, where `sum` makes a number of each byte.
    total = zlib.adler32(covered, 0) & 0xFFFF if len(covered) <= _EXACT else sum(covered)
    return (total & 0x3F) + 0x20


def _parse_without_lf(text: bytes) -> Group | RejectionCause:
    """
    Check a line that has no LF: it was lost, or it is the first character, damaged beyond recognition.

    The line may as well be the rest of a group of which a character became CR; and the sum cannot tell where
    what is missing adds up to a multiple of 64 ("ISOU" does). So only an étiquette of the table is believed.
    """
    for candidate in (text, text[1:]):
        found = parse_group(candidate)
        if isinstance(found, Group) and lookup(found.mode, found.label) is not None:
            return found
    whole = parse_group(text)
    return whole if isinstance(whole, RejectionCause) else RejectionCause.MALFORMED


def _wreck(text: bytes) -> RejectionCause:
    return RejectionCause.PARITY if DAMAGED in text else RejectionCause.MALFORMED


def _value_suits_label(known: LabelSpec | None, label: bytes, value: bytes) -> bool:
    """
    Whether the étiquette may exist and its value is made of the characters that the table gives it.

    Bit 6 is invisible to a sum of six bits, but turns digits and capitals into what no class here holds.
    """
    if known is None and not _UNKNOWN_LABEL.fullmatch(label):
        return False
    charset = Charset.CODE if known is None else known.charset
    # Blanks at both ends are padding, whatever the class.
    return not value.strip(SP).translate(None, charset.members)
