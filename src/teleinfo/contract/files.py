"""
Read the files that a household can bring: load curves, indexes, maxima, colours of Tempo, regulated prices.

The table of formats is in `formats.txt`. A file is recognised by its content. Numbers of customers, contracts
and post codes are read over. Workbooks (XLSX) are read with the standard library: ECMA-376, part 1, sections
18.3 (sheets) and 18.4 (shared strings).
"""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import itertools
import re
import zlib
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final
from xml.etree import ElementTree as ET
from zipfile import BadZipFile, ZipFile, is_zipfile

from teleinfo.common.i18n import N_
from teleinfo.contract.days import DAY, TEMPO_HOUR, day_of, midnight, season_of
from teleinfo.contract.half_hours import HALF_HOUR
from teleinfo.contract.offers import Price
from teleinfo.tic.horodate import PARIS
from teleinfo.vocabulary.codes import Colour
from teleinfo.vocabulary.text_table import read_sections
from teleinfo.vocabulary.words import Message

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

MAX_BYTES: Final = 50 << 20
"""The most bytes of a file, of each file in an archive, and of a part of a workbook."""

MAX_FILES: Final = 2000
"""The most files of an archive."""

MOST: Final = 40_000
"""W, more than any household's connection carries."""

STEPS: Final = (600, 900, 1800, 3600)
"""The steps of load curves, s."""

CLOSE: Final = (5, 0.005)
"""Wh, and the part of an energy, by which the half-hours may differ from an index."""

CURVE, PEAK, COLOUR = "curve", "peak", "colour"
"""The kinds of what a file has, beside the prices of an offer for a subscribed power, such as `base 9`."""

_WORKBOOK: Final = "xl/workbook.xml"
_SHEET: Final = re.compile(r"xl/worksheets/[^/]+\.xml")
_STRINGS: Final = "xl/sharedStrings.xml"
_DAYS: Final = re.compile(r"4\d{4}(\.\d+)?")
_FIRST_DAY: Final = dt.datetime(1899, 12, 30)  # noqa: DTZ001 - the days of a spreadsheet have no offset

_OF_SEASON: Final = {Colour.RED: 22, Colour.WHITE: 43}
"""Days of a season of Tempo, 1 September to 31 August (decree of 30 October 2014)."""

_OFFERS: Final = {1: "base", 2: "off_peak", 6: "tempo"}
"""The regulated tariffs by the number of their prices of a kWh."""

_DAMAGES: Final = (BadZipFile, zlib.error, EOFError, RuntimeError, ET.ParseError, LookupError, ValueError)
"""The errors for a damaged archive, one with a password, and one that should be a workbook."""


@dataclass(eq=False)
class FileError(ValueError):
    """A file cannot be read, for a `reason`."""

    reason: Message


@dataclass
class Content:
    """
    The content of a file; `forms` are the kinds of its parts, in their order.

    `points` are the mean powers of a load curve, W; their times are the ends of the steps by the document of
    the format, unless `are_begins`. `indexes` are the total of a meter at midnights, Wh. `others` are, by
    kind and time, a greatest power, a colour or a price. `faults` are the numbers of the lines that are not
    understood.
    """

    forms: dict[Message, None] = field(default_factory=dict)
    points: dict[int, float] = field(default_factory=dict)
    are_begins: bool = False
    indexes: dict[int, int] = field(default_factory=dict)
    others: dict[tuple[str, int], int | str] = field(default_factory=dict)
    faults: list[int] = field(default_factory=list)

    @property
    def days(self) -> set[dt.date]:
        """The days of which it tells something."""
        late = 0 if self.are_begins else 1
        points = (time - late for time in self.points)
        return {*map(day_of, (*points, *self.indexes, *(time for _kind, time in self.others)))}


_SECTIONS: Final = read_sections(Path(__file__).with_name("formats.txt"))
_PARTS: Final = dict(line.split(": ", 1) for line in _SECTIONS.pop("PARTS")[1])
"""Patterns that stand in place of their names."""


class _Format:
    """A section of formats.txt: its notes, and its lines, the first of which is its name for people."""

    def __init__(self, notes: list[str], lines: list[str]) -> None:
        self.form, self.kind = Message(lines[0]), notes[0]
        self.notes = dict(note.split("=") for note in notes[1:])
        patterns = dict(line.split(": ", 1) for line in lines[1:])
        for name, part in _PARTS.items():
            patterns = {key: pattern.replace(f"{{{name}}}", part) for key, pattern in patterns.items()}
        self.mark = re.compile(patterns["mark"])
        self.row = re.compile(patterns.get("row", ""))


FORMATS: Final = [_Format(*section) for section in _SECTIONS.values()]


