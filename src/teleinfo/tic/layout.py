"""
The layouts of a meter's frames: what may be believed of a frame, and how to read one at once.

The frames of a meter have few layouts: the sequence of their étiquettes, each with or without horodate, and
with a value of so many characters. Neither checksum nor parity sees bytes that are lost, where their sum is a
multiple of 64; a layout does, because a value is then too short, or a line is missing.

`LayoutCache` learns a layout from a frame in which every group is sound, and confirms it when it comes again.
A frame of a confirmed layout is read by one regular expression (`Layout.read`). Every other frame is taken
group by group (`LayoutCache.believe`), with the confirmed layouts as the measure.
"""

from __future__ import annotations

import re
from operator import itemgetter
from struct import Struct
from typing import TYPE_CHECKING, Final, NamedTuple
from zlib import adler32

from teleinfo.tic.alignment import Fit, best_fit, suspect_indexes
from teleinfo.tic.groups import HORODATE, Group, parse_frame
from teleinfo.tic.labels import VARYING, Charset, Kind, LabelSpec, Mode, lookup
from teleinfo.tic.plausibility import WATCHED
from teleinfo.tic.reading import HORODATE_SUFFIX, Reading, is_independent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from teleinfo.tic.groups import RejectionCause

MAX_LAYOUTS: Final = 8
"""Layouts that are kept of a meter. It has a full frame, one for each set of alarms, and short frames."""

MAX_CANDIDATES: Final = 16

APPEARANCES: Final = 2
"""Frames that confirm a layout."""

APPEARANCES_AGAINST: Final = 5
"""Frames in a row that confirm a layout against a confirmed one: bytes may be lost twice in the same way."""


MAX_WIDTH: Final = VARYING[-1]
"""The longest value of a layout, in characters."""


# The checksum of a line, by the lowest byte of its sum.
_CHECKSUMS: Final = bytes((total & 0x3F) + 0x20 for total in range(256))


class Form(NamedTuple):
    """One group of a layout; `width` is that of its value, None where the table says that it varies."""

    mode: Mode
    label: str
    dated: bool  # it has a horodate
    width: int | None


def form_of(group: Group) -> Form:
    """Return the form of a sound group."""
    width = len(group.value)
    dated = group.horodate is not None
    spec = _spec(group.mode, group.label, dated=dated)
    varies = spec is not None and spec.varies and width in spec.widths and _has_unit(group.value, spec)
    return Form(group.mode, group.label, dated, None if varies else width)


def is_documented(form: Form) -> bool:
    """Whether the table knows the label in this form."""
    spec = _spec(form.mode, form.label, dated=form.dated)
    if spec is None:
        return False
    return form.width is None if spec.varies else form.width in spec.widths


def _has_unit(value: str, spec: LabelSpec) -> bool:
    """Whether a value that ends with its unit by the table does so."""
    return not spec.glued or spec.unit is None or value.rstrip(" ").endswith(spec.unit)


def _spec(mode: Mode, label: str, *, dated: bool) -> LabelSpec | None:
    """Return what the table says of a label with a horodate, or without one."""
    spec = lookup(mode, label)
    return None if spec is None else next((form for form in spec.forms() if form.horodate is dated), None)


class _LayoutReading(Reading):
    """
    A reading with these texts for these keys, of which none comes twice.

    `template` makes the members of a JSON object of the texts. Whoever only publishes a reading needs no
    mapping: it is made when it is asked for.
    """

    __slots__ = ("_keys", "_template", "_texts")

    def __init__(self, mode: Mode, keys: Sequence[str], texts: Sequence[bytes], template: bytes) -> None:
        super().__init__(mode, {})
        self._keys, self._texts, self._template = keys, texts, template

    @property
    def values(self) -> dict[str, str]:
        """The texts by key."""
        if not self._values:
            # No text has a line feed.
            self._values = dict(zip(self._keys, b"\n".join(self._texts).decode().split("\n"), strict=True))
        return self._values

    @property
    def members(self) -> bytes:
        """The members of the JSON object that is published."""
        return self._template % tuple(self._texts)


