"""
False values that a decoder made of a line, and true ones that it withheld.

A value belongs to the frame that is being sent when it comes out. It is false unless that frame says it under
its key; one that the frame before or behind says under the same key is counted apart.
"""

from __future__ import annotations

import enum
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.lab.bench.independent import kind
from tests.lab.bench.sent import ETX, Kind, add_parity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.lab.bench.sent import Line, Sent


class Wrong(enum.StrEnum):
    """A kind of false value."""

    INDEX = "index"
    IDENTIFIER = "identifier"
    LABEL = "label"  # the frame has no such label
    OTHER = "other"
    NEIGHBOUR = "neighbour"  # of the frame before or behind, under its own key
    NEIGHBOUR_INDEX = "index of a neighbour"


LASTING = (Wrong.INDEX, Wrong.IDENTIFIER, Wrong.LABEL, Wrong.NEIGHBOUR_INDEX)
_OPENERS = {"ADCO", "ADSC"}
# All bytes but STX, ETX and EOT, and the printable ones, with parity and without it.
_NO_MARKS = {
    parity: bytes(set(range(256)) - set(add_parity(b"\2\3\4") if parity else b"\2\3\4"))
    for parity in (True, False)
}
_PRINTABLE = {False: bytes(range(0x20, 0x7F)), True: add_parity(bytes(range(0x20, 0x7F)))}
_OF_KIND = {Kind.INDEX: Wrong.INDEX, Kind.IDENTIFIER: Wrong.IDENTIFIER}


@dataclass(slots=True)
class Outcome:
    """
    Outcome of some faults: `damaged` groups, and the false values by kind and key.

    `example` names a fault of which a lasting false value came.
    """

    damaged: int = 0
    wrong: Counter[tuple[Wrong, str]] = field(default_factory=Counter)
    example: str = ""

    def count(self, *kinds: Wrong) -> int:
        """Return how many false values of these kinds there are."""
        return sum(count for (kind, _), count in self.wrong.items() if kind in kinds)

    def add(self, other: Outcome) -> None:
        """Add the outcome of other faults."""
        self.example = self.example or other.example
        self.damaged += other.damaged
        self.wrong += other.wrong


def wrong(
    values: Mapping[str, str], true: Mapping[str, str], neighbours: Sequence[Mapping[str, str]]
) -> Iterator[tuple[str, str, Wrong]]:
    """
    Yield key, value and kind of what is false in a reading.

    `true` are the values of the frame that was sent meanwhile, `neighbours` those of the frames beside it.
    """
    for key, value in values.items():
        if value == true.get(key):
            continue
        if any(value == neighbour.get(key) for neighbour in neighbours):
            yield key, value, Wrong.NEIGHBOUR_INDEX if kind(key) is Kind.INDEX else Wrong.NEIGHBOUR
        elif key not in true:
            yield key, value, Wrong.LABEL
        else:
            yield key, value, _OF_KIND.get(kind(key), Wrong.OTHER)


@dataclass(slots=True)
class Price:
    """
    Sound groups of some frames, and those of them that did not come out with their frame.

    `longest` is how often an index or a tariff was withheld in a row, at most, with its label.
    """

    sound: int = 0
    withheld: Counter[str] = field(default_factory=Counter)
    longest: tuple[int, str] = (0, "")

    def withhold(self, line: Line, times: int) -> None:
        """Add a sound group that did not come out, for so many `times` in a row."""
        self.withheld[line.label] += 1
        if line.kind in {Kind.INDEX, Kind.TARIFF}:
            self.longest = max(self.longest, (times, line.label))

    @property
    def share(self) -> float:
        """Share of the sound groups that was withheld."""
        return self.withheld.total() / self.sound if self.sound else 0.0


def unchanged_lines(frame: Sent, sent: bytes, arrived: bytes) -> Sequence[Line]:
    """Return the lines of a frame of which all bytes arrived; `arrived` is as long as `sent`."""
    if arrived == sent:
        return frame.lines
    start = len(frame.before) + 1
    lines = []
    for line in frame.lines:
        end = start + len(line.text)
        if arrived[start:end] == sent[start:end]:
            lines.append(line)
        start = end
    return lines


def is_framed(frame: Sent, sent: bytes, arrived: bytes, *, parity: bool, after_end: bool) -> bool:
    """
    Return True if the beginning and the end of a frame can be told, and no other bytes became such marks.

    Without its STX a frame still begins behind a whole ETX (`after_end`), if the label that opens it arrived.
    """
    there, wanted = (data.translate(None, _NO_MARKS[parity]) for data in (arrived, sent))
    start = len(frame.before) + 1
    if arrived[-1:] != ETX:
        return False
    if arrived[start - 1] == sent[start - 1]:
        return there == wanted and arrived[start] not in _PRINTABLE[parity]
    opener = frame.lines[0].label
    end = start + len(opener) + 2
    opens = opener in _OPENERS and arrived[start:end] == sent[start:end]
    return there == wanted[1:] and after_end and not frame.before and opens