def contents(file: IO[bytes]) -> Iterator[Content | FileError]:
    """
    Yield the content of a file, or of each file in an archive, or why it cannot be read; raise OSError.

    The file is open: its owner may be another user than the one that reads its content.
    """
    archive = _archive(file)
    if archive is None or _WORKBOOK in archive.namelist():
        file.seek(0)
        yield _read(lambda: contextlib.nullcontext(file))
        return
    for entry in archive.infolist()[:MAX_FILES]:
        if not entry.is_dir():
            yield _read(partial(archive.open, entry))


def _archive(file: IO[bytes]) -> ZipFile | None:
    return ZipFile(file) if is_zipfile(file) else None


def _read(open_: Callable[[], AbstractContextManager[IO[bytes]]]) -> Content | FileError:
    try:
        with open_() as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            return FileError(Message(N_("it is larger than {most} MB"), most=MAX_BYTES >> 20))
        archive = _archive(io.BytesIO(data))
        return _content(_lines(data) if archive is None else _rows_of_sheets(archive))
    except FileError as error:
        return error
    except _DAMAGES:
        return FileError(Message(N_("it is damaged, or has a password, or is an archive in another one")))


def _lines(data: bytes) -> list[str]:
    try:
        return data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace").splitlines()


def _rows_of_sheets(archive: ZipFile) -> Iterator[str]:
    """Yield the titles of the sheets of a workbook, and their rows without their empty cells."""

    def part(name: str) -> ET.Element:
        with archive.open(name) as file:
            return ET.fromstring(file.read(MAX_BYTES))  # noqa: S314 - bounded, and expat bounds entities

    def text(cell: ET.Element) -> str:
        found = "".join(cell.itertext()).strip()
        if cell.get("t") == "s":
            return strings[int(found)]
        if _DAYS.fullmatch(found):
            return f"{_FIRST_DAY + dt.timedelta(seconds=round(float(found) * 86_400)):%d/%m/%Y %H:%M:%S}"
        return found

    is_shared = _STRINGS in archive.namelist()
    strings = ["".join(each.itertext()).strip() for each in part(_STRINGS)] if is_shared else []
    yield from (f"Sheet: {sheet.get('name')}" for sheet in part(_WORKBOOK).findall(".//{*}sheet"))
    for name in filter(_SHEET.fullmatch, archive.namelist()):
        for row in part(name).findall(".//{*}row"):
            yield ";".join(filter(None, map(text, row)))


def _content(lines: Iterable[str]) -> Content:
    """Return the content of lines; raise FileError."""
    content = Content()
    form: _Format | None = None
    rows = _Rows(content)
    for number, line in enumerate(map(str.strip, lines), 1):
        match = form.row.fullmatch(line) if form else None
        marked = None if match else next((each for each in FORMATS if each.mark.fullmatch(line)), None)
        if marked:
            if marked.kind == "refused":
                raise FileError(marked.form)
            form, rows.columns, match = marked, line.split(";"), marked.row.fullmatch(line)
            content.forms[form.form] = None
            content.are_begins = form.notes.get("times") == "begins"
        if form and match:
            try:
                rows.add(form, match)
            except (ValueError, LookupError):
                content.faults.append(number)
        elif form and not marked and line[:1].isdigit():
            content.faults.append(number)
    if form is None:
        raise FileError(Message(N_("it is in no known format")))
    rows.resolve()
    _check_seasons(content)
    return content


def _number(text: str | None) -> float | None:
    """Return a number with a decimal point or comma; None for a gap; raise ValueError."""
    plain = re.sub(r"\s", "", text or "").replace(",", ".")
    return None if plain in {"", "NA", "null"} else float(plain)


