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
        segments = (self._rest + data).split(ETX)
        self._rest = segments.pop()
        if len(self._rest) >= LIMIT:  # longer than any frame
            self._rest = b""
            self.dropped += 1
        return b"".join(self._segment(segment + ETX) for segment in segments)

    def close(self) -> bytes:
        """Return the remaining bytes, at the end of the line."""
        rest = self._rest
        self._rest = b""
        return self._segment(rest)

    def _segment(self, raw: bytes) -> bytes:
        """Return the bytes up to an ETX, or up to the end of the line, as they may be shared."""
        text, parity = strip_parity(raw)
        replaced_before = self.replaced
        is_damaged = False
        ready = bytearray()
        for match in _TOKENS.finditer(text):
            token = match[0]
            wire = raw[match.start() : match.end()]
            if token[0] in _FRAMING:
                ready += wire
                continue
            shareable = self._sound(token, wire, parity=parity)
            if shareable is None:
                is_damaged = True
                if not self._may_share_damaged(token, wire):
                    self.dropped += 1
                    continue
                shareable = wire
            ready += shareable
        if self.replaced > replaced_before and not is_damaged and text.startswith(STX):
            self._has_seen_identifiers = True
        return bytes(ready)

    def _may_share_damaged(self, text: bytes, wire: bytes) -> bool:
        """True for a damaged group that holds no part of an identifier, by the conditions of the module."""
        label = _LABEL.match(text)
        if label is None or label[1] not in _HARMLESS:
            return False
        return self._has_seen_identifiers and not self._shares(wire, RUN)

    def _sound(self, text: bytes, wire: bytes, *, parity: bool) -> bytes | None:
        """
        Return a sound group as it may be shared; None if it is not sound, or may hold an identifier.

        `wire` is the `text` as it came; with `parity`, bit 7 of its bytes is their parity.
        """
        group = parse_group(text)
        damaged_lf = 0
        if not isinstance(group, Group):
            # The first character may be a damaged LF, which is no reason to drop the group.
            damaged_lf = 1
            group = parse_group(text[1:])
        if not isinstance(group, Group):
            return None
        label = lookup(group.mode, group.label)
        if label is not None and label.kind is Kind.IDENTIFIER:
            return wire[:damaged_lf] + self._with_zeros(group, text[damaged_lf:], parity=parity)
        if label is None and (not self._has_seen_identifiers or self._shares(text, RUN)):
            return None
        if self._shares(text, LONG_RUN):
            return None
        return wire

    def _with_zeros(self, group: Group, text: bytes, *, parity: bool) -> bytes:
        """Return the `text` of the group of an identifier with as many zeros, their checksum and parity."""
        self.replaced += 1
        identifier = group.value.encode("ascii")
        self._identifiers.add(identifier)
        # The text is: étiquette, separator, identifier, separator, checksum.
        separator = text[-2:-1]
        before_identifier = text[: -len(identifier) - 2]
        zeros = before_identifier + b"0" * len(identifier)
        covered = zeros + separator if group.mode is Mode.STANDARD else zeros
        cleared = zeros + separator + bytes([checksum(covered)])
        if not parity:
            return cleared
        with_parity = bytearray()
        for code in cleared:
            is_odd = code.bit_count() % 2 == 1
            with_parity.append(code | 0x80 if is_odd else code)
        return bytes(with_parity)

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
