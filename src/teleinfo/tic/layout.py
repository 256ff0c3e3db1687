"""
The layout of a frame, which is the sequence of its lines: a frame with a known layout is read in one step.

Each line has a `Form`: an étiquette, with or without a horodate, and the width of the value. One regular
expression reads a frame of a `Layout`, with the same result as reading it group by group. Layouts only make
the decoder fast; `trust` decides what is believed.
"""

from __future__ import annotations

import re
from operator import itemgetter, methodcaller
from struct import Struct
from typing import TYPE_CHECKING, Final, NamedTuple
from zlib import adler32

from teleinfo.tic.framing import STX
from teleinfo.tic.groups import CR, HORODATE, HT, Form, form_of, form_spec, parse_frame
from teleinfo.tic.labels import NOTICES, PART_OPENER, VARYING, Charset, Group, Kind, Mode, lookup
from teleinfo.tic.parity import check_parity
from teleinfo.tic.plausibility import watched_keys
from teleinfo.tic.reading import HORODATE_SUFFIX, Reading

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from collections.abc import Set as AbstractSet

MAX_WIDTH: Final = VARYING[-1]
"""The longest value of a layout, in characters."""

MAX_LAYOUTS: Final = 16
"""The most layouts kept of a meter: the full frame, a frame for each set of alarms, and short frames."""

# Labels whose value `trust` compares with another group in each frame, and the label that renames others.
_DEPENDENT: Final = frozenset({"ADIR1", "ADIR2", "ADIR3", PART_OPENER})
# Equivalent to `strip_padding`, except for values of blanks alone, which no layout has (`_compile_line`).
_STRIP: Final = {Mode.HISTORIQUE: methodcaller("rstrip", b"."), Mode.STANDARD: methodcaller("strip", b" ")}
# The checksum of a line for each value of the lowest byte of its sum.
_CHECKSUMS: Final = bytes((total & 0x3F) + 0x20 for total in range(256))


class LayoutReading(Reading):
    """
    The reading of a frame with a known layout.

    `texts` are its values in the order of the keys of the layout, in printable ASCII without quotation marks
    and backslashes; `watched` are the texts that must be plausible. `values` is built only when it is read,
    since publishing does not need it.
    """

    __slots__ = ("layout", "texts", "watched")

    def __init__(self, layout: Layout, texts: list[bytes]) -> None:  # not that of `Reading`: no values yet
        self._mode = layout.mode
        self._belief = None
        self._values = {}
        self.layout = layout
        self.texts = texts
        self.watched = layout.pick_watched(texts)

    def _texts(self) -> dict[str, str]:
        if not self._values:
            # One `decode` for all texts is faster than one for each; no text has a line feed.
            texts = b"\n".join(self.texts).decode().split("\n")
            self._values = dict(zip(self.layout.keys, texts, strict=True))
        return self._values


class Layout:
    """
    A layout, ready to read frames.

    - `notices` are the notices among its labels; `keys` are the keys of its readings, without duplicates.
    - `watched_keys` are the keys whose texts must be plausible; `pick_watched` returns these texts.
    - `not_noted` is the last frame with this layout, until `Trust.note` receives its groups.
    """

    def __init__(self, forms: tuple[Form, ...]) -> None:
        self.forms = forms
        self.mode = forms[0].mode
        self.notices = NOTICES.intersection(form.label for form in forms)
        pattern = b""
        keys: list[str] = []
        self._padded: list[int] = []  # the places of the texts with padding, among `keys`
        self._starts: list[int] = []
        # The captures of the pattern, by their purpose.
        summed: list[int] = []
        checksums: list[int] = []
        texts: list[int] = []
        captures_before = 0  # captures of the lines before this one
        for place, form in enumerate(forms):
            line = _compile_line(form, is_first=place == 0)
            pattern += line.pattern + CR
            if line.is_padded:
                self._padded.append(len(keys))
            keys += line.keys
            self._starts.append(line.sum_outside)
            summed.append(captures_before)
            texts += [captures_before + capture for capture in line.texts]
            captures_before += line.captures
            checksums.append(captures_before - 1)
        self.keys = tuple(keys)
        self.watched_keys = watched_keys(self.mode, self.keys)
        self.pick_watched = _picker([keys.index(key) for key in self.watched_keys])
        self._strip = _STRIP[self.mode]
        self._match = re.compile(pattern).fullmatch
        self._pick_summed = _fast_picker(summed)
        self._pick_checksums = _fast_picker(checksums)
        self._pick_texts = _fast_picker(texts)
        self._pack = Struct(f"<{len(forms)}I").pack
        self.not_noted = b""

    def read(self, frame: bytes) -> LayoutReading | None:
        """Return the reading of a frame (STX to before ETX); None if not sound or of another layout."""
        match = self._match(frame)
        if match is None:
            return None
        captures = match.groups()
        # The sum of each line, as four bytes with the lowest first (see `_Line.sum_outside`).
        sums = self._pack(*map(adler32, self._pick_summed(captures), self._starts))
        # The slice is the lowest byte of each sum: this compares the checksums of all lines at once.
        if sums[::4].translate(_CHECKSUMS) != b"".join(self._pick_checksums(captures)):
            return None
        texts = list(self._pick_texts(captures))
        strip = self._strip
        for place in self._padded:
            texts[place] = strip(texts[place])
        return LayoutReading(self, texts)


