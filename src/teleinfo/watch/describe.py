"""
Describe values: quantities in their unit, horodates as dates, codes and registers in words.

The désignation of an étiquette is French, as the documents have it; all other words are in the language of
the reader. Sources of the codes: Enedis-NOI-CPT_54E v3 and Enedis-NOI-CPT_02E v6.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from teleinfo.common.i18n import N_, _
from teleinfo.port.health import LineGrade
from teleinfo.tic import registers
from teleinfo.tic.labels import Kind, parse_uint

if TYPE_CHECKING:
    from collections.abc import Callable

    from teleinfo.tic.labels import LabelSpec

_HORODATE: Final = re.compile(r"[EHeh ](\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)")


@dataclass(frozen=True, slots=True)
class Fact:
    """One item of a register, in words; an `alert` is one that the household should know of."""

    text: str
    alert: bool = False


_BREAKER: Final = (
    N_("breaker closed"),
    N_("breaker open: too much power"),
    N_("breaker open: overvoltage"),
    N_("breaker open: load shedding"),
    N_("breaker open: order of the distributor"),
    N_("breaker open: overheated, the current too strong to switch"),
    N_("breaker open: overheated"),
)
_EURIDIS: Final = (N_("Euridis off"), N_("Euridis without security"), None, N_("Euridis with security"))
_POWERLINE: Final = (
    N_("power-line link new, unlocked"),
    N_("power-line link new, locked"),
    N_("power-line link registered"),
    None,
)
_COLOURS: Final = (None, N_("blue"), N_("white"), N_("red"))
_DRY: Final = {
    registers.DryContact.LEFT: None,
    registers.DryContact.TEMPO: N_("contact by Tempo"),
    registers.DryContact.OPENED: N_("contact opens"),
    registers.DryContact.CLOSED: N_("contact closes"),
}
_CODES: Final = {
    ("OPTARIF", "BASE"): N_("one price"),
    ("OPTARIF", "HC"): N_("peak and off-peak hours"),
    ("OPTARIF", "EJP"): N_("EJP, peak days"),
    ("OPTARIF", "BBR"): N_("Tempo, blue, white and red days"),
    ("PTEC", "TH"): N_("all hours"),
    ("PTEC", "HC"): N_("off-peak hours"),
    ("PTEC", "HP"): N_("peak hours"),
    ("PTEC", "HN"): N_("normal hours"),
    ("PTEC", "PM"): N_("mobile peak"),
    ("PTEC", "HCJB"): N_("blue day, off-peak hours"),
    ("PTEC", "HPJB"): N_("blue day, peak hours"),
    ("PTEC", "HCJW"): N_("white day, off-peak hours"),
    ("PTEC", "HPJW"): N_("white day, peak hours"),
    ("PTEC", "HCJR"): N_("red day, off-peak hours"),
    ("PTEC", "HPJR"): N_("red day, peak hours"),
    ("DEMAIN", "----"): N_("not known yet"),
    ("DEMAIN", "BLEU"): N_("blue"),
    ("DEMAIN", "BLAN"): N_("white"),
    ("DEMAIN", "ROUG"): N_("red"),
}
GRADES: Final = {
    LineGrade.SILENT: N_("silent"),
    LineGrade.GOOD: N_("good"),
    LineGrade.FAIR: N_("fair"),
    LineGrade.POOR: N_("poor: look at the wiring"),
    LineGrade.BAD: N_("bad: it hardly works"),
}


def number(figure: float) -> str:
    """Return a number with a blank between the thousands."""
    return f"{figure:,.0f}".replace(",", " ")


def shown(label: LabelSpec | None, value: str) -> str:
    """Return the value for people: a quantity in its unit, a horodate as a date, all else as it was sent."""
    if label is None:
        return value
    if label.is_number and (figure := parse_uint(value)) is not None:
        return f"{number(figure)} {label.unit}"
    if label.kind is Kind.HORODATE:
        return moment(value) or value
    return value


def moment(horodate: str, *, short: bool = False) -> str | None:
    """
    Return the date and time of a horodate as people in France write them, None where it is none.

    The `short` form has no year and no seconds.
    """
    match = _HORODATE.fullmatch(horodate)
    if match is None:
        return None
    year, month, day, hour, minute, second = match.groups()
    return f"{day}/{month} {hour}:{minute}" if short else f"{day}/{month}/20{year} {hour}:{minute}:{second}"


def meaning(key: str, value: str) -> str | None:
    """Return what a code means, in a few words; None where it explains itself, or is not known."""
    word = _CODES.get((key, "BBR" if key == "OPTARIF" and value.startswith("BBR") else value))
    return None if word is None else _(word)


def facts(key: str, value: str) -> list[Fact]:
    """Return the items of a register; none where `key` is no register, or the value has not its form."""
    read = _REGISTERS.get(key)
    return [] if read is None else read(value)


def _status(text: str) -> list[Fact]:
    word = registers.status(text)
    if word is None:
        return []
    found = [
        _alert(registers.OVERRUN.of(word), N_("overrun of the subscribed power")),
        _alert(registers.OVERVOLTAGE.of(word), N_("overvoltage")),
        _breaker(registers.BREAKER.of(word)),
        _alert(registers.TERMINAL_COVER.of(word), N_("terminal cover open")),
        _alert(registers.CLOCK.of(word), N_("clock degraded")),
        _peak(registers.PEAK.of(word), N_("mobile peak {number} runs")),
        _peak(registers.PEAK_NOTICE.of(word), N_("mobile peak {number} to come")),
        _colour(registers.TODAY.of(word), N_("today {colour}")),
        _colour(registers.TOMORROW.of(word), N_("tomorrow {colour}")),
        _choice(registers.DRY_CONTACT.of(word), (N_("dry contact closed"), N_("dry contact open"))),
        _choice(registers.PRODUCER.of(word), (N_("consumer"), N_("producer"))),
        _choice(registers.EXPORTING.of(word), (N_("energy drawn"), N_("energy injected"))),
        Fact(_("supplier index {number}").format(number=registers.SUPPLIER_INDEX.of(word) + 1)),
        Fact(_("distributor index {number}").format(number=registers.DISTRIBUTOR_INDEX.of(word) + 1)),
        _choice(registers.TIC_STANDARD.of(word), (N_("TIC historique"), N_("TIC standard"))),
        _choice(registers.EURIDIS.of(word), _EURIDIS),
        _choice(registers.POWERLINE.of(word), _POWERLINE),
        _choice(registers.POWERLINE_SYNCHRONISED.of(word), (None, N_("power line synchronised"))),
    ]
    return [fact for fact in found if fact is not None]


def _alert(bit: int, text: str) -> Fact | None:
    return Fact(_(text), alert=True) if bit else None


def _breaker(state: int) -> Fact | None:
    return Fact(_(_BREAKER[state]), alert=state > 0) if state < len(_BREAKER) else None


def _peak(peak: int, text: str) -> Fact | None:
    return Fact(_(text).format(number=peak), alert=True) if peak else None


def _colour(colour: int, text: str) -> Fact | None:
    name = _COLOURS[colour]
    return None if name is None else Fact(_(text).format(colour=_(name)))


def _choice(number: int, texts: tuple[str | None, ...]) -> Fact | None:
    text = texts[number]
    return None if text is None else Fact(_(text))


def _relays(text: str) -> list[Fact]:
    closed = registers.closed_relays(text)
    if closed is None:
        return []
    if not closed:
        return [Fact(_("all open"))]
    names = (_("1 (dry contact)") if relay == 1 else str(relay) for relay in closed)
    return [Fact(_("closed: {relays}").format(relays=", ".join(names)))]


def _phases(text: str) -> list[Fact]:
    word = registers.phases(text)
    if word is None:
        return []
    missing = [phase for phase in registers.PHASES if word >> phase & 1]
    if not missing:
        return [Fact(_("all phases have their voltage"))]
    return [Fact(_("phase {number} is missing").format(number=phase), alert=True) for phase in missing]


def _profile(text: str) -> list[Fact]:
    return [Fact(_slot(slot)) for slot in registers.profile(text) or ()]


def _slot(slot: registers.Slot) -> str:
    parts = [] if slot.index is None else [_("index {number}").format(number=slot.index)]
    dry = _DRY[slot.dry]
    parts += [] if dry is None else [_(dry)]
    if slot.virtual:
        contacts = ", ".join(map(str, slot.virtual))
        parts.append(_("virtual contacts {contacts}").format(contacts=contacts))
    time = slot.start
    if slot.or_start is not None:
        time = _("{time}, or {other} on a meter that writes hexadecimal times").format(
            time=slot.start, other=slot.or_start
        )
    return _("from {time}: {what}").format(time=time, what=", ".join(parts) or _("no change"))


_REGISTERS: Final[dict[str, Callable[[str], list[Fact]]]] = {
    "STGE": _status,
    "RELAIS": _relays,
    "PPOT": _phases,
    "PJOURF+1": _profile,
    "PPOINTE": _profile,
}
