"""
Read the files that a household can bring: load curves, indexes, maxima, colours of Tempo, regulated prices.

A file is recognised by its content (`formats.py`). Whatever it has, it is read within bounds of time and
memory, or refused with a reason. Numbers of customers and contracts and post codes are read over.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import math
import re
import struct
import warnings
import zlib
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Final, NamedTuple
from xml.etree import ElementTree as ET
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from teleinfo.common.i18n import N_
from teleinfo.contract import formats
from teleinfo.contract.days import DAY, TEMPO_HOUR, day_of, midnight, season_of
from teleinfo.contract.formats import COLOURS, FORMATS, FileFormat, FileKind, Refusal
from teleinfo.contract.offers import ImportedPrice
from teleinfo.contract.tempo import OF_SEASON
from teleinfo.contract.workbook import WORKBOOK, TooLargeError, Workbook
from teleinfo.tic.horodate import PARIS
from teleinfo.vocabulary.words import Message

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_BYTES: Final = 20 << 20
"""The most bytes of a file, unpacked: six times as many as a load curve of three years by ten minutes has."""

MAX_IN_ALL: Final = 80 << 20
"""The most bytes of the files of a command, unpacked."""

MAX_FILES: Final = 2000
"""The most files of an archive."""

MAX_ENTRIES: Final = 20_000
"""The most entries of the directories of an archive, and of the workbooks in it."""

MAX_ROWS: Final = 600_000
"""The most lines of a file: ten years by ten minutes have as many."""

MAX_LINE: Final = 2000
"""The most characters of a line that are read."""

MAX_HEAD: Final = 200
"""The most lines before one that tells the format."""

MOST: Final = 40_000
"""W, more than the mean of ten minutes of any household."""

MOST_PEAK: Final = 100_000
"""W or VA, more than the greatest power of any household."""

YEARS: Final = range(2000, 2101)
"""The years of which a file can tell."""

STEP: Final = 300
"""Seconds into which all steps of curves can be divided."""

_EXACT: Final = 2**53
"""The numbers above are no longer exact."""

CURVE, HOURS, PEAK, COLOUR = "curve", "hour", "peak", "colour"
"""
The kinds of what files have of a meter.

`HOURS` are energies of hours of which the half-hours are not known.
"""

_OFFERS: Final = {1: "base", 2: "off_peak", 6: "tempo"}
"""The regulated tariffs by the number of their prices of a kWh."""

_DAMAGES: Final = (
    *(BadZipFile, zlib.error, struct.error, EOFError, OSError, RuntimeError, ET.ParseError),
    *(LookupError, ValueError, ArithmeticError, UserWarning),
)
"""
The errors that the modules for archives, XML and numbers raise for what is damaged or absurd.

