"""
Build the mapping étiquette → valeur of one frame.

Groups go in, in the order of the meter; a `Reading` comes out. The result is None for a frame that must not
be believed, because

- it has no sound group;
- a PME-PMI sent it to test its output (02E): none of its values is measured; or
- a key comes twice: bytes were lost between two frames, which nothing else would show, and each sound group
  may belong to the first frame or to the second.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from teleinfo.tic.labels import PART_OPENER, Group, Kind, Label, Mode, lookup

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping


# The horodate of a group has its own key: the étiquette with this suffix.
HORODATE_SUFFIX = "_HORODATE"


@dataclass(frozen=True, slots=True)
class Belief:
    """
    The judgement of the decoder on a reading.

    - `is_foreign`: the reading may belong to another meter, mode or contract than that described here.
    - `meter` rises by one each time that another meter is on the line.
    - `number` is None as long as the meter sends none; `contract` is None until OPTARIF or NGTF comes.
    - `is_known`: readings of the meter may be published.
    - `is_certain`: they may be published even if an earlier run remembers another meter or a higher index.
    - `is_steady`: the last two frames had the same tariff.
    - `confirmed` are the keys that came twice in this mode.
    - `sending` are the alarms and notices in force, even if one frame has lost the group of an alarm.
    """

    meter: int
    number: str | None
    mode: Mode
    contract: str | None
    is_known: bool
    is_certain: bool
    is_steady: bool
    confirmed: frozenset[str]
    sending: frozenset[str]
    is_foreign: bool = False


class Reading:
    """
    One frame, which cannot be changed.

    - `mode` is the mode of the meter.
    - `values` maps each key, at least one, to its text, in the order of the meter. It cannot be changed
      either: `dict(reading.values)` is a copy that can, and that `json.dumps` takes.
    - `foreign`: the frame may come from another meter, or from the same one in another mode or contract.
    """

    __slots__ = ("_belief", "_mode", "_values")

    _belief: Belief | None

    def __init__(self, mode: Mode, values: Mapping[str, str]) -> None:
        self._mode = mode
        self._values = dict(values)
        self._belief = None

    @property
    def mode(self) -> Mode:
        """The mode of the meter."""
        return self._mode

    @property
    def values(self) -> Mapping[str, str]:
        """The texts by key."""
        return MappingProxyType(self._texts())

    @property
    def foreign(self) -> bool:
        """True if the frame may come from another meter, mode or contract than the frames before it."""
        return self._belief is not None and self._belief.is_foreign

    def _texts(self) -> dict[str, str]:
        """Return the texts by key."""
        return self._values

    def __eq__(self, other: object) -> bool:
        """True if the other reading has the same mode and the same values."""
        return isinstance(other, Reading) and (self.mode, self.values) == (other.mode, other.values)

    def __hash__(self) -> int:
        """Return the hash of mode and values."""
        return hash((self.mode, frozenset(self._texts().items())))

    def __repr__(self) -> str:
        """Show the mode and the values."""
        return f"Reading({self.mode}, {self._texts()})"

    def __reduce__(self) -> tuple[Any, ...]:
        """Copy and pickle the mode, the values and the judgement."""
        return judged, (self.mode, self._texts(), self._belief)


# What this package needs of a reading, and what is no part of the public class.
# ruff: noqa: SLF001


def texts_of(reading: Reading) -> dict[str, str]:
    """Return the texts by key, faster to read than `values`: do not change them."""
    return reading._texts()


def belief_of(reading: Reading) -> Belief | None:
    """Return the judgement of the decoder on a reading, None if the reading comes from elsewhere."""
    return reading._belief


def set_belief(reading: Reading, belief: Belief | None) -> None:
    """Set the judgement on a reading that nobody has seen yet."""
    reading._belief = belief


def judged(mode: Mode, values: Mapping[str, str], belief: Belief | None) -> Reading:
    """Return a reading with this judgement on it."""
    reading = Reading(mode, values)
    set_belief(reading, belief)
    return reading


def strip_padding(value: str, mode: Mode) -> str:
    """
    Return a value without the characters that fill its width.

    These are blanks at both ends in standard mode, and dots at the end in historique. A value of blanks alone
    is empty in both modes.
    """
    without_blanks = value.strip(" ")
    if mode is Mode.STANDARD or not without_blanks:
        return without_blanks
    return value.rstrip(".")


def of_second_part(mode: Mode, key: str) -> Label | None:
    """
    Return the entry of a `key` that ends with the second part of an ICE-4Q frame (see `build_reading`).

    None for any other key, also if the table has a label with an underscore that is equal to it.
    """
    name, underscore, _part = key.partition("_")
    if not underscore or lookup(mode, key) is not None:
        return None
    label = lookup(mode, name)
    if label is None or not label.reused:
        return None
    return label


def is_left_out(mode: Mode, key: str, exclude: Container[str]) -> bool:
    """True if a `key` of a reading belongs to one of the étiquettes in `exclude`."""
    name = key.removesuffix(HORODATE_SUFFIX)
    if key in exclude or name in exclude:
        return True
    label = of_second_part(mode, name)
    return label is not None and label.name in exclude


def documented(mode: Mode, key: str) -> str:
    """Return a `key` of a reading, with its suffix, in the spelling of the documents."""
    label = lookup(mode, key.removesuffix(HORODATE_SUFFIX))
    if label is None or not label.spelling_of:
        return key
    return key.replace(label.name, label.spelling_of, 1)


def build_reading(groups: Iterable[Group]) -> Reading | None:
    """
    Return the reading of the frame with these sound groups, or None if it must not be believed.

    The second part of an ICE-4Q frame has étiquettes of the first part with another meaning: there the name
    of the part is added to the key (Enedis-NOI-CPT_02E v6, ICE 4 quadrants).
    """
    values: dict[str, str] = {}
    mode = None
    part = ""
    for group in groups:
        if mode is None:
            mode = group.mode
        label = lookup(group.mode, group.label)
        key = group.label
        if label is not None and label.reused:
            key += part
        text = strip_padding(group.value, group.mode)
        if group.horodate is None:
            items = {key: text}
        elif not text and label is not None and label.kind is Kind.HORODATE:
            items = {key: group.horodate}  # DATE has no value: its horodate is what it says
        else:
            items = {key: text, key + HORODATE_SUFFIX: group.horodate}
        for name, value in items.items():
            if name not in values:
                values[name] = value
            elif label is None or not label.repeats:
                return None
            elif values[name] != value:
                values[name] += f" {value}"
        if group.label == PART_OPENER:
            part = f"_{group.value}"
    if mode is None or values.get("TRAME") == "TEST":
        return None
    return Reading(mode, values)
