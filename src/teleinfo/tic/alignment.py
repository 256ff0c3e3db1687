"""
Compare a frame with the layouts of its meter, and find the groups that lost bytes may have made.

Where a run of bytes is lost, the head of one line and the tail of a later one become one line. It is as wide
as it should be if the values of the two are equally wide, and one such line in 64 has the right sum. What
shows it is the lines between, which are missing: a line whose bytes are only damaged is still there.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

from teleinfo.tic.groups import Group
from teleinfo.tic.labels import ALARMS, INDEX_SERIES, NOTICES, Mode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from teleinfo.tic.groups import RejectionCause

# Labels that come and go: where one is missing, nothing is lost.
_CONDITIONAL: Final = ALARMS | NOTICES | {"MSG2"}
# The short frame of three-phase meters (Enedis-NOI-CPT_02E v6, CBETM; Enedis-NOI-CPT_54E v3 §6.1), which may
# come for the first time with an alarm. Each ADIR that stands before it is new.
_SHORT_FRAME: Final = ["ADCO", "IINST1", "IINST2", "IINST3"]


# The index that follows directly behind another one.
_NEXT_INDEX: Final = {label: following for series in INDEX_SERIES for label, following in pairwise(series)}


def find_suspect_indexes(found: Sequence[Group | RejectionCause]) -> set[int]:
    """Return the same as `find_suspects` where no layout is confirmed yet, for indexes alone."""
    return {
        position
        for position, (one, other) in enumerate(pairwise(found))
        if isinstance(one, Group)
        and isinstance(other, Group)
        and other.label in _NEXT_INDEX.values()
        and _NEXT_INDEX.get(one.label, other.label) != other.label
    }


def find_suspects(
    found: Sequence[Group | RejectionCause], mode: Mode, layouts: Sequence[Sequence[str]]
) -> set[int]:
    """
    Return the positions in `found` of the groups that lost bytes may have made.

    `found` is what each line of a frame is; `layouts` are sequences of étiquettes of `mode`, of which the one
    that fits best is taken.
    """
    if not layouts:
        return set()
    known = [*layouts, _SHORT_FRAME] if mode is Mode.HISTORIQUE else layouts
    # Fewest new labels first: the short frame would explain any long one.
    _, suspects = min((_compare(found, mode, layout) for layout in known), key=lambda of: (of[0], len(of[1])))
    return suspects


def _compare(
    found: Sequence[Group | RejectionCause], mode: Mode, labels: Sequence[str]
) -> tuple[int, set[int]]:
    """Return how many groups of a frame are new to a layout, and the positions of the suspect ones."""
    places = {label: place for place, label in enumerate(labels)}
    suspects: set[int] = set()
    number_of_new = rejected = 0
    new: list[int] = []  # since the last group that the layout has
    last = last_place = -1
    for position, group in enumerate([*found, None]):
        if group is None:
            place = len(labels)  # the end of the frame
        elif not isinstance(group, Group):
            rejected += 1
            continue
        elif group.mode is not mode or group.label not in places:
            new.append(position)
            number_of_new += 1
            continue
        else:
            place = places[group.label]
        missing = sum(label not in _CONDITIONAL for label in labels[last_place + 1 : place])
        if place <= last_place:
            suspects |= {last, position, *new}
        elif missing > rejected:
            # A new label stands in the place of a missing one.
            suspects.update(new)
            if last >= 0 and position == last + 1:
                suspects.add(last)
        last, last_place, rejected, new = position, place, 0, []
    return number_of_new, suspects
