"""
Make a content of the lines of a file, by the format that its lines show (`formats.py`).

Numbers of customers and contracts and post codes are read over.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from typing import Final

from teleinfo.common.i18n import N_
from teleinfo.contract import formats
from teleinfo.contract.content import COLOUR, PEAK, Content, FileError, check_seasons
from teleinfo.contract.days import TEMPO_HOUR, midnight
from teleinfo.contract.formats import COLOURS, FORMATS, FileFormat, FileKind, Refusal
from teleinfo.contract.local_times import LocalPower, with_offsets
from teleinfo.contract.offers import ImportedPrice
from teleinfo.vocabulary.moment import DAY
from teleinfo.vocabulary.words import Message

MAX_HEAD: Final = 200
"""The most lines before one that tells the format."""

MOST: Final = 40_000
"""W, more than the mean of ten minutes of any household."""

MOST_PEAK: Final = 100_000
"""W or VA, more than the greatest power of any household."""

YEARS: Final = range(2000, 2101)
"""The years of which a file can tell."""

_EXACT: Final = 2**53
"""The numbers above are no longer exact."""

_OFFERS: Final = {1: "base", 2: "off_peak", 6: "tempo"}
"""The regulated tariffs by the number of their prices of a kWh."""

_UNKNOWN: Final = Message(N_("it is in no known format"))


class Rows:
    """Makes a content of the lines of a file."""

    def __init__(self) -> None:
        self._content = Content()
        self._form: FileFormat | None = None
        self._columns: list[str] = []  # of the line with which the format began
        self._day: dt.date | None = None  # the last date that stood in a row
        self._block = 0
        self._local: list[LocalPower] = []
        self._understood = 0  # rows
        self._unknown = 0  # lines

    def add(self, number: int, line: str) -> None:
        """Add a line; raise FileError if it tells that the file is not wanted, or too many say nothing."""
        match = self._match(line)
        if match is None:
            if not self._begin_format(line):
                self._pass_over(number, line)
                return
            # The first line of a list without titles is a row, too.
            match = self._match(line)
        form = self._form
        if form is None or match is None:
            return
        try:
            self._add_row(form, match)
        except (ValueError, LookupError):
            self._fault(number)
        else:
            self._understood += 1

    def _match(self, line: str) -> re.Match[str] | None:
        """Return the match of a line that is a row of the present format, else None."""
        if self._form is None:
            return None
        return self._form.row.fullmatch(line)

    def _begin_format(self, line: str) -> bool:
        """
        Begin the format whose first line this is; return False if it begins none.

        Raise FileError if the file is refused for it.
        """
        site = formats.SITE.fullmatch(line)
        if site is not None:
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
        # Titles begin with a letter.
        if self._form is not None and line[:1].isdigit():
            self._fault(number)
            return
        self._unknown += 1
        if self._unknown > MAX_HEAD + self._understood:
            raise FileError(_UNKNOWN)

    def _fault(self, number: int) -> None:
        """Note a line that is not understood; raise FileError if they are `MAX_HEAD` more than the rows."""
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
            # A date on a line of its own begins a list of times.
            if "time" in cells and cells["time"] is None:
                self._block += 1
        if form.kind is FileKind.COLOURS:
            colour = COLOURS[cells["colour"].upper()]
            begin = midnight(self._known_day(), hour=TEMPO_HOUR)
            self._content.others[COLOUR, begin] = colour
            return
        if form.kind is FileKind.PRICES:
            cells_by_column = dict(zip(self._columns, match[0].split(";"), strict=True))
            self._add_price(form, cells_by_column)
            return
        value = _number(cells.get("value"))
        if value is None:
            return  # a gap
        if "iso" not in cells:
            power = _within(value * form.watts, MOST)
            self._add_local_power(form, cells["time"], power)
            return
        moment = _moment(cells["iso"])
        time = int(moment.timestamp())
        if form.kind is FileKind.INDEXES:
            begin = midnight(moment.date())
            self._content.indexes[begin] = int(_within(value, _EXACT))
        elif form.kind is FileKind.PEAKS:
            self._content.others[PEAK, time] = int(_within(value, MOST_PEAK))
        else:
            self._content.add_point(time, _within(value * form.watts, MOST))

    def _known_day(self) -> dt.date:
        """Return the day of a row; raise ValueError if no date has come yet."""
        if self._day is None:
            raise ValueError(None)
        return self._day

    def _add_local_power(self, form: FileFormat, text: str, power: float) -> None:
        """Add a power, W, whose time has no offset; raise ValueError."""
        time = dt.time.fromisoformat(text)
        day = self._known_day()
        if form.midnight_ends_day and time == dt.time():
            day += DAY
        self._local.append(LocalPower(self._block, dt.datetime.combine(day, time), power))

    def _add_price(self, form: FileFormat, cells: dict[str, str]) -> None:
        """Add the prices of a row, by the name of its column; raise ValueError or LookupError."""
        kwh = {}  # € by code
        for column, code in form.prices.items():
            price = _number(cells.get(column))
            if price is not None:
                kwh[code] = price
        kva = _number(cells["P_SOUSCRITE"])
        year = _number(cells["PART_FIXE_TTC"])  # €
        if kva is None or year is None:
            return
        values = {
            "offer": _OFFERS[len(kwh)],
            "from": self._known_day(),
            "month": {int(kva): round(year / 12, 4)},
            "kwh": kwh,
            "import": 0,
        }
        self._content.prices.append(ImportedPrice.model_validate(values))

    def content(self) -> Content:
        """Return the content, once all lines are added; raise FileError if there is none."""
        content = self._content
        if self._form is None:
            raise FileError(_UNKNOWN, is_other=True)
        if len(content.faults) > self._understood:
            raise self._mostly_faulty()
        if len(content.sites) > 1:
            raise FileError(Message(N_("it has the curves of several meters (PRM); download one by one")))
        for time, power in with_offsets(self._local):
            content.add_point(time, power)
        if not (content.points or content.indexes or content.others or content.prices):
            raise FileError(Message(N_("it has no value; choose a longer period when you download it")))
        check_seasons(content)
        return content


def _day(text: str) -> dt.date:
    """Return a day, written dd/mm/yyyy or in ISO 8601; raise ValueError."""
    if "/" in text:
        day_of_month, month, year = text.split("/")
        text = f"{year}-{month}-{day_of_month}"
    day = dt.date.fromisoformat(text)
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
    if text is None:
        return None
    plain = re.sub(r"\s", "", text).replace(",", ".")
    if plain in {"", "NA", "null"}:
        return None
    number = float(plain)
    if math.isnan(number) or abs(number) >= _EXACT:
        raise ValueError(text)
    return number


def _within(value: float, most: float) -> float:
    """Return a value that is between 0 and `most`; raise ValueError."""
    if not 0 <= value <= most:
        raise ValueError(value)
    return value
