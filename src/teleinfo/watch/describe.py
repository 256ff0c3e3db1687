"""
Describe values: quantities in their unit, horodates as dates, codes and registers in words.

Sources of the codes: Enedis-NOI-CPT_54E v3 and Enedis-NOI-CPT_02E v6.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from teleinfo.common.i18n import N_, _, in_words, inline
from teleinfo.state import fields, tariffs
from teleinfo.tic import registers
from teleinfo.tic.labels import Kind, parse_uint
from teleinfo.vocabulary.codes import Alert, Breaker, DryContact

if TYPE_CHECKING:
    from collections.abc import Callable

    from teleinfo.tic.labels import LabelSpec
    from teleinfo.vocabulary.words import Code

_HORODATE: Final = re.compile(r"[EHeh ](\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)")


@dataclass(frozen=True, slots=True)
class Fact:
    """One item of a register, in words; an `alert` is one that the household should know of."""

    text: str
    alert: bool = False


_EURIDIS: Final = (N_("Euridis off"), N_("Euridis without security"), None, N_("Euridis with security"))
_POWERLINE: Final = (
    N_("power-line link new, unlocked"),
    N_("power-line link new, locked"),
    N_("power-line link registered"),
    None,
)
_CODES: Final[dict[str, Callable[[str], Code | None]]] = {
    **dict.fromkeys(("OPTARIF", "NGTF"), tariffs.contract_of),
    **dict.fromkeys(("PTEC", "LTARF", "PTCOUR", "PTCOUR1", "PTCOUR2"), tariffs.period_of),
    "DEMAIN": fields.COLOUR_CODES.get,
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
    """Return what a code means, in words; None where it is not known."""
    code = _CODES[key](value) if key in _CODES else None
    if code is not None:
        return _(code.words)
    return _("not known yet") if key == "DEMAIN" else None


def facts(key: str, value: str) -> list[Fact]:
    """Return the items of a register; none where `key` is no register, or the value has not its form."""
    read = _REGISTERS.get(key)
    return [] if read is None else read(value)


def _status(text: str) -> list[Fact]:
    word = registers.status(text)
    if word is None:
        return []
    breaker = registers.breaker(word)
    found = [
        *(
            Fact(_alert(alert, bits.of(word)), alert=True)
            for alert, bits in registers.ALERTS.items()
            if bits.of(word) and alert is not Alert.BREAKER_OPEN
        ),
        _named(N_("Breaker"), breaker, alert=breaker is not Breaker.CLOSED),
        _named(N_("Today"), registers.colour(word, registers.TODAY)),
        _named(N_("Tomorrow"), registers.colour(word, registers.TOMORROW)),
        _named(N_("Dry contact"), registers.dry_contact(word)),
        _choice(registers.PRODUCER.of(word), (N_("consumer"), N_("producer"))),
        _choice(registers.EXPORTING.of(word), (N_("energy drawn"), N_("energy injected"))),
        Fact(in_words(tariffs.unnamed_index(f"EASF{registers.SUPPLIER_INDEX.of(word) + 1:02}"))),
        Fact(in_words(tariffs.unnamed_index(f"EASD{registers.DISTRIBUTOR_INDEX.of(word) + 1:02}"))),
        _choice(registers.TIC_STANDARD.of(word), (N_("TIC historique"), N_("TIC standard"))),
        _choice(registers.EURIDIS.of(word), _EURIDIS),
        _choice(registers.POWERLINE.of(word), _POWERLINE),
        _choice(registers.POWERLINE_SYNCHRONISED.of(word), (None, N_("power line synchronised"))),
    ]
    return [fact for fact in found if fact is not None]


def _alert(alert: Alert, number: int) -> str:
    """Return an alert, a mobile peak with its number."""
    numbered = alert in {Alert.MOBILE_PEAK, Alert.MOBILE_PEAK_NOTICE}
    return f"{_(alert.words)} {number}" if numbered else _(alert.words)


def _named(name: str, code: Code | None, *, alert: bool = False) -> Fact | None:
    return None if code is None else Fact(f"{_(name)} {inline(code.words)}", alert=alert)


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
    missing = registers.missing_phases(text)
    if missing:
        return [Fact(f"{_(Alert.PHASE_MISSING.words)} ({phase})", alert=True) for phase in missing]
    return [] if missing is None else [Fact(_("all phases have their voltage"))]


def _profile(text: str) -> list[Fact]:
    return [Fact(_slot(slot)) for slot in registers.profile(text) or ()]


def _slot(slot: registers.Slot) -> str:
    parts = [] if slot.index is None else [inline(tariffs.unnamed_index(f"EASF{slot.index:02}"))]
    if slot.dry is not DryContact.UNCHANGED:
        parts.append(f"{inline(N_('Dry contact'))} {inline(slot.dry.words)}")
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