The module for archives only warns of files that overlap.
"""

_TOO_LARGE: Final = Message(N_("it is larger than {most} MB"), most=MAX_BYTES >> 20)
_TOO_LARGE_IN_ALL: Final = Message(
    N_("the files are larger than {most} MB together; give this one in a command of its own"),
    most=MAX_IN_ALL >> 20,
)
_TOO_LARGE_UNPACKED: Final = Message(N_("it is too large once it is unpacked"))
_DAMAGED: Final = Message(N_("it is damaged; download it again"))
_UNKNOWN: Final = Message(N_("it is in no known format"))


@dataclass(eq=False)
class FileError(ValueError):
    """
    A file cannot be read, for a `reason`.

    `is_other` is True if it is sound, but of another kind than those that are wanted.
    """

    reason: Message
    is_other: bool = False


@dataclass
class Content:
    """
    The content of a file; `forms` are the names of the formats of its parts, in their order.

    `sites` are the numbers of the places whose meter it is. `points` are the mean powers of a load curve, W;
    their times are the ends of the steps by the document of the format, unless `are_begins`. `indexes` are
    the total of a meter at midnights, Wh. `others` are, by kind and time, a greatest power or a colour.
    `prices` are those of regulated tariffs, without the number of their import. `faults` are the numbers of
    the lines that are not understood, and `doubles` is the number of times that come again with another
    power. All times are in the years 2000 to 2100, and all numbers finite.
    """

    forms: dict[Message, None] = field(default_factory=dict)
    sites: set[str] = field(default_factory=set)
    points: dict[int, float] = field(default_factory=dict)
    are_begins: bool = False
    indexes: dict[int, int] = field(default_factory=dict)
    others: dict[tuple[str, int], int | str] = field(default_factory=dict)
    prices: list[ImportedPrice] = field(default_factory=list)
    faults: list[int] = field(default_factory=list)
    doubles: int = 0

    @property
    def days(self) -> set[dt.date]:
        """The days of which it tells something."""
        late = 0 if self.are_begins else 1
        points = (time - late for time in self.points)
        days = {*map(day_of, (*points, *self.indexes, *(time for _kind, time in self.others)))}
        return days | {price.since for price in self.prices}

    def add_point(self, time: int, power: float) -> None:
        """Add a mean power at a time that may end a step; of two for one time the first counts."""
        if time % STEP != 0:
            return
        before = self.points.setdefault(time, power)
        if not math.isclose(before, power):
            self.doubles += 1


class FileReader:
    """Reads the files of one command, until they have `MAX_IN_ALL` bytes."""

    def __init__(self) -> None:
        self._left = MAX_IN_ALL

    def contents(self, file: IO[bytes]) -> Iterator[tuple[str, Content | FileError]]:
        """
        Yield the content of an open file, or why it cannot be read, with an empty name.

        Of an archive, yield name and content of each file in it. Raise OSError if the file cannot be read.
        """
        data = file.read(MAX_BYTES + 1)
        try:
            archive = self._archive(data)
        except FileError as error:
            yield "", error
        except _DAMAGES:
            yield "", FileError(_DAMAGED)
        else:
            if archive is None:
                yield "", self._read(data)
                return
            for entry in archive.infolist():
                if not _is_needless(entry):
                    yield entry.filename, self._unpack(archive, entry)

    def _archive(self, data: bytes) -> ZipFile | None:
        """Return the archive that a file is; None if it is none, or a workbook; raise FileError."""
        self._count(data)
        archive = _open_archive(data)
        if archive is None or WORKBOOK in archive.namelist():
            return None
        count = sum(not _is_needless(entry) for entry in archive.infolist())
        if count > MAX_FILES:
            raise FileError(Message(N_("it has more than {most} files"), most=MAX_FILES))
        if count == 0:
            raise FileError(Message(N_("it is empty")))
        if any(name == "content.xml" or name.startswith("word/") for name in archive.namelist()):
            raise FileError(formats.DOCUMENT)
        return archive

    def _unpack(self, archive: ZipFile, entry: ZipInfo) -> Content | FileError:
        """Return the content of a file in an archive, or why it cannot be read."""
        if entry.flag_bits & 1:
            return FileError(Message(N_("it has a password; unpack it first")))
        if entry.compress_type not in {ZIP_STORED, ZIP_DEFLATED}:
            return FileError(formats.PACKED)
        try:
            with _with_warnings_as_errors(), archive.open(entry) as file:
                data = file.read(min(MAX_BYTES, self._left) + 1)
            self._count(data)
        except FileError as error:
            return error
        except _DAMAGES:
            return FileError(_DAMAGED)
        return self._read(data)

    def _count(self, data: bytes) -> None:
        """Count the bytes of a file; raise FileError if they are too many."""
        if len(data) > MAX_BYTES:
            raise FileError(_TOO_LARGE)
        if len(data) > self._left:
            raise FileError(_TOO_LARGE_IN_ALL)
        self._left -= len(data)

    def _read(self, data: bytes) -> Content | FileError:
        """Return the content of a file that is no archive, or why it cannot be read."""
        try:
            archive = _open_archive(data)
            if archive is None:
                return _content(_lines(data))
            if WORKBOOK not in archive.namelist():
                return FileError(Message(N_("it is an archive in another one; unpack it first")))
            return self._read_workbook(archive)
        except FileError as error:
            return error
        except TooLargeError:
            return FileError(_TOO_LARGE_UNPACKED if self._left > 0 else _TOO_LARGE_IN_ALL)
        except _DAMAGES:
            return FileError(_DAMAGED)

    def _read_workbook(self, archive: ZipFile) -> Content:
        """Return the content of a workbook; raise TooLargeError, or an error of `_DAMAGES`."""
        workbook = Workbook(archive, min(MAX_BYTES, self._left))
        try:
            with _with_warnings_as_errors():
                return _content(";".join(cells) for cells in workbook.rows())
        finally:
            self._left -= workbook.bytes_read


def _open_archive(data: bytes) -> ZipFile | None:
    """Return the archive with these bytes, None if they are none; raise what ZipFile raises."""
    if not data.startswith(b"PK"):
        return None
    if data.count(b"PK\1\2") > MAX_ENTRIES:  # each takes half a kilobyte once it is open
        raise FileError(_TOO_LARGE)
    return ZipFile(io.BytesIO(data))


@contextlib.contextmanager
def _with_warnings_as_errors() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        yield


def _is_needless(entry: ZipInfo) -> bool:
    """True if an entry of an archive is a folder, or a file that macOS adds."""
    name = entry.filename.rpartition("/")[2]
    return entry.is_dir() or name.startswith(".") or entry.filename.startswith("__MACOSX/")


def _lines(data: bytes) -> Iterator[str]:
    """Yield the lines of a text with its cells separated by semicolons; raise FileError if it is none."""
    if not data.strip():
        raise FileError(Message(N_("it is empty")))
    for first_bytes, reason in formats.NO_TEXTS:
        if first_bytes.match(data) is not None:
            raise FileError(reason, is_other=True)
    text = _text(data)
    if formats.HTML.match(text):
        raise FileError(formats.NO_FILE)
    if formats.JSON_LINES.match(text):
        raise FileError(formats.READINGS)
    if "\0" in text:
        raise FileError(_DAMAGED)
    for line in io.StringIO(text, newline=None):
        yield line[:MAX_LINE].replace('"', "").replace("\t", ";")


def _text(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def _content(lines: Iterable[str]) -> Content:
    """Return the content of lines; raise FileError."""
    rows = _Rows()
    for number, line in enumerate(lines, 1):
        if number > MAX_ROWS:
            raise FileError(Message(N_("it has more than {most} lines"), most=MAX_ROWS))
        rows.add(number, line.strip())
    return rows.content()


def _day(text: str) -> dt.date:
    """Return a day, written dd/mm/yyyy or in ISO 8601; raise ValueError."""
    day = dt.date.fromisoformat("-".join(reversed(text.split("/"))))
    if day.year not in YEARS:
        raise ValueError(text)
    return day


def _moment(text: str) -> dt.datetime:
    """Return a time with its offset, written in ISO 8601; raise ValueError."""
    moment = dt.datetime.fromisoformat(text)
    if moment.year not in YEARS:
        raise ValueError(text)
    return moment


def _number(text: str | None) -> float | None:
    """Return a number with a decimal point or comma; None for a gap; raise ValueError."""
    plain = re.sub(r"\s", "", text or "").replace(",", ".")
    if plain in {"", "NA", "null"}:
        return None
    number = float(plain)
    if not abs(number) < _EXACT:  # nor is it NaN
        raise ValueError(text)
    return number


def _within(value: float, most: float) -> float:
    """Return a value that is between 0 and `most`; raise ValueError."""
    if not 0 <= value <= most:
        raise ValueError(value)
    return value


class _Power(NamedTuple):
    """A mean power, W, at a local time; `block` is the number of the list in which it stands."""

    block: int
    time: dt.datetime
    power: float


class _Rows:
    """Makes a content of the lines of a file."""

    def __init__(self) -> None:
        self._content = Content()
        self._form: FileFormat | None = None
        self._columns: list[str] = []
        self._day: dt.date | None = None
        self._block = 0
        self._local: list[_Power] = []
        self._understood = 0
        self._unknown = 0

    def add(self, number: int, line: str) -> None:
        """Add a line; raise FileError if it tells that the file is not wanted, or too many say nothing."""
        form = self._form
        match = None if form is None else form.row.fullmatch(line)
        if match is None and self._marks(line):
            form = self._form
            match = None if form is None else form.row.fullmatch(line)
        elif match is None:
            self._pass_over(number, line)
        if form is None or match is None:
            return
        try:
            self._add_row(form, match)
        except (ValueError, LookupError):
            self._fault(number)
        else:
            self._understood += 1

    def _marks(self, line: str) -> bool:
        """True if a format begins with this line; raise FileError if the file is refused for it."""
        if (site := formats.SITE.fullmatch(line)) is not None:
            self._content.sites.add(site["site"].zfill(14))
        for form in FORMATS:
            mark = form.mark.fullmatch(line)
            if mark is None:
                continue
            if isinstance(form, Refusal):
                raise FileError(form.reason, is_other=form.is_other)
            if "site" in form.mark.groupindex:
                self._content.sites.add(mark["site"])
            self._form = form
            self._columns = line.split(";")
            self._content.forms[form.name] = None
            self._content.are_begins = form.are_begins
            return True
        return False

    def _pass_over(self, number: int, line: str) -> None:
        """Pass over a title or an empty line; raise FileError if there is nothing else."""
        if self._form is not None and line[:1].isdigit():
            self._fault(number)
            return
        self._unknown += 1
        if self._unknown > MAX_HEAD + self._understood:
            raise FileError(_UNKNOWN)

    def _fault(self, number: int) -> None:
        """Note a line that is not understood; raise FileError if they are more than the others."""
        self._content.faults.append(number)
        if len(self._content.faults) > MAX_HEAD + self._understood:
            raise self._mostly_faulty()

    def _mostly_faulty(self) -> FileError:
        template = N_(
            "its lines are not those of its format, from line {line} on; if a spreadsheet has saved it, "
            "take the file as it was downloaded"
        )
        return FileError(Message(template, line=self._content.faults[0]))

    def _add_row(self, form: FileFormat, match: re.Match[str]) -> None:
        """Add a row; raise ValueError or LookupError if it is not understood."""
        cells = match.groupdict()
        if cells.get("date") is not None:
            self._day = _day(cells["date"])
            if cells.get("time", "") is None:
                self._block += 1
        if form.kind is FileKind.COLOURS:
            colour = COLOURS[cells["colour"].upper()]
            self._content.others[COLOUR, midnight(self._known_day(), hour=TEMPO_HOUR)] = colour
            return
        if form.kind is FileKind.PRICES:
            self._add_price(form, dict(zip(self._columns, match[0].split(";"), strict=True)))
            return
        value = _number(cells.get("value"))
        if value is None:
            return
        if cells.get("iso") is None:
            self._add_local_power(form, cells["time"], _within(value * form.watts, MOST))
            return
        moment = _moment(cells["iso"])
        if form.kind is FileKind.INDEXES:
            self._content.indexes[midnight(moment.date())] = int(_within(value, _EXACT))
        elif form.kind is FileKind.PEAKS:
            self._content.others[PEAK, int(moment.timestamp())] = int(_within(value, MOST_PEAK))
        else:
            self._content.add_point(int(moment.timestamp()), _within(value * form.watts, MOST))

    def _known_day(self) -> dt.date:
        if self._day is None:
            raise ValueError(None)
        return self._day

    def _add_local_power(self, form: FileFormat, text: str, power: float) -> None:
        """Add a power whose time has no offset."""
        time = dt.time.fromisoformat(text)
        day = self._known_day()
        if form.midnight_ends_day and time == dt.time():
            day += DAY
        self._local.append(_Power(self._block, dt.datetime.combine(day, time), power))

    def _add_price(self, form: FileFormat, cells: dict[str, str]) -> None:
        found = {code: _number(cells.get(column)) for column, code in form.prices.items()}
        kwh = {code: price for code, price in found.items() if price is not None}
        kva, year = _number(cells["P_SOUSCRITE"]), _number(cells["PART_FIXE_TTC"])
        if kva is None or year is None:
            return
        day = self._known_day()
        month = {int(kva): round(year / 12, 4)}
        price = {"offer": _OFFERS[len(kwh)], "from": day, "month": month, "kwh": kwh, "import": 0}
        self._content.prices.append(ImportedPrice.model_validate(price))

    def content(self) -> Content:
        """Return the content, once all lines are added; raise FileError if there is none."""
        content = self._content
        if self._form is None:
            raise FileError(_UNKNOWN, is_other=True)
        if len(content.faults) > self._understood:
            raise self._mostly_faulty()
        if len(content.sites) > 1:
            raise FileError(Message(N_("it has the curves of several meters (PRM); download one by one")))
        for time, power in _with_offsets(self._local):
            content.add_point(time, power)
        if not (content.points or content.indexes or content.others or content.prices):
            raise FileError(Message(N_("it has no value; choose a longer period when you download it")))
        _check_seasons(content)
        return content


def _with_offsets(local: list[_Power]) -> Iterator[tuple[int, float]]:
    """
    Yield time and power of each power with a local time; leave out what the list does not tell.

    In autumn, the order of the list tells which of two equal times is meant; a time that comes twice, but
    stands there once, is left out. A time that does not exist in spring is another name of the time an hour
    later, which counts if both stand there.
    """
    downwards = _downward_blocks(local)
    counts = Counter((block, time) for block, time, _power in local)
    seen: Counter[tuple[int, dt.datetime]] = Counter()
    given: set[int] = set()
    absent: dict[int, float] = {}
    for block, time, power in local:
        seen[block, time] += 1
        first = int(time.replace(tzinfo=PARIS).timestamp())
        second = int(time.replace(tzinfo=PARIS, fold=1).timestamp())
        if first > second:
            absent[first] = power
            continue
        moment = first
        if first < second:
            if counts[block, time] == 1:
                continue
            is_first = (seen[block, time] == 1) is not (block in downwards)
            moment = first if is_first else second
        given.add(moment)
        yield moment, power
    yield from ((moment, power) for moment, power in absent.items() if moment not in given)


def _downward_blocks(local: list[_Power]) -> set[int]:
    """Return the lists whose times come from the latest to the earliest."""
    falls: Counter[int] = Counter()
    for at in range(1, len(local)):
        before, after = local[at - 1], local[at]
        if before.block == after.block:
            falls[after.block] += (after.time < before.time) - (after.time > before.time)
    return {block for block, count in falls.items() if count > 0}


def _check_seasons(content: Content) -> None:
    """Raise FileError unless each whole season has its red and its white days."""
    seasons: defaultdict[dt.date, Counter[object]] = defaultdict(Counter)
    for (kind, time), colour in content.others.items():
        if kind == COLOUR:
            seasons[season_of(day_of(time))][colour] += 1
    for first, colours in seasons.items():
        whole = first.replace(year=first.year + 1) - first
        for colour, right in OF_SEASON.items():
            if colours.total() == whole.days and colours[colour] != right:
                text = N_("the season {year} has {count} days of {colour}, and not {right}")
                fields = {"count": colours[colour], "colour": colour.words, "right": right}
                raise FileError(Message(text, year=f"{first.year}-{first.year + 1}", **fields))
