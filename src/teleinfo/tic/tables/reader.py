"""
Read the table of labels, `labels.txt`, which explains its columns. It is read once, at import.

Labels and groups are the types of its entries.
"""

from __future__ import annotations

import enum
import re
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from teleinfo.vocabulary.codes import TariffPeriod
from teleinfo.vocabulary.words import Designation, Message

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Mode(enum.StrEnum):
    """The two modes of TIC, whose groups have different separators."""

    HISTORIQUE = "historique"
    STANDARD = "standard"


class Group(NamedTuple):
    """
    A sound group as it was on the wire, with its padding blanks and trailing dots.

    `horodate` is None where the group has none; `value` is empty only behind a horodate.
    """

    label: str
    value: str
    horodate: str | None
    mode: Mode


class Kind(enum.StrEnum):
    """The kind of a value."""

    INDEX = "index"  # a cumulative counter
    QUANTITY = "quantity"  # a measure: power, current, voltage, the energy of an interval, a ratio …
    IDENTIFIER = "identifier"  # of a meter or a site: never a JSON number, never in the log
    REGISTER = "register"  # bits
    ENUMERATION = "enumeration"  # one of a few codes or ordinals, open-ended: meters deviate
    HORODATE = "horodate"  # a date and time
    TEXT = "text"  # words for people
    COMPOSITE = "composite"  # several values in one


class Charset(enum.Enum):
    """The characters that a value may hold."""

    DIGITS = b"0123456789"
    NUMBER = b"0123456789X"  # digits; owners of recordings replace them with X
    HEXADECIMAL = b"0123456789ABCDEF"
    PROFILE = b"0123456789ABCDEF NOUTIL"  # blocks of hexadecimal digits, and NONUTILE
    CODE = bytes(range(0x20, 0x60))
    # Without 0x60, which no text needs: two wrong bits, which no check detects, turn a blank into 0x60.
    TEXT = bytes(range(0x20, 0x60)) + bytes(range(0x61, 0x7F))


class Presence(enum.Enum):
    """
    The frames in which a label occurs, for the meters whose documents define the order of the labels.

    A frame has all labels of a member or none of them, except for `ALARM`, `NOTICE` and `PASSING`: each of
    their labels comes and goes by itself.
    """

    ALWAYS = enum.auto()
    ALARM = enum.auto()  # sent while the alarm lasts, and believed at once
    NOTICE = enum.auto()  # sent only while there is something to announce
    PASSING = enum.auto()  # any other label that may come and go
    PEAK_1 = enum.auto()  # begin and end of an announced mobile peak
    PEAK_2 = enum.auto()
    PEAK_3 = enum.auto()
    BASE = enum.auto()  # tariff options
    HC = enum.auto()
    EJP = enum.auto()
    TEMPO = enum.auto()
    SINGLE_PHASE = enum.auto()
    THREE_PHASES = enum.auto()
    PRODUCER = enum.auto()
    APPARENT_POWER = enum.auto()  # a plain CBEMM has none
    CALENDAR = enum.auto()
    LOAD_CURVE = enum.auto()
    INJECTED_LOAD_CURVE = enum.auto()


COMING_AND_GOING: Final = frozenset(
    {
        *(Presence.ALARM, Presence.NOTICE, Presence.PASSING),
        *(Presence.PEAK_1, Presence.PEAK_2, Presence.PEAK_3),
    }
)
"""Presences of labels that come and go without a change of the contract or of the meter."""

VARYING: Final = range(101)
"""Widths of a value whose width no document defines; the longest value has 98 characters (PJOURF+1)."""


@dataclass(frozen=True, slots=True)
class LabelSpec:
    """
    What the documents say of one étiquette of one mode.

    `french` is the désignation of the documents in plain words, `english` its gloss.
    `unit` is written as people write it (Wh, varh, kVA); None if the value has no unit, or a changing one.
    `horodate`: in standard mode a horodate stands before the value.
    `period` is the tariff period that it counts or applies to; None where the name contains the period.
    """

    name: str
    french: str
    english: str
    unit: str | None = None
    _: KW_ONLY
    kind: Kind
    horodate: bool = False
    period: TariffPeriod | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Label(LabelSpec):
    """
    An entry of the table: what the documents say, and what the decoder needs besides.

    `glued`: the value ends with its unit ("9649kWh"), so that it is no bare number.
    `widths`: the numbers of characters that the value may have on the wire, with padding. A tuple has the
    documented widths: a meter always uses the same one. A range means that the width varies. `variant`: the
    entry of another meter family for the same étiquette in the same mode. `repeats`: it may come several
    times in one frame. `reused`: the second part of an ICE-4Q frame, which `Appli` opens, repeats it with
    another meaning. `presence`: the frames that have it. `spellings`: its other spellings. `spelling_of`: the
    documented label, if this is another spelling.
    """

    charset: Charset
    widths: tuple[int, ...] | range = VARYING
    glued: bool = False
    repeats: bool = False
    reused: bool = False
    spellings: tuple[str, ...] = ()
    variant: Label | None = None
    presence: Presence = Presence.ALWAYS
    spelling_of: str = ""

    @property
    def title(self) -> Message:
        """The name for people, in both languages."""
        name = Designation(self.english, french=self.french)
        if self.period is None:
            return name
        return Message("{name}: {period}", name=name, period=self.period.words)

    def forms(self) -> Iterator[Label]:
        """Yield the specification of each meter family that has this étiquette in this mode."""
        yield self
        if self.variant is not None:
            yield self.variant

    @property
    def is_number(self) -> bool:
        """True if the value is a bare amount in `unit`, and so may become a number in JSON."""
        return self.kind in {Kind.INDEX, Kind.QUANTITY} and self.unit is not None and not self.glued


