"""
Compare a frame with the layouts of its meter, and find the groups that lost bytes may have made.

Where a run of bytes is lost, the head of one line and the tail of a later one become one line. It is as wide
as it should be if the values of the two are equally wide, and one such line in 64 has the right sum. What
shows it is the lines between, which are missing: a line whose bytes are only damaged is still there.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

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
# A frame with so many times the lines of its layout is two frames, of which the marks between are damaged.
_TWO_FRAMES: Final = 1.5


class Fit(NamedTuple):
    """
    How a frame fits a layout.

    `suspects` are the positions in it of the groups that lost bytes may have made. `complete` tells whether
    every line of the layout is there, sound or damaged; `new` is the number of groups that are new to it.
    """

    suspects: set[int]
    complete: bool
    new: int


def suspect_indexes(found: Sequence[Group | RejectionCause]) -> set[int]:
    """Return the positions of the suspect indexes of a frame of which no layout is known."""
    return {
        position
        for position, (one, other) in enumerate(pairwise(found))
        if isinstance(one, Group)
        and isinstance(other, Group)
        and other.label in _NEXT_INDEX.values()
        and _NEXT_INDEX.get(one.label, other.label) != other.label
    }


def best_fit(found: Sequence[Group | RejectionCause], mode: Mode, layouts: Sequence[Sequence[str]]) -> Fit:
    """
    Return how a frame fits that of the `layouts` which it fits best.

    `found` is what each line of the frame is; a layout is a sequence of étiquettes of `mode`.
    """
    known = [*layouts, _SHORT_FRAME] if mode is Mode.HISTORIQUE else layouts
    fits = [_compare(found, mode, layout) for layout in known]
    # Fewest new labels first: the short frame would explain any long one.
    return min(fits, key=lambda fit: (fit.new, not fit.complete, len(fit.suspects)))


def _compare(found: Sequence[Group | RejectionCause], mode: Mode, labels: Sequence[str]) -> Fit:
    places = {label: place for place, label in enumerate(labels)}
    suspects: set[int] = set()
    complete = in_order = True
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
        in_order = in_order and place > last_place
        missing = sum(label not in _CONDITIONAL for label in labels[last_place + 1 : place])
        if missing > rejected:
            complete = False
            suspects.update(new)  # a new label stands in the place of a missing one
            if last >= 0 and position == last + 1:
                suspects.add(last)
        last, last_place, rejected, new = position, place, 0, []
    if not in_order or len(found) > _TWO_FRAMES * len(labels):
        return Fit(set(range(len(found))), complete=False, new=number_of_new)
    return Fit(suspects, complete, number_of_new)
