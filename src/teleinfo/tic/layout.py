"""
The layout of a frame, which is the sequence of its lines: a frame with a known layout is read in one step.

Each line has a `Form`: an étiquette, with or without a horodate, and the width of the value. One regular
expression reads a frame of a `Layout`, with the same result as reading it group by group. Layouts only make
the decoder fast; `trust` decides what is believed.
"""

from __future__ import annotations

import re
from itertools import accumulate
from operator import itemgetter, methodcaller
from struct import Struct
from typing import TYPE_CHECKING, Final, NamedTuple
from zlib import adler32

from teleinfo.tic.groups import CR, HORODATE, Form, form_of, form_spec, parse_frame
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
        self.layout, self.texts = layout, texts
        self.watched = layout.pick_watched(texts)

    def _texts(self) -> dict[str, str]:
        if not self._values:
            # No text has a line feed.
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
        lines = [_compile_line(form, first=place == 0) for place, form in enumerate(forms)]
        self.keys = tuple(key for line in lines for key in line.keys)
        self.watched_keys = watched_keys(self.mode, self.keys)
        self.pick_watched = _picker([self.keys.index(key) for key in self.watched_keys])
        self._strip = _STRIP[self.mode]
        # The position of the first text and of the first capture of each line.
        places = list(accumulate((len(line.keys) for line in lines), initial=0))
        captures = list(accumulate((line.captures for line in lines), initial=0))
        self._match = re.compile(b"".join(line.pattern + CR for line in lines)).fullmatch
        texts = [start + text for start, line in zip(captures, lines, strict=False) for text in line.texts]
        self._pick_summed = itemgetter(*_arguments(captures[:-1]))
        self._pick_checksums = itemgetter(*_arguments([end - 1 for end in captures[1:]]))
        self._pick_texts = itemgetter(*_arguments(texts))
        self._starts = [line.start for line in lines]
        self._padded = [text for text, line in zip(places, lines, strict=False) if line.padded]
        self._pack = Struct(f"<{len(lines)}I").pack
        self.not_noted = b""

    def read(self, frame: bytes) -> LayoutReading | None:
        """Return the reading of a frame (STX to before ETX); None if not sound or of another layout."""
        match = self._match(frame)
        if match is None:
            return None
        captures = match.groups()
        sums = self._pack(*map(adler32, self._pick_summed(captures), self._starts))
        # The slice is the lowest byte of each sum: this compares the checksums of all lines at once.
        if sums[::4].translate(_CHECKSUMS) != b"".join(self._pick_checksums(captures)):
            return None
        texts = list(self._pick_texts(captures))
        strip = self._strip
        for i in self._padded:
            texts[i] = strip(texts[i])
        return LayoutReading(self, texts)


class LayoutCache:
    """The layouts of one meter in one mode, the most recent first."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Forget the layouts, for another meter or another mode."""
        self._layouts: list[Layout] = []

    def read(self, segment: bytes, notices: AbstractSet[str]) -> LayoutReading | None:
        """Return the reading of a frame (STX to before ETX); None if no layout with these notices fits."""
        frame = segment if segment.isascii() else check_parity(segment)
        for place, layout in enumerate(self._layouts):
            reading = layout.read(frame)
            if reading is not None:
                if layout.notices != notices:
                    return None
                if place:
                    self._layouts.insert(0, self._layouts.pop(place))
                layout.not_noted = frame
                return reading
        return None

    def learn(self, groups: Sequence[Group]) -> None:
        """Keep the layout of a frame in which nothing was new."""
        forms = tuple(map(form_of, groups))
        if _can_be_layout(groups) and all(layout.forms != forms for layout in self._layouts):
            self._layouts = [Layout(forms), *self._layouts[: MAX_LAYOUTS - 1]]

    def groups_to_note(self) -> Iterator[Group]:
        """Yield the groups of the last frame of each layout that was read since the last call."""
        for layout in reversed(self._layouts):
            frame, layout.not_noted = layout.not_noted, b""
            yield from (group for group in parse_frame(frame[1:]) if isinstance(group, Group))


def _can_be_layout(groups: Sequence[Group]) -> bool:
    """True if no group of the frame depends on another group, so that it can be read at once."""
    specs = [(group, spec) for group in groups if (spec := lookup(group.mode, group.label)) is not None]
    dates = [group for group, spec in specs if spec.kind is Kind.HORODATE and group.horodate is not None]
    return (
        len(groups) > 1
        and len({group.mode for group in groups}) == 1
        and _DEPENDENT.isdisjoint(group.label for group in groups)
        and not any(spec.repeats for _, spec in specs)
        and all(len(group.value) <= MAX_WIDTH for group in groups)
        and all(group.value == "" for group in dates)
    )


class _Line(NamedTuple):
    """
    The pattern of one line of a layout, from LF to before CR.

    - `pattern` has `captures` captures: the first is the text to sum up, the last is the checksum.
    - `texts` are the captures of the texts of `keys`; the first text is stripped if it is `padded`.
    - `start` is the sum of étiquette and separators. The lower half of an Adler-32 that starts with it is the
      sum of the line.
    """

    pattern: bytes
    captures: int
    start: int
    keys: list[str]
    texts: list[int]
    padded: bool


def _compile_line(form: Form, *, first: bool) -> _Line:
    separator, last = (b" ", b"") if form.mode is Mode.HISTORIQUE else (b"\t", b"\t")
    spec = form_spec(form.mode, form.label, dated=form.dated)
    members = (Charset.CODE if spec is None else spec.charset).value
    # Frames with characters that JSON escapes are read group by group.
    value = b"[%b]" % re.escape(members.translate(None, b'"\\'))
    value += b"{1,%d}" % MAX_WIDTH if form.width is None else b"{%d}" % form.width
    padded = b" " in members
    if padded and form.mode is Mode.HISTORIQUE:
        # Frames with a value of blanks alone are read group by group, too.
        value = rb"(?! +[ -_](?:\r|\Z))" + value
    covered = b"((%b)\t(%b))" % (HORODATE.pattern, value) if form.dated else b"(%b)" % value
    if not form.dated:
        keys, texts = [form.label], [0]
    elif spec is not None and spec.kind is Kind.HORODATE:
        keys, texts, padded = [form.label], [1], False
    else:
        keys, texts = [form.label, form.label + HORODATE_SUFFIX], [2, 1]
    name = form.label.encode() + separator
    pattern = b"%b\n%b%b%b([ -_])" % (b"\x02" if first else b"", re.escape(name), covered, separator)
    return _Line(pattern, re.compile(pattern).groups, sum(name + last), keys, texts, padded)


def _arguments(places: list[int]) -> list[int] | list[slice]:
    """Return the arguments of `itemgetter` for these places: a slice, which is faster, if they allow it."""
    spaced = slice(places[0], places[-1] + 1, places[1] - places[0])
    return [spaced] if places == list(range(spaced.start, spaced.stop, spaced.step)) else places


def _picker(places: Sequence[int]) -> Callable[[Sequence[bytes]], tuple[bytes, ...]]:
    if len(places) > 1:
        return itemgetter(*places)
    return lambda items: tuple(items[place] for place in places)
