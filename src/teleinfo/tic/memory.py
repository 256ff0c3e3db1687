"""
Remember the lines that passed every check, so that a line that comes again need not be checked again.

A meter says the same étiquettes in the same order in every frame, and most of them with the value of a
second before. So a frame is recalled as a whole, or not at all: only where at each place stands a line that
was checked before for that very place, byte for byte, parity bits included. Everything else goes the long
way, through `frames`, `groups` and `reading`. The memory changes no result, only how long it takes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from teleinfo.tic import parity as characters
from teleinfo.tic.place import Place
from teleinfo.tic.reading import Entry, Reading

if TYPE_CHECKING:
    from teleinfo.tic.labels import Mode

LIMIT = 1 << 15
"""Bytes of the lines that are remembered at most, about 1500 lines; then all is forgotten."""

_lookup = dict[bytes, Entry].get


class _Shape(NamedTuple):
    """The frames of so many lines: what belongs at each place, and the lines that are known there."""

    mode: Mode
    places: list[Place]
    known: list[dict[bytes, Entry]]


class Memory:
    """The frames seen on a line with parity, or without: `parity` tells which."""

    def __init__(self, *, parity: bool, limit: int = LIMIT) -> None:
        self.parity = parity
        self._end = b"\x8d" if parity else b"\r"  # CR, as it comes
        self._limit = limit
        self._size = 0
        self._shapes: dict[int, _Shape] = {}  # by the number of lines
        self._last: tuple[bytes, Reading] | None = None

    def recall(self, raw: bytes) -> Reading | None:
        """
        Return the reading of the frame whose bytes before ETX are `raw`, if all of them are known.

        A line with a value that is new at its place is checked, and known from then on.
        """
        # In a quiet hour half of the frames are the one before.
        if self._last is None or raw != self._last[0]:
            reading = self._compose(raw)
            if reading is None:
                return None
            self._last = raw, reading
        _, last = self._last
        return Reading(last.mode, None, last.entries)

    def _compose(self, raw: bytes) -> Reading | None:
        """Put the reading together from what is known of each line."""
        lines = raw.split(self._end)
        if lines.pop():
            return None
        shape = self._shapes.get(len(lines))
        if shape is None:
            return None
        entries = list(map(_lookup, shape.known, lines))
        if not all(entries) and not self._check(shape, lines, entries):
            return None
        return Reading(shape.mode, None, entries)  # type: ignore[arg-type]  # none is None any more

    def learn(self, raw: bytes) -> None:
        """
        Remember the frame whose bytes before ETX are `raw`, if it is plain.

        A frame is plain if its lines are sound and of one mode, if none depends on another one, and if no key
        comes twice.
        """
        lines = raw.split(self._end)
        if lines.pop() or not lines:
            return
        places: list[Place] = []
        for line in lines:
            place = Place.of(self._characters(line), first=not places)
            if place is None:
                return
            places.append(place)
        keys = [key for place in places for key in place.keys]
        if len({place.mode for place in places}) > 1 or len(set(keys)) < len(keys):
            return
        self._make_room(len(raw))
        known = [{line: place.entry} for line, place in zip(lines, places, strict=True)]
        self._shapes[len(lines)] = _Shape(places[0].mode, places, known)

    def _check(self, shape: _Shape, lines: list[bytes], entries: list[Entry | None]) -> bool:
        """Check the lines that have no entry, and fill it in; return False if one cannot be there."""
        for index in [index for index, entry in enumerate(entries) if entry is None]:
            line = lines[index]
            entry = shape.places[index].check(self._characters(line))
            if entry is None:
                return False
            entries[index] = shape.known[index][line] = entry
            self._size += len(line)
        self._make_room(0)
        return True

    def _characters(self, line: bytes) -> bytes:
        return characters.check_parity(line) if self.parity else line

    def _make_room(self, size: int) -> None:
        self._size += size
        if self._size > self._limit:
            self._shapes.clear()
            self._size = size
