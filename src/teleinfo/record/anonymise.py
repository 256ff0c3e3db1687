"""
Make a recording of the line fit to be shared: identifiers become zeros, and doubtful groups are dropped.

Pure. `feed` accepts bytes in any chunks, and returns them with the identifiers of the label table (ADCO,
ADSC, ADS, PRM) replaced by as many zeros, with a new checksum and new parity.

A stretch without ETX that is longer than any frame is dropped. A damaged group may hold a part of an
identifier. Its bytes are dropped, except for the control characters around them, unless all of these
conditions hold:

1. A frame without damage has shown the identifiers before.
2. The group begins with another étiquette of the table and a separator.
3. No four characters in a row also occur in an identifier.

Conditions 1 and 3 also apply to a sound group whose étiquette is not in the table.
"""

from __future__ import annotations

import re
from typing import Final

from teleinfo.tic.framing import ETX, LIMIT, STX
from teleinfo.tic.groups import checksum, parse_group
from teleinfo.tic.labels import HISTORIQUE, STANDARD, Group, Kind, Mode, lookup
from teleinfo.tic.parity import strip_parity

RUN: Final = 4
"""A damaged group is dropped if it shares this many characters in a row with an identifier."""

LONG_RUN: Final = 6
"""
A sound group is dropped if it shares this many characters in a row with an identifier.

An index may share four by chance. Six mean lost bytes: an identifier then stands behind another étiquette,
and one checksum in 64 fits.
"""

# A control character of the framing (STX, ETX, EOT, LF, CR), or the bytes between two of them: a group.
_TOKENS: Final = re.compile(rb"[\x02\x03\x04\n\r]|[^\x02\x03\x04\n\r]+")
_FRAMING: Final = frozenset(b"\x02\x03\x04\n\r")
_HARMLESS: Final = frozenset(
    label.name.encode("ascii")
    for label in (*HISTORIQUE.values(), *STANDARD.values())
    if label.kind is not Kind.IDENTIFIER
)
_LABEL: Final = re.compile(rb"([!-~]+)[ \t]")


class Anonymiser:
    """Anonymiser of one recording; it counts the identifiers `replaced` and the groups `dropped`."""

    def __init__(self) -> None:
        self.replaced = 0
        self.dropped = 0
        self._rest = b""  # since the last ETX
        self._identifiers: set[bytes] = set()
        self._has_seen_identifiers = False  # a frame without damage has shown the identifiers

    def feed(self, data: bytes) -> bytes:
        """Add the next bytes of the line, and return the bytes that are ready to be shared."""
        *segments, self._rest = (self._rest + data).split(ETX)
        if len(self._rest) >= LIMIT:  # longer than any frame
            self._rest = b""
            self.dropped += 1
        return b"".join(self._segment(segment + ETX) for segment in segments)

    def close(self) -> bytes:
        """Return the remaining bytes, at the end of the line."""
        rest, self._rest = self._rest, b""
        return self._segment(rest)

    def _segment(self, raw: bytes) -> bytes:
        """Return the bytes up to an ETX without their identifiers."""
        text, parity = strip_parity(raw)
        replaced, damaged = self.replaced, False
        ready = bytearray()
        for match in _TOKENS.finditer(text):
            token, wire = match[0], raw[match.start() : match.end()]
            if token[0] in _FRAMING:
                ready += wire
                continue
            clean = self._sound(token, wire, parity=parity)
            damaged = damaged or clean is None
            if clean is None:
                label = _LABEL.match(token)
                is_harmless = label is not None and label[1] in _HARMLESS
                if not self._has_seen_identifiers or not is_harmless or self._shares(wire, RUN):
                    self.dropped += 1
                    continue
                clean = wire
            ready += clean
        if self.replaced > replaced and not damaged and text.startswith(STX):
            self._has_seen_identifiers = True
        return bytes(ready)

    def _sound(self, text: bytes, wire: bytes, *, parity: bool) -> bytes | None:
        """Return a sound group as it may be shared; None if it is not sound, or may hold an identifier."""
        # The first character may be a damaged LF, which is no reason to drop the group.
        for start in (0, 1):
            group = parse_group(text[start:])
            if isinstance(group, Group):
                break
        else:
            return None
        label = lookup(group.mode, group.label)
        if label is None and (not self._has_seen_identifiers or self._shares(text, RUN)):
            return None
        if label is None or label.kind is not Kind.IDENTIFIER:
            return None if self._shares(text, LONG_RUN) else wire
        self.replaced += 1
        value = group.value.encode("ascii")
        self._identifiers.add(value)
        begin = text[start : -2 - len(value)] + b"0" * len(value)
        separator = text[-2:-1]
        covered = begin + separator if group.mode is Mode.STANDARD else begin
        clean = begin + separator + bytes([checksum(covered)])
        if parity:
            clean = bytes(code | (code.bit_count() & 1) << 7 for code in clean)
        return wire[:start] + clean

    def _shares(self, wire: bytes, length: int) -> bool:
        """
        True if the bytes, without their parity, share `length` characters in a row with an identifier.

        A row of zeros alone or of blanks alone does not count.
        """
        text = bytes(byte & 0x7F for byte in wire)
        for identifier in self._identifiers:
            for begin in range(len(identifier) - length + 1):
                run = identifier[begin : begin + length]
                if run.strip(b"0") and run.strip(b" ") and run in text:
                    return True
        return False