class Layout:
    """
    A confirmed layout, ready to read frames.

    The frame is matched as a whole; then the sum of each line is checked. Adler-32 that begins with the sum
    of étiquette and separators has the sum of the line in its lower half, in one call.
    """

    def __init__(self, forms: tuple[Form, ...]) -> None:
        self.forms = forms
        self.mode = forms[0].mode
        self.labels = [form.label for form in forms]
        pattern = b"\x02"
        keys: list[str] = []
        starts: list[int] = []  # of each line, the sum of étiquette and separators
        # Where among the captures of the pattern these are: what is summed up, the checksums, the texts.
        summed: list[int] = []
        checksums: list[int] = []
        texts: list[int] = []
        padded: list[int] = []  # among the texts: those to strip
        captures = 0
        for form in forms:
            line = _compile_line(form)
            pattern += line.pattern
            starts.append(line.start)
            summed.append(captures)
            padded += [len(texts)] if line.padded else []
            for key, capture in line.texts:
                keys.append(key)
                texts.append(captures + capture)
            captures += line.captures
            checksums.append(captures - 1)
        self._match = re.compile(pattern).fullmatch
        self._keys = keys
        self._starts = starts
        self._padded = padded
        self._take_summed = itemgetter(*summed)
        self._take_checksums = itemgetter(*checksums)
        self._take_texts = itemgetter(*texts)
        self._pack = Struct(f"<{len(forms)}I").pack
        self._watched = [(key, i) for i, key in enumerate(keys) if key in WATCHED[self.mode]]
        self._members = b",".join(b'"%b":"%%b"' % key.encode() for key in keys)

    def read(self, text: bytes) -> list[bytes] | None:
        """Return the texts of a frame, given as its characters from STX to before ETX, if it is sound."""
        match = self._match(text)
        if match is None:
            return None
        captures = match.groups()
        sums = self._pack(*map(adler32, self._take_summed(captures), self._starts))
        # The lowest byte of each sum, at once for all lines.
        if sums[::4].translate(_CHECKSUMS) != b"".join(self._take_checksums(captures)):
            return None
        texts = list(self._take_texts(captures))
        for i in self._padded:
            value = texts[i].strip(b" ")
            texts[i] = value if self.mode is Mode.STANDARD or not value else texts[i].rstrip(b".")
        return texts

    def reading(self, texts: Sequence[bytes]) -> Reading:
        """Return the reading of a frame with these texts."""
        return _LayoutReading(self.mode, self._keys, texts, self._members)

    def watched(self, texts: Sequence[bytes]) -> dict[str, str]:
        """Return those of the texts that must be plausible, by their keys."""
        return {key: texts[i].decode() for key, i in self._watched}


class _Line(NamedTuple):
    """How one line of a layout is read; see `Layout`. The checksum is the last capture."""

    pattern: bytes
    captures: int
    start: int
    texts: list[tuple[str, int]]  # key and capture
    padded: bool  # the first text may be


def _compile_line(form: Form) -> _Line:
    separator, last = (b" ", b"") if form.mode is Mode.HISTORIQUE else (b"\t", b"\t")
    spec = _spec(form.mode, form.label, dated=form.dated)
    members = (Charset.CODE if spec is None else spec.charset).members
    # What JSON escapes is left to the way that escapes it.
    value = b"[%b]" % re.escape(members.translate(None, b'"\\'))
    least = 0 if form.dated else 1
    value += b"{%d,%d}" % (least, MAX_WIDTH) if form.width is None else b"{%d}" % form.width
    padded = b" " in members
    if not form.dated:
        covered = b"(%b)" % value
        texts = [(form.label, 0)]
    else:
        covered = b"((%b)\t(%b))" % (HORODATE.pattern, value)
        texts = [(form.label, 2), (form.label + HORODATE_SUFFIX, 1)]
        if spec is not None and spec.kind is Kind.HORODATE:
            texts, padded = [(form.label, 1)], False
    name = form.label.encode() + separator
    pattern = b"\n%b%b%b([ -_])\r" % (re.escape(name), covered, separator)
    return _Line(pattern, re.compile(pattern).groups, sum(name + last), texts, padded)


