"""
The order of the labels in a frame, and the labels that a frame must have (02E and 54E, tables of the groups).

The documents give an order for blue meters and Linky. The labels of the other families have no place in it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from teleinfo.tic.labels import COMING_AND_GOING, CONTRACTS, HISTORIQUE, ORDER, Group, Mode, Presence, lookup

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Set as AbstractSet


END: Final = ""
"""The end of a frame, in the place of a label."""

# Presences that exclude each other in a frame.
_ALTERNATIVES: Final = (
    frozenset({Presence.BASE, Presence.HC, Presence.EJP, Presence.TEMPO}),
    frozenset({Presence.SINGLE_PHASE, Presence.THREE_PHASES}),
)
# Presences whose labels stand so close to each other that one loss of bytes can hide all of them.
_COMPACT: Final = frozenset(
    {
        *(Presence.BASE, Presence.HC, Presence.EJP, Presence.SINGLE_PHASE, Presence.APPARENT_POWER),
        *(Presence.CALENDAR, Presence.LOAD_CURVE, Presence.INJECTED_LOAD_CURVE),
    }
)
_PLACES: Final = {
    mode: {label.name: place for place, label in enumerate(labels)} for mode, labels in ORDER.items()
}


def place(mode: Mode, name: str) -> float | None:
    """Return the place of a label in the documented order: infinity for `END`, None if it has no place."""
    if name == END:
        return math.inf
    spec = lookup(mode, name)
    if spec is None:
        return None
    documented_name = spec.spelling_of or name
    return _PLACES[mode].get(documented_name)


def presence(mode: Mode, name: str) -> Presence | None:
    """Return the presence of a label with a place in the documented order, None for any other label."""
    spec = lookup(mode, name)
    if spec is None or place(mode, name) is None:
        return None
    return spec.presence


def comes_and_goes(mode: Mode, name: str) -> bool:
    """True if a frame may have or lack the label at any time: alarms, notices, MSG2 …"""
    spec = lookup(mode, name.partition(" ")[0])
    return spec is not None and spec.presence in COMING_AND_GOING


def expected(mode: Mode, groups: Iterable[Group], had: AbstractSet[Presence]) -> set[Presence]:
    """
    Return the presences whose labels must be in a frame that has these sound groups.

    These are the presences that the frame shows, and the compact presences that earlier frames `had`, unless
    the frame shows an alternative to them.
    """
    shown = {Presence.ALWAYS}
    for group in groups:
        shown.add(presence(mode, group.label) or Presence.ALWAYS)
        if group.label != "OPTARIF":
            continue
        for option, indexes in CONTRACTS.items():
            if group.value.startswith(option):
                first_index = indexes[0]  # all indexes of a contract have the same presence
                shown.add(HISTORIQUE[first_index].presence)
    if Presence.THREE_PHASES in shown:
        shown.add(Presence.APPARENT_POWER)  # only a plain CBEMM, of one phase, has none
    lasting = had & _COMPACT
    for alternatives in _ALTERNATIVES:
        if shown & alternatives:
            lasting -= alternatives
    return (shown | lasting) - {Presence.ALARM, Presence.NOTICE, Presence.PASSING}


def missing(mode: Mode, before: str, behind: str, presences: AbstractSet[Presence]) -> int:
    """Count the labels of `presences` that the documents place between two labels; 0 if one has no place."""
    first = place(mode, before)
    last = place(mode, behind)
    if first is None or last is None:
        return 0
    labels = ORDER[mode]
    end = min(last, len(labels))  # the end of a frame has the place infinity
    between = labels[int(first) + 1 : int(end)]
    return sum(label.presence in presences for label in between)
