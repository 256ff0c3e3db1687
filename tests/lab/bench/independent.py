"""
Frames written by hand from the documents, as a second generator beside the simulated meter.

It shares no code and no table with the package: labels, their order, widths and sums are those of
Enedis-NOI-CPT_54E v3 (54E) and Enedis-NOI-CPT_02E v6 (02E), in independent.txt. It has meters that the
simulator lacks: one in overrun for days, one that changes its contract, one with labels that no document has.
"""

from __future__ import annotations

from functools import cache
from itertools import count
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from tests.lab.bench.sent import EOT, STX, Kind, Line, Sent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TURN = 50  # frames for which a value that takes turns stays
CYCLE = 21  # of 20 short frames and a long one (02E, CBETM; 54E §6.1)
FIRST = 7  # of such a cycle: the decoder starts in its middle
LATER = 40  # frames after which a meter that changes changes


def _tables() -> tuple[dict[str, str], dict[str, Kind], dict[str, str]]:
    """Return the value and the kind of each label, and the shapes by their names."""
    values = dict[str, str]()
    kinds = dict[str, Kind]()
    shapes = dict[str, str]()
    for line in Path(__file__).with_suffix(".txt").read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        name, is_shape, shape = line.partition(": ")
        if is_shape:
            shapes[name] = " ".join(shapes[word[1:]] if word[0] == "$" else word for word in shape.split())
        else:
            *labels, value, kind = line.split()
            values |= dict.fromkeys(labels, value)
            kinds |= dict.fromkeys(labels, Kind[kind.upper()])
    return values, kinds, shapes


VALUES, _KINDS, SHAPES = _tables()


def _overrun(number: int, *, long: str, last: int) -> str:
    """Return a frame of an overrun without end: each set of alarms up to `last` lasts for seven frames."""
    if (number + FIRST) % CYCLE == CYCLE - 1:
        return long
    alarms = number // 7 * 5 % (last + 1)
    return " ".join([*(f"ADIR{n}" for n in (1, 2, 3) if alarms >> (n - 1) & 1), "ADCO", SHAPES["currents"]])


def _ten_layouts(number: int) -> str:
    long = SHAPES["long-ejp-notice"] if number // LATER % 2 else SHAPES["long-ejp"]
    return _overrun(number, long=long, last=7)


def _cbetm(number: int) -> str:
    """Return a frame of a meter that is in overrun now and then: the first one cuts off a long frame."""
    long = SHAPES["long"].replace(" HHPHC", "")
    place = number % 150 - 60
    if place < 0 or (place + 1) % CYCLE == 0:
        return long
    short = f"ADCO {SHAPES['currents']}"
    if place == 0:
        return f"ADCO OPTARIF ISOUSC BASE EOT ADIR2 {short}"
    return f"ADIR2 {short}" if place < 60 else short


def _peak(number: int) -> str:
    peak, point = ("DPM1 FPM1", "PPOINTE") if number // LATER % 2 else ("", "")
    message = "MSG2" if number % LATER == 5 else ""
    return f"{SHAPES['before-peak']} {peak} MSG1 {message} {SHAPES['days']} {point}"


def _unknown(number: int) -> str:
    width = number % 4 + 1
    new = f"NEW={'#' * width} RESERVE1" if number > LATER // 2 else "RESERVE1"
    return f"ADCO OPTARIF=HC.. ISOUSC {SHAPES['hc']} IINST IMAX PAPP {new} HHPHC MOTDETAT"


def _contract(number: int) -> str:
    option = ["BASE PTEC", SHAPES["tempo"], SHAPES["hc"]][number // LATER % 3]
    name = ["BASE", "BBR(", "HC.."][number // LATER % 3]
    return f"ADCO OPTARIF={name} ISOUSC {option} {SHAPES['mono']}"


def _alarms(number: int) -> str:
    alarm = "IINST ADPS" if number // 10 % 4 == 1 else "IINST"
    return f"ADCO OPTARIF=BBR( ISOUSC {SHAPES['tempo']} {SHAPES['mono'].replace('IINST', alarm)}"


def _notices(number: int) -> str:
    index = SHAPES["ejp-notice"] if number // LATER % 2 else SHAPES["ejp"]
    return f"ADCO OPTARIF=EJP. ISOUSC {index} {SHAPES['mono']}"


METERS: dict[str, str | Callable[[int], str]] = {
    **{name: shape for name, shape in SHAPES.items() if name.startswith("doc:")},
    "doc:ejp": _notices,
    "doc:tempo": _alarms,
    "doc:cbetm": _cbetm,
    "doc:overrun": lambda number: _overrun(number, long=SHAPES["long"], last=7),
    "doc:overrun-2": lambda number: _overrun(number, long=SHAPES["long"], last=0).replace(
        "ADCO IIN", "ADIR2 ADCO IIN"
    ),
    "doc:ten-layouts": _ten_layouts,
    "doc:contract": _contract,
    "doc:unknown": _unknown,
    "doc:standard-peak": _peak,
}
"""The shape of every frame, or of a frame by its number; those of `doc:standard…` are in mode standard."""


def frames(name: str) -> Iterator[Sent]:
    """Yield one frame after the other of a meter of METERS, for ever, always the same ones."""
    meter = METERS[name]
    is_standard = name.startswith("doc:standard")
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
            text = covered
            said = value.strip(" ")
        else:
            covered = " ".join(parts)
            text = covered + " "
            said = value.rstrip(".")
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
