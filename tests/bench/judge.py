"""
False values that a decoder made of a line, and true ones that it withheld.

A value belongs to the frame that is being sent when it comes out. It is false unless that frame says it under
its key; one that the frame before or behind says under the same key is counted apart.
"""

from __future__ import annotations

import enum
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol

from tests.bench.sent import ETX, Kind, add_parity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from teleinfo.tic.reading import Reading
    from tests.bench.sent import Line, Sent


class Reads(Protocol):
    """Decoder of a line, such as `tic.decoder.Decoder`."""

    def feed(self, data: bytes, /) -> list[Reading]:
        """Return the readings that these bytes complete."""


class Wrong(enum.StrEnum):
    """A kind of false value."""

    INDEX = "index"
    IDENTIFIER = "identifier"
    LABEL = "label"  # the frame has no such label
    OTHER = "other"
    NEIGHBOUR = "neighbour"  # of the frame before or behind, under its own key
    NEIGHBOUR_INDEX = "index of a neighbour"


LASTING = (Wrong.INDEX, Wrong.IDENTIFIER, Wrong.LABEL)
_OPENERS = {"ADCO", "ADSC"}
# All bytes but STX, ETX and EOT, and the printable ones, with parity and without it.
_NO_MARKS = {
    parity: bytes(set(range(256)) - set(add_parity(b"\2\3\4") if parity else b"\2\3\4"))
    for parity in (True, False)
}
_PRINTABLE = {False: bytes(range(0x20, 0x7F)), True: add_parity(bytes(range(0x20, 0x7F)))}
_OF_KIND = {Kind.INDEX: Wrong.INDEX, Kind.IDENTIFIER: Wrong.IDENTIFIER}


def wrong(
    values: Mapping[str, str], frame: Sent, neighbours: Sequence[Sent]
) -> Iterator[tuple[str, str, Wrong]]:
    """Yield key, value and kind of what is false in a reading that came out while `frame` was sent."""
    if values == frame.values:
        return
    for key, value in values.items():
        true = frame.values.get(key)
        if value == true:
            continue
        same = next((other for other in neighbours if other.values.get(key) == value), None)
        if same is not None:
            is_index = same.kind(key) is Kind.INDEX
            yield key, value, Wrong.NEIGHBOUR_INDEX if is_index else Wrong.NEIGHBOUR
        elif true is None:
            yield key, value, Wrong.LABEL
        else:
            yield key, value, _OF_KIND.get(frame.kind(key), Wrong.OTHER)


class Away(NamedTuple):
    """Row of sound groups of one label that did not come out: their number, and the time that it lasted."""

    times: int = 0
    seconds: float = 0.0
    label: str = ""


@dataclass(slots=True)
class Price:
    """
    Sound groups of some frames, and those of them that did not come out with their frame.

    `longest` is the longest row of one index or tariff.
    """

    sound: int = 0
    withheld: Counter[str] = field(default_factory=Counter)
    longest: Away = field(default_factory=Away)

    @property
    def share(self) -> float:
        """Share of the sound groups that was withheld."""
        return self.withheld.total() / self.sound if self.sound else 0.0


class Account:
    """Account of the price of one line; the first appearance of a label of a kind in `waits` is free."""

    def __init__(self, price: Price, *, waits: frozenset[Kind]) -> None:
        self._price = price
        self._waits = waits
        self._seen: set[str] = set()
        self._since: dict[str, tuple[int, float]] = {}  # how often it was withheld in a row, and since when

    def take(self, sound: Sequence[Line], values: Mapping[str, str], now: float, *, counts: bool) -> None:
        """Compare the sound lines of a frame that ended at `now` with what came out of it."""
        price = self._price
        if counts:
            price.sound += len(sound)
        for line in sound:
            label = line.label
            is_new = label not in self._seen
            self._seen.add(label)
            if line.values.items() <= values.items():
                if label in self._since:
                    self._note(label, *self._since.pop(label), now)
            elif counts and not (is_new and line.kind in self._waits):
                price.withheld[label] += 1
                if line.kind in {Kind.INDEX, Kind.TARIFF}:
                    times, since = self._since.get(label, (0, now))
                    self._since[label] = times + 1, since
                    self._note(label, times + 1, since, now)

    def _note(self, label: str, times: int, since: float, now: float) -> None:
        self._price.longest = max(self._price.longest, Away(times, now - since, label))


def unchanged_lines(frame: Sent, sent: bytes, arrived: bytes) -> Sequence[Line]:
    """Return the lines of a frame of which all bytes arrived; `arrived` is as long as `sent`."""
    if arrived == sent:
        return frame.lines
    start, lines = len(frame.before) + 1, []
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
