"""
Read one TIC group: étiquette, horodate and valeur, if every check passes.

The input is the characters between LF and CR; the result is a `Group` or the cause of its rejection. Nothing
is repaired or guessed. No bytes make these functions raise an exception.

The group is read from both ends, because a space may be the checksum and a historique value may hold the
separator (Enedis-NOI-CPT_02E v6 §1.5.3; Enedis-NOI-CPT_54E v3). The character before the checksum shows
the mode, so that the decoder needs no setting.

A `Form` tells of a group if it has a horodate, and how wide its value is.
"""

from __future__ import annotations

import enum
import re
from typing import NamedTuple

from teleinfo.tic.labels import Charset, Group, Label, Mode, lookup
from teleinfo.tic.parity import DAMAGED

LF = b"\n"
CR = b"\r"
HT = b"\t"


class RejectionCause(enum.Enum):
    """Causes for the rejection of a group."""

    PARITY = "parity"  # a character arrived damaged
    CHECKSUM = "checksum"  # the computed sum differs from the one that the meter sent
    MALFORMED = "malformed"  # not the shape of a group, or a value that its étiquette cannot have


# Captures: the characters that the sum covers and, inside them, étiquette and valeur. A historique group has
# two separators and a checksum of one character; its value may hold blanks.
_HISTORIQUE = re.compile(rb"(([!-~]+) ([ -~]+)) [ -~]")
# In standard mode a horodate may stand before the value. A value may be empty only behind a horodate. So the
# captures are: covered characters, étiquette, valeur without a horodate; or horodate, and valeur behind it.
_STANDARD = re.compile(rb"(([ -~]+)\t(?:([ -~]+)|([ -~]*)\t([ -~]*))\t)[ -~]")
# Season, then yymmddhhmmss; twelve zeros mean no time. A lower-case season means a degraded clock, a blank no
# season. The ranges of month, day and hour detect bursts of wrong bits that the sum misses.
HORODATE = re.compile(
    rb"[EHeh ](?:[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])(?:[01][0-9]|2[0-3])[0-5][0-9][0-5][0-9]"
    rb"|0{12})"
)
# An étiquette outside the table. Two wrong bits, which neither sum nor parity detects, turn HT into I: an
# étiquette of three characters and the horodate behind it then look like an étiquette of seventeen.
_UNKNOWN_LABEL = re.compile(rb"[A-Z0-9+_-]{1,16}")


def parse_frame(body: bytes) -> list[Group | RejectionCause]:
    """
    Return the groups of a frame in order; `body` is the characters between STX and ETX.

    A line ends at CR. The characters before its last LF are a fragment of another group, whose CR was lost:
    they are rejected even if they look sound. A line whose LF is damaged or missing is still read.
    """
    lines = body.split(CR)
    behind_last_cr = lines.pop()
    found: list[Group | RejectionCause] = []
    for line in lines:
        fragments, lf, text = line.rpartition(LF)
        if fragments:
            found += _causes_of_fragments(fragments)
        if text and lf:
            found.append(parse_group(text))
        elif text:
            found.append(_parse_without_lf(text))
    found += _causes_of_fragments(behind_last_cr)
    return found


def parse_group(text: bytes) -> Group | RejectionCause:
    """Check one group, the characters between LF and CR; the order of the checks is in docs/protocol.md."""
    if DAMAGED in text:
        return RejectionCause.PARITY
    if text[-2:-1] == HT:
        mode = Mode.STANDARD
        match = _STANDARD.fullmatch(text)
    else:
        mode = Mode.HISTORIQUE
        match = _HISTORIQUE.fullmatch(text)
    if match is None:
        return RejectionCause.MALFORMED
    horodate = None
    if mode is Mode.STANDARD:
        covered, label, value, horodate, value_behind_horodate = match.groups()
        if horodate is not None:
            value = value_behind_horodate
    else:
        covered, label, value = match.groups()
    if checksum(covered) != text[-1]:
        return RejectionCause.CHECKSUM
    if horodate is not None and not HORODATE.fullmatch(horodate):
        return RejectionCause.MALFORMED
    name = label.decode()
    if not _is_possible(lookup(mode, name), label, value, dated=horodate is not None):
        return RejectionCause.MALFORMED
    return Group(name, value.decode(), None if horodate is None else horodate.decode(), mode)