class LayoutCache:
    """The layouts of one meter in one mode; the one of the last frame is the first."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Forget the layouts, for another meter or another mode."""
        self._layouts: list[Layout] = []

    def read(self, segment: bytes, notices: AbstractSet[str]) -> LayoutReading | None:
        """
        Return the reading of a frame (STX to before ETX); None if no layout with these notices fits.

        The layout that fits becomes the most recent, and keeps the frame for `groups_to_note`.
        """
        frame = segment if segment.isascii() else check_parity(segment)
        for place, layout in enumerate(self._layouts):
            reading = layout.read(frame)
            if reading is not None:
                if layout.notices != notices:
                    return None
                if place > 0:
                    self._layouts.insert(0, self._layouts.pop(place))
                layout.not_noted = frame
                return reading
        return None

    def learn(self, groups: Sequence[Group]) -> None:
        """Keep the layout of a frame in which nothing was new."""
        if not _can_be_layout(groups):
            return
        forms = tuple(map(form_of, groups))
        is_known = any(layout.forms == forms for layout in self._layouts)
        if not is_known:
            self._layouts = [Layout(forms), *self._layouts[: MAX_LAYOUTS - 1]]

    def groups_to_note(self) -> Iterator[Group]:
        """Yield the groups of the last frame of each layout read since the last call, the latest last."""
        for layout in reversed(self._layouts):
            body = layout.not_noted[1:]  # without STX; empty if the layout was not read
            layout.not_noted = b""
            # No group is rejected in a frame that its layout could read: the filter is for the type checker.
            yield from [group for group in parse_frame(body) if isinstance(group, Group)]


def _can_be_layout(groups: Sequence[Group]) -> bool:
    """True if no group of the frame depends on another group, so that it can be read at once."""
    if len(groups) < 2:  # noqa: PLR2004 - `_fast_picker` needs two places
        return False
    for group in groups:
        if group.mode is not groups[0].mode:
            return False
        if group.label in _DEPENDENT or len(group.value) > MAX_WIDTH:
            return False
        spec = lookup(group.mode, group.label)
        if spec is None:
            continue
        if spec.repeats:
            return False
        is_date = spec.kind is Kind.HORODATE and group.horodate is not None
        if is_date and group.value:
            return False  # its value would be lost: the pattern of a date has the horodate alone
    return True


class _Line(NamedTuple):
    """
    The pattern of one line of a layout, from LF to before CR.

    - `pattern` has `captures` captures: the first is the text to sum up, the last is the checksum.
    - `texts` are the captures of the texts of `keys`; the first text is stripped if `is_padded`.
    - `sum_outside` is the sum of the characters outside the first capture: étiquette and separators. The
      lower half of an Adler-32 that starts with it is the sum of the line.
    """

    pattern: bytes
    captures: int
    sum_outside: int
    keys: list[str]
    texts: list[int]
    is_padded: bool


def _compile_line(form: Form, *, is_first: bool) -> _Line:
    """Return the line of a form; the first line of a frame begins with STX."""
    spec = form_spec(form.mode, form.label, dated=form.dated)
    charset = Charset.CODE if spec is None else spec.charset
    value = _value_pattern(form, charset)
    keys = [form.label]
    is_padded = b" " in charset.value
    if not form.dated:
        summed = b"(%b)" % value
        texts = [0]
    else:
        summed = b"((%b)\t(%b))" % (HORODATE.pattern, value)  # captures: 0 both, 1 horodate, 2 value
        if spec is not None and spec.kind is Kind.HORODATE:
            texts = [1]
            is_padded = False
        else:
            texts = [2, 1]
            keys.append(form.label + HORODATE_SUFFIX)
    separator = b" " if form.mode is Mode.HISTORIQUE else HT
    label = form.label.encode() + separator
    sum_outside = sum(label)
    if form.mode is Mode.STANDARD:
        sum_outside += sum(separator)  # that before the checksum (`groups.checksum`)
    pattern = b"\n%b%b%b([ -_])" % (re.escape(label), summed, separator)
    if is_first:
        pattern = STX + pattern
    return _Line(
        pattern=pattern,
        captures=re.compile(pattern).groups,
        sum_outside=sum_outside,
        keys=keys,
        texts=texts,
        is_padded=is_padded,
    )


def _value_pattern(form: Form, charset: Charset) -> bytes:
    """Return the pattern, without captures, of the values of this form that a layout may read."""
    # Frames with characters that JSON escapes are read group by group.
    pattern = b"[%b]" % re.escape(charset.value.translate(None, b'"\\'))
    if form.width is None:
        pattern += b"{1,%d}" % MAX_WIDTH
    else:
        pattern += b"{%d}" % form.width
    if b" " in charset.value and form.mode is Mode.HISTORIQUE:
        # Frames with a value of blanks alone are read group by group, too: behind it come separator, checksum
        # and the end of the line.
        pattern = rb"(?! +[ -_](?:\r|\Z))" + pattern
    return pattern


def _fast_picker(places: Sequence[int]) -> Callable[[Sequence[bytes]], Sequence[bytes]]:
    """Return a function for the items at two or more places: by a slice, which is faster, if one fits."""
    first = places[0]
    step = places[1] - first
    end = places[-1] + 1
    if list(places) == list(range(first, end, step)):
        return itemgetter(slice(first, end, step))
    return itemgetter(*places)


def _picker(places: Sequence[int]) -> Callable[[Sequence[bytes]], tuple[bytes, ...]]:
    """Return a function for the tuple of the items at these places, which may be none or one."""
    if len(places) > 1:
        return itemgetter(*places)
    return lambda items: tuple(items[place] for place in places)
