"""
The formats of the files that a household can bring, and of those that are refused with a reason of their own.

The patterns are those of a whole line in which cells are separated by semicolons, without quotation marks.
Sources: the files that households showed in public; no document of their makers describes them.
"""

from __future__ import annotations

import enum
import re
from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING, Final

from teleinfo.common.i18n import N_
from teleinfo.vocabulary.codes import Colour, TariffPeriod
from teleinfo.vocabulary.words import Message

if TYPE_CHECKING:
    from collections.abc import Mapping


class FileKind(enum.Enum):
    """The kind of data in the rows of a file."""

    CURVE = enum.auto()
    """The mean powers of steps."""
    INDEXES = enum.auto()
    """The total of a meter at midnights, Wh."""
    PEAKS = enum.auto()
    """The greatest powers of days, W or VA."""
    COLOURS = enum.auto()
    """The colours of the days of Tempo."""
    PRICES = enum.auto()
    """The prices of a regulated tariff."""


@dataclass(frozen=True, eq=False)
class FileFormat:
    """
    A format: `name` is its name for people.

    From a line on that has the pattern `mark`, rows are of this kind. A group `site` of the mark is the
    number of the place whose meter it is (PRM).

    The groups of a row are `iso`, or `date` (dd/mm/yyyy or ISO) and `time`; `value`; `colour`. A date without
    a time holds for the times in the rows below. A row without a value is a gap.
    """

    name: Message
    kind: FileKind
    mark: re.Pattern[str]
    row: re.Pattern[str]
    _: KW_ONLY
    watts: int = 1
    """The W of a unit of the value."""
    are_begins: bool = False
    """True if times are the begins of the steps, False if they are their ends."""
    midnight_ends_day: bool = False
    """True if 00:00 is the end of the day under which it stands, False if it is its begin."""
    prices: Mapping[str, TariffPeriod] = field(default_factory=dict)
    """The period of each column that has the price of a kWh."""


@dataclass(frozen=True, eq=False)
class Refusal:
    """A file with a line that has the pattern `mark` is refused for a `reason`."""

    mark: re.Pattern[str]
    reason: Message
    _: KW_ONLY
    is_other: bool = True
    """True if the file is sound, but of another kind than those that are wanted."""


_ISO: Final = r"(?P<iso>\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?:[+-]\d\d:?\d\d|Z))"
_DATE: Final = r"(?P<date>\d\d/\d\d/\d{4}|\d{4}-\d\d-\d\d)"
_TIME: Final = r"(?P<time>\d\d:\d\d(?::\d\d)?)"
_VALUE: Final = r"(?P<value>NA|null|-?[\d\s.,]*)"


def _pattern(*parts: str) -> re.Pattern[str]:
    return re.compile("".join(parts))


_RESAVED: Final = Message(
    N_("a spreadsheet has saved it anew, and changed it; take the file as it was downloaded")
)
_PRODUCED: Final = Message(N_("it has the energy that was produced, not what was drawn"))
_OF_DAYS: Final = Message(N_("it has the energy of whole days or months; that of each half-hour is wanted"))