class LayoutCache:
    """The layouts of one meter: the confirmed ones, those seen once, and what the last frame leaves open."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Forget everything: another meter, or another mode."""
        self._layouts: list[Layout] = []  # the one seen last first
        self._held: dict[tuple[Mode, str], set[Form]] = {}
        self._candidates: dict[tuple[Form, ...], int] = {}  # how often each was seen
        self._last: tuple[Form, ...] = ()
        self._waiting: set[Form] = set()
        self._believed: bytes | list[Group] = []  # the last frame, or what was believed of it
        self._texts: list[bytes] = []

    def read(self, text: bytes) -> tuple[Layout, list[bytes]] | None:
        """Return layout and texts of a frame of a confirmed layout; `text` is from STX to before ETX."""
        if text == self._believed:  # in a quiet hour every second frame is the one before
            return self._layouts[0], self._texts
        for layout in self._layouts:
            texts = layout.read(text)
            if texts is not None:
                self._seen(layout, text)
                self._texts = texts
                return layout, texts
        return None

    def believe(self, found: Sequence[Group | RejectionCause]) -> tuple[list[Group], list[Group]]:
        """
        Return the sound groups of a frame that are believed, and those that are not.

        `found` is what each line of the frame is. A label comes once, unless the table lets it repeat.
        """
        sound = [group for group in found if isinstance(group, Group)]
        forms = tuple(map(form_of, sound))
        is_layout = len(sound) == len(found) and _can_be_layout(sound, forms)
        if is_layout:
            if self._layouts and self._layouts[0].mode is not forms[0].mode:
                self.forget()
            for layout in self._layouts:
                if layout.forms == forms:
                    self._seen(layout, sound)
                    return sound, []
        fit = self._fit(found, sound)
        earlier = self._earlier() if fit.suspects else set()
        believed: list[Group] = []
        withheld: list[Group] = []
        waiting = set()
        contradicts = not fit.complete
        for position, group in enumerate(found):
            if not isinstance(group, Group):
                continue
            form = form_of(group)
            suspect = position in fit.suspects
            if held := self._held.get((group.mode, group.label)):
                credible = form in held and (not suspect or group in earlier)
                contradicts = contradicts or form not in held
            else:
                credible = (is_documented(form) and not suspect) or form in self._waiting
                waiting.add(form)
            (believed if credible else withheld).append(group)
        self._waiting = waiting
        self._believed = believed
        if is_layout and self._learn(forms, contradicts=contradicts):
            self._seen(self._layouts[0], sound)
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
        if seen < (APPEARANCES_AGAINST if contradicts else APPEARANCES):
            self._candidates[forms] = seen
            if len(self._candidates) > MAX_CANDIDATES:
                del self._candidates[next(iter(self._candidates))]
            return False
        self._layouts = [Layout(forms), *self._layouts[: MAX_LAYOUTS - 1]]
        self._held = {}
        for form in {form for layout in self._layouts for form in layout.forms}:
            self._held.setdefault((form.mode, form.label), set()).add(form)
        return True

    def _seen(self, layout: Layout, believed: bytes | list[Group]) -> None:
        """Note that a frame of a confirmed layout came."""
        if layout is not self._layouts[0]:
            self._layouts.remove(layout)
            self._layouts.insert(0, layout)
        self._last = layout.forms
        self._waiting = set()
        self._believed = believed

    def _earlier(self) -> set[Group]:
        """Return the groups that were believed of the last frame."""
        if isinstance(self._believed, bytes):
            self._believed = [group for group in parse_frame(self._believed[1:]) if isinstance(group, Group)]
        return set(self._believed)


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