class _Rows:
    """
    Adds rows to a content; `columns` are the cells of the first one.

    Of rows whose times have no offset, their order tells which of two equal times in autumn is meant.
    """

    def __init__(self, content: Content) -> None:
        self.columns: list[str] = []
        self._content = content
        self._local: list[tuple[int, dt.datetime, float]] = []
        self._block = 0
        self._day = dt.date.min
        self._is_downwards = False

    def add(self, form: _Format, match: re.Match[str]) -> None:
        """Add a row; raise ValueError or LookupError if it is not understood."""
        found = match.groupdict()
        self._is_downwards = form.notes.get("order") == "downwards"
        if (day := found.get("date")) is not None:
            self._day = dt.date.fromisoformat("-".join(reversed(day.split("/"))))
            self._block += found.get("time", "") is None
        value = _number(found.get("value"))
        if form.kind == "colours":
            colour = form.notes[found["colour"].upper()]
            self._content.others[COLOUR, midnight(self._day, hour=TEMPO_HOUR)] = colour
        elif form.kind == "prices":
            self._add_price(form, dict(zip(self.columns, match[0].split(";"), strict=True)))
        elif value is not None:
            self._add_value(form, found, value)

    def _add_value(self, form: _Format, found: dict[str, str], value: float) -> None:
        power = value * float(form.notes.get("watts", 1))
        if form.kind == "curve" and not 0 <= power <= MOST:
            raise ValueError(power)
        if "iso" not in found:
            time = dt.time.fromisoformat(found["time"])
            day = self._day + DAY if self._is_downwards and time == dt.time() else self._day
            if time.second == 0 and time.minute % 5 == 0:
                self._local.append((self._block, dt.datetime.combine(day, time, PARIS), power))
            return
        moment = dt.datetime.fromisoformat(found["iso"])
        if form.kind == "indexes":
            self._content.indexes[midnight(moment.date())] = int(value)
        elif form.kind == "peaks":
            self._content.others[PEAK, int(moment.timestamp())] = int(value)
        else:
            self._content.points.setdefault(int(moment.timestamp()), power)

    def _add_price(self, form: _Format, cells: dict[str, str]) -> None:
        found = {code: _number(cells.get(column)) for column, code in form.notes.items()}
        kwh = {code: price for code, price in found.items() if price is not None}
        kva, year = _number(cells["P_SOUSCRITE"]), _number(cells["PART_FIXE_TTC"])
        if kva is not None and year is not None:
            price = {"from": self._day, "month": {int(kva): round(year / 12, 4)}, "kwh": kwh}
            kind = f"{_OFFERS[len(kwh)]} {int(kva)}"
            text = Price.model_validate(price).model_dump_json(by_alias=True)
            self._content.others[kind, midnight(self._day)] = text

    def resolve(self) -> None:
        """Add the points of rows without an offset; a time that comes twice, but stands once, is left out."""
        counts = Counter((block, time) for block, time, _power in self._local)
        seen: Counter[tuple[int, dt.datetime]] = Counter()
        for block, time, power in self._local:
            seen[block, time] += 1
            fold = int((seen[block, time] == 1) is self._is_downwards)
            is_twice = time.utcoffset() != time.replace(fold=1).utcoffset()
            if not is_twice or counts[block, time] > 1:
                self._content.points.setdefault(int(time.replace(fold=fold).timestamp()), power)


def _check_seasons(content: Content) -> None:
    """Raise FileError unless each whole season has its red and its white days."""
    seasons: defaultdict[dt.date, Counter[object]] = defaultdict(Counter)
    for (kind, time), colour in content.others.items():
        if kind == COLOUR:
            seasons[season_of(day_of(time))][colour] += 1
    for first, colours in seasons.items():
        whole = first.replace(year=first.year + 1) - first
        for colour, right in _OF_SEASON.items():
            if colours.total() == whole.days and colours[colour] != right:
                text = N_("the season {year} has {count} days of {colour}, and not {right}")
                fields = {"count": colours[colour], "colour": colour.words, "right": right}
                raise FileError(Message(text, year=f"{first.year}-{first.year + 1}", **fields))


def half_hours(points: Mapping[int, float], *, are_begins: bool) -> dict[int, float]:
    """
    Return the energy of each half-hour that the points cover whole, Wh.

    The step of a point is the median of three distances: that to the point before, and those beside it. The
    two half-hours of a step of an hour have half of its energy each.
    """
    times = sorted(points)
    distances = [after - before for before, after in itertools.pairwise(times)] or [HALF_HOUR]
    distances = [*distances[:1] * 2, *distances, distances[-1]]
    energies: defaultdict[int, float] = defaultdict(float)
    covered: Counter[int] = Counter()
    for at, time in enumerate(times):
        step = sorted(distances[at : at + 3])[1]
        if step in STEPS:
            begin = time if are_begins else time - step
            part = min(step, HALF_HOUR)
            for first in range(begin, begin + step, part):
                energies[first - first % HALF_HOUR] += points[time] * part / 3600
                covered[first - first % HALF_HOUR] += part
    return {begin: energies[begin] for begin in sorted(energies) if covered[begin] == HALF_HOUR}


def are_begins(content: Content, references: Sequence[tuple[int, int, float]]) -> tuple[bool, bool]:
    """
    Return True if the times of a curve are the begins of its steps, and True if that is proved.

    It is proved by `references`: begin and end of a time whose energy an index tells, Wh. Raise FileError if
    most of them do not fit either way.
    """
    compared, as_ends = _fits(half_hours(content.points, are_begins=False), references)
    _compared, as_begins = _fits(half_hours(content.points, are_begins=True), references)
    best = max(as_ends, as_begins)
    if 2 * best < compared:
        text = N_("its energy is not that of the index: {fit} of {compared} times right")
        raise FileError(Message(text, compared=compared, fit=best))
    if as_ends == as_begins:
        return content.are_begins, False
    return as_begins > as_ends, True


def _fits(energies: Mapping[int, float], references: Iterable[tuple[int, int, float]]) -> tuple[int, int]:
    """Return how many references can be compared, and how many of them are right."""
    compared = fits = 0
    for begin, end, counted in references:
        parts = [energies[time] for time in range(begin, end, HALF_HOUR) if time in energies]
        if len(parts) * HALF_HOUR == end - begin:
            compared += 1
            fits += abs(sum(parts) - counted) <= CLOSE[0] + CLOSE[1] * counted
    return compared, fits
