"""
Make a recording of the line fit to be shared: identifiers become zeros, and nothing else changes.

Pure. Bytes go in by `feed`, in any chunks, and come out with the identifiers of the label table (ADCO, ADSC,
ADS, PRM) replaced by as many zeros, with a new checksum and new parity.

A damaged group may hold a part of an identifier. Its bytes between the control characters are dropped, unless
all of this holds: a frame without damage has shown the identifiers before; the group begins with another
étiquette of the table and a separator; no four characters in a row of it are those of an identifier. A sound
group with an étiquette that is not in the table must pass the first and the last of these too.
"""

from __future__ import annotations

import re
from typing import Final

from teleinfo.tic.framing import ETX, LIMIT, STX
from teleinfo.tic.groups import checksum, parse_group
from teleinfo.tic.labels import HISTORIQUE, STANDARD, Group, Kind, Mode, lookup
from teleinfo.tic.parity import strip_parity

RUN: Final = 4
"""A damaged group must not have as many characters of an identifier in a row."""

LONG_RUN: Final = 6
"""
A sound group must not have as many. A sound index has four of an identifier by chance; six come from lost
bytes: an identifier stands behind another étiquette, and one checksum in 64 fits.
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
    """One recording; counts the identifiers `replaced` and the groups `dropped`."""

    def __init__(self) -> None:
        self.replaced = 0
        self.dropped = 0
        self._buffer = bytearray()
        self._runs: set[bytes] = set()
        self._long_runs: set[bytes] = set()
        self._known = False  # a frame without damage has shown the identifiers

    def feed(self, data: bytes) -> bytes:
        """Take the next bytes of the line, and return the bytes that are ready to be shared."""
        self._buffer += data
        ready = bytearray()
        while True:
            end = self._buffer.find(ETX) + 1 or self._overflow()
            if not end:
                return bytes(ready)
            ready += self._segment(bytes(self._buffer[:end]))
            del self._buffer[:end]

    def close(self) -> bytes:
        """Return the rest, at the end of the line."""
        rest, self._buffer = bytes(self._buffer), bytearray()
        return self._segment(rest)

    def _overflow(self) -> int:
        """Return where to split a segment that is longer than any frame; 0: it is not that long."""
        if len(self._buffer) < LIMIT:
            return 0
        text, _ = strip_parity(bytes(self._buffer))
        last = max(text.rfind(mark) for mark in _FRAMING)
        return last + 1 or len(text)

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
            ready += self._damaged(token, wire) if clean is None else clean
        if self.replaced > replaced and not damaged and text.startswith(STX):
            self._known = True
        return bytes(ready)

    def _sound(self, text: bytes, wire: bytes, *, parity: bool) -> bytes | None:
        """Return a sound group as it may be shared; None: it is not sound, or not known to be harmless."""
        # The first character may be a damaged LF, which is no reason to drop the group.
        for start in (0, 1):
            group = parse_group(text[start:])
            if isinstance(group, Group):
                label = lookup(group.mode, group.label)
                if label is None and (not self._known or _shares(text, self._runs)):
                    return None
                if label is None or label.kind is not Kind.IDENTIFIER:
                    return None if _shares(text, self._long_runs) else wire
                return wire[:start] + self._zeros(group, text[start:], parity=parity)
        return None

    def _zeros(self, group: Group, text: bytes, *, parity: bool) -> bytes:
        self.replaced += 1
        value = group.value.encode("ascii")
        self._runs |= _runs(value, RUN)
        self._long_runs |= _runs(value, LONG_RUN)
        begin = text[: -2 - len(value)] + b"0" * len(value)
        separator = text[-2:-1]
        covered = begin + separator if group.mode is Mode.STANDARD else begin
        clean = begin + separator + bytes([checksum(covered)])
        return bytes(code | (code.bit_count() & 1) << 7 for code in clean) if parity else clean

    def _damaged(self, text: bytes, wire: bytes) -> bytes:
        label = _LABEL.match(text)
        if self._known and label is not None and label[1] in _HARMLESS and not _shares(wire, self._runs):
            return wire
        self.dropped += 1
        return b""


def _runs(value: bytes, length: int) -> set[bytes]:
    """Return all parts of an identifier with this `length`, except those of zeros or blanks alone."""
    runs = {value[at : at + length] for at in range(len(value) - length + 1)}
    return {run for run in runs if run.strip(b"0") and run.strip(b" ")}


def _shares(wire: bytes, runs: set[bytes]) -> bool:
    """Tell whether the bytes have one of the `runs`, whatever their parity."""
    text = bytes(byte & 0x7F for byte in wire)
    return any(run in text for run in runs)
