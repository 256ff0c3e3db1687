"""Values for people: quantities with units, horodates as dates, codes and registers (54E, 02E) in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from teleinfo.common.i18n import N_, _, inline
from teleinfo.live.declared import number, title
from teleinfo.state import fields, tariffs
from teleinfo.tic import registers
from teleinfo.tic.horodate import local_time
from teleinfo.tic.labels import Kind, Label, parse_uint
from teleinfo.vocabulary.codes import Alert, Breaker, Colour, DryContact

if TYPE_CHECKING:
    from collections.abc import Callable

    from teleinfo.live.model import Row
    from teleinfo.vocabulary.words import Code


class Fact(NamedTuple):
    """One item of a register, in words; the user should know of an item that is an `alert`."""

    text: str
    alert: bool = False


class Description(NamedTuple):
    """
    One étiquette: its désignation, its value in its unit, the items of its register.

    `note` is the meaning of a code or the time of the horodate. Each is empty if the étiquette has none.
    """

    name: str
    value: str
    note: str
    facts: list[Fact]


def describe(row: Row, *, short: bool = False) -> Description:
    """Return the description of a row; with `short`, the time has no year and no seconds."""
    if row.horodate is None:
        note = meaning(row.key, row.value)
    else:
        note = moment(row.horodate, short=short)
    name = "" if row.label is None else _(row.label.title)
    return Description(name, shown(row.label, row.value), note, facts(row.key, row.value))


def shown(label: Label | None, value: str) -> str:
    """Return a quantity in its unit, a horodate as a date, any other value as the meter sent it."""
    if label is None:
        return value
    if label.kind is Kind.HORODATE:
        return moment(value)
    if label.is_number:
        quantity = parse_uint(value)
        if quantity is not None:
            return f"{number(quantity)} {label.unit}"
    return value


def moment(horodate: str, *, short: bool = False) -> str:
    """Return a horodate as people in France write it, `short` without year and seconds, or as it is."""
    time = local_time(horodate)
    if time is None:
        return horodate
    return f"{time:%d/%m %H:%M}" if short else f"{time:%d/%m/%Y %H:%M:%S}"


_CODES: Final[dict[str, Callable[[str], Code | None]]] = {
    "OPTARIF": tariffs.contract_of,
    "NGTF": tariffs.contract_of,
    "PTEC": tariffs.period_of,
    "LTARF": tariffs.period_of,
    "PTCOUR": tariffs.period_of,
    "PTCOUR1": tariffs.period_of,
    "PTCOUR2": tariffs.period_of,
    "DEMAIN": fields.COLOUR_CODES.get,
}


def meaning(key: str, value: str) -> str:
    """Return the meaning of a code in words; empty if it is unknown."""
    if key not in _CODES:
        return ""
    code = _CODES[key](value)
    if code is not None:
        return _(code.words)
    if key == "DEMAIN":
        return _("not known yet")
    return ""


def facts(key: str, value: str) -> list[Fact]:
    """Return the items of a register; none if `key` is no register, or if the value is malformed."""
    if key not in _REGISTERS:
        return []
    return _REGISTERS[key](value)


def _status(text: str) -> list[Fact]:
    word = registers.status(text)
    if word is None:
        return []
    items = []
    for alert, bits in registers.ALERTS.items():
        number_in_bits = bits.of(word)
        if not number_in_bits:
            continue
        if alert is Alert.BREAKER_OPEN:
            continue  # the breaker below shows it, with the reason
        words = _(alert.words)
        if bits.mask > 1:
            words += f" {number_in_bits}"
        items.append(Fact(words, alert=True))
    reason = registers.breaker_reason(word)
    if registers.breaker(word) is Breaker.CLOSED:
        items.append(Fact(_named("contacts.breaker", Breaker.CLOSED)))
    else:
        words = _named("contacts.breaker", Breaker.OPEN)
        if reason is not None:
            words = _("{name}: {word}").format(name=words, word=inline(reason.words))
        items.append(Fact(words, alert=True))
    codes: dict[str, Code | None] = {
        "tempo.today": registers.colour(word, registers.TODAY),
        "tempo.tomorrow": registers.colour(word, registers.TOMORROW),
        "contacts.dry_contact": registers.dry_contact(word),
    }
    for path, code in codes.items():
        if code is not None:
            items.append(Fact(_named(path, code)))
    for bits, texts in _OTHER_ITEMS:
        meaning_of_bits = texts[bits.of(word)]
        if meaning_of_bits is not None:
            items.append(Fact(_(meaning_of_bits)))
    return items


def _index_names(family: str, bits: registers.Bits) -> tuple[str, ...]:
    """Return the name of each index of a family, EASF or EASD, whose numbers count from 1."""
    keys = [f"{family}{number:02}" for number in range(1, bits.mask + 2)]
    return tuple(tariffs.unnamed_index(key) for key in keys)


_OTHER_ITEMS: Final[tuple[tuple[registers.Bits, tuple[str | None, ...]], ...]] = (
    (registers.PRODUCER, (N_("consumer"), N_("producer"))),
    (registers.EXPORTING, (N_("energy drawn"), N_("energy injected"))),
    (registers.SUPPLIER_INDEX, _index_names("EASF", registers.SUPPLIER_INDEX)),
    (registers.DISTRIBUTOR_INDEX, _index_names("EASD", registers.DISTRIBUTOR_INDEX)),
    (registers.TIC_STANDARD, (N_("TIC historique"), N_("TIC standard"))),
    (
        registers.EURIDIS,
        (N_("Euridis off"), N_("Euridis without security"), None, N_("Euridis with security")),
    ),
    (
        registers.POWERLINE,
        (
            N_("power-line link new, unlocked"),
            N_("power-line link new, locked"),
            N_("power-line link registered"),
            None,
        ),
    ),
    (registers.POWERLINE_SYNCHRONISED, (None, N_("power line synchronised"))),
)
"""Further items of STGE, in the order of the screen: the text for each value, None if it has no meaning."""


def _named(path: str, code: Code) -> str:
    """Return the name of a field, followed by one of its codes in words."""
    template = _("{name}: {word}") if isinstance(code, Colour) else "{name} {word}"
    return template.format(name=title(path), word=inline(code.words))


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
    if missing is None:
        return []
    if not missing:
        return [Fact(_("all phases have their voltage"))]
    return [Fact(f"{_(Alert.PHASE_MISSING.words)} ({phase.number})", alert=True) for phase in missing]


def _profile(text: str) -> list[Fact]:
    return [Fact(_slot(slot)) for slot in registers.profile(text) or ()]


def _slot(slot: registers.Slot) -> str:
    actions = []
    if slot.index is not None:
        actions.append(inline(tariffs.unnamed_index(f"EASF{slot.index:02}")))
    if slot.dry is not DryContact.UNCHANGED:
        actions.append(inline(_named("contacts.dry_contact", slot.dry)))
    if slot.virtual:
        contacts = ", ".join(map(str, slot.virtual))
        actions.append(_("virtual contacts {contacts}").format(contacts=contacts))
    if not actions:
        actions.append(_("no change"))
    time = slot.start
    if slot.alternative_start is not None:
        template = _("{time}, or {other} on a meter that writes hexadecimal times")
        time = template.format(time=slot.start, other=slot.alternative_start)
    return _("from {time}: {what}").format(time=time, what=", ".join(actions))


_REGISTERS: Final[dict[str, Callable[[str], list[Fact]]]] = {
    "STGE": _status,
    "RELAIS": _relays,
    "PPOT": _phases,
    "PJOURF+1": _profile,
    "PPOINTE": _profile,
}