# Bare numbers of blue meters and Linky (02E and 54E, tables of the groups, "nombre de caractères").
_WIDTH_BY_UNIT: Final = {"A": 3, "V": 3, "VA": 5, "W": 5, "kVA": 2, "min": 2}


def read_sections(path: Path) -> dict[str, list[str]]:
    """
    Return the lines of each section of a table, by its name.

    A section begins with `[NAME]`, and ends with an empty line. A line that begins with # is a comment.
    """
    text = re.sub(r"^#.*\n", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    sections = {}
    for paragraph in text.strip().split("\n\n"):
        head, *lines = [line.strip() for line in paragraph.split("\n")]
        sections[head.strip("[]")] = lines
    return sections


def _members(line: str) -> Iterator[str]:
    """Yield a line for each label of a series, "{1-3}" or "{A,B}", or the line itself if it is no series."""
    series = re.search(r"\{(.+?)\}", line)
    if series is None:
        yield line
        return
    first, _, last = series[1].partition("-")
    if last:
        members = [str(number) for number in range(int(first), int(last) + 1)]
    else:
        members = series[1].split(",")
    for member in members:
        # Another column may repeat the member: {} stands for it there.
        yield line.replace(series[0], member).replace("{}", member)


def _label(line: str) -> Label:
    """Return the label of a line; a note of the line overrides a note of its kind."""
    name, kind, unit, notes, french, english = _columns(line)
    more: dict[str, Any] = {"kind": _KINDS[kind].kind}
    if kind == "measure":
        more["widths"] = (_WIDTH_BY_UNIT[unit],)
    for note in f"{_KINDS[kind].notes}, {notes}".split(", "):
        word, _, argument = note.partition(" ")
        if word == "width":
            more["widths"] = _widths(argument)
        elif word == "also":
            more["spellings"] = tuple(argument.split("/"))
        elif word == "period":
            more["period"] = TariffPeriod[argument]
        elif word.upper() in Charset.__members__:
            more["charset"] = Charset[word.upper()]
        elif word.upper() in Presence.__members__:
            more["presence"] = Presence[word.upper()]
        elif word != "-":
            more[word] = True  # glued, horodate, repeats, reused
    if unit != "-":
        more["unit"] = unit
    return Label(name, french, english, **more)


def _widths(argument: str) -> tuple[int, ...] | range:
    """Return the widths of "4-98" as a range, of "9/10" as a tuple."""
    first, _, last = argument.partition("-")
    if last:
        return range(int(first), int(last) + 1)
    return tuple(int(width) for width in argument.split("/"))


def _columns(line: str) -> list[str]:
    """Return the columns of a line, without the blanks that align them."""
    return [column.strip() for column in line.split("|")]


class _KindOfTable(NamedTuple):
    """What a kind of `labels.txt` means: the kind of the values, and notes for each of its labels."""

    kind: Kind
    notes: str


def _kinds(lines: Iterable[str]) -> dict[str, _KindOfTable]:
    """Return the kinds of `labels.txt` by their name."""
    kinds = {}
    for line in lines:
        name, kind, notes = _columns(line)
        kinds[name] = _KindOfTable(Kind(kind), notes)
    return kinds


def _labels(lines: Iterable[str]) -> tuple[Label, ...]:
    """Return the labels of these lines in order, with one label for each member of a series."""
    labels = []
    for line in lines:
        labels += [_label(member) for member in _members(line)]
    return tuple(labels)


_SECTIONS: Final = read_sections(Path(__file__).with_name("labels.txt"))
_KINDS: Final = _kinds(_SECTIONS.pop("KINDS"))
TABLES: Final = {family: _labels(lines) for family, lines in _SECTIONS.items()}
"""The labels of each meter family, in the order of emission."""
