"""
Remember the lines that passed every check, so that a line that comes again need not be checked again.

A meter says the same étiquettes in the same order in every frame, and most of them with the value of a
second before. So a frame is recalled as a whole, or not at all: only where at each place stands a line that
was checked before for that very place, byte for byte, parity bits included. Everything else goes the long
way, through `frames`, `groups` and `reading`. The memory changes no result, only how long it takes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from teleinfo.tic.characters import check
from teleinfo.tic.groups import Group, parse
from teleinfo.tic.reading import Entry, Reading, entry_of

if TYPE_CHECKING:
    from teleinfo.tic.labels import Mode

LIMIT = 1024
"""The most lines that are remembered: then all is forgotten. A line costs about 400 bytes."""

_lookup = dict[bytes, Entry].get


class _Shape(NamedTuple):
    """The frames of so many lines: of each place what was seen there first, and all that was seen there."""

    mode: Mode
    first: list[Entry]
    places: list[dict[bytes, Entry]]


class Memory:
    """The frames seen on a line with parity, or without: `parity` tells which."""

    def __init__(self, *, parity: bool, limit: int = LIMIT) -> None:
        self.parity = parity
        self._limit = limit
        self._size = 0
        self._shapes: dict[int, _Shape] = {}
        # STX, LF and CR as they come: of these only LF has an even number of bits.
        self._beginning, self._end = (b"\x82\n", b"\x8d") if parity else (b"\x02\n", b"\r")

    def recall(self, raw: bytes) -> Reading | None:
        """
        Return the reading of the frame whose bytes before ETX are `raw`, if all of them are known.

        A line with a value that is new at its place is checked, and known from then on.
        """
        lines = raw.split(self._end)
        if lines.pop():
            return None
        shape = self._shapes.get(len(lines))
        if shape is None:
            return None
        entries = list(map(_lookup, shape.places, lines))
        if not all(entries) and not self._learn_lines(shape, lines, entries):
            return None
        return Reading(shape.mode, None, entries)  # type: ignore[arg-type]  # none is None any more

    def learn(self, raw: bytes) -> None:
        """
        Remember the frame whose bytes before ETX are `raw`, if it is plain.

        A frame is plain if its lines are sound and of one mode, and no key comes twice.
        """
        lines = raw.split(self._end)
        if lines.pop() or not lines:
            return
        read = [self._read(line, first=not place) for place, line in enumerate(lines)]
        modes = {mode for mode, _ in filter(None, read)}
        entries = [entry for _, entry in filter(None, read)]
        keys = [key for entry in entries for key, _ in entry.items]
        if len(entries) < len(lines) or len(modes) > 1 or len(set(keys)) < len(keys):
            return
        self._make_room(len(lines))
        places = [{line: entry} for line, entry in zip(lines, entries, strict=True)]
        self._shapes[len(lines)] = _Shape(modes.pop(), entries, places)

    def _learn_lines(self, shape: _Shape, lines: list[bytes], entries: list[Entry | None]) -> bool:
        """Check the lines that have no entry, and fill it in; return False if one cannot be there."""
        for place in [place for place, entry in enumerate(entries) if entry is None]:
            line = lines[place]
            mode, entry = self._read(line, first=not place) or (None, None)
            if entry is None or mode is not shape.mode or not entry.is_like(shape.first[place]):
                return False
            entries[place] = shape.places[place][line] = entry
            self._size += 1
        self._make_room(0)
        return True

    def _read(self, line: bytes, *, first: bool) -> tuple[Mode, Entry] | None:
        """Check one line, which is all that stands between two CR, STX and LF included."""
        beginning = self._beginning if first else b"\n"
        if not line.startswith(beginning):
            return None
        text = line[len(beginning) :]
        group = parse(check(text) if self.parity else text)
        if not isinstance(group, Group):
            return None
        entry = entry_of(group)
        return None if entry is None else (group.mode, entry)

    def _make_room(self, lines: int) -> None:
        self._size += lines
        if self._size > self._limit:
            self._shapes.clear()
            self._size = lines
