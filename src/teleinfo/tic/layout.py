"""
The layout of a frame: the sequence of its lines, and how to read a frame that has it at once.

Each line is an étiquette, with or without a horodate, with a value of so many characters: its `Form`. A frame
of a `Layout` is read by one regular expression (`Layout.read`), or, where most of its lines are those of the
frame before, by those of the other lines (`Layout.follow`). Both say what the groups of the frame say.

Which layouts a meter has, and what that says of other frames, is in `layout_cache`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import accumulate, compress
from operator import itemgetter, methodcaller, ne
from struct import Struct
from typing import TYPE_CHECKING, Final, NamedTuple
from zlib import adler32

from teleinfo.tic.groups import CR, HORODATE, Group
from teleinfo.tic.labels import VARYING, Charset, Kind, LabelSpec, Mode, lookup
from teleinfo.tic.plausibility import watched_keys
from teleinfo.tic.reading import HORODATE_SUFFIX, Reading

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MAX_WIDTH: Final = VARYING[-1]
"""The longest value of a layout, in characters."""

# A frame is compared with the one before as long as one line in so many is another one.
_FEW: Final = 3
# What `strip_padding` does, for values that are not blanks alone (`_compile_line`).
_STRIP: Final = {Mode.HISTORIQUE: methodcaller("rstrip", b"."), Mode.STANDARD: methodcaller("strip", b" ")}
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


class LayoutReading(Reading):
    """
    The reading of a frame of a layout.

    `texts` are its values by the keys of the layout, and `watched` those of them that must be plausible.
    Whoever only publishes it needs no mapping: that is made when it is asked for.
    """

    __slots__ = ("_members", "layout", "texts", "watched")

    def __init__(self, layout: Layout, texts: list[bytes]) -> None:
        self.mode = layout.mode
        self._values = {}
        self._members = b""
        self.layout, self.texts = layout, texts
        self.watched = layout.take_watched(texts)

    @property
    def values(self) -> dict[str, str]:
        """The texts by key."""
        if not self._values:
            # No text has a line feed.
            self._values = dict(
                zip(self.layout.keys, b"\n".join(self.texts).decode().split("\n"), strict=True)
            )
        return self._values

    @property
    def members(self) -> bytes:
        """The members of the JSON object that is published."""
        if not self._members:
            self._members = self.layout.template % tuple(self.texts)
        return self._members


class Layout:
    """
    A confirmed layout, ready to read frames.

    `keys` are those of its readings, of which none comes twice; `template` makes the members of a JSON object
    of their texts. `watched_keys` are those whose texts must be plausible, which `take_watched` takes.
    """

    def __init__(self, forms: tuple[Form, ...]) -> None:
        self.forms = forms
        self.mode = forms[0].mode
        self.labels = [form.label for form in forms]
        lines = [_compile_line(form, first=place == 0) for place, form in enumerate(forms)]
        self.keys = [key for line in lines for key in line.keys]
        self.template = b",".join(b'"%b":"%%b"' % key.encode() for key in self.keys)
        self.watched_keys = watched_keys(self.mode, self.keys)
        self.take_watched = _taker([self.keys.index(key) for key in self.watched_keys])
        self._lines = lines
        self._places = range(len(lines))
        self._strip = _STRIP[self.mode]
        # Where each line begins among the texts of the frame, and among the captures of its pattern.
        self._texts = list(accumulate((len(line.keys) for line in lines), initial=0))
        captures = list(accumulate((line.captures for line in lines), initial=0))
        self._match = re.compile(b"".join(line.pattern + CR for line in lines)).fullmatch
        self._take_summed = itemgetter(*captures[:-1])
        self._take_checksums = itemgetter(*(end - 1 for end in captures[1:]))
        self._take_texts = itemgetter(
            *(start + text for start, line in zip(captures, lines, strict=False) for text in line.texts)
        )
        self._starts = [line.start for line in lines]
        self._padded = [text for text, line in zip(self._texts, lines, strict=False) if line.padded]
        self._pack = Struct(f"<{len(lines)}I").pack

    def read(self, frame: bytes) -> LayoutReading | None:
        """Return the reading of a frame, from STX to before ETX, if it has this layout and is sound."""
        match = self._match(frame)
        if match is None:
            return None
        captures = match.groups()
        sums = self._pack(*map(adler32, self._take_summed(captures), self._starts))
        # The lowest byte of each sum, at once for all lines.
        if sums[::4].translate(_CHECKSUMS) != b"".join(self._take_checksums(captures)):
            return None
        texts = list(self._take_texts(captures))
        strip = self._strip
        for i in self._padded:
            texts[i] = strip(texts[i])
        return LayoutReading(self, texts)

    def follow(self, last: LayoutReading, before: list[bytes], lines: list[bytes]) -> LayoutReading | None:
        """
        Return what `read` does, of a frame of which few lines are not those of the one before.

        `lines` is the frame, cut at each CR; `before` is the one whose reading is the `last`, cut likewise.
        """
        if len(lines) != len(before) or lines[-1]:
            return None
        changed = list(compress(self._places, map(ne, lines, before)))
        if len(changed) * _FEW > len(lines):
            return None
        texts = last.texts.copy()
        for place in changed:
            line = self._lines[place]
            match = line.match(lines[place])
            if match is None:
                return None
            captures = match.groups()
            if _CHECKSUMS[adler32(captures[0], line.start) & 0xFF] != captures[-1][0]:
                return None
            for i, text in enumerate(line.texts, self._texts[place]):
                texts[i] = captures[text]
            if line.padded:
                texts[self._texts[place]] = self._strip(texts[self._texts[place]])
        return LayoutReading(self, texts)


@dataclass(frozen=True, slots=True)
class _Line:
    """
    How one line of a layout is read, from LF to before CR.

    What is summed up is the first capture of `pattern`, the checksum the last one; `texts` are the captures
    of the texts of `keys`, of which the first is stripped if it is `padded`. Adler-32 that begins with
    `start`, the sum of étiquette and separators, has the sum of the line in its lower half, in one call.
    """

    pattern: bytes
    match: Callable[[bytes], re.Match[bytes] | None]
    captures: int
    start: int
    keys: list[str]
    texts: list[int]
    padded: bool


def _compile_line(form: Form, *, first: bool) -> _Line:
    separator, last = (b" ", b"") if form.mode is Mode.HISTORIQUE else (b"\t", b"\t")
    spec = _spec(form.mode, form.label, dated=form.dated)
    members = (Charset.CODE if spec is None else spec.charset).members
    # What JSON escapes is left to the way that escapes it.
    value = b"[%b]" % re.escape(members.translate(None, b'"\\'))
    least = 0 if form.dated else 1
    value += b"{%d,%d}" % (least, MAX_WIDTH) if form.width is None else b"{%d}" % form.width
    padded = b" " in members
    if padded and form.mode is Mode.HISTORIQUE:
        # A value of blanks alone is left to the other way, like what JSON escapes.
        value = rb"(?! +[ -_](?:\r|\Z))" + value
    if not form.dated:
        covered = b"(%b)" % value
        keys, texts = [form.label], [0]
    elif spec is not None and spec.kind is Kind.HORODATE:
        covered = b"((%b)\t(%b))" % (HORODATE.pattern, value)
        keys, texts, padded = [form.label], [1], False
    else:
        covered = b"((%b)\t(%b))" % (HORODATE.pattern, value)
        keys, texts = [form.label, form.label + HORODATE_SUFFIX], [2, 1]
    name = form.label.encode() + separator
    pattern = b"%b\n%b%b%b([ -_])" % (b"\x02" if first else b"", re.escape(name), covered, separator)
    compiled = re.compile(pattern)
    return _Line(pattern, compiled.fullmatch, compiled.groups, sum(name + last), keys, texts, padded)


def _taker(places: Sequence[int]) -> Callable[[Sequence[bytes]], tuple[bytes, ...]]:
    """Return what takes the items at these places."""
    if len(places) > 1:
        return itemgetter(*places)
    return lambda items: tuple(items[place] for place in places)
