"""
Files that a household may bring, by mistake or as its programs made them: what is read of each, or why not.

All curves are cut from one household, so that they can be added together.
"""

from __future__ import annotations

import bz2
import datetime as dt
import gzip
import io
import json
import lzma
import random
import re
import sqlite3
import struct
import tempfile
import zipfile
import zlib
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from teleinfo.contract.days import midnight
from tests.history import written
from tests.history.written import HALF_HOUR, Curve, local

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

DAY: Final = 48 * HALF_HOUR
BEGIN: Final = midnight(dt.date(2025, 3, 1))
SPRING = midnight(dt.date(2025, 3, 30))
AUTUMN = midnight(dt.date(2025, 10, 26))
OTHER_PRM: Final = "98765432109876"


def energy(begin: int) -> int:
    """Return the energy of a half-hour of the household, Wh: whole by ten minutes, and always another one."""
    return 3 * (40 + begin // HALF_HOUR * 7919 % 211)


def curve(begin: int = BEGIN, end: int = BEGIN + DAY) -> Curve:
    """Return the energies of a time, by default of a day."""
    return {time: energy(time) for time in range(begin, end, HALF_HOUR)}


class Odd(NamedTuple):
    """
    A file by its name: its content, and a pattern of the reason why it is refused.

    Without a reason it is read: then it has the half-hours of `read`, `hours` in which only hours are known,
    and so many `faults`.
    """

    name: str
    content: Callable[[], bytes]
    reason: str = ""
    read: Callable[[], Curve] = curve
    faults: int = 0
    hours: bool = False


def text(change: Callable[[str], str] = lambda text: text, of: Callable[[], Curve] = curve) -> bytes:
    """Return the file of Enedis with a change of its text, which has LF."""
    plain = written.enedis(of()).decode("utf-8-sig").replace("\r\n", "\n")
    return change(plain).encode()


def rows(change: Callable[[list[str]], Iterable[str]], of: Callable[[], Curve] = curve) -> bytes:
    """Return the file of Enedis with a change of its rows."""
    return written.enedis(of(), points=change(written.rows(of())))


def edf(change: Callable[[str], str] = lambda text: text, of: Callable[[], Curve] = curve) -> bytes:
    """Return the file of EDF with a change of its text, which has LF."""
    return change(written.edf(of()).decode("cp1252").replace("\r\n", "\n")).encode("cp1252")


def book(change: Callable[[str], str], part: str = "xl/worksheets/sheet1.xml", **options: bool) -> bytes:
    """Return the workbook of Enedis with a change of a part."""
    made = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(written.workbook(curve(), **options))) as before,
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as after,
    ):
        for name in before.namelist():
            content = before.read(name)
            after.writestr(name, change(content.decode()) if name == part else content)
    return made.getvalue()


def sheet(cells: str) -> bytes:
    """Return a workbook whose sheet has these elements, without strings."""
    return book(lambda _content: f"<worksheet><sheetData>{cells}</sheetData></worksheet>")


def inline(lines: Iterable[Iterable[str]]) -> str:
    """Return rows whose cells have their texts themselves."""
    cells = (
        "".join(f'<c t="inlineStr"><is><t>{cell}</t></is></c>' for cell in line if cell) for line in lines
    )
    return "".join(f"<row>{row}</row>" for row in cells)


def table(head: str, *lines: str) -> bytes:
    """Return the lines of a table."""
    return "\n".join([head, *lines, ""]).encode()


