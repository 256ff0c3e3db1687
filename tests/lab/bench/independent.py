"""
Frames written by hand from the documents, as a second generator beside the simulated meter.

It shares no code and no table with the package: labels, their order, widths and sums are those of
Enedis-NOI-CPT_54E v3 (54E) and Enedis-NOI-CPT_02E v6 (02E). It has meters that the simulator lacks: one in
overrun for days, one that changes its contract, one with labels that no document has.

A shape is the labels of a frame, in their order. `label=value` gives the value of a label, in which `#` is a
digit that changes in every frame, `+` the nine or so digits of an index, `·` a blank, and `|` stands between
values that take turns; `@` before it stands for a horodate that changes, `~` for that of a mobile peak.
"""

from __future__ import annotations

from functools import cache
from itertools import count
from random import Random
from typing import TYPE_CHECKING

from tests.lab.bench.sent import EOT, STX, Kind, Line, Sent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TURN = 50  # frames for which a value that takes turns stays
CYCLE = 21  # of 20 short frames and a long one (02E, CBETM; 54E §6.1)
FIRST = 7  # of such a cycle: the decoder starts in its middle
LATER = 40  # frames after which a meter that changes changes

_BLOCK = "NONUTILE"
VALUES = {
    # Mode historique: 02E, 54E §6.1.
    "ADCO": "041976123456",
    "OPTARIF": "BASE",
    "ISOUSC": "30",
    **dict.fromkeys(("BASE", "HCHC", "HCHP", "EJPHN", "EJPHPM"), "+" * 9),
    **{f"BBRH{period}J{colour}": "+" * 9 for colour in "BWR" for period in "CP"},
    "PEJP": "30",
    "PTEC": "TH..",
    "DEMAIN": "----|BLEU|BLAN|ROUG",
    **dict.fromkeys(("IINST", "ADPS"), "0##"),
    **{f"{name}{phase}": "0##" for name in ("IINST", "ADIR") for phase in (1, 2, 3)},
    "IMAX": "090",
    **{f"IMAX{phase}": "060" for phase in (1, 2, 3)},
    **dict.fromkeys(("PMAX", "PAPP"), "#####"),
    "HHPHC": "A",
    "MOTDETAT": "000000",
    "PPOT": "00",
    # Mode standard: 54E.
    "ADSC": "041976123456",
    "VTIC": "02",
    "DATE": "@",
    "NGTF": "·····TEMPO······",
    "LTARF": "····HP··BLEU····|····HC··BLEU····",
    "EAST": "+" * 9,
    **{f"EASF{n:02}": "+" * 9 for n in range(1, 11)},
    **{f"EASD{n:02}": "+" * 9 for n in range(1, 5)},
    "EAIT": "+" * 9,
    **{f"ERQ{n}": "+" * 9 for n in range(1, 5)},
    **{f"{name}{phase}": "###" for name in ("IRMS", "URMS") for phase in (1, 2, 3)},
    **dict.fromkeys(("PREF", "PCOUP"), "18"),
    **dict.fromkeys(("SINSTS", "SINSTI", *(f"SINSTS{n}" for n in (1, 2, 3))), "#####"),
    **dict.fromkeys(("SMAXSN", "SMAXSN-1", "SMAXIN", "SMAXIN-1"), "@#####"),
    **{f"SMAXSN{n}{day}": "@#####" for n in (1, 2, 3) for day in ("", "-1")},
    **dict.fromkeys(("CCASN", "CCASN-1", "CCAIN", "CCAIN-1"), "@#####"),
    **{f"UMOY{n}": "@###" for n in (1, 2, 3)},
    "STGE": "003A0001|013AC401",
    **{f"{bound}{n}": "~00" for bound in ("DPM", "FPM") for n in (1, 2, 3)},
    "MSG1": "PAS·DE··········MESSAGE·········",
    "MSG2": "MESSAGE·COURT···",
    "PRM": "00000000000000",
    "RELAIS": "000|001",
    "NTARF": "01|02",
    **dict.fromkeys(("NJOURF", "NJOURF+1"), "00"),
    "PJOURF+1": "·".join(["00004001", "06004002", "22004001", *[_BLOCK] * 8]),
    "PPOINTE": "·".join(["00004005", "06004006", "22004005", *[_BLOCK] * 8]),
}
_INDEXES = {label for label, value in VALUES.items() if "+" in value} | {"GAZ", "AUTRE"}
_KINDS = {
    **dict.fromkeys(_INDEXES, Kind.INDEX),
    **dict.fromkeys(("ADCO", "ADSC", "PRM"), Kind.IDENTIFIER),
    **dict.fromkeys(("PTEC", "LTARF", "NTARF"), Kind.TARIFF),
    **dict.fromkeys(("PEJP", "PPOINTE", "DPM1", "DPM2", "DPM3", "FPM1", "FPM2", "FPM3"), Kind.NOTICE),
    **dict.fromkeys(("NEW", "RESERVE1"), Kind.UNKNOWN),
}

