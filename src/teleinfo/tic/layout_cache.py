"""
The layouts of one meter: what may be believed of its frames.

The frames of a meter have few layouts. Neither checksum nor parity sees bytes that are lost, where their sum
is a multiple of 64; a layout does, because a value is then too short, or a line is missing.

`LayoutCache` learns a layout from a frame in which every group is sound, and confirms it when it came often
enough.
A frame of a confirmed layout is read at once (`LayoutCache.read`). Every other frame is taken group by group
(`LayoutCache.believe`), with the confirmed layouts as the measure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from teleinfo.tic.alignment import Fit, best_fit, suspect_indexes
from teleinfo.tic.groups import CR, Group, parse_frame
from teleinfo.tic.labels import Kind, Mode, lookup
from teleinfo.tic.layout import MAX_WIDTH, Form, Layout, form_of, is_documented
from teleinfo.tic.parity import check_parity
from teleinfo.tic.reading import is_independent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from teleinfo.tic.groups import RejectionCause
    from teleinfo.tic.layout import LayoutReading

MAX_LAYOUTS: Final = 8
"""Layouts that are kept of a meter. It has a full frame, one for each set of alarms, and short frames."""

MAX_CANDIDATES: Final = 16
"""Layouts that are not confirmed, the oldest of which is forgotten first."""

PAUSE: Final = 30
"""Frames for which it is not tried again to read only what has changed, where too much has."""

APPEARANCES: Final = 2
"""Frames that confirm a layout, or a form that no document knows."""

APPEARANCES_AT_FIRST: Final = 3
"""Frames that confirm the first layout: nothing else shows then that two frames lost the same bytes."""

APPEARANCES_AGAINST: Final = 5
"""Frames in a row that confirm a layout against a confirmed one: bytes may be lost twice in the same way."""

# Consumers keep these values for ever: damage must not make one.
_KEPT: Final = frozenset({Kind.INDEX, Kind.IDENTIFIER})


class LayoutCache:
    """The layouts of one meter: the confirmed ones, those seen once, and what the last frame leaves open."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Forget everything: another meter, or another mode."""
        self._layouts: list[Layout] = []  # the one seen last first
        self._held: dict[tuple[Mode, str], set[Form]] = {}
        self._candidates: dict[tuple[Form, ...], int] = {}  # how often each was seen
        self._reading: LayoutReading | None = None  # of the last frame, if it was read at once
        self._segment = b""  # that frame, as it arrived
        self._frame = b""  # its characters
        self._lines: list[bytes] = []  # the same, cut at each CR, if it was cut
        self._pause = 0  # frames that are not compared with the last one
        # What `believe` made of the last frame: its layout, confirmed or not, the forms that must come once
        # more and how often they came in a row, and the groups that it believed.
        self._last: tuple[Form, ...] = ()
        self._waiting: dict[Form, int] = {}
        self._believed: list[Group] = []

    def read(self, segment: bytes) -> LayoutReading | None:
        """Return the reading of a frame of a confirmed layout, given as it arrived, without its ETX."""
        last = self._reading
        if last is not None and segment == self._segment:
            return last  # in a quiet hour every second frame is the one before
        frame = segment if segment.isascii() else check_parity(segment)
        reading = None
        lines: list[bytes] = []
        if self._pause:
            self._pause -= 1
        elif last is not None:
            lines = frame.split(CR)
            reading = last.layout.follow(last, self._lines or self._frame.split(CR), lines)
            if reading is None:
                self._pause = PAUSE
        if reading is None:
            reading = self._read_whole(frame)
        if reading is not None:
            self._reading, self._segment, self._frame, self._lines = reading, segment, frame, lines
        return reading

    def _read_whole(self, frame: bytes) -> LayoutReading | None:
        """Return the reading of a frame by the layout that it has."""
        for layout in self._layouts:
            reading = layout.read(frame)
            if reading is not None:
                if layout is not self._layouts[0]:
                    self._put_first(layout)
                return reading
        return None

    def believe(self, found: Sequence[Group | RejectionCause]) -> tuple[list[Group], list[Group]]:
        """
        Return the sound groups of a frame that are believed, and those that are not.

        `found` is what each line of the frame is. A label comes once, unless the table lets it repeat. A form
        of the confirmed layouts is credible, and one that they lack as soon as it came often enough in a row;
        but not where bytes may be lost, unless the group is as it was in the last frame.
        """
        self._end_reading_at_once()
        sound = [group for group in found if isinstance(group, Group)]
        forms = tuple(map(form_of, sound))
        is_layout = len(sound) == len(found) and _can_be_layout(sound, forms)
        if is_layout and self._layouts and self._layouts[0].mode is not forms[0].mode:
            self.forget()
        confirmed = next((layout for layout in self._layouts if layout.forms == forms), None)
        if is_layout and confirmed is not None:
            self._confirmed(confirmed, sound)
            return sound, []
        fit = self._fit(found, sound)
        suspects = {found[position] for position in fit.suspects}.difference(self._believed)
        believed: list[Group] = []
        withheld: list[Group] = []
        waiting: dict[Form, int] = {}
        contradicts = not fit.complete
        for group, form in zip(sound, forms, strict=True):
            if held := self._held.get((form.mode, form.label)):
                credible = form in held and group not in suspects
                contradicts = contradicts or form not in held
            else:
                waiting[form] = in_a_row = self._waiting.get(form, 0) + 1
                credible = in_a_row >= self._needed(form, is_suspect=group in suspects)
            (believed if credible else withheld).append(group)
        self._waiting, self._believed = waiting, believed
        if is_layout and self._learn(forms, contradicts=contradicts):
            self._confirmed(self._layouts[0], sound)
            return sound, []
        self._last = forms if is_layout else ()
        return believed, withheld

    def _fit(self, found: Sequence[Group | RejectionCause], sound: Sequence[Group]) -> Fit:
        """Return how a frame fits the confirmed layouts."""
        if not all(map(is_independent, sound)):
            return Fit(set(), complete=True, new=0)  # a frame of parts has no layout
        if not any((one.mode, one.label) in self._held for one in sound):
            return Fit(suspect_indexes(found), complete=True, new=0)
        return best_fit(found, self._layouts[0].mode, [layout.labels for layout in self._layouts])

    def _learn(self, forms: tuple[Form, ...], *, contradicts: bool) -> bool:
        """Count an appearance of a layout that is not confirmed, and return whether it is now."""
        seen = self._candidates.pop(forms, 0) + 1
        # A damaged frame may come again some day: what no document knows must come twice in a row.
        if forms != self._last and (contradicts or not all(map(is_documented, forms))):
            seen = 1
        needed = max(self._needed(form, is_suspect=True) for form in forms)
        if seen < (APPEARANCES_AGAINST if contradicts else needed):
            self._candidates[forms] = seen
            if len(self._candidates) > MAX_CANDIDATES:
                del self._candidates[next(iter(self._candidates))]
            return False
        self._layouts = [Layout(forms), *self._layouts[: MAX_LAYOUTS - 1]]
        self._held = {}
        for form in {form for layout in self._layouts for form in layout.forms}:
            self._held.setdefault((form.mode, form.label), set()).add(form)
        return True

    def _needed(self, form: Form, *, is_suspect: bool) -> int:
        """Return in how many frames in a row a form must come that the layouts do not have."""
        spec = lookup(form.mode, form.label)
        if spec is None:
            return APPEARANCES
        if not is_documented(form):
            if spec.kind in _KEPT:
                return APPEARANCES_AGAINST
        elif not is_suspect:
            return 1
        return APPEARANCES if self._layouts else APPEARANCES_AT_FIRST

    def _confirmed(self, layout: Layout, believed: list[Group]) -> None:
        """Note that a frame of a confirmed layout came."""
        self._put_first(layout)
        self._last, self._waiting, self._believed = layout.forms, {}, believed

    def _put_first(self, layout: Layout) -> None:
        self._layouts.remove(layout)
        self._layouts.insert(0, layout)

    def _end_reading_at_once(self) -> None:
        """Note what the last frame was, if it was read at once."""
        if self._reading is not None:
            groups = parse_frame(self._frame[1:])
            self._confirmed(self._reading.layout, [group for group in groups if isinstance(group, Group)])
            self._reading = None


def _can_be_layout(groups: Sequence[Group], forms: Sequence[Form]) -> bool:
    """Whether a frame of these sound groups can be read at once: none depends on another one."""
    return (
        len(forms) > 1
        and len({form.mode for form in forms}) == 1
        and all(map(is_independent, groups))
        and all(len(group.value) <= MAX_WIDTH for group in groups)
        and all(group.value == "" for group in groups if _is_date(group))
    )


def _is_date(group: Group) -> bool:
    """Whether the value of a group is its horodate."""
    label = lookup(group.mode, group.label)
    return group.horodate is not None and label is not None and label.kind is Kind.HORODATE