def checksum(covered: bytes) -> int:
    """
    Return the checksum character of the `covered` characters: 0x20 to 0x5F.

    They run from étiquette to valeur, with the separators between them; in standard mode the separator before
    the checksum belongs to them, too (Enedis-NOI-CPT_02E v6, modes 1 and 2; Enedis-NOI-CPT_54E v3).
    """
    return (sum(covered) & 0x3F) + 0x20


def _parse_without_lf(text: bytes) -> Group | RejectionCause:
    """
    Check a line without LF: the LF was lost, or is the first character, damaged beyond recognition.

    The line may also be the rest of a group in which a character became CR. The sum does not show that if the
    missing characters add up to a multiple of 64, as in "ISOU". So the étiquette must be in the table: a
    sound group with another étiquette is malformed.
    """
    whole = parse_group(text)  # if the LF was lost
    if isinstance(whole, Group) and lookup(whole.mode, whole.label) is not None:
        return whole
    rest = parse_group(text[1:])  # if the first character is the LF
    if isinstance(rest, Group) and lookup(rest.mode, rest.label) is not None:
        return rest
    if isinstance(whole, Group):
        return RejectionCause.MALFORMED
    return whole


def _causes_of_fragments(characters: bytes) -> list[RejectionCause]:
    """Return why each fragment is rejected; LF separates the fragments, of which some may be empty."""
    causes = []
    for fragment in characters.split(LF):
        if DAMAGED in fragment:
            causes.append(RejectionCause.PARITY)
        elif fragment:
            causes.append(RejectionCause.MALFORMED)
    return causes


def _is_possible(spec: Label | None, label: bytes, value: bytes, *, dated: bool) -> bool:
    """True if the étiquette may exist, and its entry in the table (`spec`) allows horodate and value."""
    text = value.strip(b" ")  # blanks at both ends are padding, whatever the class
    if spec is None:
        return bool(_UNKNOWN_LABEL.fullmatch(label)) and _has_only(text, Charset.CODE)
    for variant in spec.forms():
        # Lost bytes, or an HT that becomes I, can join a horodate to its neighbours.
        has_right_horodate = variant.horodate == dated
        # A sum of six bits misses a wrong bit 6, which turns digits and capitals into other characters.
        if has_right_horodate and _has_only(text, variant.charset):
            return True
    return False


def _has_only(text: bytes, charset: Charset) -> bool:
    """True if every character of the text is of this class."""
    return not text.translate(None, charset.value)


class Form(NamedTuple):
    """The form of a group: the width of its value in characters, None if the table says that it varies."""

    mode: Mode
    label: str
    dated: bool  # with a horodate
    width: int | None


def form_of(group: Group) -> Form:
    """Return the form of a sound group."""
    dated = group.horodate is not None
    width: int | None = len(group.value)
    spec = form_spec(group.mode, group.label, dated=dated)
    if spec is not None and isinstance(spec.widths, range) and width in spec.widths:
        is_unit_lost = False
        if spec.glued and spec.unit is not None:
            is_unit_lost = not group.value.rstrip(" ").endswith(spec.unit)
        # A value that lost its unit keeps its width: this meter has not shown this form.
        if not is_unit_lost:
            width = None
    return Form(group.mode, group.label, dated, width)


def documented_widths(form: Form) -> tuple[int | None, ...]:
    """
    Return the widths in the table for this label; most meters use the first.

    `(None,)` means that the width varies, `()` that the table lacks the label.
    """
    spec = form_spec(form.mode, form.label, dated=form.dated)
    if spec is None:
        return ()
    if isinstance(spec.widths, range):
        return (None,)
    return spec.widths


def form_spec(mode: Mode, label: str, *, dated: bool) -> Label | None:
    """Return the entry of a label with a horodate (`dated`) or without; None if the table has none."""
    spec = lookup(mode, label)
    if spec is None:
        return None
    for variant in spec.forms():
        if variant.horodate is dated:
            return variant
    return None
