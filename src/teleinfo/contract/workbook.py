"""
Read a workbook (XLSX) with the standard library: ECMA-376, part 1, sections 18.3 (sheets) and 18.4 (strings).

A part of it is read in pieces, and never held as a tree: 100 KB can hold a tree of a gigabyte.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from zipfile import ZipFile

WORKBOOK: Final = "xl/workbook.xml"
"""The part that every workbook has."""

_SHEET: Final = re.compile(r"xl/worksheets/[^/]+\.xml")
_STRINGS: Final = "xl/sharedStrings.xml"

MAX_ELEMENTS: Final = 1_000_000
"""The most elements of all parts together: two years by half-hours have half as many."""

MAX_DEPTH: Final = 16
"""The most elements within each other; a sheet has six."""

_PIECE: Final = 1 << 16
"""The bytes of a part that are read at once."""

_DAYS: Final = re.compile(r"[34]\d{4}(\.\d+)?")
"""A number that is a day of the years 1982 to 2036."""

_SECONDS_OF_DAY: Final = 86_400

# The days of a spreadsheet have no offset.
_FIRST_DAY: Final = dt.datetime(1899, 12, 30)  # noqa: DTZ001
_FIRST_DAY_OF_OLD_MACS: Final = dt.datetime(1904, 1, 1)  # noqa: DTZ001


class TooLargeError(ValueError):
    """A workbook has more bytes, elements or levels than that of any household."""


class _WorkbookPart:
    """Gets the elements of a part from the parser; `count` is their number so far."""

    def __init__(self) -> None:
        self.count = 0
        self._depth = 0

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Note the begin of an element."""
        self.count += 1
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise TooLargeError
        self.begin(_local_name(tag), attributes)

    def end(self, tag: str) -> None:
        """Note the end of an element."""
        self._depth -= 1
        self.finish(_local_name(tag))

    def doctype(self, _name: str, _public: str | None, _system: str | None) -> None:
        """Refuse a document type: no workbook has one, and its entities could grow without bounds."""
        raise TooLargeError

    def data(self, text: str) -> None:
        """Note a piece of text."""

    def begin(self, name: str, attributes: Mapping[str, str]) -> None:
        """Note the begin of an element with this name."""

    def finish(self, name: str) -> None:
        """Note the end of an element with this name."""


def _local_name(tag: str) -> str:
    """Return the name of an element from its tag in the parser, `{namespace}name` or `name`."""
    return tag.rpartition("}")[2]


class _Titles(_WorkbookPart):
    """The `titles` of the sheets, and the first day of the workbook."""

    def __init__(self) -> None:
        super().__init__()
        self.titles: list[str] = []
        self.first_day = _FIRST_DAY

    def begin(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "sheet":
            self.titles.append(attributes.get("name", ""))
        elif attributes.get("date1904") in {"1", "true"}:
            self.first_day = _FIRST_DAY_OF_OLD_MACS


class _Strings(_WorkbookPart):
    """The `strings` that cells refer to by their number; a string may be in several runs of letters."""

    def __init__(self) -> None:
        super().__init__()
        self.strings: list[str] = []
        self._pieces: list[str] = []
        self._is_text = False

    def begin(self, name: str, attributes: Mapping[str, str]) -> None:  # noqa: ARG002 - it has none
        self._is_text = name == "t"

    def data(self, text: str) -> None:
        if self._is_text:
            self._pieces.append(text)

    def finish(self, name: str) -> None:
        self._is_text = False
        if name == "si":  # the end of a string
            self.strings.append("".join(self._pieces).strip())
            self._pieces.clear()


class _Sheet(_WorkbookPart):
    """The `rows` of a sheet that are complete, without empty cells."""

    def __init__(self, strings: Sequence[str], first_day: dt.datetime) -> None:
        super().__init__()
        self._first_day = first_day
        self.rows: list[list[str]] = []
        self._strings = strings
        self._row: list[str] = []
        self._type = ""
        self._pieces: list[str] = []
        self._is_value = False

    def begin(self, name: str, attributes: Mapping[str, str]) -> None:
        self._is_value = name in {"v", "t"}  # a formula has a text, too
        if name == "c":  # a cell
            self._type = attributes.get("t", "")
            self._pieces.clear()

    def data(self, text: str) -> None:
        if self._is_value:
            self._pieces.append(text)

    def finish(self, name: str) -> None:
        self._is_value = False
        if name == "c":
            value = "".join(self._pieces).strip()
            text = self._text_of(value)
            if text:
                self._row.append(text)
        elif name == "row":
            self.rows.append(self._row)
            self._row = []

    def _text_of(self, value: str) -> str:
        """Return the text of a cell with this value; a number that may be a day is written as one."""
        if self._type == "s":
            return self._strings[int(value)]
        if self._type in {"", "n"} and _DAYS.fullmatch(value):
            seconds = round(float(value) * _SECONDS_OF_DAY)
            time = self._first_day + dt.timedelta(seconds=seconds)
            return f"{time:%d/%m/%Y %H:%M:%S}"
        return value


class Workbook:
    """A workbook in an archive, whose parts are read until they have `most` bytes, or too many elements."""

    def __init__(self, archive: ZipFile, most: int) -> None:
        self.bytes_read = 0
        self._archive = archive
        self._most = most
        self._elements_left = MAX_ELEMENTS

    def rows(self) -> Iterator[list[str]]:
        """
        Yield the title of each sheet, as `Sheet: …`, then the rows of all sheets without their empty cells.

        Raise TooLargeError; or what the modules for archives and XML raise for damaged parts, LookupError or
        ValueError.
        """
        titles = _Titles()
        self._read_whole(WORKBOOK, titles)
        for title in titles.titles:
            yield [f"Sheet: {title}"]
        strings = _Strings()
        if _STRINGS in self._archive.namelist():
            self._read_whole(_STRINGS, strings)
        for name in self._archive.namelist():
            if not _SHEET.fullmatch(name):
                continue
            sheet = _Sheet(strings.strings, titles.first_day)
            for _ in self._read(name, sheet):
                yield from sheet.rows
                sheet.rows.clear()

    def _read_whole(self, name: str, part: _WorkbookPart) -> None:
        """Give a whole part to its reader."""
        for _piece in self._read(name, part):
            pass

    def _read(self, name: str, part: _WorkbookPart) -> Iterator[None]:
        """Give a part to its reader, and yield after each piece of it."""
        parser = ET.XMLParser(target=part)  # noqa: S314 - `_WorkbookPart` refuses what could grow
        with self._archive.open(name) as file:
            while piece := file.read(_PIECE):
                self.bytes_read += len(piece)
                parser.feed(piece)
                if self.bytes_read > self._most or part.count > self._elements_left:
                    raise TooLargeError
                yield
        parser.close()
        self._elements_left -= part.count
        yield
