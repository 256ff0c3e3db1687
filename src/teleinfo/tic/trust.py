"""
Decide which sound groups of a frame are believed: each group vouches for the group before it.

Neither parity nor a checksum of six bits always detects lost bytes. Lost bytes join the head of a line to the
tail of a later line. The label of the joined line is then followed by a label that does not belong there.

1. A link is a label and its successor: the label directly behind it, or the end of the frame. Two groups with
   damaged bytes between them form no link.
2. A link is right if this meter has shown it, or if the documents place no mandatory label between its two
   labels. If one of them has no place in the documented order, the link is right unless the meter has shown
   both another successor of the first label and another predecessor of the second.
3. The group before a wrong link is suspect, and so is the group behind it if its label is new. A suspect
   group is believed only if it equals the last believed group with its label.
   A damaged line may be the successor of a label outside the table, if it was in `FRAMES_AGAINST` frames.
4. Labels that come and go (alarms, notices) are checked against the order only: their links are not learned.
5. `FRAMES_FOR_NEW` frames in a row confirm a new link or form. `FRAMES_AGAINST` are needed if it contradicts
   the documents or earlier frames. Only frames with the label count.
6. Horodate and width of a group must be as in the table, or as this meter has shown them. If the table has
   several widths, the first is believed at once, as are widths that differ from it by at most three digits.
7. A label outside the table, or a notice on a line without parity, is believed once it was confirmed as new.
   An alarm of documented width is believed at once, except that ADIR1 to ADIR3 are checked against IINST1 to
   IINST3.

Pure. The memory is bounded.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from teleinfo.tic import labels
from teleinfo.tic.claims import Claims
from teleinfo.tic.groups import Form, RejectionCause, documented_widths, form_of
from teleinfo.tic.labels import Group, Mode, Presence, lookup
from teleinfo.tic.order import END, comes_and_goes, expected, missing, place, presence

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet


FRAMES_FOR_NEW: Final = 2
FRAMES_AGAINST: Final = 3
"""Frames in a row that confirm a new claim, and a claim that contradicts the documents or earlier frames."""

SAFE_DIFFERENCE: Final = 3
"""Digits that cannot be lost or repeated unnoticed: no sum of up to three digits is a multiple of 64."""

MAX_NEIGHBOURS: Final = 256
"""The most labels whose neighbour is remembered; the oldest is dropped first."""

MAX_UNKNOWN: Final = 128
"""The most labels outside the table that are learned: only noise creates more."""

_DAMAGED: Final = "?"  # successor of a label outside the table, whose next line is always malformed
_MODE_GROUPS: Final = 2  # sound groups that prove another mode: noise can make one group
_CURRENTS: Final = {f"ADIR{phase}": f"IINST{phase}" for phase in (1, 2, 3)}
_SHORT_FRAME_LINKS: Final = frozenset({("ADCO", "IINST1"), ("IINST3", END)})


@dataclass(slots=True)
class _Shown:
    """A label as this meter has shown it: its neighbours, its forms, and the group believed last."""

    after: set[str] = field(default_factory=set)
    before: set[str] = field(default_factory=set)
    forms: set[Form] = field(default_factory=set)
    last: Group | None = None


_NOTHING: Final = _Shown()


class _Frame(NamedTuple):
    """A frame: the names of its lines (None for a damaged line) and its end, and the expected presences."""

    names: list[str | None]
    present: AbstractSet[str]
    expected: AbstractSet[Presence]
    is_short: bool


class Trust:
    """
    The links and forms that one meter has shown.

    `mode` is the mode of the frames that are followed, `notices` are the notices that the meter sends at
    present. `is_settled` is True if the last frame showed nothing new and no claim waits for confirmation:
    then every group of an equal frame would be believed.
    """

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Forget everything, for another meter or another mode."""
        self.notices: frozenset[str] = frozenset()
        self._known_notices: set[str] = set()
        self.is_settled = False
        self.mode = Mode.HISTORIQUE
        self._shown: defaultdict[str, _Shown] = defaultdict(_Shown)
        self._had: set[Presence] = set()
        self._claims = Claims()
        self._neighbours: dict[str, str] = {}  # the label beside each unknown label and each notice
        self._other_currents: set[str] = set()  # alarms that differ from the current of their phase

    def note(self, groups: Iterable[Group]) -> None:
        """Remember the groups of frames that were read by their layout, without `believe`."""
        for group in groups:
            self._shown[group.label].last = group

    def believe(
        self, lines: Sequence[Group | RejectionCause], *, parity: bool
    ) -> tuple[list[Group], list[Group]]:
        """
        Return the sound groups of a frame that are believed, and those that are not.

        `lines` are its groups and rejections; `parity` is True if its characters carried parity.
        """
        sound = [group for group in lines if isinstance(group, Group)]
        modes = {group.mode for group in sound}
        is_in_another_mode = len(modes) == 1 and self.mode not in modes
        if is_in_another_mode and (len(sound) >= _MODE_GROUPS or not self._shown):
            self.forget()
            self.mode = modes.pop()
        self._claims.begin_frame()
        self.is_settled = len(sound) == len(lines)
        frame = self._frame_of(lines, sound)
        suspects = self._wrong_links(frame)
        self._learn_links(frame, suspects)
        values = {group.label: group.value for group in sound}
        believed: list[Group] = []
        withheld: list[Group] = []
        # The names have the end of the frame besides, which is no line.
        for position, (name, group) in enumerate(zip(frame.names, lines, strict=False)):
            if name is None or not isinstance(group, Group):
                continue
            credible = (
                position not in suspects
                and self._has_known_form(name, group)
                and self._is_confirmed(name, frame, position, parity=parity)
                and self._has_current_of_its_phase(name, values)
            )
            # The group that opens a part is always believed: it gives the keys behind it their meaning.
            if credible or group.label == labels.PART_OPENER or self._known(name).last == group:
                self._shown[name].last = group
                believed.append(group)
            else:
                withheld.append(group)
        if withheld:
            believed, withheld = _without_parts(believed, withheld)
        self._drop_absent(frame)
        self.is_settled = self.is_settled and not withheld and not self._claims
        return believed, withheld

    def _frame_of(self, lines: Sequence[Group | RejectionCause], sound: Sequence[Group]) -> _Frame:
        """Return a frame, whose names have the part of an ICE-4Q frame, or the mode if it is not followed."""
        names: list[str | None] = []
        part = ""
        for group in lines:
            if not isinstance(group, Group):
                names.append(None)
                continue
            spec = lookup(group.mode, group.label)
            name = group.label
            if group.mode is not self.mode:
                name = f"{group.mode}/{group.label}"
            elif spec is not None and spec.reused:
                name += part
            names.append(name)
            if group.label == labels.PART_OPENER:
                part = f" {group.value}"
        present = frozenset(name for name in names if name is not None)
        return _Frame(
            names=[*names, END],
            present=present,
            expected=expected(self.mode, sound, self._had),
            is_short=self.mode is Mode.HISTORIQUE and present <= labels.SHORT_FRAME,
        )

    def _wrong_links(self, frame: _Frame) -> set[int]:
        """Return the positions of the lines before wrong links, and of the new labels behind them."""
        suspects: set[int] = set()
        last: int | None = None  # the position of the last sound line
        for position, name in enumerate(frame.names):
            if name is None:
                continue
            if last is not None:
                damaged_between = position - last - 1
                if damaged_between:
                    # No link. But more labels are missing here than lines were damaged.
                    missing_between = self._missing(frame, last, position)
                    if missing_between > damaged_between and self._is_new(name) and not frame.is_short:
                        suspects.add(position)
                elif not self._is_right(frame, last):
                    suspects.add(last)
                    if self._is_new(name):
                        suspects.add(position)
            last = position
        return suspects

    def _missing(self, frame: _Frame, first: int, second: int, *, passing: bool = False) -> int:
        """Count the labels missing between two lines; with `passing`, only labels that come and go."""
        before = frame.names[first] or END
        behind = frame.names[second] or END
        presences = frame.expected
        if passing:
            presences = presences & labels.COMING_AND_GOING
        return missing(self.mode, before, behind, presences)

    def _is_right(self, frame: _Frame, position: int) -> bool:
        """
        True if the line behind this position may follow it.

        Links are learned of lasting labels only: labels that come and go between them are passed over.
        """
        before = self._lasting(frame, position, -1)
        behind = self._lasting(frame, position + 1, 1)
        if before is None or behind is None:  # a damaged line, whose label nobody knows
            return not self._missing(frame, position, position + 1)
        if self._is_shown(before, behind, frame):
            return not self._missing(frame, position, position + 1, passing=True)
        return self._may_be_new(before, behind) and not self._missing(frame, position, position + 1)

    def _lasting(self, frame: _Frame, position: int, step: int) -> str | None:
        """
        Return the nearest label that does not come and go, from `position` on in this direction (`step`).

        It may be that of the position itself, or `END`. None if there is none, or a damaged line is nearer.
        """
        while position >= 0:
            name = frame.names[position]
            if name is None or name == END or not comes_and_goes(self.mode, name):
                return name
            position += step
        return None

    def _is_shown(self, before: str, behind: str, frame: _Frame) -> bool:
        """True if the meter has shown this link, or the link is one of the short frame."""
        if frame.is_short and (before, behind) in _SHORT_FRAME_LINKS:
            return True
        return behind in self._known(before).after

    def _may_be_new(self, before: str, behind: str) -> bool:
        """True if a new link contradicts neither the documented order nor the links shown by the meter."""
        after_first = self._known(before).after
        before_second = self._known(behind).before
        first = place(self.mode, before)
        second = place(self.mode, behind)
        if first is None or second is None:
            is_one_new = not after_first or not before_second or before == behind
            return _DAMAGED not in after_first and is_one_new
        if first >= second:
            return False
        return all(place(self.mode, name) is not None for name in after_first | before_second)

    def _learn_links(self, frame: _Frame, suspects: set[int]) -> None:
        """
        Learn the links of labels that do not come and go.

        The line before a confirmed link is no suspect, nor are those of labels that come and go inside it.
        """
        lasting = [
            (position, name)
            for position, name in enumerate(frame.names)
            if name is None or not comes_and_goes(self.mode, name)
        ]
        for (first, before), (second, behind) in pairwise(lasting):
            if before is None:
                continue
            if behind is None:
                self._learn_damaged_line(before)
            elif self._learn_link(before, behind, frame):
                suspects.difference_update(range(first, second))

    def _learn_damaged_line(self, before: str) -> None:
        """Learn that a damaged line follows this label, if that may be so: rule 3."""
        if not self._is_unknown(before) or self._known(before).after:
            return
        frames_in_a_row = self._claims.count(before, "link")
        if frames_in_a_row >= FRAMES_AGAINST:
            self._claims.settle(before, "link")
            self._show_link(before, _DAMAGED)

    def _learn_link(self, before: str, behind: str, frame: _Frame) -> bool:
        """Count a link of this frame; True if it was new, and this frame confirms it."""
        has_places = place(self.mode, before) is not None and place(self.mode, behind) is not None
        # SAPHIR and ICE send frames of several kinds, whose links alternate: each link has its own claim.
        aspect = "link" if has_places else f"link {behind}"
        if behind in self._known(before).after:
            self._claims.settle(before, aspect)
            return False
        if self._is_shown(before, behind, frame):  # a link of the short frame
            return False
        missing_between = missing(self.mode, before, behind, frame.expected)
        is_right = missing_between == 0 and self._may_be_new(before, behind)
        needed = FRAMES_FOR_NEW if is_right else FRAMES_AGAINST
        frames_in_a_row = self._claims.count(before, aspect, behind)
        if frames_in_a_row < needed:
            return False
        self._claims.settle(before, aspect)
        self._show_link(before, behind)
        return True

    def _show_link(self, before: str, behind: str) -> None:
        """Remember a confirmed link, unless it brings more labels outside the table than are learned."""
        names = {*self._shown, before, behind} - {END}
        unknown = [name for name in names if self._is_unknown(name)]
        if len(unknown) > MAX_UNKNOWN:
            return
        self.is_settled = False
        self._shown[before].after.add(behind)
        self._shown[behind].before.add(before)
        for name in (before, behind):
            presence_of_name = presence(self.mode, name)
            if presence_of_name is not None:
                self._had.add(presence_of_name)

    def _has_known_form(self, name: str, group: Group) -> bool:
        """True if the width of the value and its horodate are known, or confirmed by now."""
        if self._is_unknown(name):
            return True
        form = form_of(group)
        known_forms = self._shown[name].forms
        of_any_width = Form(form.mode, form.label, form.dated, None)
        is_known = form in known_forms or of_any_width in known_forms
        # An alarm is urgent: it is believed at once.
        is_alarm = name in labels.ALARMS and form.width in documented_widths(form)
        if not is_known and not is_alarm:
            in_this_form = self._claims.count(name, "form", form)
            in_unknown_forms = self._claims.count(name, "width")
            if in_this_form >= self._frames_for_form(form, known_forms):
                known_forms.add(form)
            elif in_unknown_forms >= FRAMES_AGAINST:
                known_forms.add(of_any_width)  # the width varies, whatever the table says
            else:
                return False
            self.is_settled = False
        self._claims.settle(name, "form", "width")
        return True

    def _frames_for_form(self, form: Form, known_forms: AbstractSet[Form]) -> int:
        """Return how many frames in a row confirm a form that is not among the known ones (rule 6)."""
        if form.width is None:  # the table says that the width varies
            return 1
        documented = documented_widths(form)
        if known_forms or form.width not in documented:
            return FRAMES_AGAINST
        usual_width = documented[0]
        if usual_width is not None and abs(form.width - usual_width) <= SAFE_DIFFERENCE:
            return 1
        return FRAMES_FOR_NEW

    def _is_confirmed(self, name: str, frame: _Frame, position: int, *, parity: bool) -> bool:
        """Count this frame for the label; True if it needs no confirmation, or has it now (rule 7)."""
        if self._is_unknown(name):
            self._note_neighbour(name, frame, position)
            return not self._is_new(name)
        if name not in labels.NOTICES:
            return True
        self._note_neighbour(name, frame, position)
        if not parity and name not in self._known_notices:
            frames_in_a_row = self._claims.count(name, "notice")
            if frames_in_a_row < FRAMES_FOR_NEW:
                return False
        self._known_notices.add(name)
        self.notices |= {name}
        self._claims.settle(name, "notice")
        return True

    def _has_current_of_its_phase(self, label: str, values: Mapping[str, str]) -> bool:
        """
        False for an alarm that may have the value of a later phase, whose alarm is missing.

        The value of an alarm is the current of its phase (02E, "trame courte"). A meter that deviates in
        several frames is accepted.
        """
        current = values.get(_CURRENTS.get(label, ""))  # None for any label but an alarm of a phase
        if current is None or label in self._other_currents:
            return True
        if current == values[label]:
            self._claims.settle(label, "current")
            return True
        if self._claims.count(label, "current") >= FRAMES_AGAINST:
            self._claims.settle(label, "current")
            self._other_currents.add(label)
        # The head of this alarm, and the tail of the current behind a later alarm, whose label was lost.
        last_digit = values[label][-1:]
        for later_alarm, current_label in _CURRENTS.items():
            if later_alarm <= label or later_alarm in values:
                continue
            if values.get(current_label, "")[-1:] == last_digit:
                return False
        return True

    def _note_neighbour(self, name: str, frame: _Frame, position: int) -> None:
        """Remember a neighbour of a label: a frame with the neighbour but without the label ends its row."""
        beside = self._lasting(frame, position + 1, 1) or self._lasting(frame, position - 1, -1)
        if beside:
            self._neighbours[name] = beside
            if len(self._neighbours) > MAX_NEIGHBOURS:
                oldest = next(iter(self._neighbours))
                del self._neighbours[oldest]

    def _drop_absent(self, frame: _Frame) -> None:
        """End the row of each label that this frame lacks, and drop claims that have waited for too long."""
        absent: set[str] = set()
        for name, neighbour in self._neighbours.items():
            # Without its neighbour, the label may be lost as well.
            if name not in frame.present and neighbour in frame.present:
                absent.add(name)
        for name in absent:
            del self._neighbours[name]
            if name in self._shown:
                self._shown[name].last = None
        self.notices -= absent
        self._claims.drop(absent)

    def _known(self, name: str) -> _Shown:
        """Return what the meter has shown of a label; the caller must not change it."""
        return self._shown.get(name, _NOTHING)

    def _is_new(self, name: str) -> bool:
        """True if no link of the label was shown, and the label does not come and go."""
        return name != END and not self._known(name).after and not comes_and_goes(self.mode, name)

    def _is_unknown(self, name: str) -> bool:
        """True if the table lacks the label, or has it only as a variant spelling."""
        label = name.partition(" ")[0]  # without the part of an ICE-4Q frame
        spec = lookup(self.mode, label)
        return spec is None or spec.spelling_of != ""


def _without_parts(believed: list[Group], withheld: list[Group]) -> tuple[list[Group], list[Group]]:
    """Withhold all groups of a repeated label if one group is withheld: together they make one value."""
    incomplete: set[str] = set()  # repeated labels
    for group in withheld:
        spec = lookup(group.mode, group.label)
        if spec is not None and spec.repeats:
            incomplete.add(spec.name)
    still_believed = [group for group in believed if group.label not in incomplete]
    parts = [group for group in believed if group.label in incomplete]
    return still_believed, withheld + parts
