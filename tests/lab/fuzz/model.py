"""
A decoder that is slow and obvious: the contract read aloud, to hold the real one against.

It keeps the whole line as one string of bytes and reads it anew each time it is asked. Of the code under test
it uses the table of étiquettes alone; a line of the wire is taken apart by splitting, without an expression.

Sources: the contract of the reading (Enedis-NOI-CPT_54E v3 §5.3; Enedis-NOI-CPT_02E v6 §1.4, §1.5).
"""

from __future__ import annotations

import string
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from teleinfo.tic.labels import Charset, Kind, Label, Mode, lookup

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMIT = 8192
"""Bytes without ETX from which on there is no frame: twice what the longest meters send."""

BAD = 0xFF
"""A character whose parity is wrong."""

OTHER = 0x80
"""A character that is not ASCII, on a line of which nobody knows the parity."""

PRINTABLE = range(0x20, 0x7F)
OF_TIC = frozenset({0x02, 0x03, 0x04, 0x09, 0x0A, 0x0D, *PRINTABLE})
UNKNOWN_LABEL = frozenset(string.ascii_uppercase + string.digits + "+-_")
LONGEST_UNKNOWN_LABEL = 16


@dataclass(frozen=True)
class Sound:
    """A group that every check lets through, as the wire had it."""

    mode: Mode
    label: str
    value: str
    horodate: str | None


@dataclass
class Decoded:
    """Content of a line: each reading as its mode and its keys with their values, and the counts."""

    readings: list[tuple[Mode, list[tuple[str, str]]]] = field(default_factory=list)
    frames: int = 0
    groups: int = 0
    parity: int = 0
    checksum: int = 0
    malformed: int = 0
    interrupted: int = 0
    with_parity: bool | None = None
    pending: list[Sound] = field(default_factory=list)
    """The sound groups of the frame that has not ended."""


def decode_by_model(line: bytes, *, ended: bool = False) -> Decoded:
    """Read a whole line from its first byte on; `ended` says that nothing more will come."""
    decoded = Decoded()
    segments = line.split(b"\x03")
    entered_in_its_middle = True
    for number, raw in enumerate(segments):
        # A frame ends with ETX; without an ETX for too long, its beginning is given up.
        while len(raw) >= LIMIT:
            raw = _without_its_beginning(raw, decoded)  # noqa: PLW2901 - what is left of the segment
        if number == len(segments) - 1:
            _decode_the_rest(raw, decoded, ended=ended)
        else:
            _decode_one(raw, decoded, first=entered_in_its_middle)
        entered_in_its_middle = False
    return decoded


def _without_its_beginning(raw: bytes, decoded: Decoded) -> bytes:
    """Give up the first bytes of a segment, as far as the last STX in them that is not at their head."""
    head = _seven_bits(raw[:LIMIT])[0]
    begun = [place for place, character in enumerate(head) if character == 0x02]
    again = [place for place in begun if place > 0]
    decoded.interrupted += len(begun) - len(again[-1:])
    return raw[again[-1] :] if again else raw[LIMIT:]


def _decode_the_rest(raw: bytes, decoded: Decoded, *, ended: bool) -> None:
    text, _ = _seven_bits(raw)
    if ended:
        decoded.interrupted += text.count(b"\x02")
        return
    decoded.pending = [found for found in groups_of(text.split(b"\x02")[-1]) if isinstance(found, Sound)]


def _decode_one(raw: bytes, decoded: Decoded, *, first: bool) -> None:
    text, parity = _seven_bits(raw)
    begun = text.split(b"\x02")[1:]
    if not begun and not first:
        # STX may be damaged or lost where LF, or what it is damaged to, and the first label follow.
        begun = [
            rest for rest in (text[1:], text) if rest[:1] in {b"\n", b"\x0f"} and _opens_frames(rest[1:])
        ][:1]
    if not begun:
        decoded.interrupted += text != b"" and not first
        return
    # An STX before a printable character is a damaged character: it begins no frame, and cuts one.
    true = [body for body in begun if body == b"" or body[0] not in PRINTABLE]
    body = begun[-1]
    if b"\x04" in body or not true or (body != b"" and body[0] in PRINTABLE):
        decoded.interrupted += max(1, len(true))
        return
    decoded.interrupted += len(true) - 1
    decoded.with_parity = parity
    found = list(groups_of(body))
    decoded.parity += found.count("parity")
    decoded.checksum += found.count("checksum")
    decoded.malformed += found.count("malformed")
    sound = [group for group in found if isinstance(group, Sound)]
    decoded.groups += len(sound)
    values = _values_of(sound)
    if values is None:
        decoded.interrupted += 1
    elif values:
        decoded.frames += 1
        decoded.readings.append((sound[0].mode, list(values.items())))


def _opens_frames(text: bytes) -> bool:
    return text.startswith((b"ADCO ", b"ADSC\t", b"ADIR1 ", b"ADIR2 ", b"ADIR3 "))


