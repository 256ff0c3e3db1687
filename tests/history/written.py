"""The files of the network and of suppliers, written from a curve: Wh by the begin of each half-hour."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

PARIS: Final = ZoneInfo("Europe/Paris")
HALF_HOUR: Final = 1800
PRM: Final = "01234567890123"
HEAD: Final = (
    "Identifiant PRM;Type de donnees;Date de debut;Date de fin;"
    "Grandeur physique;Grandeur metier;Etape metier;Unite"
)
Curve = dict[int, int]


def local(time: int) -> dt.datetime:
    """Return the time in France."""
    return dt.datetime.fromtimestamp(time, PARIS)


def rows(curve: Curve, step: int = HALF_HOUR) -> list[str]:
    """Return the rows of the network: the end of each step, and its mean power in W."""
    parts = HALF_HOUR // step
    return [
        f"{local(begin + step * part).isoformat()};{2 * energy}"
        for begin, energy in curve.items()
        for part in range(1, parts + 1)
    ]


def enedis(curve: Curve, kind: str = "Courbe de charge", points: Iterable[str] | None = None) -> bytes:
    """Return the load curve as CSV, with a mark of the byte order and CR LF."""
    about = f"{PRM};{kind};01/03/2025;01/03/2026;Energie active;Consommation;Comptage Brut;W;"
    found = rows(curve) if points is None else points
    return "\r\n".join([f"\ufeff{HEAD};Pas en minutes", about, "Horodate;Valeur", *found]).encode()


def indexes(curve: Curve, start: int = 11_851_550) -> bytes:
    """Return the indexes at midnight, and the greatest power of a day, as two blocks of one CSV."""
    about = "01/03/2025;01/03/2026;Energie active;Consommation;Comptage Brut"
    lines = [HEAD, f"{PRM};Index;{about};Wh", "Horodate;Type de releve;EAS F1;EAS F2;EAS F3;EAS T"]
    for begin, energy in curve.items():
        if local(begin).time() == dt.time():
            lines.append(f"{local(begin).isoformat()};Arrêté quotidien;{start};0;;{start}")
        start += energy
    lines += ["Periode;Identifiant calendrier fournisseur", "Du 2025-03-01T00:00:00+01:00 au;FC000000;Option"]
    lines += [HEAD, f"{PRM};Puissance maximale quotidienne;{about};VA", "Horodate;Valeur"]
    return "\n".join([*lines, "2025-03-01T18:23:11+01:00;7296"]).encode()


def edf(curve: Curve) -> bytes:
    """Return the powers as CSV: the latest day first, each from its end; odd times between them."""
    lines = ["", "Récapitulatif de mes puissances atteintes en W", "", "Date et heure;Puissance (W);Nature"]
    days: dict[dt.date, list[int]] = {}
    for begin in curve:
        days.setdefault(local(begin).date(), []).append(begin)
    for day, begins in sorted(days.items(), reverse=True):
        lines.append(f"{day:%d/%m/%Y};;")
        lines += [f"{local(each + HALF_HOUR):%H:%M:%S};{2 * curve[each]};Réelle" for each in reversed(begins)]
        lines.append("12:14:10;99;Réelle")
    return "\r\n".join(lines).encode("cp1252")


def serial(time: int) -> str:
    """Return a time as a spreadsheet counts it: days since 30 December 1899."""
    days = (local(time).replace(tzinfo=None) - dt.datetime(1899, 12, 30)) / dt.timedelta(1)  # noqa: DTZ001
    return f"{days:.9f}"


def workbook(curve: Curve, *, are_serial: bool = False) -> bytes:
    """Return the load curve as XLSX: begin, end, mean power in kW with a comma."""
    table = [["", "Point Référence Mesure (PRM) :", PRM], ["", "", "Début", "Fin", "Valeur (en kW)"]]
    for begin, energy in curve.items():
        times = [f"{local(time):%d/%m/%Y %H:%M:%S}" for time in (begin, begin + HALF_HOUR)]
        times = [serial(time) for time in (begin, begin + HALF_HOUR)] if are_serial else times
        table.append(["", "", *times, f"{2 * energy / 1000:.3f}".replace(".", "." if are_serial else ",")])
    strings: list[str] = []
    sheet = ""
    for row in table:
        cells = ""
        for cell in filter(None, row):
            if re.fullmatch(r"\d+\.\d+", cell) and are_serial:
                cells += f"<c><v>{cell}</v></c>"
                continue
            strings.append(f"<si><t>{escape(cell)}</t></si>")
            cells += f'<c t="s"><v>{len(strings) - 1}</v></c>'
        sheet += f"<row>{cells}</row>"
    space = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("xl/workbook.xml", f'<workbook {space}><sheet name="Consommation"/></workbook>')
        archive.writestr(
            "xl/worksheets/sheet1.xml", f"<worksheet {space}><sheetData>{sheet}</sheetData></worksheet>"
        )
        archive.writestr("xl/sharedStrings.xml", f"<sst {space}>{''.join(strings)}</sst>")
    return file.getvalue()


def archive(*files: bytes) -> bytes:
    """Return a ZIP of files."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as found:
        found.writestr("folder/", b"")
        for number, content in enumerate(files):
            found.writestr(f"{PRM}-75001-{number}.{'xlsx' if content[:2] == b'PK' else 'csv'}", content)
    return file.getvalue()


FORMATS: Final[tuple[Callable[[Curve], bytes], ...]] = (
    enedis,
    edf,
    workbook,
    lambda curve: workbook(curve, are_serial=True),
    lambda curve: archive(edf(curve)),
)
