"""
A frame as it is sent, with the values that a reader must make of it: the common form of both generators.

Nothing here comes from the decoder or from the simulated meter: parity is added by a table of its own.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

STX = b"\x02"
ETX = b"\x03"
EOT = b"\x04"
LF = b"\n"
CR = b"\r"
GAP = 0.02  # s between two frames (Enedis-NOI-CPT_54E v3 §5.3)
BITS = 10  # of a character on the line
# 7E1: bit 7 makes the number of ones even (Enedis-NOI-CPT_02E v6).
_EVEN = bytes(code | (f"{code:b}".count("1") % 2) << 7 for code in range(128)) * 2
_CHECKED = bytes(code & 0x7F if f"{code:b}".count("1") % 2 == 0 else 0xFF for code in range(256))
_SEVEN_BITS = bytes(code & 0x7F for code in range(256))


class Kind(enum.Enum):
    """A kind of value, by what a wrong one or a missing one does."""

    INDEX = "index"
    IDENTIFIER = "identifier"
    TARIFF = "tariff"  # the period in force
    NOTICE = "notice"  # sent only while it applies; without parity believed from its second appearance
    UNKNOWN = "unknown label"  # the documents lack it: believed from its second appearance
    OTHER = "other"


class Line(NamedTuple):
    """One group: its characters from LF to CR, and its values by the keys of a reading."""

    text: bytes
    label: str
    values: dict[str, str]
    kind: Kind


@dataclass(frozen=True)
class Sent:
    """One frame, STX to ETX; `before` is a frame that the meter cut off with EOT to send this one."""

    lines: tuple[Line, ...]
    baudrate: int
    before: bytes = b""

    @cached_property
    def data(self) -> bytes:
        """The whole frame, in seven-bit characters."""
        return self.before + STX + b"".join(line.text for line in self.lines) + ETX

    @cached_property
    def values(self) -> dict[str, str]:
        """The values of the whole frame."""
        return {key: value for line in self.lines for key, value in line.values.items()}

    @property
    def seconds(self) -> float:
        """Seconds that the frame and the pause behind it take on the line."""
        return len(self.data) * BITS / self.baudrate + GAP


def add_parity(data: bytes) -> bytes:
    """Return the bytes as an 8N1 receiver gets them from a 7E1 line."""
    return data.translate(_EVEN)


def check_parity(data: bytes) -> bytes:
    """Return the bytes without bit 7, and 0xFF for each whose parity is wrong."""
    return data.translate(_CHECKED)


def strip(data: bytes) -> bytes:
    """Return the bytes without bit 7."""
    return data.translate(_SEVEN_BITS)