def zipped(*files: tuple[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return an archive of files with these names."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", compression) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return made.getvalue()


def with_password() -> bytes:
    """Return an archive whose entry is marked as encrypted."""
    data = bytearray(zipped(("a.csv", text())))
    for mark, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        data[data.index(mark) + offset] |= 1
    return bytes(data)


def damaged(data: bytes, at: float = 0.5, by: bytes = b"\xff\xff\xff") -> bytes:
    """Return data with some other bytes at a part of its length."""
    place = int(at * len(data))
    return data[:place] + by + data[place + len(by) :]


def many(count: int) -> bytes:
    """Return an archive of many files without content."""
    return zipped(*((f"{number}", b"") for number in range(count)), compression=zipfile.ZIP_STORED)


def overlapping() -> bytes:
    """Return an archive whose directory has one file many times (D. Fifield's zip bomb has such ones)."""
    data = zipped(("a.csv", text()))
    begin = data.index(b"PK\1\2")
    end = data.index(b"PK\5\6")
    entry = data[begin:end]
    count = 300
    tail = bytearray(data[end:])
    struct.pack_into("<HHI", tail, 8, count, count, count * len(entry))
    return data[:begin] + entry * count + bytes(tail)


def zeros(name: str, size: int) -> bytes:
    """Return an archive with a file of zeros."""
    return zipped((name, bytes(size)))


@cache
def tempo(reds: int = 22, form: str = "{day};{word}") -> bytes:
    """Return the colours of a season."""
    days = [dt.date(2024, 9, 1) + dt.timedelta(days=number) for number in range(365)]
    cold = [day for day in days if day.month in {11, 12, 1, 2, 3} and day.weekday() < 5]
    words = dict.fromkeys(cold[:reds], "ROUGE") | dict.fromkeys(cold[reds : reds + 43], "BLANC")
    return table("Date", *(form.format(day=day, word=words.get(day, "BLEU")) for day in days))


def database(mark: int = 0) -> bytes:
    """Return a database of SQLite with the mark of its program."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x"
        with sqlite3.connect(path) as base:
            base.execute(f"PRAGMA application_id = {mark}")
            base.execute("CREATE TABLE states (entity_id TEXT, state TEXT)")
        base.close()
        return path.read_bytes()


def french(line: str) -> str:
    """Return a row as a spreadsheet in French writes it again."""
    time, value = line.split(";")
    return f"{dt.datetime.fromisoformat(time):%d/%m/%Y %H:%M};{value}"


CRE: Final = "DATE_DEBUT;DATE_FIN;P_SOUSCRITE;PART_FIXE_HT;PART_FIXE_TTC;PART_VARIABLE_HT;PART_VARIABLE_TTC"
HEAD: Final = (
    f"{written.HEAD}\n{written.PRM};Courbe de charge;a;b;Energie active;Consommation;Comptage Brut;W;"
)
NONE: Final[Callable[[], Curve]] = dict

DAILY: Final = table(
    "Récapitulatif de ma consommation",
    "",
    "Date de consommation;Consommation (kWh);Nature de la donnée",
    "02/03/2025;9;Réelle",
)
INDEXES: Final = table(
    "Récapitulatif de mes index",
    "",
    "Date de relevé de l'index;Type d'index;Index (kWh)",
    "02/03/2025;Réel;4124",
)


def utc(row: str) -> str:
    """Return a row with its time in UTC."""
    time, value = row.split(";")
    return f"{dt.datetime.fromisoformat(time).astimezone(dt.UTC):%Y-%m-%dT%H:%M:%SZ};{value}"


def without(*numbers: int) -> Curve:
    """Return the curve of the day without some of its half-hours."""
    return {time: value for at, (time, value) in enumerate(curve().items()) if at not in numbers}


def hourly() -> bytes:
    """Return the file of Enedis with the mean power of each hour."""
    points = []
    for begin in range(BEGIN, BEGIN + DAY, 2 * HALF_HOUR):
        mean = energy(begin) + energy(begin + HALF_HOUR)
        points.append(f"{local(begin + 2 * HALF_HOUR).isoformat()};{mean}")
    return written.enedis({}, points=points)


def edf_upwards() -> bytes:
    """Return the file of EDF with the times of each day from the first to the last."""
    lines = edf().decode("cp1252").split("\n")
    at = next(at for at, line in enumerate(lines) if line.endswith(";;"))
    times = [line for line in lines[at + 1 :] if not line.startswith("12:14")]
    return "\n".join([*lines[: at + 1], *sorted(times, key=lambda line: (line[:5] == "00:00", line))]).encode(
        "cp1252"
    )


def edf_false_hour() -> bytes:
    """Return the file of EDF of a spring day, with a row of 0 W in the hour that does not exist."""
    whole = edf(of=lambda: curve(SPRING, SPRING + DAY - 2 * HALF_HOUR)).decode("cp1252")
    with_false_row = whole.replace("01:30:00;", "02:30:00;0;Réelle\n01:30:00;")
    return with_false_row.encode("cp1252")


def without_value(row: str) -> str:
    """Return a row of a curve whose value is missing."""
    time, _value = row.split(";")
    return f"{time};"


def book_rows() -> list[list[str]]:
    """Return the rows of the workbook of Enedis."""
    lines = [["Point Référence Mesure (PRM) :", written.PRM], ["Début", "Fin", "Valeur (en kW)"]]
    for begin, value in curve().items():
        times = [f"{local(time):%d/%m/%Y %H:%M:%S}" for time in (begin, begin + HALF_HOUR)]
        lines.append([*times, f"{2 * value / 1000:.3f}".replace(".", ",")])
    return lines


def since_1904() -> bytes:
    """Return a workbook whose days are counted from 1904, as by older programs of macOS."""
    made = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(written.workbook(curve(), are_serial=True))) as before,
        zipfile.ZipFile(made, "w") as after,
    ):
        for name in before.namelist():
            xml = before.read(name).decode()
            xml = xml.replace("><sheet ", '><workbookPr date1904="1"/><sheet ')
            xml = re.sub(r"<v>4(\d{4}\.\d+)</v>", lambda day: f"<v>{float('4' + day[1]) - 1462:.9f}</v>", xml)
            after.writestr(name, xml)
    return made.getvalue()


def entities(xml: str) -> str:
    """Return a part with entities that grow ("billion laughs")."""
    names = "".join(f'<!ENTITY a{n + 1} "{f"&a{n};" * 10}">' for n in range(9))
    return f'<!DOCTYPE x [<!ENTITY a0 "x">{names}]>{xml.replace("<row>", "<row>&a9;", 1)}'


AS_OTHER_PROGRAMS_WRITE_IT: Final = (
    Odd("enedis.csv", text),
    Odd("no-mark.csv", lambda: written.enedis(curve()).removeprefix(b"\xef\xbb\xbf")),
    Odd("mac.csv", partial(text, lambda text: text.replace("\n", "\r"))),
    Odd("utf-16-le.csv", lambda: b"\xff\xfe" + text().decode().encode("utf-16-le")),
    Odd("utf-16-be.csv", lambda: b"\xfe\xff" + text().decode().encode("utf-16-be")),
    Odd("latin.csv", lambda: text().replace(b"Etape", "Étape".encode("cp1252"))),
    Odd("quoted.csv", partial(text, lambda text: re.sub(r"[^;\n]+", r'"\g<0>"', text))),
    Odd("tabs.tsv", partial(text, lambda text: text.replace(";", "\t"))),
    Odd("blank-lines.csv", partial(text, lambda text: text.replace("\n", "\n\n"))),
    Odd("blanks.csv", partial(text, lambda text: text.replace("\n", "  \n  "))),
    Odd("further-columns.csv", partial(text, lambda text: text.replace("\n", ";;\n"))),
    Odd("end-of-file.csv", partial(text, lambda text: text + "\n\x1a")),
    Odd("cut.csv", lambda: text()[:-12], read=lambda: curve(BEGIN, BEGIN + DAY - HALF_HOUR), faults=1),
    Odd("downwards.csv", partial(rows, lambda rows: rows[::-1])),
    Odd("shuffled.csv", partial(rows, lambda rows: random.Random(1).sample(rows, len(rows)))),
    Odd("twice.csv", partial(rows, lambda rows: rows + rows)),
    Odd("whole-twice.csv", lambda: (text() + b"\n") * 2),
    Odd("one-line-twice.csv", partial(rows, lambda rows: [rows[7], *rows])),
    Odd("utc.csv", partial(rows, lambda rows: [utc(row) for row in rows])),
    Odd("no-seconds.csv", partial(rows, lambda rows: [row.replace(":00+", "+") for row in rows])),
    Odd("no-colon.csv", partial(rows, lambda rows: [row.replace("+01:00", "+0100") for row in rows])),
    Odd("blank-for-t.csv", partial(rows, lambda rows: [row.replace("T", " ") for row in rows])),
    Odd("decimal-commas.csv", partial(rows, lambda rows: [f"{row},0" for row in rows])),
    Odd("decimal-points.csv", partial(rows, lambda rows: [f"{row}.000" for row in rows])),
    Odd(
        "thousands.csv",
        partial(rows, lambda rows: [row.replace(";", ";0 \N{NO-BREAK SPACE}") for row in rows]),
    ),
    Odd("10-minutes.csv", lambda: written.enedis(curve(), points=written.rows(curve(), 600))),
    Odd("15-minutes.csv", lambda: written.enedis(curve(), points=written.rows(curve(), 900))),
    Odd("60-minutes.csv", hourly, hours=True),
    Odd(
        "step-changes.csv",
        lambda: written.enedis(curve(), points=written.rows(curve(), 900)[:48] + written.rows(curve())[24:]),
    ),
    Odd(
        "spring.csv",
        partial(text, of=lambda: curve(SPRING, SPRING + DAY)),
        read=lambda: curve(SPRING, SPRING + DAY),
    ),
    Odd(
        "autumn.csv",
        partial(text, of=lambda: curve(AUTUMN, AUTUMN + DAY)),
        read=lambda: curve(AUTUMN, AUTUMN + DAY),
    ),
    Odd(
        "gaps.csv",
        partial(rows, lambda rows: [*rows[:9], *map(without_value, rows[9:11]), *rows[11:]]),
        read=lambda: without(9, 10),
    ),
    Odd(
        "na.csv",
        partial(rows, lambda rows: [*rows[:5], rows[5].split(";")[0] + ";NA", *rows[6:]]),
        read=lambda: without(5),
    ),
    Odd(
        "missing.csv", partial(rows, lambda rows: rows[:20] + rows[24:]), read=lambda: without(20, 21, 22, 23)
    ),
    Odd("curve-and-index.csv", lambda: text() + b"\n" + written.indexes(curve())),
    Odd("edf.csv", edf),
    Odd("edf-utf-8.csv", lambda: edf().decode("cp1252").encode()),
    Odd("edf-mac.csv", lambda: edf().replace(b"\n", b"\r")),
    Odd("edf-upwards.csv", edf_upwards),
    Odd("edf-days-twice.csv", partial(edf, lambda text: text + "\n" + text[text.index("01/03") :])),
    Odd("edf-short-days.csv", partial(edf, lambda text: text.replace(";;", ""))),
    Odd("edf-no-title-lines.csv", partial(edf, lambda text: text.replace("\n\n", "\n"))),
    Odd(
        "edf-spring.csv",
        partial(edf, of=lambda: curve(SPRING, SPRING + DAY)),
        read=lambda: curve(SPRING, SPRING + DAY),
    ),
    Odd(
        "edf-autumn.csv",
        partial(edf, of=lambda: curve(AUTUMN, AUTUMN + DAY)),
        read=lambda: curve(AUTUMN, AUTUMN + DAY),
    ),
    Odd(
        "edf-spring-false-hour.csv",
        edf_false_hour,
        read=lambda: curve(SPRING, SPRING + DAY - 2 * HALF_HOUR),
    ),
    Odd(
        "edf.zip",
        lambda: zipped(
            ("ma-conso-quotidienne-1.csv", DAILY),
            ("mes-puissances-30min-1.csv", edf()),
            ("mes-index-elec-1.csv", INDEXES),
        ),
    ),
    Odd("enedis.xlsx", lambda: written.workbook(curve())),
    Odd("serial.xlsx", lambda: written.workbook(curve(), are_serial=True)),
    Odd("serial-1904.xlsx", since_1904),
    Odd("inline.xlsx", lambda: sheet(inline(book_rows()))),
    Odd("formula.xlsx", partial(book, lambda xml: xml.replace("<v>", "<f>1+1</f><v>"))),
    Odd(
        "runs.xlsx",
        partial(
            book,
            lambda xml: re.sub("<t>(.)(.*?)</t>", r"<r><t>\1</t></r>\n<r><t>\2</t></r>", xml),
            part="xl/sharedStrings.xml",
        ),
    ),
    Odd(
        "strict.xlsx",
        partial(
            book,
            lambda xml: xml.replace(
                "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
                "http://purl.oclc.org/ooxml/spreadsheetml/main",
            ),
        ),
    ),
    Odd(
        "na.xlsx",
        partial(
            book,
            lambda xml: re.sub("<t>[0-9],[0-9]*</t>", "<t>NA</t>", xml, count=1),
            part="xl/sharedStrings.xml",
        ),
        read=lambda: without(0),
    ),
    Odd(
        "mac.zip",
        lambda: zipped(("a.csv", text()), ("__MACOSX/._a.csv", b"\0\5\x16\7"), (".DS_Store", b"\0\0")),
    ),
    Odd("dangerous-names.zip", lambda: zipped(("../../etc/passwd\x1b[2J", text()))),
    Odd("with-readme.zip", lambda: zipped(("a.csv", text()), ("lisez-moi.txt", b"Bonjour"))),
    Odd("overlapping.zip", overlapping),  # the last of them
    Odd("stored.zip", lambda: zipped(("a.csv", text()), compression=zipfile.ZIP_STORED)),
)

WITH_FAULTS: Final = (
    Odd("year-1.csv", partial(rows, lambda rows: ["0001-01-01T00:30:00+01:00;1", *rows]), faults=1),
    Odd("year-9999.csv", partial(rows, lambda rows: [*rows, "9999-12-31T23:30:00-01:00;1"]), faults=1),
    Odd("year-1999.csv", partial(rows, lambda rows: ["1999-12-31T23:30:00+01:00;1", *rows]), faults=1),
    Odd(
        "400-digits.csv",
        partial(rows, lambda rows: [*rows, f"2025-03-02T00:30:00+01:00;{'9' * 400}"]),
        faults=1,
    ),
    Odd("negative.csv", partial(rows, lambda rows: [*rows, "2025-03-02T00:30:00+01:00;-3"]), faults=1),
    Odd("30-february.csv", partial(rows, lambda rows: [*rows, "2025-02-30T00:30:00+01:00;3"]), faults=1),
    Odd("25-hours.csv", partial(rows, lambda rows: [*rows, "2025-03-02T25:30:00+01:00;3"]), faults=1),
    Odd("megawatt.csv", partial(rows, lambda rows: [*rows, "2025-03-02T00:30:00+01:00;1000000"]), faults=1),
    Odd("points.csv", partial(rows, lambda rows: [*rows, "2025-03-02T00:30:00+01:00;1.2.3"]), faults=1),
    Odd("words.csv", partial(rows, lambda rows: [*rows, "2025-03-02T00:30:00+01:00;beaucoup"]), faults=1),
    Odd("edf-31-june.csv", partial(edf, lambda text: text + "\n31/06/2025;;\n"), faults=1),
)

REFUSED: Final = (
    Odd("empty.csv", bytes, "is empty"),
    Odd("blank.csv", lambda: b" \r\n\t\n", "is empty"),
    Odd("head.csv", lambda: table(HEAD, "Horodate;Valeur"), "no value; choose a longer period"),
    Odd("first-line.csv", lambda: table(written.HEAD), "no known format"),
    Odd("only-gaps.csv", partial(rows, lambda rows: [row.split(";")[0] + ";" for row in rows]), "no value"),
    Odd("nul.csv", lambda: damaged(text(), by=b"\0\0\0"), "damaged"),
    Odd("utf-32.csv", lambda: text().decode().encode("utf-32"), "damaged"),
    Odd("half-utf-16.csv", lambda: text().decode().encode("utf-16")[:-1], "damaged"),
    Odd(
        "commas.csv",
        partial(text, lambda text: text.replace(";", ",")),
        "spreadsheet .* as it was downloaded",
    ),
    Odd("exponent.csv", partial(text, lambda text: text.replace(written.PRM, "1,23457E+12")), "spreadsheet"),
    Odd(
        "french-dates.csv", partial(rows, lambda rows: map(french, rows)), "from line 4 on; if a spreadsheet"
    ),
    Odd(
        "no-offset.csv",
        partial(rows, lambda rows: [row.replace("+01:00", "") for row in rows]),
        "from line 4 on",
    ),
    Odd("short-years.csv", partial(rows, lambda rows: [row[2:] for row in rows]), "from line 4 on"),
    Odd(
        "all-year-1.csv",
        partial(rows, lambda rows: [row.replace("2025", "0001") for row in rows]),
        "from line 4 on",
    ),
    Odd(
        "all-infinite.csv",
        partial(rows, lambda rows: [row.split(";")[0] + ";1e999" for row in rows]),
        "from line 4 on",
    ),
    Odd(
        "all-negative.csv",
        partial(rows, lambda rows: [row.replace(";", ";-") for row in rows]),
        "from line 4 on",
    ),
    Odd("edf-no-date.csv", partial(edf, lambda text: re.sub(r".*;;\n", "", text)), "from line 5 on"),
    Odd("wh.csv", partial(text, lambda text: text.replace(";W;", ";Wh;")), "unit of its load curve is not W"),
    Odd("production.csv", partial(text, lambda text: text.replace("Consommation", "Production")), "produced"),
    Odd(
        "two-meters.csv",
        lambda: text() + b"\n" + text(lambda text: text.replace(written.PRM, OTHER_PRM)),
        "several meters",
    ),
    Odd(
        "enedis-days.csv",
        lambda: table(
            written.HEAD,
            f"{written.PRM};Consommation quotidienne;a;b;c;d;e;kWh",
            "Date;Valeur",
            "2025-03-01;9",
        ),
        "whole days .* each half-hour is wanted",
    ),
    Odd("edf-days.csv", lambda: DAILY, "whole days"),
    Odd(
        "edf-months.csv",
        lambda: table(
            "Récapitulatif de ma consommation",
            "",
            "Période de consommation;Consommation (kWh);Nature de la donnée",
            "Année 2025;1 016;",
        ),
        "whole days",
    ),
    Odd("edf-indexes.csv", lambda: INDEXES, "whole days"),
    Odd(
        "edf-powers.csv",
        lambda: table(
            "Récapitulatif de mes puissances maximales", "", "Date;Puissance (kVA)", "01/03/2025;5,1"
        ),
        "no known format",
    ),
    Odd(
        "totalenergies.csv",
        lambda: table('"Point";"Date";"Consommation"', '"1";"01/03/2025 00:30";"0.218 kWh"'),
        "this supplier",
    ),
    Odd("engie.csv", lambda: table("Date;Heure;Consommation", "01/03/2025;00h30;0,2"), "no known format"),
    Odd(
        "strasbourg.csv",
        lambda: table("Courbe de charge", "", "Date;Heure;a;b;W", "01/03/2025;00:30;;;412"),
        "no known format",
    ),
    Odd(
        "grdf.csv",
        lambda: table("Numéro PCE;Date;Volume consommé (m3);Énergie (kWh)", "1;01/03/2025;1;11"),
        "gas",
    ),
    Odd("grdf.xlsx", lambda: sheet(inline([["Gazpar", "Numéro PCE"], ["01/03/2025", "3"]])), "gas"),
    Odd(
        "history.csv",
        lambda: table("entity_id,state,last_changed", "sensor.x,412,2025-03-01T00:30:00.000Z"),
        "no known format",
    ),
    Odd("mes-mesures.xml", lambda: b'<?xml version="1.0"?><feed/>', "no known format"),
    Odd(
        "api.json",
        lambda: json.dumps({"meter_reading": {"unit": "W"}}).encode(),
        "no known format",
    ),
    Odd("readings.jsonl", lambda: b'{"ADCO":"041961123456","PAPP":"00412"}\n' * 9, "standard input"),
    Odd("letter.txt", lambda: b"Bonjour,\nvoici mes fichiers.\n", "no known format"),
    Odd("teleinfo.env", lambda: b"TELEINFO_PORT=/dev/ttyAMA0\n", "no known format"),
    Odd(
        "login.csv",
        lambda: b"\xef\xbb\xbf\n<!DOCTYPE HTML>\n<html><body>Connexion</body></html>",
        "page of the web, .* log in again",
    ),
    Odd("bill.pdf", lambda: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n", "PDF; a table"),
    Odd("meter.png", lambda: b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "picture"),
    Odd("meter.jpg", lambda: b"\xff\xd8\xff\xe0\0\x10JFIF\0", "picture"),
    Odd("meter.heic", lambda: b"\0\0\0\x18ftypheic", "picture"),
    Odd("meter.webp", lambda: b"RIFF\0\0\0\0WEBPVP8 ", "picture"),
    Odd("random.bin", lambda: random.Random(3).randbytes(100_000), "damaged|no known format"),
    Odd("elf", lambda: b"\x7fELF\2\1\1" + bytes(900), "damaged"),
    Odd("enedis.csv.gz", lambda: gzip.compress(text()), "packed .* unpack it"),
    Odd("enedis.csv.bz2", lambda: bz2.compress(text()), "packed"),
    Odd("enedis.csv.xz", lambda: lzma.compress(text()), "packed"),
    Odd("enedis.7z", lambda: b"7z\xbc\xaf\x27\x1c\0\4", "packed"),
    Odd("enedis.rar", lambda: b"Rar!\x1a\7\1\0", "packed"),
    Odd(
        "enedis.xls", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "document of another program"
    ),
    Odd("enedis.rtf", lambda: b"{\\rtf1 Horodate}", "document of another program"),
    Odd(
        "enedis.ods",
        lambda: zipped(("mimetype", b"x"), ("content.xml", b"<x/>")),
        "document of another program",
    ),
    Odd("enedis.docx", lambda: zipped(("word/document.xml", b"<x/>")), "document of another program"),
    Odd("home-assistant_v2.db", database, "database of another program"),
    Odd("large.csv", lambda: text() + b"x" * (20 << 20), "larger than 20 MB"),
    Odd("one-line.csv", lambda: b"1;" * (8 << 20), "no known format"),
    Odd("million-blank-lines.csv", lambda: b"x" + b"\n" * 1_000_000, "no known format"),
    Odd("million-lines.csv", lambda: table(HEAD) + b"1\n" * 1_000_000, "from line 3 on"),
    Odd("tempo-23-reds.csv", lambda: tempo(23), "season 2024-2025 has 23 days of Red, and not 22"),
    Odd("cre-infinite.csv", lambda: table(CRE, "01/02/2026;;inf;1;240;1;0,2"), "from line 2 on"),
    Odd("cre-digits.csv", lambda: table(CRE, f"01/02/2026;;9;1;{'9' * 400};1;0,2"), "from line 2 on"),
    Odd("cre-year-1.csv", lambda: table(CRE, "01/01/0001;;9;1;240;1;0,2"), "from line 2 on"),
    Odd("cre-negative.csv", lambda: table(CRE, "01/02/2026;;9;1;-240;1;0,2"), "from line 2 on"),
    Odd(
        "days.xlsx", lambda: sheet(inline([["Date", "Valeur (en kWh)"], ["01/03/2025", "9,1"]])), "whole days"
    ),
    Odd(
        "production.xlsx",
        partial(book, lambda xml: xml.replace("Consommation", "Production"), part="xl/workbook.xml"),
        "produced",
    ),
    Odd("no-rows.xlsx", partial(sheet, ""), "no known format"),
    Odd("no-sheet.xlsx", lambda: zipped(("xl/workbook.xml", b"<workbook/>")), "no known format"),
    Odd("binary.xlsb", lambda: zipped(("xl/workbook.bin", b"\x83\1")), "no known format|document"),
    Odd("cut.xlsx", partial(book, lambda xml: xml[: len(xml) // 2]), "damaged"),
    Odd(
        "no-such-string.xlsx",
        partial(book, lambda xml: xml.replace("<v>7</v>", "<v>77777</v>", 1)),
        "damaged",
    ),
    Odd("negative-string.xlsx", partial(book, lambda xml: xml.replace("<v>7</v>", "<v>x</v>", 1)), "damaged"),
    Odd("many-rows.xlsx", lambda: sheet("<row><c/></row>" * 1_200_000), "no known format"),
    Odd("many-bytes.xlsx", lambda: sheet("<row>" + " " * (21 << 20) + "</row>"), "too large once"),
    Odd("deep.xlsx", lambda: sheet("<row>" * 200_000), "too large once"),
    Odd("entities.xlsx", lambda: book(entities), "too large once"),
    Odd(
        "bytes-changed.xlsx", lambda: damaged(written.archive(written.workbook(curve()))), "damaged|no value"
    ),
    Odd("cut.zip", lambda: zipped(("a.csv", text()))[:-30], "damaged"),
    Odd("damaged.zip", lambda: damaged(zipped(("a.csv", text())), 0.3), "damaged"),
    Odd(
        "wrong-sum.zip",
        lambda: zipped(("a.csv", text())).replace(struct.pack("<I", zlib.crc32(text())), b"\1\2\3\4"),
        "damaged",
    ),
    Odd("only-begin.zip", lambda: b"PK\3\4", "damaged"),
    Odd(
        "no-place.zip",
        lambda: damaged(
            zipped(("a.csv", text())), 1 - 8 / len(zipped(("a.csv", text()))), b"\xff\xff\xff\xff"
        ),
        "damaged",
    ),
    Odd("with-password.zip", with_password, "password; unpack it first"),
    Odd("lzma.zip", lambda: zipped(("a.csv", text()), compression=zipfile.ZIP_LZMA), "packed"),
    Odd(
        "damaged-lzma.zip",
        lambda: damaged(zipped(("a.csv", text()), compression=zipfile.ZIP_LZMA), 0.3),
        "packed|damaged",
    ),
    Odd("bzip2.zip", lambda: zipped(("a.csv", text()), compression=zipfile.ZIP_BZIP2), "packed"),
    Odd("in-another.zip", lambda: zipped(("b.zip", zipped(("a.csv", text())))), "archive in another one"),
    Odd("nothing.zip", zipped, "is empty"),
    Odd("folders.zip", lambda: zipped(("a/", b""), ("a/b/", b"")), "is empty"),
    Odd("many.zip", partial(many, 2001), "more than 2000 files"),
    Odd("very-many.zip", partial(many, 20_001), "larger than 20 MB"),
    Odd("bomb.zip", partial(zeros, "a.csv", 300 << 20), "larger than 20 MB"),
    Odd("bomb.xlsx", partial(zeros, "xl/workbook.xml", 300 << 20), "damaged|larger"),
)

OTHERS: Final = (
    Odd("tempo.csv", tempo, read=NONE),
    Odd("eCO2mix_RTE_tempo_2024-2025.xls", lambda: tempo(form="{day:%d/%m/%Y}\t{word}"), read=NONE),
    Odd("tempo-odd-word.csv", lambda: tempo() + b"2025-09-01;MAUVE\n2025-02-31;BLEU\n", read=NONE, faults=2),
    Odd("cre.csv", lambda: table(CRE, "01/02/2026;;9;1;240;1;0,2"), read=NONE),
    Odd("index.csv", lambda: written.indexes(curve(BEGIN, BEGIN + 2 * DAY)), read=NONE),
)

ODD_FILES: Final = (*AS_OTHER_PROGRAMS_WRITE_IT, *WITH_FAULTS, *OTHERS, *REFUSED)