_HC = "HCHC HCHP PTEC=HP..|HC.."
_EJP = "EJPHN EJPHPM PTEC=HN.."
_TEMPO = "BBRHCJB BBRHPJB BBRHCJW BBRHPJW BBRHCJR BBRHPJR PTEC=HPJB|HCJB|HPJW DEMAIN"
_MONO = "IINST IMAX PAPP HHPHC MOTDETAT"
_CURRENTS = "IINST1 IINST2 IINST3"
_TRI = f"{_CURRENTS} IMAX1 IMAX2 IMAX3 PMAX PAPP HHPHC MOTDETAT PPOT"
_LONG = f"ADCO OPTARIF ISOUSC BASE PTEC {_TRI}"
_LONG_EJP = f"ADCO OPTARIF=EJP. ISOUSC {_EJP} {_TRI}"
_ENERGY = " ".join(["EAST", *(f"EASF{n:02}" for n in range(1, 11)), *(f"EASD{n:02}" for n in range(1, 5))])
_INJECTED = "EAIT ERQ1 ERQ2 ERQ3 ERQ4"
_HEAD = f"ADSC VTIC DATE NGTF LTARF {_ENERGY}"
_MONO_POWER = "IRMS1 URMS1 PREF PCOUP SINSTS SMAXSN SMAXSN-1"
_TRI_POWER = (
    "IRMS1 IRMS2 IRMS3 URMS1 URMS2 URMS3 PREF PCOUP SINSTS SINSTS1 SINSTS2 SINSTS3"
    " SMAXSN SMAXSN1 SMAXSN2 SMAXSN3 SMAXSN-1 SMAXSN1-1 SMAXSN2-1 SMAXSN3-1"
)
_DAYS = "PRM RELAIS NTARF NJOURF NJOURF+1 PJOURF+1"
_PEAK = "DPM1 FPM1"


def _overrun(number: int, *, long: str, last: int) -> str:
    """Return a frame of an overrun without end: each set of alarms up to `last` lasts for seven frames."""
    if (number + FIRST) % CYCLE == CYCLE - 1:
        return long
    alarms = number // 7 * 5 % (last + 1)
    return " ".join([*(f"ADIR{n}" for n in (1, 2, 3) if alarms >> (n - 1) & 1), "ADCO", _CURRENTS])


def _ten_layouts(number: int) -> str:
    long = _LONG_EJP.replace("PTEC", "PEJP PTEC") if number // LATER % 2 else _LONG_EJP
    return _overrun(number, long=long, last=7)


def _cbetm(number: int) -> str:
    """Return a frame of a meter that is in overrun now and then: the first one cuts off a long frame."""
    long, place = _LONG.replace(" HHPHC", ""), number % 150 - 60
    if place < 0 or (place + 1) % CYCLE == 0:
        return long
    short = f"ADIR2 ADCO {_CURRENTS}" if place < 60 else f"ADCO {_CURRENTS}"
    return short if place else f"ADCO OPTARIF ISOUSC BASE EOT {short}"


def _peak(number: int) -> str:
    peak, point = ("", "") if number // LATER % 2 == 0 else (_PEAK, "PPOINTE")
    message = "MSG2" if number % LATER == 5 else ""
    return f"{_HEAD} {_MONO_POWER} CCASN CCASN-1 UMOY1 STGE {peak} MSG1 {message} {_DAYS} {point}"


def _unknown(number: int) -> str:
    width = number % 4 + 1
    new = f"NEW={'#' * width} RESERVE1=0A" if number > LATER // 2 else "RESERVE1=0A"
    return f"ADCO OPTARIF=HC.. ISOUSC {_HC} IINST IMAX PAPP {new} HHPHC MOTDETAT"