def _seven_bits(raw: bytes) -> tuple[bytes, bool]:
    """Return the characters of a segment, and whether it has parity, which the most of its bytes tell."""
    with_parity = [byte for byte in raw if byte >= 0x80 and _is_even(byte) and byte & 0x7F in OF_TIC]
    without_it = [byte for byte in raw if byte < 0x80 and not _is_even(byte) and byte in OF_TIC]
    parity = len(with_parity) > 0 and len(with_parity) >= len(without_it)
    if parity:
        return bytes(byte & 0x7F if _is_even(byte) else BAD for byte in raw), True
    return bytes(byte if byte < 0x80 else OTHER for byte in raw), False


def _is_even(byte: int) -> bool:
    return f"{byte:b}".count("1") % 2 == 0


def groups_of(body: bytes) -> Iterator[Sound | str]:
    """Yield what stands in a frame, in order: sound groups, and causes of rejection by their names."""
    lines = body.split(b"\r")
    for line in lines[:-1]:
        pieces = line.split(b"\n")
        yield from (_cause_of_damage(piece) for piece in pieces[:-1] if piece)
        if pieces[-1]:
            yield group_of(pieces[-1]) if len(pieces) > 1 else _group_without_lf(pieces[-1])
    yield from (_cause_of_damage(piece) for piece in lines[-1].split(b"\n") if piece)


def _cause_of_damage(piece: bytes) -> str:
    return "parity" if BAD in piece else "malformed"


def _group_without_lf(text: bytes) -> Sound | str:
    """Believe a line that lost its LF, or of which the first character was one, if the table knows it."""
    for candidate in (text, text[1:]):
        found = group_of(candidate)
        if isinstance(found, Sound) and lookup(found.mode, found.label):
            return found
    found = group_of(text)
    return found if isinstance(found, str) else "malformed"


def group_of(text: bytes) -> Sound | str:
    """Check one group, from behind its LF to before its CR."""
    if BAD in text:
        return "parity"
    mode = {b"\t": Mode.STANDARD, b" ": Mode.HISTORIQUE}.get(text[-2:-1])
    if mode is None or len(text) < 2:
        return "malformed"
    between = text[:-2]
    control = text[-1]
    # Where a blank is the separator the value may hold more of them, so that only the first one counts.
    fields = between.split(b"\t") if mode is Mode.STANDARD else between.split(b" ", 1)
    if not _is_shaped(fields) or control not in PRINTABLE:
        return "malformed"
    if control != control_of(between, mode):
        return "checksum"
    label, *horodates, value = (part.decode("ascii") for part in fields)
    dated = bool(horodates)
    if not (all(map(_is_horodate, horodates)) and _suits(mode, label, value, dated=dated)):
        return "malformed"
    return Sound(mode, label, value, horodates[0] if horodates else None)


def _is_shaped(fields: list[bytes]) -> bool:
    """True for an étiquette, perhaps a horodate, and a value, which may be empty only behind a horodate."""
    if not all(byte in PRINTABLE for part in fields for byte in part):
        return False
    return fields[0] != b"" and (len(fields) == 3 or (len(fields) == 2 and fields[1] != b""))


def control_of(between: bytes, mode: Mode) -> int:
    """Return the character of control of what stands before the last separator, which standard counts too."""
    total = 0x09 if mode is Mode.STANDARD else 0
    for byte in between:
        total += byte
    return total % 64 + 0x20


def _is_horodate(text: str) -> bool:
    if not (len(text) == 13 and text[0] in "EHeh " and all(digit in "0123456789" for digit in text[1:])):
        return False
    _year, month, day, hour, minute, second = (int(text[i : i + 2]) for i in range(1, 13, 2))
    exists = 1 <= month <= 12 and 1 <= day <= 31 and hour < 24 and minute < 60 and second < 60
    return exists or text[1:] == "0" * 12


def _suits(mode: Mode, name: str, value: str, *, dated: bool) -> bool:
    label = lookup(mode, name)
    if label is None:
        possible = set(name) <= UNKNOWN_LABEL and len(name) <= LONGEST_UNKNOWN_LABEL
        return possible and _is_made_of(value, Charset.CODE)
    forms = [label] if label.variant is None else [label, label.variant]
    return any(form.horodate == dated and _is_made_of(value, form.charset) for form in forms)


def _is_made_of(value: str, charset: Charset) -> bool:
    return set(value.strip(" ")) <= set(charset.value.decode("ascii"))


def _values_of(sound: list[Sound]) -> dict[str, str] | None:
    """Return the keys of a frame with their values, or None where one comes twice that may not."""
    values: dict[str, str] = {}
    part = ""
    for group in sound:
        label = lookup(group.mode, group.label)
        for key, value in _keys_of(group, label, part):
            if key not in values:
                values[key] = value
            elif label is None or not label.repeats:
                return None
            elif values[key] != value:
                values[key] = values[key] + " " + value
        if group.label == "Appli":
            part = "_" + group.value
    return values


def _keys_of(group: Sound, label: Label | None, part: str) -> list[tuple[str, str]]:
    key = group.label + (part if label is not None and label.reused else "")
    value = group.value
    if group.mode is Mode.STANDARD or not value.strip(" "):
        value = value.strip(" ")
    else:
        while value.endswith("."):
            value = value[:-1]
    if group.horodate is None:
        return [(key, value)]
    if value == "" and label is not None and label.kind is Kind.HORODATE:
        return [(key, group.horodate)]
    return [(key, value), (key + "_HORODATE", group.horodate)]
