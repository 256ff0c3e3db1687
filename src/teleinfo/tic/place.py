"""
Know what belongs at one place of a frame: lines of one étiquette, in one form, whose valeur changes.

To check such a line costs a third of what it costs where nothing is known of it.
"""

from __future__ import annotations

from typing import Self

from teleinfo.tic.framing import STX
from teleinfo.tic.groups import LF, Group, checksum, line_pattern, parse_group
from teleinfo.tic.labels import lookup
from teleinfo.tic.reading import Entry, is_independent, make_entry, strip_padding


class Place:
    """A place that a sound `group` was seen at, with the characters `before` it."""

    def __init__(self, group: Group, before: bytes) -> None:
        self.mode = group.mode
        self._name = group.label
        self._label = lookup(group.mode, group.label)
        self._match = line_pattern(group, before=before).fullmatch
        self.entry = make_entry(
            group.label, strip_padding(group.value, group.mode), group.horodate, self._label
        )
        self.keys = [key for key, _ in self.entry.items]

    @classmethod
    def of(cls, line: bytes, *, first: bool) -> Self | None:
        """
        Return the place of a line, the characters between two CR, or None if it is not sound and whole.

        Nor is there a place for a group whose meaning depends on others. `first`: STX stands before it.
        """
        before = STX + LF if first else LF
        if not line.startswith(before):
            return None
        group = parse_group(line.removeprefix(before))
        return cls(group, before) if isinstance(group, Group) and is_independent(group) else None

    def check(self, line: bytes) -> Entry | None:
        """Return what a line gives to a reading, or None if it is not sound or does not belong here."""
        match = self._match(line)
        if match is None:
            return None
        said = match.groups()  # what the sum covers, horodate if there is one, valeur
        if checksum(said[0]) != line[-1]:
            return None
        horodate = said[1].decode() if len(said) > 2 else None  # noqa: PLR2004 - as above
        entry = make_entry(self._name, strip_padding(said[-1].decode(), self.mode), horodate, self._label)
        # Without a valeur some horodates give one key instead of two.
        return entry if len(entry.items) == len(self.keys) else None
