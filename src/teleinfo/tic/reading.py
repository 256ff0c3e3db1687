"""
Build the mapping étiquette → valeur of one frame.

Groups go in, in the order of the meter; a `Reading` comes out, or None for a frame that must not be believed:
one that has no sound group, or in which a key comes twice with two values. Bytes were then lost between two
frames, and nothing else would show it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from teleinfo.tic.labels import PART_OPENER, Kind, Label, Mode, find

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from teleinfo.tic.groups import Group

# The horodate of a group has its own key: étiquette and this.
HORODATE_SUFFIX = "_HORODATE"


@dataclass(frozen=True, slots=True)
class Reading:
    """One frame: `values` maps each key to its text, in the order of the meter. It has at least one."""

    mode: Mode
    values: dict[str, str]


def read(groups: Iterable[Group]) -> Reading | None:
    """Return the reading of the frame that had these sound groups, or None where it must not be believed."""
    values: dict[str, str] = {}
    mode = None
    part = ""
    for group in groups:
        mode = mode or group.mode
        label = find(group.mode, group.label)
        for key, value in _entries(group, label, part):
            if values.setdefault(key, value) == value:
                continue
            if label is None or not label.repeats:
                return None
            values[key] += f" {value}"
        if group.label == PART_OPENER:
            part = f"_{group.value}"
    return None if mode is None else Reading(mode, values)


def _entries(group: Group, label: Label | None, part: str) -> Iterator[tuple[str, str]]:
    """
    Yield the keys of one group with their values.

    The second part of an ICE-4Q frame says the étiquettes of the first again, with another meaning: there the
    name of the part is added to the key (Enedis-NOI-CPT_02E v6, ICE 4 quadrants).
    """
    key = group.label
    if part and label is not None and label.reused:
        key += part
    value = _clean(group)
    if group.horodate is None:
        yield key, value
    elif label is not None and label.kind is Kind.HORODATE and not value:
        yield key, group.horodate
    else:
        yield key, value
        yield key + HORODATE_SUFFIX, group.horodate


def _clean(group: Group) -> str:
    """Return the value as a subscriber wants it: without the dots or the blanks that only fill its width."""
    if group.mode is Mode.STANDARD:
        return group.value.strip(" ")
    return group.value.rstrip(".") if group.value.strip(" ") else ""
