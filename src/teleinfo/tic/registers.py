"""
Decode the registers of a meter: text in, fields and codes out.

Pure. The result is None if a text does not have the form of its register; nothing is raised.
Sources: Enedis-NOI-CPT_54E v3 (the paragraphs on STGE, RELAIS, PJOURF+1 and PPOINTE);
Enedis-NOI-CPT_02E v6 (PPOT).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from teleinfo.vocabulary.codes import Alert, Breaker, BreakerReason, Colour, DryContact, Phase


class Bits(NamedTuple):
    """A field of a register: shift the register right by `shift`, then apply `mask`."""

    shift: int
    mask: int = 1

    def of(self, word: int) -> int:
        """Return the value of this field in `word`."""
        return (word >> self.shift) & self.mask


# STGE, bit 0 first. Bits 5 and 18 are not used.
DRY_CONTACT: Final = Bits(0)  # 1: open
BREAKER: Final = Bits(1, 0b111)  # 0: closed; the other values: open, each for a reason of its own
TERMINAL_COVER: Final = Bits(4)  # 1: open
OVERVOLTAGE: Final = Bits(6)
OVERRUN: Final = Bits(7)  # of the reference power
PRODUCER: Final = Bits(8)
EXPORTING: Final = Bits(9)
SUPPLIER_INDEX: Final = Bits(10, 0b1111)  # from 0
DISTRIBUTOR_INDEX: Final = Bits(14, 0b11)  # from 0
CLOCK: Final = Bits(16)  # 1: degraded
TIC_STANDARD: Final = Bits(17)
EURIDIS: Final = Bits(19, 0b11)  # 0 off, 1 on without security, 3 on with it
POWERLINE: Final = Bits(21, 0b11)  # CPL: 0 new and unlocked, 1 new and locked, 2 registered
POWERLINE_SYNCHRONISED: Final = Bits(23)
TODAY: Final = Bits(24, 0b11)  # Tempo: 0 none, 1 blue, 2 white, 3 red
TOMORROW: Final = Bits(26, 0b11)
PEAK_NOTICE: Final = Bits(28, 0b11)  # 0 none, 1 to 3: PM1 to PM3
PEAK: Final = Bits(30, 0b11)

ALERTS: Final = {
    Alert.OVERRUN: OVERRUN,
    Alert.OVERVOLTAGE: OVERVOLTAGE,
    Alert.BREAKER_OPEN: BREAKER,
    Alert.TERMINAL_COVER_OPEN: TERMINAL_COVER,
    Alert.CLOCK_DEGRADED: CLOCK,
    Alert.MOBILE_PEAK_NOTICE: PEAK_NOTICE,
    Alert.MOBILE_PEAK: PEAK,
}
"""The field of STGE for each alert; the alert is active unless the field is 0."""

ALERT_BITS: Final = sum(bits.mask << bits.shift for bits in ALERTS.values())
"""The bits of STGE for alerts. Other bits change with the tariff, or with each cloud over solar panels."""

_BREAKER_REASONS: Final[tuple[BreakerReason | None, ...]] = (None, *BreakerReason, None)
_COLOURS: Final[tuple[Colour | None, ...]] = (None, *Colour)
_DRY_CONTACTS: Final = tuple(DryContact)

_RELAYS: Final = range(1, 9)
_VIRTUAL_CONTACTS: Final = range(1, 8)

# A block of a day profile, HHMMSSSS: a time, then 16 bits of actions. In 54E hour and minute are decimal
# numbers, but several meters write hexadecimal numbers.
_SLOT: Final = re.compile(r"(?P<time>[0-9A-F]{4})(?P<actions>[0-9A-F]{4})")
# The actions of a slot.
_INDEX: Final = Bits(0, 0b1111)
_SUPPLIER_INDEXES: Final = range(1, 11)
_FIRST_VIRTUAL: Final = 4  # the bit of virtual contact 1
_DRY: Final = Bits(14, 0b11)
_HOURS: Final = 24
_MINUTES: Final = 60


@dataclass(frozen=True, slots=True)
class Slot:
    """
    One slot of a day profile, which begins at `start` (such as "06:00") by the clock of the meter.

    - `index` is the supplier index that counts, 1 to 10, None if it does not change.
    - `dry` is the state of the dry contact, `virtual` are the closed virtual contacts, 1 to 7.
    - `alternative_start` is the start if the meter writes hexadecimal numbers; None if both notations give
      the same time, or if the profile shows which notation the meter uses.
    """

    start: str
    index: int | None
    dry: DryContact
    virtual: tuple[int, ...]
    alternative_start: str | None = None


def status(text: str) -> int | None:
    """Return the value of STGE, whose fields are the `Bits` above; None if the text is malformed."""
    return _word(text, digits=8)


@lru_cache(maxsize=8)
def alerts(word: int) -> dict[Alert, bool]:
    """Return each alert of this word of STGE, True while it is active; do not change the result."""
    return {alert: bits.of(word) != 0 for alert, bits in ALERTS.items()}


def breaker(word: int) -> Breaker:
    """Return the state of the breaker in this word of STGE."""
    return Breaker.OPEN if BREAKER.of(word) else Breaker.CLOSED


def breaker_reason(word: int) -> BreakerReason | None:
    """
    Return why the breaker is open in this word of STGE.

    None if it is closed, or open with the number that 54E does not name.
    """
    return _BREAKER_REASONS[BREAKER.of(word)]


def colour(word: int, day: Bits) -> Colour | None:
    """Return the colour of `day`, `TODAY` or `TOMORROW`, in this word of STGE; None where it has none."""
    return _COLOURS[day.of(word)]


def dry_contact(word: int) -> DryContact:
    """Return the state of the dry contact in this word of STGE."""
    return DryContact.OPEN if DRY_CONTACT.of(word) else DryContact.CLOSED


def missing_phases(text: str) -> list[Phase] | None:
    """Return the phases without voltage: those whose bit (1 to 3) is set in PPOT."""
    word = _word(text, digits=2)
    if word is None:
        return None
    return [phase for phase in Phase if Bits(int(phase.number)).of(word)]


@lru_cache(maxsize=8)
def closed_relays(text: str) -> tuple[int, ...] | None:
    """Return the closed relays of RELAIS, bit 0 first: 1 is the dry contact, 2 to 8 are virtual."""
    if not re.fullmatch(r"[0-9]{1,3}", text):
        return None
    word = int(text)
    if word >= 2 ** len(_RELAYS):
        return None
    return tuple(relay for relay in _RELAYS if Bits(relay - 1).of(word))


@lru_cache(maxsize=8)
def profile(text: str) -> tuple[Slot, ...] | None:
    """
    Return the slots of PJOURF+1 or PPOINTE in order, without the unused `NONUTILE` blocks.

    A meter writes all times of a profile in decimal, or all in hexadecimal. So a time that is valid in only
    one notation shows the notation of the whole profile.
    """
    times: list[str] = []
    actions: list[int] = []
    for block in text.split():
        if block == "NONUTILE":
            continue
        match = _SLOT.fullmatch(block)
        if match is None:
            return None
        times.append(match["time"])
        actions.append(int(match["actions"], 16))
    decimal_starts = [_time(time, 10) for time in times]
    hexadecimal_starts = [_time(time, 16) for time in times]
    if None in decimal_starts and None not in hexadecimal_starts:
        decimal_starts = hexadecimal_starts
    elif None in hexadecimal_starts and None not in decimal_starts:
        hexadecimal_starts = decimal_starts
    slots = []
    for start, alternative_start, word in zip(decimal_starts, hexadecimal_starts, actions, strict=True):
        slot = _slot(start, alternative_start, word)
        if slot is None:
            return None
        slots.append(slot)
    return tuple(slots)


def _slot(decimal_start: str | None, hexadecimal_start: str | None, actions: int) -> Slot | None:
    """Return the slot of a block; None if its time is valid in neither notation."""
    start = hexadecimal_start if decimal_start is None else decimal_start
    if start is None:
        return None
    alternative_start = None
    if hexadecimal_start != start:
        alternative_start = hexadecimal_start
    index: int | None = _INDEX.of(actions)
    if index not in _SUPPLIER_INDEXES:
        index = None
    virtual = []
    for contact in _VIRTUAL_CONTACTS:
        if Bits(_FIRST_VIRTUAL + contact - 1).of(actions):
            virtual.append(contact)
    return Slot(
        start=start,
        index=index,
        dry=_DRY_CONTACTS[_DRY.of(actions)],
        virtual=tuple(virtual),
        alternative_start=alternative_start,
    )


def _time(text: str, base: int) -> str | None:
    """Return HHMM, two numbers in this base, as a time of day such as "06:00"; None if it is no time."""
    try:
        hours = int(text[:2], base)
        minutes = int(text[2:], base)
    except ValueError:  # a digit that the base lacks
        return None
    if hours >= _HOURS or minutes >= _MINUTES:
        return None
    return f"{hours:02}:{minutes:02}"


@lru_cache(maxsize=16)
def _word(text: str, *, digits: int) -> int | None:
    """Return the hexadecimal number of so many `digits`; None if the text is no such number."""
    if not re.fullmatch("[0-9A-F]+", text) or len(text) != digits:
        return None
    return int(text, 16)