def _contract(number: int) -> str:
    option = ["BASE PTEC", _TEMPO, _HC][number // LATER % 3]
    name = ["BASE", "BBR(", "HC.."][number // LATER % 3]
    return f"ADCO OPTARIF={name} ISOUSC {option} {_MONO}"


def _alarms(number: int) -> str:
    alarm = "IINST ADPS" if number // 10 % 4 == 1 else "IINST"
    return f"ADCO OPTARIF=BBR( ISOUSC {_TEMPO} {_MONO.replace('IINST', alarm)}"


def _notices(number: int) -> str:
    index = _EJP.replace("PTEC", "PEJP PTEC") if number // LATER % 2 else _EJP
    return f"ADCO OPTARIF=EJP. ISOUSC {index} {_MONO}"


METERS: dict[str, str | Callable[[int], str]] = {
    "doc:base": f"ADCO OPTARIF ISOUSC BASE PTEC {_MONO.replace(' HHPHC', '')}",
    "doc:cbemm": f"ADCO OPTARIF=HC.. ISOUSC {_HC} {_MONO.replace(' PAPP', '')}",
    "doc:ejp": _notices,
    "doc:tempo": _alarms,
    "doc:tri": f"ADCO OPTARIF=HC.. ISOUSC {_HC} {_TRI}",
    "doc:cbetm": _cbetm,
    "doc:overrun": lambda number: _overrun(number, long=_LONG, last=7),
    "doc:overrun-2": lambda number: _overrun(number, long=_LONG, last=0).replace(
        "ADCO IIN", "ADIR2 ADCO IIN"
    ),
    "doc:ten-layouts": _ten_layouts,
    "doc:contract": _contract,
    "doc:unknown": _unknown,
    "doc:concentrator": "ADCO OPTARIF=HC.. HCHC=++++++++ HCHP=++++++++ GAZ=+++++++ AUTRE=+++++++ PTEC=HC.."
    " MOTDETAT=0000000000",
    "doc:standard": f"{_HEAD} {_MONO_POWER} CCASN CCASN-1 UMOY1 STGE MSG1 {_DAYS}",
    "doc:standard-tri": f"ADSC VTIC DATE {_ENERGY} {_TRI_POWER} UMOY1 UMOY2 UMOY3 STGE MSG1 {_DAYS}",
    "doc:standard-65": f"{_HEAD} {_INJECTED} {_TRI_POWER} SINSTI SMAXIN SMAXIN-1 CCASN CCASN-1 CCAIN CCAIN-1"
    f" UMOY1 UMOY2 UMOY3 STGE {_PEAK} MSG1 {_DAYS}",
    "doc:standard-peak": _peak,
    "doc:standard-pilot": f"{_HEAD} IRMS1 URMS1 PREF PCOUP SINST1=##### SMAXN=@##### SMAXN-1=@##### CCASN"
    f" CCASN-1 UMOY1 STGE MSG1 {_DAYS}",
}
"""The shape of every frame, or of a frame by its number; those of `doc:standard…` are in mode standard."""


def frames(name: str) -> Iterator[Sent]:
    """Yield one frame after the other of a meter of METERS, for ever, always the same ones."""
    meter, is_standard = METERS[name], name.startswith("doc:standard")
    writer = _Writer(Random(name), standard=is_standard)
    for number in count():
        cut, _, shape = (meter if isinstance(meter, str) else meter(number)).rpartition(" EOT ")
        before = [writer.line(*token, number) for token in _tokens(cut)]
        yield Sent(
            tuple(writer.line(*token, number) for token in _tokens(shape)),
            9600 if is_standard else 1200,
            STX + b"".join(line.text for line in before) + EOT if before else b"",
        )


@cache
def _tokens(shape: str) -> list[tuple[str, list[str]]]:
    """Return each label of a shape with the values that take turns."""
    pairs = (token.partition("=") for token in shape.split())
    return [(label, (value or VALUES[label]).replace("·", " ").split("|")) for label, _, value in pairs]


class _Writer:
    """The digits that change, and how a group is written."""

    def __init__(self, rng: Random, *, standard: bool) -> None:
        self._rng = rng
        self._standard = standard
        self._indexes: dict[str, int] = {}

    def line(self, label: str, values: list[str], number: int) -> Line:
        """Return the next group of a label, in frame `number`."""
        rng = self._rng
        value = values[number // TURN % len(values)]
        horodate = None
        if value[:1] in {"@", "~"}:
            moving = rng.randrange(10**8) if value[0] == "@" else int(label[-1])
            horodate = f"{'H' if value[0] == '@' else ' '}26011{moving // 10**7 % 10}{_time(moving)}"
            value = value[1:]
        if "+" in value:
            index = self._indexes.setdefault(label, rng.randrange(10 ** (len(value) - 1)))
            self._indexes[label] = index + rng.randrange(3)
            value = f"{index:0{len(value)}}"
        value = "".join(rng.choice("0123456789") if char == "#" else char for char in value)
        return self._group(label, horodate, value)

    def _group(self, label: str, horodate: str | None, value: str) -> Line:
        parts = [label, value] if horodate is None else [label, horodate, value]
        if self._standard:
            covered = "\t".join(parts) + "\t"
            text, said = covered, value.strip(" ")
        else:
            covered = " ".join(parts)
            text, said = covered + " ", value.rstrip(".")
        control = chr(sum(map(ord, covered)) % 64 + 32)
        keys = {label: said}
        if horodate is not None:
            keys = {label: horodate} if label == "DATE" else {label: said, f"{label}_HORODATE": horodate}
        return Line(f"\n{text}{control}\r".encode(), label, keys, kind(label))


def _time(moving: int) -> str:
    """Return a time of day in six digits."""
    return f"{moving % 24:02}{moving // 24 % 60:02}{moving // 1440 % 60:02}"


def kind(label: str) -> Kind:
    """Return the kind of a label."""
    return _KINDS.get(label, Kind.OTHER)