FORMATS: Final[tuple[FileFormat | Refusal, ...]] = (
    Refusal(_pattern(r"Identifiant PRM,.*|\d[.,]?\d*E\+\d+;.*"), _RESAVED, is_other=False),
    Refusal(
        _pattern(r"\d+;.*;Production;.*|Sheet: Production.*|(?:.*;)?Type de comptage[^;]*;Production.*"),
        _PRODUCED,
    ),
    FileFormat(
        Message(N_("Enedis, load curve")),
        FileKind.CURVE,
        _pattern(r"(?P<site>\d+);Courbe de charge;.*;W(?:;.*)?"),
        _pattern(_ISO, ";", _VALUE, ";*"),
    ),
    FileFormat(
        Message(N_("Enedis, indexes")),
        FileKind.INDEXES,
        _pattern(r"(?P<site>\d+);Index;.*;Wh;?.*"),
        _pattern(_ISO, r";[^;]*;.*;(?P<value>\d+);*"),
    ),
    FileFormat(
        Message(N_("Enedis, greatest powers")),
        FileKind.PEAKS,
        _pattern(r"(?P<site>\d+);Puissance maximale.*"),
        _pattern(_ISO, ";", _VALUE, ";*"),
    ),
    FileFormat(
        Message(N_("Enedis, workbook")),
        FileKind.CURVE,
        _pattern(r"D.but;Fin;Valeur \(en kW\).*"),
        _pattern(_DATE, " ", _TIME, ";[^;]*;", _VALUE, ";*"),
        watts=1000,
        are_begins=True,
    ),
    FileFormat(
        Message(N_("EDF, powers by half-hour")),
        FileKind.CURVE,
        _pattern(".*mes puissances atteintes.*"),
        _pattern("(?:", _DATE, ";*|", _TIME, ";", _VALUE, ";.*)"),
        midnight_ends_day=True,
    ),
    FileFormat(
        Message(N_("colours of Tempo")),
        FileKind.COLOURS,
        _pattern(_DATE, ";(?i:bleu|blanc|rouge|blue|white|red);*"),
        _pattern(_DATE, r";(?P<colour>\w+);*"),
    ),
    FileFormat(
        Message(N_("regulated prices of the CRE")),
        FileKind.PRICES,
        _pattern("DATE_DEBUT;DATE_FIN;P_SOUSCRITE;.*"),
        _pattern(_DATE, ";.*"),
        prices={
            "PART_VARIABLE_TTC": TariffPeriod.TH,
            "PART_VARIABLE_HC_TTC": TariffPeriod.HC,
            "PART_VARIABLE_HP_TTC": TariffPeriod.HP,
            "PART_VARIABLE_HCBleu_TTC": TariffPeriod.HCJB,
            "PART_VARIABLE_HPBleu_TTC": TariffPeriod.HPJB,
            "PART_VARIABLE_HCBlanc_TTC": TariffPeriod.HCJW,
            "PART_VARIABLE_HPBlanc_TTC": TariffPeriod.HPJW,
            "PART_VARIABLE_HCRouge_TTC": TariffPeriod.HCJR,
            "PART_VARIABLE_HPRouge_TTC": TariffPeriod.HPJR,
        },
    ),
    Refusal(_pattern(r"\d+;Courbe de charge;.*"), Message(N_("the unit of its load curve is not W"))),
    # Enedis: a table of days, in a workbook or a CSV.
    Refusal(_pattern(r"(?:.*;)?Date;Valeur \(en k?Wh\).*"), _OF_DAYS),
    Refusal(_pattern(r"\d+;[^;]*[Qq]uotidien.*"), _OF_DAYS),
    # EDF: the energies of days and months, and indexes in whole kWh.
    Refusal(_pattern(r"(?:Date|P.riode) de consommation;Consommation.*"), _OF_DAYS),
    Refusal(_pattern(r"Date de relev.[^;]*;Type d.index.*"), _OF_DAYS),
    Refusal(
        _pattern(r"[^;]*;\d\d/\d\d/\d{4} \d\d:\d\d;[\d.,]+ kWh(?:;.*)?"),
        Message(N_("the files of this supplier are not read; Enedis has the same half-hours")),
    ),
    Refusal(
        _pattern(r".*(?:\bPCE\b|\(m3\)|\(m³\)|\bGazpar\b).*"), Message(N_("it is about gas, not electricity"))
    ),
)
"""The tables that a line may begin, and the reasons to refuse it; the first one whose mark it has counts."""

COLOURS: Final = {
    "BLEU": Colour.BLUE,
    "BLANC": Colour.WHITE,
    "ROUGE": Colour.RED,
    "BLUE": Colour.BLUE,
    "WHITE": Colour.WHITE,
    "RED": Colour.RED,
}
"""The colour of each word, in capitals."""

SITE: Final = _pattern(r"(?:.*;)?Point R.f.rence Mesure[^;]*;(?P<site>\d{13,14})(?:;.*)?")
"""A line of a workbook with the number of the place; a spreadsheet may have dropped its first zero."""

_PICTURE: Final = Message(N_("it is a picture; a table of your account (CSV or XLSX) is wanted"))
PACKED: Final = Message(N_("it is packed in a way that is not read; unpack it, or pack it as a ZIP"))
DOCUMENT: Final = Message(
    N_("it is a document of another program; take the file as it was downloaded (CSV or XLSX)")
)

NO_TEXTS: Final = (
    (re.compile(rb"%PDF"), Message(N_("it is a PDF; a table of your account (CSV or XLSX) is wanted"))),
    (re.compile(rb"\x89PNG|\xff\xd8\xff|GIF8|RIFF|....ftyp", re.DOTALL), _PICTURE),
    # gzip, bzip2, xz, Zstandard, 7-Zip, RAR
    (re.compile(rb"\x1f\x8b|BZh|\xfd7zXZ|\x28\xb5\x2f\xfd|7z\xbc\xaf|Rar!"), PACKED),
    # XLS, DOC; RTF
    (re.compile(rb"\xd0\xcf\x11\xe0|{\\rtf"), DOCUMENT),
    (re.compile(rb"SQLite format 3\0"), Message(N_("it is the database of another program"))),
)
"""The first bytes of files that are no text, and why they are refused."""

HTML: Final = re.compile(r"\s*<(?:!doctype html|html)\b", re.IGNORECASE)
"""The begin of a page of the web."""

JSON_LINES: Final = re.compile(r'\s*{\s*"(?:timestamp|AD[A-Z]+)"')
"""The begin of readings as JSON lines."""

NO_FILE: Final = Message(N_("it is a page of the web, not the file; log in again, and download it again"))
READINGS: Final = Message(N_("it has readings in JSON; give it to standard input, after a <"))
